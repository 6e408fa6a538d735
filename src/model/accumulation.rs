//! The releases of one peer, each of which counts other watches, as one source.
//!
//! Releases are independent, so their sums add, and so do the variances of their noise; a noisier release weighs less, by
//! the inverse of its variance. The result is scaled to what the posterior expects of a source, namely that the weights
//! of an account have length 1: an account that took part in `k` equal releases has weights of length `sqrt(k)` in their
//! sum, so sums are divided by that. The noise of a row then is that of one release, or less where only some releases
//! speak about it, while what is said about a row has grown by `sqrt(k)`. A video that an earlier release does not list
//! was not among the most viewed then: nobody is taken to have watched it.
//!
//! Users and second moments are means over the releases. Each release counts the accounts with something new, so the
//! mean is the number of accounts active at a time.

use super::evidence::{EvidenceSource, PlacedSums};
use super::factors::Factors;

/// Sums releases of one peer, placed in the same catalogue. The order does not matter.
#[derive(Default)]
pub struct Accumulation {
    /// Variance of the first release: others are weighted relative to it.
    reference: f64,
    /// Sum of squared weights of the releases.
    squares: f64,
    contributors: f64,
    gram: Vec<f64>,
    gram_noise: f64,
    videos: Rows,
    channels: Rows,
}

/// Weighted sums, one row per video or channel about which some release speaks.
#[derive(Default)]
struct Rows {
    places: Vec<Option<u32>>,
    dimensions: usize,
    sums: Vec<f32>,
    variances: Vec<f64>,
}

impl Accumulation {
    /// Adds a release; false, and nothing is added, when its noise cannot be weighed (not finite, or none while others have
    /// some) or when it has another shape than those before.
    pub fn add(&mut self, release: &EvidenceSource) -> bool {
        let noise = release.videos.noise;
        let first = self.squares <= 0.0;
        let reference = if first { noise } else { self.reference };
        let weight = if reference <= 0.0 && noise <= 0.0 {
            1.0
        } else {
            reference / noise
        };
        let usable = (1e-12..=1e12).contains(&weight)
            && [release.channels.noise, release.gram_noise]
                .iter()
                .all(|noise| noise.is_finite());
        let same_shape = first
            || (self.gram.len() == release.gram.len()
                && self.videos.fits(&release.videos)
                && self.channels.fits(&release.channels));
        if !usable || !same_shape {
            return false;
        }
        self.reference = reference;
        let square = weight * weight;
        self.squares += square;
        self.contributors += square * release.contributors;
        self.gram.resize(release.gram.len(), 0.0);
        for (sum, value) in self.gram.iter_mut().zip(&release.gram) {
            *sum += square * f64::from(*value);
        }
        self.gram_noise += square * square * release.gram_noise;
        self.videos.add(&release.videos, weight);
        self.channels.add(&release.channels, weight);
        true
    }

    /// All releases as one source; `None` when there was none.
    pub fn finish(self) -> Option<EvidenceSource> {
        if self.squares <= 0.0 {
            return None;
        }
        let mean = |sum: f64| sum / self.squares;
        Some(EvidenceSource {
            contributors: mean(self.contributors),
            gram: self.gram.iter().map(|sum| mean(*sum) as f32).collect(),
            gram_noise: self.gram_noise / (self.squares * self.squares),
            videos: self.videos.finish(self.squares)?,
            channels: self.channels.finish(self.squares)?,
        })
    }
}

impl Rows {
    fn fits(&self, sums: &PlacedSums) -> bool {
        self.places.len() == sums.rows.len() && self.dimensions == sums.sums.dimensions()
    }

    fn add(&mut self, release: &PlacedSums, weight: f64) {
        self.dimensions = release.sums.dimensions();
        self.places.resize(release.rows.len(), None);
        for place in 0..release.rows.len() {
            let Some(values) = release.row(place) else { continue };
            let row = *self.places[place].get_or_insert_with(|| {
                self.variances.push(0.0);
                self.sums.resize(self.sums.len() + self.dimensions, 0.0);
                self.variances.len() as u32 - 1
            }) as usize;
            self.variances[row] += weight * weight * release.noise_at(place);
            let sums = &mut self.sums[row * self.dimensions..(row + 1) * self.dimensions];
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += weight as f32 * value;
            }
        }
    }

    fn finish(mut self, squares: f64) -> Option<PlacedSums> {
        let scale = squares.sqrt() as f32;
        self.sums.iter_mut().for_each(|sum| *sum /= scale);
        let noisiest = self.variances.iter().copied().fold(0.0, f64::max);
        Some(PlacedSums {
            sums: Factors::from_values(self.dimensions.max(1), self.sums)?,
            rows: self.places,
            noise: noisiest / squares,
            noise_shares: self
                .variances
                .iter()
                .map(|variance| {
                    if noisiest > 0.0 {
                        (variance / noisiest) as f32
                    } else {
                        1.0
                    }
                })
                .collect(),
        })
    }
}
