//! Cycles on a schedule, until told to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Phase, Trainer};
use crate::panics::{Panicked, contained};

/// Pause after a cycle that failed; it doubles with every further one.
pub const PAUSE_AFTER_FAILURE: Duration = Duration::from_mins(1);
/// Longest pause after a cycle that failed.
const LONGEST_PAUSE: Duration = Duration::from_mins(60);

/// Trains at once and then every `training.interval_hours`; with 0 hours only once. A cycle that fails or panics is logged and
/// tried again `pause_after_failure` later, and after longer pauses while cycles fail; the model in use stays in use.
pub async fn run(trainer: Trainer, pause_after_failure: Duration, stop: CancellationToken) {
    let hours = trainer.config.training.interval_hours;
    let mut failures = 0;
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
            Ok(Ok(_)) => {
                failures = 0;
                // Too long for the type is as good as never.
                Duration::try_from_secs_f64(hours * 3600.0).unwrap_or(Duration::MAX)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "training failed; the model in use stays in use, and it is tried again soon");
                failures += 1;
                pause_after(failures, pause_after_failure)
            }
            Err(Panicked { .. }) => {
                failures += 1;
                pause_after(failures, pause_after_failure)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// How long to wait after so many cycles in a row that failed.
fn pause_after(failures: u32, first: Duration) -> Duration {
    first
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST_PAUSE.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_that_fail_again_and_again_are_tried_less_and_less_often() {
        let minutes = [1, 2, 3, 6, 7, 1_000].map(|failures| pause_after(failures, PAUSE_AFTER_FAILURE).as_secs() / 60);
        assert_eq!(minutes, [1, 2, 4, 32, 60, 60]);
    }
}
