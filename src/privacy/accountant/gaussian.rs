//! Exact accounting of Gaussian releases.
//!
//! A Gaussian release whose noise multiplier is `z` is mu-GDP with `mu = 1 / z`; releases compose by adding squares of mu
//! (Dong, Roth, Su: Gaussian Differential Privacy, 2022, theorem 2.7 and corollary 3.3). The conversion to
//! (epsilon, delta) is the one of the analytic Gaussian mechanism (Balle, Wang 2018, theorem 8).

use super::{WIDENED, bisect, lost};
use crate::privacy::{Delta, Epsilon};

/// Delta of a mu-GDP mechanism at `epsilon`: `Phi(-e/mu + mu/2) - exp(e) Phi(-e/mu - mu/2)`; rounded upwards.
pub fn delta_at(mu: f64, epsilon: f64) -> f64 {
    if mu <= 0.0 {
        return 0.0;
    }
    let first = log_normal_cdf(-epsilon / mu + mu / 2.0);
    let below = log_normal_cdf(-epsilon / mu - mu / 2.0);
    // exp(first) - exp(second), without cancellation when both are tiny. The second term is the smaller one; what is lost
    // of the difference of logarithms counts most when mu is small.
    let lost = lost(first.abs() + below.abs() + epsilon);
    let difference = (epsilon + below - first - lost).min(0.0);
    ((first + lost).exp() * -difference.exp_m1() * WIDENED).min(1.0)
}

/// Smallest epsilon at which a mu-GDP mechanism has at most `delta`; rounded upwards.
pub fn epsilon_of(mu: f64, delta: Delta) -> f64 {
    if mu <= 0.0 || delta_at(mu, 0.0) <= delta.get() {
        return 0.0;
    }
    let mut high = 1.0;
    while delta_at(mu, high) > delta.get() {
        high *= 2.0;
    }
    bisect(0.0, high, |epsilon| delta_at(mu, epsilon) <= delta.get())
}

/// Largest mu that keeps (`epsilon`, `delta`); rounded downwards.
pub fn mu_of(epsilon: Epsilon, delta: Delta) -> f64 {
    let mut high = 1.0;
    while delta_at(high, epsilon.get()) <= delta.get() {
        high *= 2.0;
    }
    // The predicate turns true above the answer, so the last value for which it is false is wanted.
    let above = bisect(0.0, high, |mu| delta_at(mu, epsilon.get()) > delta.get());
    let below = above - above * 1e-12;
    debug_assert!(delta_at(below, epsilon.get()) <= delta.get());
    below
}

/// Natural logarithm of the standard normal distribution function, accurate far into the lower tail.
pub(crate) fn log_normal_cdf(x: f64) -> f64 {
    if x > -30.0 {
        (0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)).ln()
    } else {
        // Asymptotic series of Mills' ratio (Abramowitz and Stegun 26.2.12); its relative error is below 1e-15 here.
        let inverse_square = 1.0 / (x * x);
        let series = [11.0, 9.0, 7.0, 5.0, 3.0, 1.0]
            .iter()
            .fold(1.0, |rest, odd| 1.0 - odd * inverse_square * rest);
        -0.5 * x * x - (-x).ln() - 0.5 * (2.0 * std::f64::consts::PI).ln() + series.ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        // Balle and Wang's closed form at a point where it can be checked by hand: Phi(1/2) - Phi(-1/2).
        let excess = delta_at(1.0, 0.0) - 0.382_924_922_548_026;
        assert!((0.0..1e-9).contains(&excess), "{excess}");
        assert!(delta_at(0.0, 1.0).abs() < f64::MIN_POSITIVE);
    }

    proptest! {
        #[test]
        fn conversions_are_inverse_and_rounded_to_the_safe_side(epsilon in 0.01f64..30.0, exponent in -12.0f64..-1.0) {
            let delta = Delta::new(10f64.powf(exponent)).unwrap();
            let mu = mu_of(Epsilon::new(epsilon).unwrap(), delta);
            prop_assert!(delta_at(mu, epsilon) <= delta.get());
            let back = epsilon_of(mu, delta);
            prop_assert!((back - epsilon).abs() <= 1e-6 * epsilon.max(1.0), "{back} against {epsilon}");
            prop_assert!(delta_at(mu, back) <= delta.get());
        }

        #[test]
        fn delta_falls_with_epsilon_and_rises_with_mu(mu in 0.01f64..10.0, epsilon in 0.0f64..20.0) {
            prop_assert!(delta_at(mu, epsilon + 0.1) <= delta_at(mu, epsilon));
            prop_assert!(delta_at(mu * 1.1, epsilon) >= delta_at(mu, epsilon));
        }
    }
}
