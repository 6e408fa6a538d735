//! Long computations of a command: their progress on standard error, and their end by Ctrl-C.

use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

/// Exit code of a command that was interrupted, as shells know it.
pub const INTERRUPTED: u8 = 130;

/// Progress on standard error; hidden where that is no terminal.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins with `stage`.
    pub fn new(stage: &str) -> anyhow::Result<Self> {
        let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?);
        bar.enable_steady_tick(Duration::from_millis(200));
        let progress = Self { bar };
        progress.stage(stage);
        Ok(progress)
    }

    /// Another stage begins.
    pub fn stage(&self, stage: &str) {
        self.bar.set_message(stage.to_owned());
    }

    /// `done` of `all` parts of a stage are done.
    pub fn part(&self, stage: &str, done: usize, all: usize) {
        self.bar.set_message(format!("{stage} {done} of {all}"));
    }

    /// Tells something that stays, on a terminal or not.
    pub fn tell(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

/// Runs `work` beside the runtime. `None` when `stop` was cancelled first; the work is then left to end with the process.
///
/// # Errors
/// Those of the work.
pub async fn run<T: Send + 'static>(
    progress: Progress,
    stop: CancellationToken,
    work: impl FnOnce(&Progress) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<Option<T>> {
    let shown = progress.clone();
    let work = tokio::task::spawn_blocking(move || work(&shown));
    let ended = tokio::select! {
        ended = work => Some(ended.context("the computation broke off")?),
        () = stop.cancelled() => None,
    };
    progress.bar.finish_and_clear();
    if ended.is_none() {
        eprintln!("interrupted");
    }
    ended.transpose()
}
