//! Zero-concentrated differential privacy (Bun, Steinke 2016), which composes by addition and holds for the discrete
//! Gaussian exactly as for the continuous one.
//!
//! A release is `rho`-concentrated if its Renyi divergence of every order `a > 1` is at most `a rho`. Gaussian noise of `z`
//! deviations per unit of L2 sensitivity gives `rho = 1 / (2 z^2)`; for discrete Gaussian noise in any dimension this is
//! theorem 14 of Canonne, Kamath and Steinke (2020).

use super::{WIDENED, bisect, lost};
use crate::privacy::{Delta, Epsilon};

/// `rho` of one Gaussian release, discrete or not, with `noise_multiplier` deviations per unit of L2 sensitivity.
pub fn rho_of_noise(noise_multiplier: f64) -> f64 {
    0.5 / (noise_multiplier * noise_multiplier)
}

/// Noise multiplier that costs `rho`.
pub fn noise_of_rho(rho: f64) -> f64 {
    (0.5 / rho).sqrt()
}

/// Delta of a `rho`-concentrated mechanism at `epsilon`: the least over all orders `a > 1` of
/// `exp((a - 1) (a rho - epsilon)) / (a - 1) * (1 - 1 / a)^a` (Canonne, Kamath, Steinke 2020, corollary 13); rounded upwards.
pub fn delta_at(rho: f64, epsilon: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    // The derivative of the logarithm increases with the order, so its root is the least. Every order gives a valid
    // bound, so an inexact root costs tightness only.
    let derivative = |order: f64| (2.0 * order - 1.0) * rho - epsilon + (-1.0 / order).ln_1p();
    let order = 1.0
        + bisect(0.0, (epsilon + 1.0) / (2.0 * rho) + 2.0, |above| {
            derivative(1.0 + above) >= 0.0
        });
    let above = order - 1.0;
    if above <= 0.0 {
        return 1.0;
    }
    let terms = [
        above * order * rho,
        -above * epsilon,
        above * (-1.0 / order).ln_1p(),
        -order.ln(),
    ];
    let lost = lost(terms.iter().map(|term| term.abs()).sum());
    ((terms.iter().sum::<f64>() + lost).exp() * WIDENED).min(1.0)
}

/// Smallest epsilon that [`delta_at`] proves for `delta`.
pub fn epsilon_of(rho: f64, delta: Delta) -> f64 {
    if delta_at(rho, 0.0) <= delta.get() {
        return 0.0;
    }
    let mut high = 1.0;
    while delta_at(rho, high) > delta.get() {
        high *= 2.0;
    }
    bisect(0.0, high, |epsilon| delta_at(rho, epsilon) <= delta.get())
}

/// Largest `rho` for which [`delta_at`] proves (`epsilon`, `delta`).
pub fn rho_of(epsilon: Epsilon, delta: Delta) -> f64 {
    let mut high = 1.0;
    while delta_at(high, epsilon.get()) <= delta.get() {
        high *= 2.0;
    }
    let above = bisect(0.0, high, |rho| delta_at(rho, epsilon.get()) > delta.get());
    above * (1.0 - 1e-12)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::privacy::accountant::gaussian;

    proptest! {
        #[test]
        fn never_claims_more_than_the_exact_gaussian(mu in 0.01f64..5.0, epsilon in 0.0f64..20.0) {
            let bound = delta_at(mu * mu / 2.0, epsilon);
            prop_assert!(bound >= gaussian::delta_at(mu, epsilon) * (1.0 - 1e-9), "{bound}");
        }

        #[test]
        fn conversions_are_inverse(epsilon in 0.05f64..30.0, exponent in -12.0f64..-2.0) {
            let delta = Delta::new(10f64.powf(exponent)).unwrap();
            let rho = rho_of(Epsilon::new(epsilon).unwrap(), delta);
            prop_assert!(delta_at(rho, epsilon) <= delta.get());
            prop_assert!((epsilon_of(rho, delta) - epsilon).abs() < 1e-6 * epsilon.max(1.0));
            prop_assert!((rho_of_noise(noise_of_rho(rho)) / rho - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn is_below_the_classical_conversion_and_not_far_from_the_exact_value() {
        let delta = Delta::new(1e-6).unwrap();
        for mu in [0.1, 0.5, 1.0, 2.0] {
            let rho = mu * mu / 2.0;
            let found = epsilon_of(rho, delta);
            // Bun and Steinke 2016, proposition 1.3.
            assert!(found < rho + 2.0 * (rho * 1e6f64.ln()).sqrt());
            assert!(found < 1.2 * gaussian::epsilon_of(mu, delta), "{found} at {mu}");
        }
    }
}
