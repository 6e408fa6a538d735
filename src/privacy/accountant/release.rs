//! What a release of this crate costs, and any number of them together.
//!
//! A release adds discrete Gaussian noise with a deviation of at least [`STEPS_PER_UNIT`]` / mu` to at most
//! [`LARGEST_RELEASE`] integers whose L2 sensitivity is [`STEPS_PER_UNIT`]. Several releases together have the `mu` whose
//! square is the sum of their squares. Two bounds hold for them, and the smaller one is stated:
//!
//! - *Gaussian*: by [`super::rounding`] the releases together are within
//!   `g = sum of sqrt(LARGEST_RELEASE) mu_i^2 / (20 STEPS_PER_UNIT^2)`, which depends on `mu` alone, of one that is `mu`-GDP
//!   (Dong, Roth, Su 2022, corollary 3.3, where releases may depend on earlier ones). Hence
//!   `delta = gaussian delta + (1 + exp(epsilon)) g`, and `g` is about `1.2e-19 mu^2`.
//! - *Concentrated*: they are `mu^2 / 2`-zCDP without any gap, see [`super::concentrated`].
//!
//! The first is smaller until epsilon is about 25; the second takes over where `exp(epsilon)` blows the gap up.

use super::{bisect, concentrated, gaussian, rounding};
use crate::privacy::{Delta, Epsilon};

/// Grid steps per unit of the clipping norm while summing.
pub const STEPS_PER_UNIT: i64 = 1 << 36;
/// Most integers in one release.
pub const LARGEST_RELEASE: usize = 1 << 27;
/// Smallest `mu` of one release: the sums, and noise of a deviation of 2^49 steps, fit into `i64`; more is refused.
pub const SMALLEST_MU: f64 = 1.0 / 8_192.0;
/// Largest `mu` of one release for which [`rounding`] is used: its deviation is far above what the proof needs.
pub const LARGEST_MU: f64 = 65_536.0;

/// Distance of releases from a continuous mechanism that is `mu`-GDP.
pub fn gap(mu: f64) -> f64 {
    if mu <= 0.0 {
        return 0.0;
    }
    rounding::gap(STEPS_PER_UNIT as f64 / mu, LARGEST_RELEASE as f64)
}

/// Bound on delta at `epsilon` of releases whose squares of mu add up to `mu` squared.
pub fn delta_at(mu: f64, epsilon: f64) -> f64 {
    gaussian_delta(mu, epsilon).min(concentrated::delta_at(mu * mu / 2.0, epsilon))
}

/// Smallest epsilon that is proved for such releases at `delta`.
pub fn epsilon_of(mu: f64, delta: Delta) -> f64 {
    let concentrated = concentrated::epsilon_of(mu * mu / 2.0, delta);
    if mu <= 0.0 || concentrated <= 0.0 {
        return 0.0;
    }
    // The derivative of the Gaussian bound is `exp(epsilon) (gap - Phi(-epsilon / mu - mu / 2))`: it falls until `lowest`
    // and rises after it.
    let lowest = bisect(0.0, concentrated, |epsilon| {
        gaussian::log_normal_cdf(-epsilon / mu - mu / 2.0) <= gap(mu).ln()
    });
    if gaussian_delta(mu, lowest) > delta.get() {
        return concentrated;
    }
    bisect(0.0, lowest, |epsilon| gaussian_delta(mu, epsilon) <= delta.get())
}

/// Largest mu for which (`epsilon`, `delta`) is proved.
pub fn mu_of(epsilon: Epsilon, delta: Delta) -> f64 {
    let mut high = 1.0;
    while delta_at(high, epsilon.get()) <= delta.get() {
        high *= 2.0;
    }
    let above = bisect(0.0, high, |mu| delta_at(mu, epsilon.get()) > delta.get());
    above * (1.0 - 1e-12)
}

/// Noise multiplier of each of `releases` equal releases that together keep (`epsilon`, `delta`).
pub fn noise_of(epsilon: Epsilon, delta: Delta, releases: u32) -> f64 {
    f64::from(releases.max(1)).sqrt() / mu_of(epsilon, delta)
}

fn gaussian_delta(mu: f64, epsilon: f64) -> f64 {
    gaussian::delta_at(mu, epsilon) + (1.0 + epsilon.exp()) * gap(mu)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_never_below_the_continuous_mechanism(mu in 0.01f64..8.0, exponent in -12.0f64..-2.0) {
            let delta = Delta::new(10f64.powf(exponent)).unwrap();
            let epsilon = epsilon_of(mu, delta);
            prop_assert!(epsilon >= gaussian::epsilon_of(mu, delta) - 1e-12 * epsilon);
            prop_assert!(delta_at(mu, epsilon) <= delta.get());
        }

        #[test]
        fn conversions_are_inverse(epsilon in 0.01f64..40.0, exponent in -12.0f64..-2.0) {
            let delta = Delta::new(10f64.powf(exponent)).unwrap();
            let mu = mu_of(Epsilon::new(epsilon).unwrap(), delta);
            prop_assert!(delta_at(mu, epsilon) <= delta.get());
            let back = epsilon_of(mu, delta);
            prop_assert!(back <= epsilon * (1.0 + 1e-9), "{back} against {epsilon}");
            // Where the price of discreteness is negligible, nothing is lost either.
            if (1.0 + epsilon.exp()) * gap(mu) < 1e-4 * delta.get() {
                prop_assert!((back - epsilon).abs() <= 1e-6 * epsilon.max(1.0), "{back} against {epsilon}");
            }
        }
    }

    #[test]
    fn the_price_of_discreteness_is_far_below_a_part_in_a_million() {
        let delta = Delta::new(1e-6).unwrap();
        for epsilon in [0.1, 1.0, 4.0, 8.0, 16.0] {
            let epsilon = Epsilon::new(epsilon).unwrap();
            let (continuous, discrete) = (gaussian::mu_of(epsilon, delta), mu_of(epsilon, delta));
            assert!(discrete <= continuous * (1.0 + 1e-12));
            assert!(discrete > continuous * (1.0 - 1e-6), "{discrete} {continuous}");
        }
    }

    #[test]
    fn equal_releases_use_up_the_budget_exactly() {
        let (epsilon, delta) = (Epsilon::new(4.0).unwrap(), Delta::new(1e-6).unwrap());
        let mu = 1.0 / noise_of(epsilon, delta, 12);
        let spent = epsilon_of((12.0 * mu * mu).sqrt(), delta);
        assert!((spent - 4.0).abs() < 1e-9 && spent <= 4.0 + 1e-12, "{spent}");
    }
}
