//! Cycles on a schedule, until told to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Phase, Trainer};

/// Pause after a cycle that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_mins(1);

/// Trains at once and then every `training.interval_hours`; with 0 hours only once. A failed cycle is logged and tried
/// again; the model in use stays in use.
pub async fn run(trainer: Trainer, stop: CancellationToken) {
    let hours = trainer.config.training.interval_hours;
    loop {
        let finished = tokio::select! {
            () = stop.cancelled() => return,
            finished = trainer.cycle(|phase: Phase| tracing::debug!(phase = phase.label(), "training")) => finished,
        };
        let pause = match finished {
            Ok(_) if hours <= 0.0 => return,
            Ok(_) => Duration::from_secs_f64(hours * 3600.0),
            Err(error) => {
                tracing::error!(%error, "training failed; the model in use stays in use, and it is tried again soon");
                PAUSE_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
