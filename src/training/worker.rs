//! Cycles on a schedule, until told to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Phase, Trainer};
use crate::panics::{Panicked, contained};

/// Pause after a cycle that failed.
pub const PAUSE_AFTER_FAILURE: Duration = Duration::from_mins(1);

/// Trains at once and then every `training.interval_hours`; with 0 hours only once. A cycle that fails or panics is logged and
/// tried again `pause_after_failure` later; the model in use stays in use.
pub async fn run(trainer: Trainer, pause_after_failure: Duration, stop: CancellationToken) {
    let hours = trainer.config.training.interval_hours;
    loop {
        let finished = tokio::select! {
            () = stop.cancelled() => return,
            finished = contained(
                "training",
                Box::pin(trainer.cycle(|phase: Phase| tracing::debug!(phase = phase.label(), "training"))),
            ) => finished,
        };
        let pause = match finished {
            Ok(Ok(_)) if hours <= 0.0 => return,
            // Too long for the type is as good as never.
            Ok(Ok(_)) => Duration::try_from_secs_f64(hours * 3600.0).unwrap_or(Duration::MAX),
            Ok(Err(error)) => {
                tracing::error!(%error, "training failed; the model in use stays in use, and it is tried again soon");
                pause_after_failure
            }
            Err(Panicked { .. }) => pause_after_failure,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
