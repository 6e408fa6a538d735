//! The evidence of peers, placed in the own catalogue: of each peer all releases of the last two years that count
//! different watches, accumulated into one source.

use std::sync::Arc;

use super::TrainingError;
use crate::model::accumulation::Accumulation;
use crate::model::catalogue::Catalogue;
use crate::model::evidence::EvidenceSource;
use crate::privacy::{DecodeLimits, EvidenceGrid, Noised};
use crate::store::{CountedWatches, Store, UsableRelease};

/// One source per followed peer with usable evidence. Payloads are read one after the other, so that memory grows with
/// the number of peers and not with that of their releases.
///
/// What cannot be used (another basis, damaged in storage) is left out with a logged reason.
///
/// # Errors
/// [`TrainingError`] when the database cannot answer.
pub async fn peer_sources(store: &Store, catalogue: &Arc<Catalogue>) -> Result<Vec<EvidenceSource>, TrainingError> {
    let releases = store.usable_releases().await?;
    let mut sources = Vec::new();
    for of_peer in releases.chunk_by(|a, b| a.actor_url == b.actor_url) {
        if let Some(source) = accumulate(store, catalogue, of_peer).await? {
            sources.push(source);
        }
    }
    Ok(sources)
}

/// The releases of one peer, newest first, as one source.
async fn accumulate(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    releases: &[UsableRelease],
) -> Result<Option<EvidenceSource>, TrainingError> {
    let mut accumulation = Accumulation::default();
    let mut newer = Follows::Anything;
    let (mut used, mut reason) = (0, "");
    for release in releases {
        let Some(following) = newer.after(release.counted) else {
            continue;
        };
        let Some(payload) = store.evidence_payload(release.id).await? else {
            continue;
        };
        let catalogue = Arc::clone(catalogue);
        let placed = tokio::task::spawn_blocking(move || {
            let evidence = Noised::<EvidenceGrid>::decode(&payload, DecodeLimits::default());
            let evidence = evidence.map_err(|_| "its payload is damaged in storage")?;
            evidence
                .source(&catalogue)
                .ok_or("it is in another basis; check privacy.dimensions on both sides")
        })
        .await
        .map_err(|error| TrainingError::Computation(error.to_string()))?;
        match placed {
            Ok(source) => {
                accumulation.add(&source);
                (newer, used) = (following, used + 1);
            }
            Err(problem) => reason = problem,
        }
    }
    if used == 0 && !reason.is_empty() {
        let peer = releases.first().map_or("", |release| release.actor_url.as_str());
        tracing::warn!(peer, reason, "evidence is left out");
    }
    Ok(accumulation.finish())
}

/// Which release may come before those that are used already.
#[derive(Clone, Copy, PartialEq)]
enum Follows {
    /// None is used yet.
    Anything,
    /// One that ends no later than this.
    Until(chrono::DateTime<chrono::Utc>),
    /// None: what is used reaches back to the beginning.
    Nothing,
}

impl Follows {
    /// What may come before a release that counts these watches; `None` when that release must be left out, because
    /// its watches are counted already.
    fn after(self, counted: Option<CountedWatches>) -> Option<Self> {
        match (self, counted) {
            (Self::Nothing, _) => return None,
            (Self::Until(start), Some(counted)) if counted.until > start => return None,
            // Without a statement it counts the whole history: of an older version, before the peer was upgraded.
            (_, None) => return Some(Self::Nothing),
            _ => {}
        }
        let start = counted.and_then(|counted| counted.after);
        Some(start.map_or(Self::Nothing, Self::Until))
    }
}

/// Items about which at least one source speaks.
pub fn known_items(sources: &[EvidenceSource]) -> Vec<u32> {
    let items = sources.first().map_or(0, |source| source.videos.rows.len());
    (0..items)
        .filter(|&item| sources.iter().any(|source| source.videos.rows[item].is_some()))
        .map(|item| item as u32)
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn month(number: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::days(30 * number)
    }

    /// The places, newest first, of the releases that are used.
    fn used(releases: &[Option<(Option<i64>, i64)>]) -> Vec<usize> {
        let mut newer = Follows::Anything;
        let mut used = Vec::new();
        for (place, release) in releases.iter().enumerate() {
            let counted = release.map(|(after, until)| CountedWatches {
                after: after.map(month),
                until: month(until),
            });
            if let Some(following) = newer.after(counted) {
                used.push(place);
                newer = following;
            }
        }
        used
    }

    #[test]
    fn releases_that_follow_each_other_are_all_used() {
        assert_eq!(
            used(&[Some((Some(2), 3)), Some((Some(1), 2)), Some((None, 1))]),
            [0, 1, 2]
        );
        // One that never arrived leaves a gap, no more.
        assert_eq!(used(&[Some((Some(5), 6)), Some((Some(1), 2))]), [0, 1]);
    }

    #[test]
    fn no_watch_is_used_twice() {
        // The same announced twice, and one that reaches into its follower.
        assert_eq!(
            used(&[Some((Some(2), 3)), Some((Some(2), 3)), Some((Some(1), 2))]),
            [0, 2]
        );
        assert_eq!(used(&[Some((Some(2), 4)), Some((Some(1), 3)), Some((None, 1))]), [0, 2]);
        // A peer that lost its ledger begins anew with its whole history.
        assert_eq!(
            used(&[Some((Some(8), 9)), Some((None, 8)), Some((Some(3), 4)), Some((None, 3))]),
            [0, 1]
        );
    }

    #[test]
    fn of_whole_histories_only_the_newest_is_used() {
        assert_eq!(used(&[None, None, None]), [0]);
        // The peer was upgraded: its new releases begin where the last old one ended.
        assert_eq!(used(&[Some((Some(5), 6)), None, None]), [0, 1]);
    }
}
