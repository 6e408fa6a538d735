//! What became of a release in one cycle, for reports, logs and metrics.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ledger_problem::LedgerProblem;
use crate::store::StoreError;

/// What became of a release in one cycle.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum ReleaseOutcome {
    /// Evidence was debited and will be sent.
    Released {
        /// Its number in the ledger.
        id: i64,
        /// Epsilon of this release alone.
        epsilon: f64,
        /// Delta at which epsilon is stated.
        delta: f64,
        /// Size of the payload.
        bytes: usize,
    },
    /// The administrator switched contributing off.
    SwitchedOff,
    /// Nobody would receive it, so no budget is spent.
    NobodyFollows,
    /// None of the followers has confirmed in the last week that it follows, so no budget is spent.
    NobodyReachable {
        /// Accepted followers.
        followers: i64,
    },
    /// The privacy ledger cannot be trusted. Receiving and serving go on.
    Withheld(LedgerProblem),
    /// Another process released in the meantime.
    Overtaken,
    /// It could not be made; nothing was released. Learning goes on.
    Failed {
        /// Why.
        reason: String,
    },
    /// Attempts failed, one after the other; the next one comes after a pause, which grows.
    Postponed {
        /// How many failed.
        failures: u32,
        /// When the next one may begin.
        until: DateTime<Utc>,
    },
    /// The releases of a year are spread evenly; the next one comes later.
    NotDue {
        /// When.
        next: DateTime<Utc>,
    },
    /// Too few contributing accounts have watched something that no earlier release counts.
    TooFewContributors {
        /// Accounts that have.
        contributors: usize,
        /// Fewest needed.
        minimum: usize,
    },
    /// The budget of the rolling year is spent. Receiving and serving go on.
    BudgetSpent {
        /// When there is some again; `None`: never.
        next: Option<DateTime<Utc>>,
    },
    /// Somebody who would have been in it changed the level, reset or switched off the history, was blocked or left
    /// after the history was read. The next cycle releases without that account.
    ConsentWithdrawn,
}

impl ReleaseOutcome {
    /// One word for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Released { .. } => "released",
            Self::SwitchedOff => "switched-off",
            Self::NobodyFollows => "nobody-follows",
            Self::NobodyReachable { .. } => "nobody-reachable",
            Self::Withheld(_) => "withheld",
            Self::Overtaken => "overtaken",
            Self::Failed { .. } => "failed",
            Self::Postponed { .. } => "postponed",
            Self::NotDue { .. } => "not-due",
            Self::TooFewContributors { .. } => "too-few-contributors",
            Self::BudgetSpent { .. } => "budget-spent",
            Self::ConsentWithdrawn => "consent-withdrawn",
        }
    }
}

/// What a refusal of the ledger means; `None` when it is a failure that nobody has foreseen.
pub(super) fn refusal(error: &StoreError) -> Option<ReleaseOutcome> {
    match error {
        StoreError::ConsentWithdrawn => Some(ReleaseOutcome::ConsentWithdrawn),
        // The last one left while noise was drawn.
        StoreError::NobodyReachable => Some(ReleaseOutcome::NobodyReachable { followers: 0 }),
        // The budget was there before noise was drawn, so another process has spent it since.
        StoreError::Overtaken | StoreError::BudgetSpent { .. } => Some(ReleaseOutcome::Overtaken),
        StoreError::Contention { .. } | StoreError::Value(_) | StoreError::Clock { .. } => {
            Some(ReleaseOutcome::Failed {
                reason: error.to_string(),
            })
        }
        _ => None,
    }
}
