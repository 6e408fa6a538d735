//! Evidence on an integer grid, the form in which noise is added and values travel.

use crate::model::evidence::BasisId;
use crate::model::support::Support;

use super::PrivacyError;

/// Largest value on a published grid: no honest sum comes near this, and it keeps every later product finite.
pub(super) const LARGEST_GRID_VALUE: i64 = 1 << 40;

/// How the sensitivity of one release is divided among its parts.
///
/// One account moves part `k` by at most `share_k` in L2, and the squares of the shares add up to at most 1, so it moves
/// the whole by at most 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetShares {
    /// Sums per video.
    pub videos: f64,
    /// Sums per channel.
    pub channels: f64,
    /// Second moments of the user factors.
    pub gram: f64,
    /// Number of contributing accounts.
    pub contributors: f64,
}

impl BudgetShares {
    /// Smallest share that a receiver accepts: the part would have 32 times the noise of a release that consists of it alone.
    pub const SMALLEST: f64 = 1.0 / 32.0;

    /// # Errors
    /// [`PrivacyError::Shares`] unless every share is positive and their squares add up to at most 1.
    pub fn new(videos: f64, channels: f64, gram: f64, contributors: f64) -> Result<Self, PrivacyError> {
        let shares = Self {
            videos,
            channels,
            gram,
            contributors,
        };
        let all = [videos, channels, gram, contributors];
        let total = all.iter().map(|share| share * share).sum::<f64>();
        // The tolerance is that of the sum of four squares in f64, and the release scales by no more than this.
        let usable = all.iter().all(|share| *share > 0.0 && share.is_finite()) && total <= 1.0 + 1e-12;
        if usable {
            Ok(shares)
        } else {
            Err(PrivacyError::Shares(total))
        }
    }

    /// From relative weights of the squares: they are scaled to add up to exactly 1.
    ///
    /// # Errors
    /// [`PrivacyError::Shares`] when a weight is not positive.
    pub fn from_weights(videos: f64, channels: f64, gram: f64, contributors: f64) -> Result<Self, PrivacyError> {
        let total = videos + channels + gram + contributors;
        let share = |weight: f64| (weight / total).sqrt();
        Self::new(share(videos), share(channels), share(gram), share(contributors))
    }
}

/// Sums over users as integers: grid value times [`EvidenceGrid::step`], divided by the part's share, is the sum.
///
/// Deliberately neither `Serialize` nor printable: only inside a [`super::Noised`] can it be encoded.
#[derive(Clone, PartialEq)]
pub struct EvidenceGrid {
    pub(super) basis: BasisId,
    pub(super) dimensions: u16,
    pub(super) support: Support,
    pub(super) shares: BudgetShares,
    pub(super) step: f64,
    pub(super) videos: Vec<i64>,
    pub(super) channels: Vec<i64>,
    pub(super) gram: Vec<i64>,
    pub(super) contributors: i64,
}

impl EvidenceGrid {
    /// The basis in which the sums are expressed.
    pub fn basis(&self) -> BasisId {
        self.basis
    }

    /// Dimensions of the sums per video and channel.
    pub fn dimensions(&self) -> u16 {
        self.dimensions
    }

    /// The public list of videos and channels.
    pub fn support(&self) -> &Support {
        &self.support
    }

    /// Width of one grid step, in units of the clipping norm.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// The shares by which the parts were scaled.
    pub fn shares(&self) -> BudgetShares {
        self.shares
    }

    /// Sums per video, row-major `videos x dimensions`.
    pub fn video_sums(&self) -> Vec<f32> {
        self.scaled(&self.videos, self.shares.videos)
    }

    /// Sums per channel, row-major `channels x dimensions`.
    pub fn channel_sums(&self) -> Vec<f32> {
        self.scaled(&self.channels, self.shares.channels)
    }

    /// Second moments of the user factors as a full symmetric matrix, `dimensions x dimensions`.
    pub fn gram(&self) -> Vec<f32> {
        let d = usize::from(self.dimensions);
        unpacked(&self.gram, d, self.step / self.shares.gram)
    }

    /// Number of contributing accounts.
    pub fn contributors(&self) -> f64 {
        self.contributors as f64 * self.step / self.shares.contributors
    }

    fn scaled(&self, values: &[i64], share: f64) -> Vec<f32> {
        let factor = self.step / share;
        values.iter().map(|&value| (value as f64 * factor) as f32).collect()
    }
}

/// Entries of the packed lower triangle of a symmetric `d x d` matrix.
pub(super) fn packed_length(d: usize) -> usize {
    d * (d + 1) / 2
}

/// The full matrix of a packed lower triangle whose off-diagonal entries carry a factor `sqrt 2`.
pub(super) fn unpacked(values: &[i64], d: usize, unit: f64) -> Vec<f32> {
    let mut full = vec![0.0; d * d];
    let mut values = values.iter();
    for row in 0..d {
        for column in 0..=row {
            let value = values.next().map_or(0.0, |&value| (value as f64 * unit) as f32);
            let value = if row == column {
                value
            } else {
                value * std::f32::consts::FRAC_1_SQRT_2
            };
            full[row * d + column] = value;
            full[column * d + row] = value;
        }
    }
    full
}
