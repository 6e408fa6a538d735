//! Noise that several members share, so that their *sum* has the noise of one release.
//!
//! Members whose values are added under secure aggregation each add a discrete Gaussian share. A stated part of them may
//! fail: drop out, so that their share is missing, or collude, so that their share is known. What protects everybody is the
//! sum of the shares of the others.
//!
//! # How private it is
//!
//! A sum of `h` discrete Gaussians of deviation `s` is not a discrete Gaussian of deviation `sqrt(h) s`, but their
//! probabilities differ by a factor of at most `exp(t)` in every point, with
//!
//! ```text
//! t = 10 * sum over k = 1 .. h - 1 of exp(-2 pi^2 s^2 k / (k + 1)),      s >= 1/2
//! ```
//!
//! (Kairouz, Liu, Steinke 2021, theorem 1). For more than two shares that is far above the truth, and a second bound is
//! proved in [`gap`]; the smaller one counts. For `n` integers whose L2 sensitivity is `D`, with
//! `mu = D / (sqrt(h) s)`, the Renyi divergence of order `a` is at most
//! `min(a mu^2 / 2 + n t, a (mu + t sqrt n)^2 / 2)` (their proposition 14), so the sum is `e^2 / 2`-zCDP with
//! `e = min(sqrt(mu^2 + 2 n t), mu + t sqrt n)`. And
//! since points that differ by `exp(t)` are within `exp(t) - 1` in total variation, it is within `n (exp(t) - 1)` of one
//! release with discrete noise, which costs `(1 + exp(epsilon)) n (exp(t) - 1)` of delta. The smaller bound is stated. On
//! the grid of releases `t` is far below the smallest number of `f64` and is counted as that number.

mod gap;

pub use gap::sum_gap;

use super::accountant::{concentrated, gaussian, release, rounding};
use super::discrete_gaussian::DiscreteGaussian;
use super::{Delta, PrivacyError};

/// How members share the noise of one release.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedNoise {
    members: u32,
    honest: u32,
    share: DiscreteGaussian,
}

impl SharedNoise {
    /// Shares such that the members that do not fail give at least the noise of a release with parameter `mu`; `failing`
    /// is the part of `members` that may collude or drop out, in `[0, 1)`.
    ///
    /// # Errors
    /// [`PrivacyError::Members`] when nobody would be left, [`PrivacyError::Epsilon`] or [`PrivacyError::GridOverflow`] when
    /// `mu` is out of range.
    pub fn new(mu: f64, members: u32, failing: f64) -> Result<Self, PrivacyError> {
        if !(mu > 0.0 && mu <= release::LARGEST_MU) {
            return Err(PrivacyError::Epsilon(mu));
        }
        if members == 0 || !(0.0..1.0).contains(&failing) {
            return Err(PrivacyError::Members { members, failing });
        }
        // Rounded up: the part that fails is never understated.
        let lost = (failing * f64::from(members) - 1e-9).ceil().max(0.0) as u32;
        let honest = members.saturating_sub(lost);
        if honest == 0 {
            return Err(PrivacyError::Members { members, failing });
        }
        let deviation = release::STEPS_PER_UNIT as f64 / mu / f64::from(honest).sqrt();
        if deviation > 2f64.powi(49) {
            return Err(PrivacyError::GridOverflow);
        }
        let share = DiscreteGaussian::new(deviation.ceil() as u64 + 1)?;
        Ok(Self { members, honest, share })
    }

    /// What each member adds to every integer.
    pub fn share(&self) -> DiscreteGaussian {
        self.share
    }

    /// Members whose shares the promise counts on.
    pub fn honest(&self) -> u32 {
        self.honest
    }

    /// Noise multiplier of the sum when nobody fails: more than is needed, the price of tolerance.
    pub fn full_noise_multiplier(&self) -> f64 {
        self.multiplier(self.members)
    }

    /// Noise multiplier that is left when as many fail as may.
    pub fn noise_multiplier(&self) -> f64 {
        self.multiplier(self.honest)
    }

    /// Bound on delta at `epsilon` of a sum of `values` integers when as many fail as may.
    pub fn delta_at(&self, epsilon: f64, values: usize) -> f64 {
        let deviation = self.share.deviation() as f64;
        sum_delta_at(deviation, self.honest, release::STEPS_PER_UNIT as f64, values, epsilon)
    }

    /// Smallest epsilon that is proved at `delta` for a sum of `values` integers, to a millionth, rounded upwards.
    pub fn epsilon_of(&self, delta: Delta, values: usize) -> f64 {
        let mut high = 1.0;
        while self.delta_at(high, values) > delta.get() {
            if high > 1e6 {
                return f64::INFINITY;
            }
            high *= 2.0;
        }
        let mut low = 0.0;
        while high - low > 1e-7 * high {
            let middle = f64::midpoint(low, high);
            if self.delta_at(middle, values) <= delta.get() {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }

    fn multiplier(&self, shares: u32) -> f64 {
        self.share.deviation() as f64 * f64::from(shares).sqrt() / release::STEPS_PER_UNIT as f64
    }
}

/// Bound on delta at `epsilon` of `values` integers with an L2 sensitivity of `sensitivity`, to each of which `shares`
/// discrete Gaussians of `deviation` are added.
pub fn sum_delta_at(deviation: f64, shares: u32, sensitivity: f64, values: usize, epsilon: f64) -> f64 {
    let whole = deviation * f64::from(shares).sqrt();
    let (mu, n) = (sensitivity / whole, values as f64);
    let factor = sum_gap(deviation, shares);
    let concentrated = (mu * mu + 2.0 * n * factor).sqrt().min(mu + factor * n.sqrt());
    let distance = rounding::gap(whole, n) + n * factor.exp_m1();
    let gaussian = gaussian::delta_at(mu, epsilon) + (1.0 + epsilon.exp()) * distance;
    gaussian
        .min(concentrated::delta_at(concentrated * concentrated / 2.0, epsilon))
        .min(1.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::privacy::Epsilon;

    #[test]
    fn the_noise_is_enough_whoever_fails_and_not_much_more() {
        for (members, failing) in [(1, 0.0), (2, 0.5), (10, 0.3), (100, 0.25), (5_000, 0.5)] {
            let mu = 0.25;
            let noise = SharedNoise::new(mu, members, failing).unwrap();
            let left = f64::from(members) * (1.0 - failing);
            assert!(f64::from(noise.honest()) <= left + 1e-9);
            assert!(noise.noise_multiplier() >= 1.0 / mu);
            assert!(noise.noise_multiplier() < 1.0 / mu * (1.0 + 1e-6));
            let excess = noise.full_noise_multiplier() * mu;
            assert!((excess - (f64::from(members) / f64::from(noise.honest())).sqrt()).abs() < 1e-6);
        }
    }

    #[test]
    fn sums_of_drawn_shares_have_the_stated_deviation() {
        let noise = SharedNoise::new(0.5, 8, 0.25).unwrap();
        assert_eq!(noise.honest(), 6);
        let mut randomness = ChaCha20Rng::seed_from_u64(3);
        let draws = 20_000;
        let squares: f64 = (0..draws)
            .map(|_| {
                let sum: i64 = (0..noise.honest()).map(|_| noise.share().sample(&mut randomness)).sum();
                (sum as f64 / release::STEPS_PER_UNIT as f64).powi(2)
            })
            .sum();
        let deviation = (squares / f64::from(draws)).sqrt();
        assert!(
            (deviation - 2.0).abs() < 5.0 * 2.0 / (2.0 * f64::from(draws)).sqrt(),
            "{deviation}"
        );
    }

    #[test]
    fn sharing_costs_nothing_on_the_grid_of_releases_and_something_on_a_coarse_one() {
        let (epsilon, delta) = (Epsilon::new(4.0).unwrap(), Delta::new(1e-6).unwrap());
        let mu = release::mu_of(epsilon, delta);
        let noise = SharedNoise::new(mu, 40, 0.5).unwrap();
        let found = noise.epsilon_of(delta, 6_500_000);
        assert!((found - 4.0).abs() < 1e-5, "{found}");
        // Four shares of one step each, a sensitivity of two: mu is 1.
        let one = concentrated::delta_at(0.5, 4.0);
        let (few, many) = (
            sum_delta_at(1.0, 4, 2.0, 1, 4.0),
            sum_delta_at(1.0, 4, 2.0, 1_000_000, 4.0),
        );
        assert!(few <= one * (1.0 + 1e-4), "{few} {one}");
        assert!(many > 1.01 * one && many < 1.2 * one, "{many} {one}");
    }

    #[test]
    fn senseless_memberships_are_refused() {
        for (members, failing) in [(0, 0.0), (3, 1.0), (3, -0.1), (3, f64::NAN), (1, 0.5)] {
            assert!(
                matches!(
                    SharedNoise::new(0.5, members, failing),
                    Err(PrivacyError::Members { .. })
                ),
                "{members} {failing}"
            );
        }
        assert!(matches!(SharedNoise::new(0.0, 3, 0.1), Err(PrivacyError::Epsilon(_))));
        assert_eq!(SharedNoise::new(1e-12, 3, 0.1), Err(PrivacyError::GridOverflow));
    }
}
