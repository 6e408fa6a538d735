//! Panics of workers: what panics has failed, and the worker goes on.
//!
//! A panic is a mistake in this program, but often one that certain data brings out; were it to end the sidecar, it would end it
//! again at every start.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Panics of workers that were contained, by `worker`.
pub const PANICS: &str = "shoal_worker_panics_total";

/// Characters of a panic's message that are logged at most.
const LOGGED: usize = 200;

/// A part of a worker's work panicked. It has been logged and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {worker} worker panicked")]
pub struct Panicked {
    /// Which worker.
    pub worker: &'static str,
}

/// Does `work`, a part of what the worker named `worker` does again and again. A panic is logged, counted in [`PANICS`], and
/// returned as an error.
///
/// What `work` changes must be sound after a panic at any place. Here that is so: state that outlives a part of the work is in a
/// database, behind a lock that ignores poison, or exchanged whole.
///
/// # Errors
/// [`Panicked`].
pub async fn contained<T>(worker: &'static str, work: impl Future<Output = T>) -> Result<T, Panicked> {
    let finished = AssertUnwindSafe(work).catch_unwind().await;
    finished.map_err(|panic| {
        metrics::counter!(PANICS, "worker" => worker).increment(1);
        tracing::error!(
            worker,
            panic = message(panic.as_ref()),
            "a worker panicked; it goes on with the next turn"
        );
        Panicked { worker }
    })
}

/// What was said, short and without control characters: it may quote data.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message")
        .chars()
        .filter(|character| !character.is_control())
        .take(LOGGED)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_its_message_is_short_and_plain() {
        assert_eq!(contained("test", async { 7 }).now_or_never(), Some(Ok(7)));
        let panicking = async { assert!(std::hint::black_box(false), "on purpose") };
        let panicked = Panicked { worker: "test" };
        assert_eq!(contained("test", panicking).now_or_never(), Some(Err(panicked)));
        assert_eq!(message(&format!("a\nb\u{1b}{}", "x".repeat(500))).len(), LOGGED);
        assert_eq!(message(&7), "without a message");
    }
}
