//! When evidence is released, and how: the only path from history to the outside.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

use super::TrainingError;
use crate::config::PrivacyConfig;
use crate::federation::{Federation, FederationError};
use crate::model::catalogue::Catalogue;
use crate::model::contribution::Contribution;
use crate::model::support::Support;
use crate::privacy::release::EvidenceSum;
use crate::privacy::{AnnualBudget, BudgetShares, Delta, Epsilon, EvidenceGrid, Noised, PrivacyError};
use crate::store::{Store, StoreError};

/// Where the randomness of noise comes from: a generator seeded by the operating system, or a fixed one in the demo and
/// in tests.
pub type NoiseRandomness = Arc<dyn Fn() -> ChaCha20Rng + Send + Sync>;

/// A year of the rolling window, in seconds.
const YEAR_SECONDS: f64 = 365.0 * 86_400.0;

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
    /// The releases of a year are spread evenly; the next one comes later.
    NotDue {
        /// When.
        next: DateTime<Utc>,
    },
    /// Too few accounts contribute and have a history.
    TooFewContributors {
        /// Accounts that do.
        contributors: usize,
        /// Fewest needed.
        minimum: usize,
    },
    /// The budget of the rolling year is spent. Receiving and serving go on.
    BudgetSpent,
}

/// Division of one release among its parts.
///
/// # Errors
/// Never with these constants; the type says so to callers.
pub fn shares() -> Result<BudgetShares, PrivacyError> {
    BudgetShares::from_weights(0.65, 0.22, 0.09, 0.04)
}

/// The year's budget of the configuration.
///
/// # Errors
/// [`PrivacyError`] when a number is out of range.
pub fn annual_budget(config: &PrivacyConfig) -> Result<AnnualBudget, PrivacyError> {
    AnnualBudget::new(
        Epsilon::new(config.epsilon_per_year)?,
        Delta::new(config.delta)?,
        config.releases_per_year,
    )
}

/// Whether a release makes sense now; `None` when it does.
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn obstacle(
    store: &Store,
    config: &PrivacyConfig,
    contributors: usize,
    now: DateTime<Utc>,
) -> Result<Option<ReleaseOutcome>, TrainingError> {
    if !config.contribute {
        return Ok(Some(ReleaseOutcome::SwitchedOff));
    }
    let (_, followers) = store.accepted_peers().await?;
    if followers == 0 {
        return Ok(Some(ReleaseOutcome::NobodyFollows));
    }
    if let Some(latest) = store.latest_release().await? {
        let interval = YEAR_SECONDS / f64::from(config.releases_per_year.max(1));
        let next = latest.created_at + TimeDelta::seconds(interval as i64);
        if now < next {
            return Ok(Some(ReleaseOutcome::NotDue { next }));
        }
    }
    let minimum = config.minimum_contributors.max(1);
    if contributors < minimum {
        return Ok(Some(ReleaseOutcome::TooFewContributors { contributors, minimum }));
    }
    Ok(None)
}

/// Sums, bounds and noises the contributions of all accounts.
///
/// # Errors
/// [`PrivacyError`]; nothing has left then.
pub fn noise(
    catalogue: &Catalogue,
    support: &Support,
    contributions: &[Contribution],
    config: &PrivacyConfig,
    randomness: &mut ChaCha20Rng,
) -> Result<Noised<EvidenceGrid>, PrivacyError> {
    let budget = annual_budget(config)?;
    let basis = catalogue.basis();
    let mut sum = EvidenceSum::new(basis.id(), basis.dimensions() as u16, support.clone(), shares()?);
    for contribution in contributions {
        sum.add(contribution);
    }
    sum.release(
        budget.release_mu(),
        budget.delta(),
        config.minimum_contributors,
        randomness,
    )
}

/// Debits the ledger and queues the announcement, in one transaction: after this, and not before, the bytes may leave.
///
/// # Errors
/// [`TrainingError`] when the database or the announcement fails; nothing is debited and nothing leaves then.
pub async fn commit(
    federation: &Federation,
    config: &PrivacyConfig,
    evidence: &Noised<EvidenceGrid>,
    contributors: usize,
) -> Result<ReleaseOutcome, TrainingError> {
    let annual_mu = annual_budget(config)?.annual_mu();
    let bytes = evidence.encode()?.len();
    let noise = evidence.noise();
    match federation
        .release(evidence, u32::try_from(contributors).ok(), annual_mu * annual_mu)
        .await
    {
        Ok(id) => Ok(ReleaseOutcome::Released {
            id,
            epsilon: noise.epsilon,
            delta: noise.delta,
            bytes,
        }),
        Err(FederationError::Store(StoreError::BudgetSpent { .. })) => Ok(ReleaseOutcome::BudgetSpent),
        Err(error) => Err(error.into()),
    }
}
