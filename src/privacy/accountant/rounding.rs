//! How far discrete Gaussian noise is from continuous Gaussian noise that was rounded.
//!
//! # Claim
//!
//! Let `p` be the discrete Gaussian with deviation `s >= 1024`, and `r` the continuous Gaussian with the same deviation,
//! rounded to the nearest integer. The total variation distance between `n <= s^4` independent draws of the one and of the
//! other is at most `sqrt(n) / (20 s^2)`.
//!
//! # Proof
//!
//! With `u` over `[-1/2, 1/2]` and `c = sum_k exp(-k^2 / 2 s^2) / (s sqrt(2 pi))`,
//!
//! ```text
//! w(k) = r(k) / p(k) = c * integral of exp(-u^2 / 2 s^2) cosh(k u / s^2) du.
//! ```
//!
//! By Poisson summation `1 <= c <= 1 + 3 exp(-2 pi^2 s^2)`, and what this and the sums below differ from their integrals is
//! less than the last digit of every constant here.
//!
//! - `cosh >= 1` and `exp(-x) >= 1 - x` give `w - 1 >= -1 / (24 s^2)`.
//! - Leaving out `exp(-u^2 / 2 s^2)` and `sinh(y) / y <= exp(y^2 / 6)` with `y = k / (2 s^2)` give
//!   `w - 1 <= t exp(t)` with `t = k^2 / (24 s^4)`.
//!
//! So the chi-square divergence of one draw is at most `1 / (576 s^4) + E[t^2 exp(2 t)]`. The expectation is that of `k^4`
//! under a Gaussian whose variance is larger by the factor `1 / (1 - 1 / (6 s^2))`, over `576 s^8`: at most
//! `3.001 / (576 s^4)`. Together at most `1 / (143 s^4)`. Divergences of independent draws obey
//! `1 + chi^2_n = (1 + chi^2)^n`, so `chi^2_n <= exp(n / (143 s^4)) - 1 <= 1.3 n / (143 s^4)`, and the total variation
//! distance is at most half its root, `0.048 sqrt(n) / s^2`.
//!
//! # What it is for
//!
//! An integer vector plus rounded continuous noise equals the rounding of the vector plus continuous noise, so it inherits
//! the privacy of the continuous mechanism. If outputs are within `g` of such a mechanism, then
//! `P(S) <= P'(S) + g <= exp(e) Q'(S) + delta + g <= exp(e) Q(S) + delta + (1 + exp(e)) g`: the price of discreteness is
//! `(1 + exp(e)) g`. Distances of successive releases add up.

/// Fewest grid steps in a deviation for which the claim is proved.
pub const SMALLEST_DEVIATION: f64 = 1024.0;

/// Bound on the total variation distance between `values` draws of discrete and of rounded continuous Gaussian noise of
/// `deviation` grid steps; 1 where nothing is proved.
pub fn gap(deviation: f64, values: f64) -> f64 {
    if deviation < SMALLEST_DEVIATION || values > deviation.powi(4) {
        return 1.0;
    }
    (values.sqrt() / (20.0 * deviation * deviation)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chi-square divergence of one draw, by numerical integration over the cell of every integer.
    fn chi_square(s: f64) -> f64 {
        let reach = (12.0 * s) as i64;
        let total: f64 = (-reach..=reach).map(|k| (-0.5 * (k as f64 / s).powi(2)).exp()).sum();
        let c = total / (s * (2.0 * std::f64::consts::PI).sqrt());
        // w - 1 by Gauss-Legendre with five nodes on [0, 1/2]; the integrand is smooth on the scale of s.
        let nodes = [
            (0.046_910_077_030_668, 0.118_463_442_528_095),
            (0.230_765_344_947_158, 0.239_314_335_249_683),
            (0.5, 0.284_444_444_444_444),
            (0.769_234_655_052_842, 0.239_314_335_249_683),
            (0.953_089_922_969_332, 0.118_463_442_528_095),
        ];
        (-reach..=reach)
            .map(|k| {
                let k = k as f64;
                let excess: f64 = nodes
                    .iter()
                    .map(|&(x, weight)| {
                        let u = x / 2.0;
                        let (a, b) = ((-u * u / (2.0 * s * s)).exp_m1(), (k * u / (s * s)).cosh() - 1.0);
                        weight * (a + b + a * b)
                    })
                    .sum();
                let excess = (c - 1.0) + c * excess;
                (-0.5 * (k / s).powi(2)).exp() / total * excess * excess
            })
            .sum()
    }

    #[test]
    fn the_claim_holds_for_computed_divergences_and_is_not_wasteful() {
        for s in [8.0f64, 32.0, 256.0, 1024.0] {
            let scaled = chi_square(s) * s.powi(4);
            assert!(scaled < 1.0 / 143.0, "{s}: {scaled}");
            // Its limit is 2 / 576.
            assert!(
                (scaled - 2.0 / 576.0).abs() < 0.1 / 576.0 + 1.0 / (s * s),
                "{s}: {scaled}"
            );
        }
    }

    #[test]
    fn nothing_is_claimed_outside_the_proof() {
        assert!((gap(1000.0, 1.0) - 1.0).abs() < 1e-15);
        assert!((gap(2048.0, 2048f64.powi(5)) - 1.0).abs() < 1e-15);
        assert!(gap(2f64.powi(36), 2f64.powi(27)) < 2e-19);
    }

    /// The distance is at most half the root of the divergence, which multiplies over draws.
    #[test]
    fn the_distance_covers_what_the_divergence_proves_and_little_more() {
        for (s, values) in [(1024.0f64, 1.0), (1024.0, 1e6), (2f64.powi(36), 2f64.powi(27))] {
            let proved = 0.5 * (values / (143.0 * s.powi(4))).sqrt();
            let gap = gap(s, values);
            assert!(
                gap >= proved && gap < 1.25 * proved,
                "{s} {values}: {gap} against {proved}"
            );
        }
    }
}
