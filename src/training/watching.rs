//! What is looked at every few minutes, beside the learning cycles: the machine's clock, and whose database this is.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ledger_problem::LedgerProblem;
use super::{TrainingError, ownership, sweeping};
use crate::peertube::PeerTube;
use crate::store::{ClockVerdict, Observation, Store, StoreError};

/// Pause between two looks. What passes between the last one and the end of a boot does not count for the ledger.
const PAUSE: Duration = Duration::from_mins(5);

/// Looks every few minutes until `stop` is cancelled. A database that does not answer is asked again later.
///
/// # Errors
/// [`TrainingError::AnotherPeerTube`] when PeerTube's database was exchanged while Shoal ran.
pub async fn run(peertube: PeerTube, store: Store, stop: CancellationToken) -> Result<(), TrainingError> {
    let mut told = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
        match look(&peertube, &store, &mut told).await {
            Ok(()) => {}
            Err(TrainingError::AnotherPeerTube) => return Err(TrainingError::AnotherPeerTube),
            Err(error) => tracing::debug!(%error, "clock and accounts could not be looked at; that is tried again"),
        }
    }
}

async fn look(peertube: &PeerTube, store: &Store, told: &mut Option<ClockVerdictKind>) -> Result<(), TrainingError> {
    tell(&observe(store).await?, told);
    ownership::check(peertube, store).await?;
    sweeping::sweep(peertube, store).await?;
    Ok(())
}

/// At the start: looks at the clock, and says what is wrong with it.
///
/// # Errors
/// [`TrainingError::Store`] when the database cannot answer.
pub async fn at_start(store: &Store) -> Result<(), TrainingError> {
    tell(&observe(store).await?, &mut None);
    Ok(())
}

/// Writes down what the clocks show, and says in the log which dates were set to the present.
async fn observe(store: &Store) -> Result<Observation, StoreError> {
    let observation = store.observe_time().await?;
    let repaired = &observation.repaired;
    if !repaired.is_empty() {
        tracing::warn!(
            users = repaired.users.len(),
            ledger = repaired.ledger,
            others = repaired.others,
            "dates that lay in the future were set to the present: the machine's clock was ahead when they were written"
        );
    }
    Ok(observation)
}

/// What was said last, so that it is said once.
type ClockVerdictKind = std::mem::Discriminant<ClockVerdict>;

/// Says in the log, once, and in the metrics by how much the clock is off: `shoal_clock_step_seconds`, 0 while it is believed.
fn tell(observation: &Observation, told: &mut Option<ClockVerdictKind>) {
    let time = &observation.time;
    let step = match time.verdict {
        ClockVerdict::Plausible => 0,
        ClockVerdict::Ahead { expected } | ClockVerdict::Behind { expected } => (time.wall - expected).num_seconds(),
    };
    metrics::gauge!("shoal_clock_step_seconds").set(step as f64);
    let kind = std::mem::discriminant(&time.verdict);
    if told.replace(kind) == Some(kind) {
        return;
    }
    if let Some(problem) = LedgerProblem::of_the_clock(time) {
        tracing::error!(%problem, "the machine's clock jumped; nothing is released until it is right");
    }
}
