//! The evidence of peers, decoded and placed in the own catalogue.

use std::collections::BTreeMap;

use super::TrainingError;
use crate::model::catalogue::Catalogue;
use crate::model::evidence::EvidenceSource;
use crate::privacy::{DecodeLimits, EvidenceGrid, Noised};
use crate::store::{Store, UsableEvidence};

/// The newest usable evidence of every followed peer.
///
/// What cannot be used (another basis, damaged in storage) is left out with a logged reason.
///
/// # Errors
/// [`TrainingError::Store`] when the database cannot answer.
pub async fn peer_evidence(store: &Store) -> Result<Vec<(String, Noised<EvidenceGrid>)>, TrainingError> {
    let mut newest: BTreeMap<String, UsableEvidence> = BTreeMap::new();
    for evidence in store.usable_evidence().await? {
        match newest.get(&evidence.actor_url) {
            Some(known) if known.received_at >= evidence.received_at => {}
            _ => {
                newest.insert(evidence.actor_url.clone(), evidence);
            }
        }
    }
    let mut decoded = Vec::with_capacity(newest.len());
    for (actor, evidence) in newest {
        match Noised::<EvidenceGrid>::decode(&evidence.payload, DecodeLimits::default()) {
            Ok(value) => decoded.push((actor, value)),
            Err(error) => tracing::warn!(peer = actor, %error, "stored evidence is not usable"),
        }
    }
    Ok(decoded)
}

/// Places decoded evidence in `catalogue`; another basis is left out with a logged reason.
pub fn place(evidence: &[(String, Noised<EvidenceGrid>)], catalogue: &Catalogue) -> Vec<EvidenceSource> {
    let mut sources = Vec::with_capacity(evidence.len());
    for (actor, value) in evidence {
        if let Some(source) = value.source(catalogue) {
            sources.push(source);
        } else {
            tracing::warn!(
                peer = actor,
                "evidence in another basis is left out; check privacy.dimensions on both sides"
            );
        }
    }
    sources
}

/// Items about which at least one source speaks.
pub fn known_items(sources: &[EvidenceSource]) -> Vec<u32> {
    let items = sources.first().map_or(0, |source| source.videos.rows.len());
    (0..items)
        .filter(|&item| sources.iter().any(|source| source.videos.rows[item].is_some()))
        .map(|item| item as u32)
        .collect()
}
