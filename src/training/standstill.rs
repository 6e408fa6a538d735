//! Whether releases stand still although they should not, for readiness, `shoal health` and `shoal check-config`.

use super::TrainingError;
use super::ledger_problem::LedgerProblem;
use super::release_outcome::ReleaseOutcome;
use super::releasing::{counter, ledger_problem};
use super::schedule::{schedule, spent_in_words};
use crate::config::{Config, PrivacyConfig};
use crate::store::Store;

/// Something that an administrator should know: evidence does not leave although it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standstill {
    /// `withheld` or `budget-spent`.
    pub status: &'static str,
    /// Why, and what comes next, in plain words.
    pub detail: String,
}

/// Whether releases stand still, for answers about the state of the sidecar: the ledger cannot be trusted, or a release is due
/// and the budget of the year does not allow it. Waits for no release that is under way, and changes nothing. `None` as well
/// when the database cannot be asked.
pub async fn standstill(config: &Config, store: &Store) -> Option<Standstill> {
    let privacy = &config.privacy;
    if !privacy.contribute {
        return None;
    }
    let problem = match counter(config).inspect(store).await.ok()? {
        None => LedgerProblem::of_the_clock(&store.ledger_time().await.ok()?),
        problem => problem,
    };
    match problem {
        Some(problem) => Some(Standstill::withheld(&problem)),
        None => spent(store, privacy).await.ok()?,
    }
}

/// The same for an administrator who asks whether all is well: waits for a release that is under way, and mends what a crash
/// left.
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn mended_standstill(config: &Config, store: &Store) -> Result<Option<Standstill>, TrainingError> {
    if !config.privacy.contribute {
        return Ok(None);
    }
    match ledger_problem(&counter(config), store).await? {
        Some(problem) => Ok(Some(Standstill::withheld(&problem))),
        None => spent(store, &config.privacy).await,
    }
}

/// That a release is due and the budget of the year does not allow it, if so.
async fn spent(store: &Store, config: &PrivacyConfig) -> Result<Option<Standstill>, TrainingError> {
    Ok(match schedule(store, config).await? {
        Some(ReleaseOutcome::BudgetSpent { next }) => Some(Standstill {
            status: "budget-spent",
            detail: spent_in_words(next),
        }),
        _ => None,
    })
}

impl Standstill {
    fn withheld(problem: &LedgerProblem) -> Self {
        Self {
            status: "withheld",
            detail: problem.to_string(),
        }
    }
}
