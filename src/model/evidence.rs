//! Evidence: sums over users, expressed in a public basis, as the receiver of a sum sees them.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::catalogue::Catalogue;
use super::contribution::Contribution;
use super::factors::Factors;
use super::support::Support;

/// Digest that names a public basis. Equal digests mean equal basis vectors on every instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BasisId(#[serde(with = "hex::serde")] pub [u8; 32]);

impl fmt::Display for BasisId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BasisId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BasisId({self})")
    }
}

/// Most users in a source: about twice as many as can be in a release.
const MOST_USERS: f64 = 1e8;
/// Largest variance of noise: that of the noisiest release, in its part with the smallest share, is below.
const LARGEST_VARIANCE: f64 = 1e12;
/// Largest sum, far above what users and noise can give. Products of all these bounds are finite in `f32`.
const LARGEST_SUM: f32 = 1e10;

/// Sums of one group of users, placed in the catalogue of the receiver. Wiped when dropped: they may be exact.
pub struct EvidenceSource {
    /// Number of users in the sums; noised for peers.
    pub contributors: f64,
    /// `sum_u x_u x_u'`, full, `D x D`.
    pub gram: Vec<f32>,
    /// Variance of the noise in an off-diagonal entry of `gram`; 0 for exact sums.
    pub gram_noise: f64,
    /// Sums per video.
    pub videos: PlacedSums,
    /// Sums per channel.
    pub channels: PlacedSums,
}

impl Drop for EvidenceSource {
    fn drop(&mut self) {
        self.gram.zeroize();
        self.videos.sums.values_mut().zeroize();
        self.channels.sums.values_mut().zeroize();
    }
}

impl ZeroizeOnDrop for EvidenceSource {}

/// Sums per video or channel: `sum_u w_uj x_u`, one row of `D` numbers each.
pub struct PlacedSums {
    /// The sums, in the order of the message.
    pub sums: Factors,
    /// For each item (or channel) of the catalogue, its row; `None` where the message is silent.
    pub rows: Vec<Option<u32>>,
    /// Variance of the noise in a number of the noisiest row; 0 for exact sums.
    pub noise: f64,
    /// For each row, its variance as a share of `noise`; empty when all rows are equally noisy.
    pub noise_shares: Vec<f32>,
}

impl PlacedSums {
    /// Row of the catalogue's entry `place`.
    pub fn row(&self, place: usize) -> Option<&[f32]> {
        self.rows[place].map(|row| self.sums.row(row as usize))
    }

    /// Variance of the noise in every number of the row of the catalogue's entry `place`.
    pub fn noise_at(&self, place: usize) -> f64 {
        let share = self.rows[place].and_then(|row| self.noise_shares.get(row as usize));
        self.noise * share.map_or(1.0, |share| f64::from(*share))
    }
}

impl EvidenceSource {
    /// The exact sums of the own users, which never leave the instance. `support` is what the contributions speak about.
    pub fn exact(catalogue: &Catalogue, support: &Support, contributions: &[Contribution]) -> Self {
        let d = catalogue.basis().dimensions();
        let mut gram = vec![0f32; d * d];
        let mut videos = Factors::zeros(support.videos().len(), d);
        let mut channels = Factors::zeros(support.channels().len(), d);
        for contribution in contributions {
            let x = &contribution.factor;
            for i in 0..d {
                for j in 0..d {
                    gram[i * d + j] += x[i] * x[j];
                }
            }
            for (sums, weights) in [
                (&mut videos, &contribution.videos),
                (&mut channels, &contribution.channels),
            ] {
                for &(place, weight) in weights {
                    for (sum, x) in sums.row_mut(place as usize).iter_mut().zip(x) {
                        *sum += weight * x;
                    }
                }
            }
        }
        Self {
            contributors: contributions.len() as f64,
            gram,
            gram_noise: 0.0,
            videos: PlacedSums {
                sums: videos,
                rows: video_rows(catalogue, support),
                noise: 0.0,
                noise_shares: Vec::new(),
            },
            channels: PlacedSums {
                sums: channels,
                rows: channel_rows(catalogue, support),
                noise: 0.0,
                noise_shares: Vec::new(),
            },
        }
    }
}

impl EvidenceSource {
    /// Whether every number is in a range in which it can be computed with.
    ///
    /// # Errors
    /// Which number is not.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.contributors.is_nan() || self.contributors < 1.0 {
            return Err("under its noise, no account is left");
        }
        if self.contributors > MOST_USERS {
            return Err("its number of accounts is out of range");
        }
        let variances = [self.gram_noise, self.videos.noise, self.channels.noise];
        if !variances.iter().all(|noise| (0.0..=LARGEST_VARIANCE).contains(noise)) {
            return Err("its noise is out of range");
        }
        let shares = self.videos.noise_shares.iter().chain(&self.channels.noise_shares);
        if !shares.into_iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err("its noise is out of range");
        }
        let sums = [&self.gram[..], self.videos.sums.values(), self.channels.sums.values()];
        let in_range = |value: &f32| (-LARGEST_SUM..=LARGEST_SUM).contains(value);
        if !sums.into_iter().flatten().all(in_range) {
            return Err("its sums are out of range");
        }
        Ok(())
    }

    /// These sums without the users of `own`, which must be part of them and speak about the same lists in the same
    /// order. The noise stays as it is.
    #[must_use]
    pub fn without(mut self, own: &Self) -> Self {
        let subtract = |from: &mut [f32], what: &[f32]| from.iter_mut().zip(what).for_each(|(a, b)| *a -= b);
        subtract(&mut self.gram, &own.gram);
        subtract(self.videos.sums.values_mut(), own.videos.sums.values());
        subtract(self.channels.sums.values_mut(), own.channels.sums.values());
        self.contributors = (self.contributors - own.contributors).max(0.0);
        self
    }
}

/// For each item of the catalogue, its place in the list of videos.
pub fn video_rows(catalogue: &Catalogue, support: &Support) -> Vec<Option<u32>> {
    catalogue
        .items()
        .iter()
        .map(|item| place(support.videos(), &item.address))
        .collect()
}

/// For each channel of the catalogue, its place in the list of channels.
pub fn channel_rows(catalogue: &Catalogue, support: &Support) -> Vec<Option<u32>> {
    catalogue
        .channels()
        .iter()
        .map(|channel| place(support.channels(), channel))
        .collect()
}

fn place(list: &[String], address: &String) -> Option<u32> {
    list.binary_search(address).ok().map(|place| place as u32)
}
