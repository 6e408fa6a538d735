//! When evidence is released, and how: the only path from history to the outside.

use std::sync::Arc;

use rand_chacha::ChaCha20Rng;

use super::TrainingError;
use super::ledger_problem::LedgerProblem;
use super::release_counter::ReleaseCounter;
use super::release_outcome::{ReleaseOutcome, refusal};
use super::schedule::{schedule, spent_in_words};
use crate::config::{Config, PrivacyConfig};
use crate::failpoints;
use crate::federation::Federation;
use crate::privacy::mechanism::{self, Mechanism};
#[cfg(feature = "planted-bugs")]
use crate::privacy::planted::PlantedBug;
use crate::privacy::{Aggregation, AnnualBudget, Delta, Epsilon, EvidenceGrid, Noised, PrivacyError};
use crate::store::{CountedWatches, Participants, Store, StoreError};

/// Where the randomness of noise comes from: a generator seeded by the operating system, or a fixed one in the demo and
/// in tests.
pub type NoiseRandomness = Arc<dyn Fn() -> ChaCha20Rng + Send + Sync>;

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

/// Whether releases can be made with the budget of the configuration at all; not asked where there are none.
///
/// # Errors
/// [`TrainingError::Budget`] says which epsilon could be used.
pub fn check_budget(config: &PrivacyConfig) -> Result<(), TrainingError> {
    let budget = annual_budget(config)?;
    if !config.contribute || budget.is_usable() {
        return Ok(());
    }
    let (smallest, largest) = budget.usable_epsilons();
    Err(TrainingError::Budget {
        epsilon: config.epsilon_per_year,
        delta: config.delta,
        releases: config.releases_per_year,
        smallest,
        largest,
    })
}

/// The counter of this sidecar's releases.
pub fn counter(config: &Config) -> ReleaseCounter {
    let root = config.federation.public_url.as_str().trim_end_matches('/');
    ReleaseCounter::new(&config.privacy.counter_file, &format!("{root}/actor"))
}

/// At the start: says in the log and in the metrics whether the privacy ledger can be trusted, and mends what a crash left.
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn check_ledger(config: &Config, store: &Store) -> Result<(), TrainingError> {
    if config.privacy.contribute {
        let problem = ledger_problem(&counter(config), store).await?;
        tell_problem(problem.as_ref());
    }
    Ok(())
}

/// Why nothing may be released, if so. Mends what a crash left.
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn ledger_problem(counter: &ReleaseCounter, store: &Store) -> Result<Option<LedgerProblem>, TrainingError> {
    let problem = match counter.lock().await {
        Ok(locked) => locked.verify(store).await?,
        Err(problem) => Some(problem),
    };
    Ok(match problem {
        None => LedgerProblem::of_the_clock(&store.ledger_time().await?),
        problem => problem,
    })
}

/// Whether a release makes sense now; `None` when it does. `contributors` are the accounts of which something counts.
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn obstacle(
    store: &Store,
    config: &PrivacyConfig,
    counter: &ReleaseCounter,
    contributors: usize,
) -> Result<Option<ReleaseOutcome>, TrainingError> {
    if !config.contribute {
        return Ok(Some(ReleaseOutcome::SwitchedOff));
    }
    if let Some(problem) = ledger_problem(counter, store).await? {
        return Ok(Some(ReleaseOutcome::Withheld(problem)));
    }
    let (_, followers) = store.accepted_peers().await?;
    if followers == 0 {
        return Ok(Some(ReleaseOutcome::NobodyFollows));
    }
    if let Some(outcome) = schedule(store, config).await? {
        return Ok(Some(outcome));
    }
    let minimum = fewest_contributors(config);
    if contributors < minimum {
        return Ok(Some(ReleaseOutcome::TooFewContributors { contributors, minimum }));
    }
    Ok(None)
}

/// Whether nobody would take a release: asks followers that have not confirmed lately that they still follow.
///
/// # Errors
/// [`TrainingError::Store`] when the peers cannot be read.
pub async fn nobody_reachable(federation: &Federation, store: &Store) -> Result<Option<ReleaseOutcome>, TrainingError> {
    federation.ask_followers().await?;
    let (_, followers) = store.accepted_peers().await?;
    let reachable = store.reachable_followers().await?;
    Ok((reachable == 0).then_some(ReleaseOutcome::NobodyReachable { followers }))
}

/// Fewest accounts for a release of this instance alone.
pub fn fewest_contributors(config: &PrivacyConfig) -> usize {
    Aggregation::Alone.fewest_contributors(config.minimum_contributors)
}

/// The mechanism of this instance's releases.
///
/// # Errors
/// [`PrivacyError`] when a number is out of range.
pub fn mechanism(config: &PrivacyConfig) -> Result<Mechanism, PrivacyError> {
    let budget = annual_budget(config)?;
    let (shares, contributors) = (mechanism::shares()?, fewest_contributors(config));
    let mechanism = Mechanism::new(shares, budget.release_mu(), budget.delta(), contributors);
    #[cfg(feature = "planted-bugs")]
    let mechanism = Mechanism {
        bug: failpoints::noise_is_redrawn().then_some(PlantedBug::NoiseRedrawn),
        ..mechanism
    };
    Ok(mechanism)
}

/// Debits the ledger, stores the payload and queues the announcement, in one transaction: after this, and not before, the bytes
/// may leave. The release counter learns of it before and after. The `participants` are asked once more in that transaction.
/// A transaction that the database refuses, for instance because its disk is full, debits nothing.
///
/// # Errors
/// [`TrainingError`] when the database or the announcement fails; nothing leaves then.
pub async fn commit(
    federation: &Federation,
    store: &Store,
    counter: &ReleaseCounter,
    config: &PrivacyConfig,
    evidence: &Noised<EvidenceGrid>,
    participants: Participants,
    counted: CountedWatches,
) -> Result<ReleaseOutcome, TrainingError> {
    let annual_mu = annual_budget(config)?.annual_mu();
    let contributors = u32::try_from(participants.users.len()).ok();
    let release = federation.announce(evidence, contributors, Some(counted))?;
    let (epsilon, delta, bytes) = (release.epsilon, release.delta, release.payload.len());
    let locked = counter.lock().await?;
    if let Some(problem) = locked.verify(store).await? {
        return Ok(ReleaseOutcome::Withheld(problem));
    }
    locked.begin(&release).await?;
    let committed = store.commit_release_of(release, annual_mu * annual_mu, participants);
    match committed.await {
        Ok(id) => {
            failpoints::reach("ledger-committed");
            if let Err(problem) = locked.finish().await {
                // It is in the ledger, so the next comparison counts it.
                tracing::warn!(%problem, "the release is in the ledger, but not counted yet");
            }
            federation.deliver_soon();
            Ok(ReleaseOutcome::Released {
                id,
                epsilon,
                delta,
                bytes,
            })
        }
        // It may be in the ledger: the next comparison looks, and debits it if it is not there.
        Err(error @ StoreError::Unsettled(_)) => Err(error.into()),
        // The transaction was rolled back, so nothing is debited.
        Err(error) => {
            locked.cancel().await?;
            refusal(&error).ok_or_else(|| error.into())
        }
    }
}

/// Says in the log and in the metrics what became of the release, and how much budget is spent:
/// `shoal_release_outcomes_total{outcome}`, `shoal_release_withheld` (1 while the ledger cannot be trusted) and
/// `shoal_privacy_budget_spent_ratio` (squared mu of the last 365 days, as a share of what a year may spend).
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn tell(store: &Store, config: &PrivacyConfig, outcome: &ReleaseOutcome) -> Result<(), TrainingError> {
    metrics::counter!("shoal_release_outcomes_total", "outcome" => outcome.name()).increment(1);
    let spent = annual_budget(config)?.share_of(store.ledger_totals().await?.spent_mu_squared);
    metrics::gauge!("shoal_privacy_budget_spent_ratio").set(spent);
    if config.contribute {
        tell_problem(match outcome {
            ReleaseOutcome::Withheld(problem) => Some(problem),
            _ => None,
        });
    }
    match outcome {
        ReleaseOutcome::BudgetSpent { next } => {
            tracing::warn!("{}; nothing is released, all else goes on", spent_in_words(*next));
        }
        ReleaseOutcome::ConsentWithdrawn => {
            tracing::info!("somebody withdrew while a release was made: it is made again without that account");
        }
        ReleaseOutcome::NobodyReachable { followers } => tracing::warn!(
            followers,
            "no follower has confirmed in the last week that it follows: nothing is released, no budget is spent"
        ),
        ReleaseOutcome::Failed { reason } => tracing::error!(%reason, "no release could be made, learning goes on"),
        _ => {}
    }
    Ok(())
}

/// Says in the log and in the metrics whether the privacy ledger can be trusted.
pub fn tell_problem(problem: Option<&LedgerProblem>) {
    metrics::gauge!("shoal_release_withheld").set(f64::from(u8::from(problem.is_some())));
    if let Some(problem) = problem {
        tracing::error!(%problem, "nothing is released");
    }
}
