//! A received value as evidence in the receiver's catalogue: post-processing, which costs no privacy.

use super::{EvidenceGrid, Noised};
use crate::model::catalogue::Catalogue;
use crate::model::evidence::{EvidenceSource, PlacedSums, channel_rows, video_rows};
use crate::model::factors::Factors;

impl Noised<EvidenceGrid> {
    /// Places the sums in `catalogue`. `None` when they are expressed in another basis.
    pub fn source(&self, catalogue: &Catalogue) -> Option<EvidenceSource> {
        let value = self.value();
        if value.basis() != catalogue.basis().id() || usize::from(value.dimensions()) != catalogue.basis().dimensions()
        {
            return None;
        }
        let variance = |share: f64| (self.noise.noise_multiplier * self.noise.clipping_norm / share).powi(2);
        let shares = value.shares();
        let d = usize::from(value.dimensions());
        Some(EvidenceSource {
            contributors: value.contributors().max(0.0),
            gram: value.gram(),
            gram_noise: variance(shares.gram) / 2.0,
            videos: PlacedSums {
                sums: Factors::from_values(d, value.video_sums())?,
                rows: video_rows(catalogue, value.support()),
                noise: variance(shares.videos),
                noise_shares: Vec::new(),
            },
            channels: PlacedSums {
                sums: Factors::from_values(d, value.channel_sums())?,
                rows: channel_rows(catalogue, value.support()),
                noise: variance(shares.channels),
                noise_shares: Vec::new(),
            },
        })
    }
}
