//! When the next release is due, and which watches it counts.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::TrainingError;
use super::release_outcome::ReleaseOutcome;
use super::releasing::annual_budget;
use crate::config::PrivacyConfig;
use crate::model::evidence::BasisId;
use crate::store::{CountedWatches, LedgerTime, Store};

/// A year of the rolling window, in seconds.
const YEAR_SECONDS: f64 = 365.0 * 86_400.0;
/// Watches of the last hour wait for the next release: some may be under way, and some may be written but not yet
/// visible. Without this, what PeerTube commits late with an earlier time would never count.
const SETTLING_SECONDS: i64 = 3_600;
/// Pause after the second release in a row that was cut short and debited; it doubles with every further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::hours(1);

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

/// Why no release is due now by the ledger's own time or by the budget, if so.
pub(super) async fn schedule(store: &Store, config: &PrivacyConfig) -> Result<Option<ReleaseOutcome>, TrainingError> {
    let now = store.ledger_time().await?;
    let interval = interval(config);
    if let Some(last) = store.last_debit().await? {
        let next = last + interval;
        if now.counted < next {
            let next = now.on_the_wall(next);
            return Ok(Some(ReleaseOutcome::NotDue { next }));
        }
    }
    if let Some(unfinished) = store.unfinished().await? {
        let next = unfinished.last + pause_after(unfinished.releases, interval);
        if now.counted < next {
            return Ok(Some(ReleaseOutcome::Postponed {
                failures: u32::try_from(unfinished.releases).unwrap_or(u32::MAX),
                until: now.on_the_wall(next),
            }));
        }
    }
    // Asked again where it counts, in the transaction of the debit; here it saves drawing noise for nothing.
    let next = affordable_from(store, config, now).await?;
    Ok(next
        .is_none_or(|next| next > now.wall)
        .then_some(ReleaseOutcome::BudgetSpent { next }))
}

/// From when on, by the wall clock, the budget allows a release; `None`: never.
///
/// # Errors
/// [`TrainingError`] when the ledger cannot be read or the budget makes no sense.
pub async fn affordable_from(
    store: &Store,
    config: &PrivacyConfig,
    now: LedgerTime,
) -> Result<Option<DateTime<Utc>>, TrainingError> {
    let budget = annual_budget(config)?;
    let (needed, allowed) = (budget.release_mu().powi(2), budget.annual_mu().powi(2));
    Ok(store.affordable_from(needed, allowed, now).await?)
}

/// The releases of a year are spread evenly, so far apart.
fn interval(config: &PrivacyConfig) -> TimeDelta {
    let seconds = YEAR_SECONDS / f64::from(config.releases_per_year.max(1));
    TimeDelta::seconds(seconds as i64)
}

/// How long no release is tried after so many in a row that were cut short. The first one may have been a power cut; what dies
/// again and again must not spend the year's budget for nothing.
fn pause_after(failures: i64, longest: TimeDelta) -> TimeDelta {
    if failures <= 1 {
        return TimeDelta::zero();
    }
    let doublings = i32::try_from(failures - 2).unwrap_or(i32::MAX).min(20);
    (FIRST_PAUSE * 2i32.pow(doublings.unsigned_abs())).min(longest.max(FIRST_PAUSE))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_releases_that_were_cut_short_grows_up_to_the_usual_interval() {
        let longest = TimeDelta::days(30);
        let pauses = [0, 1, 2, 3, 4, 11, 12, i64::MAX].map(|failures| pause_after(failures, longest).num_hours());
        assert_eq!(pauses, [0, 0, 1, 2, 4, 512, 720, 720]);
        assert_eq!(pause_after(9, TimeDelta::zero()), FIRST_PAUSE);
    }
}
