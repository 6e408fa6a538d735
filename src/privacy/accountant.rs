//! Exact accounting of Gaussian releases.
//!
//! A Gaussian release whose noise multiplier is `z` is mu-GDP with `mu = 1 / z`; releases compose by adding squares of mu
//! (Dong, Roth, Su: Gaussian Differential Privacy, 2022, theorem 2.7 and corollary 3.3). The conversion to
//! (epsilon, delta) is the one of the analytic Gaussian mechanism (Balle, Wang 2018, theorem 8).

use super::{Delta, Epsilon};

/// Delta of a mu-GDP mechanism at `epsilon`: `Phi(-e/mu + mu/2) - exp(e) Phi(-e/mu - mu/2)`.
pub fn delta_at(mu: f64, epsilon: f64) -> f64 {
    if mu <= 0.0 {
        return 0.0;
    }
    let first = log_normal_cdf(-epsilon / mu + mu / 2.0);
    let second = epsilon + log_normal_cdf(-epsilon / mu - mu / 2.0);
    // exp(first) - exp(second), without cancellation when both are tiny.
    (first.exp() * -(second - first).exp_m1()).max(0.0)
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

/// Smallest value in (`low`, `high`] at which the monotone `predicate` is true, to about 1e-13 relative.
fn bisect(mut low: f64, mut high: f64, predicate: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if predicate(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// Natural logarithm of the standard normal distribution function, accurate far into the lower tail.
fn log_normal_cdf(x: f64) -> f64 {
    if x > -30.0 {
        (0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)).ln()
    } else {
        // Asymptotic series of Mills' ratio (Abramowitz and Stegun 26.2.12); its relative error is below 1e-10 here.
        let inverse_square = 1.0 / (x * x);
        let series = 1.0 - inverse_square * (1.0 - 3.0 * inverse_square * (1.0 - 5.0 * inverse_square));
        -0.5 * x * x - (-x).ln() - 0.5 * (2.0 * std::f64::consts::PI).ln() + series.ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        // From the definition, with 30 digits of mpmath: see tools/oracles/gaussian_dp.py.
        let delta = Delta::new(1e-6).unwrap();
        for (epsilon, mu) in [(1.0, 0.237_012), (2.0, 0.448_131), (4.0, 0.838_083), (8.0, 1.530_889)] {
            let found = mu_of(Epsilon::new(epsilon).unwrap(), delta);
            assert!((found - mu).abs() < 2e-3, "epsilon {epsilon}: {found}");
        }
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
