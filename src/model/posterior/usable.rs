//! Sources that would spoil the posterior are left out, each by itself: one bad source must not silence the others.

use super::item_factors;
use crate::model::catalogue::Catalogue;
use crate::model::evidence::EvidenceSource;

/// A source whose sums, alone or beside those that are used, give no finite factors.
const NOT_FINITE: &str = "no finite model follows from it";

/// Keeps the sources that can be used together, in their order. Returns the places of the others, and why.
///
/// Whether a source is within range is looked at first ([`EvidenceSource::check`]); then the posterior of all is computed
/// once. Only if it is not finite, sources are added one after the other, and each that spoils it is dropped.
pub fn retain_usable(catalogue: &Catalogue, sources: &mut Vec<EvidenceSource>) -> Vec<(usize, &'static str)> {
    let mut refused = Vec::new();
    let mut places = Vec::new();
    let mut kept = Vec::new();
    for (place, source) in sources.drain(..).enumerate() {
        match source.check() {
            Ok(()) => {
                places.push(place);
                kept.push(source);
            }
            Err(problem) => refused.push((place, problem)),
        }
    }
    if kept.is_empty() || item_factors(catalogue, &kept).is_some() {
        *sources = kept;
        return refused;
    }
    for (place, source) in places.into_iter().zip(kept) {
        sources.push(source);
        if item_factors(catalogue, sources).is_none() {
            sources.pop();
            refused.push((place, NOT_FINITE));
        }
    }
    refused.sort_unstable_by_key(|(place, _)| *place);
    refused
}
