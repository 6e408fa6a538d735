//! One release: bounded contributions are summed on an integer grid, noise is added once, the grid is coarsened.

use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::accountant::release::{LARGEST_MU, LARGEST_RELEASE, SMALLEST_MU, STEPS_PER_UNIT, epsilon_of};
use super::clipping::{SAFETY, UnitBall, sorted_weights};
use super::discrete_gaussian::DiscreteGaussian;
use super::grid::{LARGEST_GRID_VALUE, packed_length};
#[cfg(feature = "planted-bugs")]
use super::planted::PlantedBug;
use super::{BudgetShares, Delta, EvidenceGrid, NoiseStatement, Noised, PrivacyError};
use crate::model::contribution::Contribution;
use crate::model::evidence::BasisId;
use crate::model::support::Support;

/// The published grid has about this many steps per standard deviation of the noise.
const STEPS_PER_DEVIATION: f64 = 8.0;
/// Most accounts in one sum: each moves a number by at most [`STEPS_PER_UNIT`] steps, and the sum must stay inside `i64`.
pub(super) const MOST_CONTRIBUTORS: usize = 1 << 25;

/// Sums contributions. Holds raw evidence, so it can be neither printed nor encoded, and is wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct EvidenceSum {
    #[zeroize(skip)]
    basis: BasisId,
    dimensions: u16,
    #[zeroize(skip)]
    support: Support,
    #[zeroize(skip)]
    shares: BudgetShares,
    videos: Vec<i64>,
    channels: Vec<i64>,
    gram: Vec<i64>,
    contributors: usize,
    #[cfg(feature = "planted-bugs")]
    #[zeroize(skip)]
    bug: Option<PlantedBug>,
}

impl EvidenceSum {
    /// An empty sum over `support` in a basis of `dimensions`.
    pub fn new(basis: BasisId, dimensions: u16, support: Support, shares: BudgetShares) -> Self {
        let d = usize::from(dimensions);
        Self {
            basis,
            dimensions,
            videos: vec![0; support.videos().len() * d],
            channels: vec![0; support.channels().len() * d],
            gram: vec![0; packed_length(d)],
            contributors: 0,
            support,
            shares,
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }

    /// The same sum with a bug, for tests of the audit.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub(super) fn with_bug(mut self, bug: Option<PlantedBug>) -> Self {
        self.bug = bug;
        self
    }

    /// Accounts added so far.
    pub fn contributors(&self) -> usize {
        self.contributors
    }

    /// Adds one account. Places outside the list are ignored; a factor of another length counts as cut or padded with
    /// zeros.
    pub fn add(&mut self, contribution: &Contribution) {
        if self.contributors >= MOST_CONTRIBUTORS {
            // Counted, so that the release is refused, but not summed, so that nothing overflows.
            self.contributors += 1;
            return;
        }
        let d = usize::from(self.dimensions);
        let mut factor = contribution.factor.clone();
        factor.resize(d, 0.0);
        let factor_in_ball = self.bounded(&factor);
        factor.zeroize();
        let x = &factor_in_ball.0;

        let shares = self.shares;
        let (places, weights) = sorted_weights(&contribution.videos);
        let weights = self.bounded(&weights);
        add_products(&mut self.videos, x, shares.videos, &places, &weights);
        let (places, weights) = sorted_weights(&contribution.channels);
        let weights = self.bounded(&weights);
        add_products(&mut self.channels, x, shares.channels, &places, &weights);
        let mut place = 0;
        for row in 0..d {
            for column in 0..=row {
                let weight = if row == column { 1.0 } else { std::f64::consts::SQRT_2 };
                self.gram[place] += to_grid(shares.gram * weight * x[row] * x[column]);
                place += 1;
            }
        }
        self.contributors += 1;
    }

    /// Adds noise and gives the sum away: the only way out of it.
    ///
    /// `mu` is the Gaussian-DP parameter of this release; `delta` is that of the stated epsilon. Every integer gets an
    /// independent discrete Gaussian whose deviation is at least `STEPS_PER_UNIT / mu`; see
    /// [`super::accountant::release`] for what that costs. Coarsening the grid afterwards costs nothing more.
    ///
    /// # Errors
    /// [`PrivacyError::TooFewContributors`], [`PrivacyError::Epsilon`] when `mu` is not a positive number that can be
    /// accounted for, or [`PrivacyError::GridOverflow`]; nothing is released then.
    pub fn release(
        mut self,
        mu: f64,
        delta: Delta,
        minimum_contributors: usize,
        randomness: &mut impl CryptoRng,
    ) -> Result<Noised<EvidenceGrid>, PrivacyError> {
        if self.contributors < minimum_contributors.max(1) {
            return Err(PrivacyError::TooFewContributors {
                contributors: self.contributors,
                minimum: minimum_contributors.max(1),
            });
        }
        if !(mu > 0.0 && mu <= LARGEST_MU) {
            return Err(PrivacyError::Epsilon(mu));
        }
        let values = self.videos.len() + self.channels.len() + self.gram.len() + 1;
        check_size(self.contributors, values)?;
        let noise_multiplier = 1.0 / mu;
        let distribution = noise_distribution(noise_multiplier)?;
        let coarse = self.coarse_step(distribution);
        let contributors = self.add_noise(distribution, coarse, randomness)?;
        let value = EvidenceGrid {
            basis: self.basis,
            dimensions: self.dimensions,
            support: std::mem::take(&mut self.support),
            shares: self.shares,
            step: coarse as f64 / STEPS_PER_UNIT as f64,
            videos: std::mem::take(&mut self.videos),
            channels: std::mem::take(&mut self.channels),
            gram: std::mem::take(&mut self.gram),
            contributors,
        };
        let noise = NoiseStatement {
            noise_multiplier,
            clipping_norm: 1.0,
            // So much noise that epsilon is 0 is stated as a tiny epsilon, because receivers want a positive one.
            epsilon: epsilon_of(mu, delta).max(1e-9),
            delta: delta.get(),
        };
        Ok(Noised { value, noise })
    }

    #[cfg_attr(not(feature = "planted-bugs"), allow(clippy::unused_self))]
    fn coarse_step(&self, distribution: DiscreteGaussian) -> i64 {
        let deviation = distribution.deviation() as f64;
        #[cfg(feature = "planted-bugs")]
        if self.bug == Some(PlantedBug::NoiseOff) {
            // A coarse grid hides a little by itself.
            return coarse_step(deviation / 2f64.powi(20));
        }
        coarse_step(deviation)
    }

    /// `vector` clipped to the unit ball.
    #[cfg_attr(not(feature = "planted-bugs"), allow(clippy::unused_self))]
    fn bounded(&self, vector: &[f32]) -> UnitBall {
        #[cfg(feature = "planted-bugs")]
        if self.bug == Some(PlantedBug::ClippingOff) {
            return UnitBall(vector.iter().map(|&value| f64::from(value)).collect());
        }
        UnitBall::clip(vector)
    }

    /// Puts noise on every integer, in place, on the coarse grid; returns the noised count. The sums leave only when all
    /// of it has succeeded: what fails stays here, and is wiped when this is dropped.
    fn add_noise(
        &mut self,
        distribution: DiscreteGaussian,
        coarse: i64,
        randomness: &mut impl CryptoRng,
    ) -> Result<i64, PrivacyError> {
        #[cfg(feature = "planted-bugs")]
        let bug = self.bug;
        let mut noised = |value: i64| {
            let noise = draw(
                distribution,
                #[cfg(feature = "planted-bugs")]
                bug,
                randomness,
            );
            let value = round_to_multiple(value.saturating_add(noise), coarse);
            if value.unsigned_abs() > LARGEST_GRID_VALUE.unsigned_abs() {
                return Err(PrivacyError::GridOverflow);
            }
            Ok(value)
        };
        let count = self.contributors as i64 * to_grid(self.shares.contributors * SAFETY);
        for part in [&mut self.videos, &mut self.channels, &mut self.gram] {
            for value in part {
                *value = noised(*value)?;
            }
        }
        noised(count)
    }
}

/// What the proofs count on.
fn check_size(contributors: usize, values: usize) -> Result<(), PrivacyError> {
    if contributors > MOST_CONTRIBUTORS || values > LARGEST_RELEASE {
        Err(PrivacyError::GridOverflow)
    } else {
        Ok(())
    }
}

/// One value of the noise.
fn draw(
    distribution: DiscreteGaussian,
    #[cfg(feature = "planted-bugs")] bug: Option<PlantedBug>,
    randomness: &mut impl CryptoRng,
) -> i64 {
    #[cfg(feature = "planted-bugs")]
    match bug {
        // That of the second is drawn later, over and over.
        Some(PlantedBug::NoiseOff | PlantedBug::NoiseRedrawn) => return 0,
        Some(PlantedBug::NoiseHalved) => return distribution.sample(randomness) / 2,
        _ => {}
    }
    distribution.sample(randomness)
}

/// Noise of at least `noise_multiplier` clipping norms, in grid steps.
fn noise_distribution(noise_multiplier: f64) -> Result<DiscreteGaussian, PrivacyError> {
    if noise_multiplier > 1.0 / SMALLEST_MU {
        return Err(PrivacyError::GridOverflow);
    }
    let deviation = noise_multiplier * STEPS_PER_UNIT as f64;
    // One step more than the ceiling covers the rounding of the division and of the product.
    DiscreteGaussian::new(deviation.ceil() as u64 + 1)
}

fn add_products(sums: &mut [i64], x: &[f64], share: f64, places: &[u32], weights: &UnitBall) {
    for (&place, weight) in places.iter().zip(&weights.0) {
        let start = place as usize * x.len();
        if let Some(row) = sums.get_mut(start..start + x.len()) {
            for (sum, x) in row.iter_mut().zip(x) {
                *sum += to_grid(share * weight * x);
            }
        }
    }
}

/// Towards zero, so that no vector gets longer. Multiplying by a power of two is exact.
fn to_grid(value: f64) -> i64 {
    (value * STEPS_PER_UNIT as f64).trunc() as i64
}

/// Largest power of two that leaves [`STEPS_PER_DEVIATION`] steps in one standard deviation; at most one clipping norm.
fn coarse_step(deviation: f64) -> i64 {
    let exponent = (deviation / STEPS_PER_DEVIATION).log2().floor().max(0.0);
    (1i64 << (exponent as u32).min(62)).min(STEPS_PER_UNIT)
}

/// `value` in units of `step`, to the nearest; `step` is a power of two.
fn round_to_multiple(value: i64, step: i64) -> i64 {
    value.saturating_add(step / 2).div_euclid(step)
}

#[cfg(test)]
impl EvidenceSum {
    /// All integers of the sum in one list, with the contributor count on the grid; for tests of sensitivity.
    fn integers(&self) -> Vec<i64> {
        let mut all = self.videos.clone();
        all.extend(&self.channels);
        all.extend(&self.gram);
        all.push(self.contributors as i64 * to_grid(self.shares.contributors * SAFETY));
        all
    }
}

#[cfg(test)]
mod tests;
