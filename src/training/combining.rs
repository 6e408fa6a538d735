//! The evidence of peers, placed in the own catalogue: of each peer all releases of the last two years that count
//! different watches, accumulated into one source.

use std::sync::Arc;

use super::TrainingError;
use crate::model::accumulation::Accumulation;
use crate::model::catalogue::Catalogue;
use crate::model::evidence::EvidenceSource;
use crate::model::posterior::retain_usable;
use crate::privacy::{DecodeLimits, EvidenceGrid, Noised};
use crate::store::{CountedWatches, EvidenceUse, RefusedEvidence, Store, UsableRelease};

/// The evidence of peers for one model.
#[derive(Default)]
pub struct PeerEvidence {
    /// One source per peer.
    pub sources: Vec<EvidenceSource>,
    /// How many that are, and what was left out.
    pub used: EvidenceUse,
}

/// One source per followed peer with usable evidence. Payloads are read one after the other, so that memory grows with
/// the number of peers and not with that of their releases.
///
/// What cannot be used (another basis, damaged in storage, implausible, without a finite model) is left out by itself, with
/// a logged reason.
///
/// # Errors
/// [`TrainingError`] when the database cannot answer.
pub async fn peer_evidence(store: &Store, catalogue: &Arc<Catalogue>) -> Result<PeerEvidence, TrainingError> {
    let releases = store.usable_releases().await?;
    let mut used = EvidenceUse {
        used: 0,
        refused: store.lately_refused().await?,
    };
    let (mut sources, mut peers) = (Vec::new(), Vec::new());
    for of_peer in releases.chunk_by(|a, b| a.actor_url == b.actor_url) {
        let (source, releases) = accumulate(store, catalogue, of_peer, &mut used).await?;
        if let (Some(source), Some(release)) = (source, of_peer.first()) {
            sources.push(source);
            peers.push((release.actor_url.as_str(), releases));
        }
    }
    let catalogue = Arc::clone(catalogue);
    let (sources, refused) = beside_serving(move || {
        let mut sources = sources;
        let refused = retain_usable(&catalogue, &mut sources);
        (sources, refused)
    })
    .await?;
    for (place, reason) in refused {
        if let Some((peer, releases)) = peers.get(place) {
            used.refuse(peer, *releases, reason);
        }
    }
    used.used = sources.len();
    tell(&used);
    Ok(PeerEvidence { sources, used })
}

/// Says what is left out, and tells the metrics.
fn tell(used: &EvidenceUse) {
    for refused in &used.refused {
        let RefusedEvidence { peer, releases, reason } = refused;
        tracing::warn!(peer, releases, reason, "evidence is left out");
    }
    let refused: usize = used.refused.iter().map(|refused| refused.releases).sum();
    metrics::gauge!("shoal_evidence_sources_used").set(used.used as f64);
    metrics::gauge!("shoal_evidence_releases_refused").set(refused as f64);
}

/// The releases of one peer, newest first, as one source, and how many they are.
async fn accumulate(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    releases: &[UsableRelease],
    used: &mut EvidenceUse,
) -> Result<(Option<EvidenceSource>, usize), TrainingError> {
    let mut accumulation = Accumulation::default();
    let mut newer = Follows::Anything;
    let mut count = 0;
    for release in releases {
        let Some(following) = newer.after(release.counted) else {
            continue;
        };
        let Some(payload) = store.evidence_payload(release.id).await? else {
            continue;
        };
        let catalogue = Arc::clone(catalogue);
        let placed = beside_serving(move || place(&payload, &catalogue)).await?;
        match placed {
            Ok(source) if accumulation.add(&source) => (newer, count) = (following, count + 1),
            Ok(_) => used.refuse(
                &release.actor_url,
                1,
                "its noise cannot be weighed against that of newer releases",
            ),
            Err(problem) => used.refuse(&release.actor_url, 1, &problem),
        }
    }
    Ok((accumulation.finish(), count))
}

/// A stored payload as a source. It was checked when it arrived, but perhaps by an older version.
fn place(payload: &[u8], catalogue: &Catalogue) -> Result<EvidenceSource, String> {
    let limits = DecodeLimits::of_payload(payload.len());
    let evidence = Noised::<EvidenceGrid>::decode(payload, limits).map_err(|error| error.to_string())?;
    let source = evidence
        .source(catalogue)
        .ok_or("it is in another basis; check privacy.dimensions on both sides")?;
    evidence.check_plausible().map_err(|error| error.to_string())?;
    Ok(source)
}

/// Runs heavy work beside the tasks that serve.
async fn beside_serving<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, TrainingError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| TrainingError::Computation(error.to_string()))
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
