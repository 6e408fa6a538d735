//! When evidence is released, and how: the only path from history to the outside.

use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

use super::TrainingError;
use super::release_counter::{LedgerProblem, ReleaseCounter};
use crate::config::{Config, PrivacyConfig};
use crate::failpoints;
use crate::federation::Federation;
use crate::model::evidence::BasisId;
use crate::privacy::mechanism::{self, Mechanism};
#[cfg(feature = "planted-bugs")]
use crate::privacy::planted::PlantedBug;
use crate::privacy::{Aggregation, AnnualBudget, Delta, Epsilon, EvidenceGrid, Noised, PrivacyError};
use crate::store::{CountedWatches, Participants, Store, StoreError};

/// Where the randomness of noise comes from: a generator seeded by the operating system, or a fixed one in the demo and
/// in tests.
pub type NoiseRandomness = Arc<dyn Fn() -> ChaCha20Rng + Send + Sync>;

/// A year of the rolling window, in seconds.
const YEAR_SECONDS: f64 = 365.0 * 86_400.0;
/// Watches of the last hour wait for the next release: some may be under way, and some may be written but not yet
/// visible. Without this, what PeerTube commits late with an earlier time would never count.
const SETTLING_SECONDS: i64 = 3_600;

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

/// Something that an administrator should know: evidence does not leave although it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standstill {
    /// `withheld` or `budget-spent`.
    pub status: &'static str,
    /// Why, and what comes next, in plain words.
    pub detail: String,
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
    match counter.lock().await {
        Ok(locked) => locked.verify(store).await,
        Err(problem) => Ok(Some(problem)),
    }
}

/// Whether releases stand still, for answers about the state of the sidecar: the ledger cannot be trusted, or a release is due
/// and the budget of the year does not allow it. Waits for no release that is under way, and changes nothing. `None` as well
/// when the database cannot be asked.
pub async fn standstill(config: &Config, store: &Store, now: DateTime<Utc>) -> Option<Standstill> {
    let privacy = &config.privacy;
    if !privacy.contribute {
        return None;
    }
    match counter(config).inspect(store).await.ok()? {
        Some(problem) => Some(Standstill::withheld(&problem)),
        None => spent(store, privacy, now).await.ok()?,
    }
}

/// The same for an administrator who asks whether all is well: waits for a release that is under way, and mends what a crash
/// left.
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn mended_standstill(
    config: &Config,
    store: &Store,
    now: DateTime<Utc>,
) -> Result<Option<Standstill>, TrainingError> {
    if !config.privacy.contribute {
        return Ok(None);
    }
    match ledger_problem(&counter(config), store).await? {
        Some(problem) => Ok(Some(Standstill::withheld(&problem))),
        None => spent(store, &config.privacy, now).await,
    }
}

/// That a release is due and the budget of the year does not allow it, if so.
async fn spent(store: &Store, config: &PrivacyConfig, now: DateTime<Utc>) -> Result<Option<Standstill>, TrainingError> {
    Ok(match schedule(store, config, now).await? {
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

/// That the budget is spent, and until when.
pub fn spent_in_words(next: Option<DateTime<Utc>>) -> String {
    let spent = "the privacy budget of the last 365 days is spent";
    match next {
        Some(next) => format!(
            "{spent}; there is enough for a release again on {}",
            next.format("%Y-%m-%d")
        ),
        None => format!("{spent}, and a release costs more than a whole year may"),
    }
}

/// Which watches the next release in this basis counts: all that were first seen after those of the last one, up to
/// about the present.
///
/// # Errors
/// [`TrainingError::Store`] when the ledger cannot be read.
pub async fn next_watches(store: &Store, basis: BasisId, now: DateTime<Utc>) -> Result<CountedWatches, TrainingError> {
    let after = store.counted_until(basis.0).await?;
    let settled = now - TimeDelta::seconds(SETTLING_SECONDS);
    let until = settled.duration_trunc(TimeDelta::seconds(1)).unwrap_or(settled);
    // After a clock was set back there is nothing to count, but the span must not run backwards.
    let until = after.map_or(until, |after| until.max(after + TimeDelta::seconds(1)));
    Ok(CountedWatches { after, until })
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
    now: DateTime<Utc>,
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
    if let Some(outcome) = schedule(store, config, now).await? {
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

/// Why no release is due now by the calendar or by the budget, if so.
async fn schedule(
    store: &Store,
    config: &PrivacyConfig,
    now: DateTime<Utc>,
) -> Result<Option<ReleaseOutcome>, TrainingError> {
    if let Some(latest) = store.latest_release().await? {
        let interval = YEAR_SECONDS / f64::from(config.releases_per_year.max(1));
        let next = latest.created_at + TimeDelta::seconds(interval as i64);
        if now < next {
            return Ok(Some(ReleaseOutcome::NotDue { next }));
        }
    }
    // Asked again where it counts, in the transaction of the debit; here it saves drawing noise for nothing.
    let next = affordable_from(store, config, now).await?;
    Ok(next
        .is_none_or(|next| next > now)
        .then_some(ReleaseOutcome::BudgetSpent { next }))
}

/// From when on the budget allows a release; `None`: never.
///
/// # Errors
/// [`TrainingError`] when the ledger cannot be read or the budget makes no sense.
pub async fn affordable_from(
    store: &Store,
    config: &PrivacyConfig,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, TrainingError> {
    let budget = annual_budget(config)?;
    let (needed, allowed) = (budget.release_mu().powi(2), budget.annual_mu().powi(2));
    Ok(store.affordable_from(needed, allowed, now).await?)
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

/// Debits the ledger and queues the announcement, in one transaction: after this, and not before, the bytes may leave. The
/// release counter learns of it before and after. The `participants` are asked once more in that transaction.
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
        Err(error) => match refusal(&error) {
            Some(outcome) => {
                locked.cancel().await?;
                Ok(outcome)
            }
            None => Err(error.into()),
        },
    }
}

/// What a refusal of the ledger means; `None` when the error leaves open whether the debit was committed.
fn refusal(error: &StoreError) -> Option<ReleaseOutcome> {
    match error {
        StoreError::ConsentWithdrawn => Some(ReleaseOutcome::ConsentWithdrawn),
        // The last one left while noise was drawn.
        StoreError::NobodyReachable => Some(ReleaseOutcome::NobodyReachable { followers: 0 }),
        // The budget was there before noise was drawn, so another process has spent it since.
        StoreError::Overtaken | StoreError::BudgetSpent { .. } => Some(ReleaseOutcome::Overtaken),
        StoreError::Contention { .. } | StoreError::Value(_) => Some(ReleaseOutcome::Failed {
            reason: error.to_string(),
        }),
        _ => None,
    }
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
            Self::NotDue { .. } => "not-due",
            Self::TooFewContributors { .. } => "too-few-contributors",
            Self::BudgetSpent { .. } => "budget-spent",
            Self::ConsentWithdrawn => "consent-withdrawn",
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
    let annual_mu = annual_budget(config)?.annual_mu();
    let spent = store.ledger_totals().await?.spent_mu_squared / (annual_mu * annual_mu);
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
