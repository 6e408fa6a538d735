//! How far a sum of discrete Gaussians is from one discrete Gaussian.
//!
//! # Claim
//!
//! Let `h` shares have the deviation `s`, and let `a = 2 pi^2 s^2`. In every point, the logarithm of the ratio between the
//! probability of their sum and that of one discrete Gaussian of deviation `sqrt(h) s` lies between
//! `ln(1 - S) - h ln(theta)` and `ln(1 + S)`, with
//!
//! ```text
//! theta = 1 + 2 sum over j >= 1 of exp(-a j^2),
//! S     = sum over m = 1 .. h of  binomial(h, m) * (2 sum over j >= 1 of exp(-a c_m j^2))^m,    c_m = max(1/2, 1 - m/h).
//! ```
//!
//! # Proof
//!
//! Let `L` be the integer vectors of length `h` whose entries add up to 0, and `x` one whose entries add up to `z`. The
//! probability of the sum `z` is proportional to the sum of `exp(-|y|^2 / 2 s^2)` over `y` in `x + L`. The part of `y` along
//! `(1, .., 1)` is the same for all of them and gives the factor `exp(-z^2 / 2 h s^2)` of the one Gaussian. What is left is
//! a sum over a shifted copy of `L`, which by Poisson summation is a constant times
//!
//! ```text
//! 1 + sum over v != 0 in the dual of L of exp(-a |v|^2) cos(2 pi <v, x>).
//! ```
//!
//! *The dual of `L`* is made of `v = u - mean(u) (1, .., 1)` for integer vectors `u`, where vectors that differ by a multiple
//! of `(1, .., 1)` give the same `v`; and `|v|^2 = |u|^2 - (sum of u)^2 / h`. Of those that give the same `v`, choose one
//! whose median is 0: at most half of its entries are positive, and at most half negative. If `m` entries are not 0, then
//! `(sum of u)^2 <= m |u|^2`; and it is also at most `|u|^2 h / 2`, because it is at most the larger of the squared sums of
//! the positive and of the negative entries. So `|v|^2 >= c_m |u|^2`. Summing over *all* `u` with `m` entries that are not 0,
//! and over all `m`, counts every `v` at least once: the sum over `v != 0` is at most `S`.
//!
//! *The constant*, with the normalizations of both sides, is `theta(sqrt(h) s) / theta(s)^h`, again by Poisson summation, and
//! lies between `theta(s)^-h` and 1.
//!
//! In the code, `sum over j >= 1 of exp(-b j^2) <= exp(-b) / (1 - exp(-3 b))`, since `j^2 >= 1 + 3 (j - 1)`.

use std::f64::consts::PI;

/// Most shares for which the claim is used; beyond, theorem 1 of Kairouz, Liu and Steinke alone.
const MOST_COUNTED: u32 = 1_000;
/// More than the logarithms and exponential functions below lose.
const WIDENED: f64 = 1.0 + 1e-9;

/// Bound on the logarithm of the ratio between the probabilities of a sum of `shares` discrete Gaussians of `deviation` and
/// of one discrete Gaussian with the same variance parameter: the smaller of what is proved above and theorem 1 of
/// Kairouz, Liu and Steinke (2021). Never rounded to zero, except that one share is no sum.
pub fn sum_gap(deviation: f64, shares: u32) -> f64 {
    if shares < 2 {
        return 0.0;
    }
    by_theorem(deviation, shares)
        .min(by_lattice(deviation, shares))
        .max(f64::MIN_POSITIVE)
}

/// Theorem 1 of Kairouz, Liu and Steinke (2021), which adds up what each further share costs.
fn by_theorem(deviation: f64, shares: u32) -> f64 {
    if deviation < 0.5 {
        return f64::INFINITY;
    }
    // The first terms dominate; the others are each at most the thousandth.
    let term = |k: f64| (-2.0 * PI * PI * deviation * deviation * k / (k + 1.0)).exp();
    let first: f64 = (1..shares.min(1_000)).map(|k| term(f64::from(k))).sum();
    let rest = f64::from(shares.saturating_sub(1_000)) * term(1_000.0);
    10.0 * (first + rest) * WIDENED
}

/// The claim above; infinite where it says nothing.
fn by_lattice(deviation: f64, shares: u32) -> f64 {
    if deviation.is_nan() || deviation <= 0.0 || shares > MOST_COUNTED {
        return f64::INFINITY;
    }
    let a = 2.0 * PI * PI * deviation * deviation;
    let distance = distance(a, shares);
    if distance >= 1.0 {
        return f64::INFINITY;
    }
    let log_theta = log_both_signs(a).exp().ln_1p();
    (-(-distance).ln_1p() + f64::from(shares) * log_theta) * WIDENED
}

/// `S` of the claim, rounded upwards.
fn distance(a: f64, shares: u32) -> f64 {
    let h = f64::from(shares);
    let (mut log_binomial, mut distance) = (0.0, 0.0);
    for m in 1..=shares {
        let m = f64::from(m);
        log_binomial += ((h - m + 1.0) / m).ln();
        distance += (log_binomial + m * log_both_signs(a * (1.0 - m / h).max(0.5))).exp();
    }
    distance * WIDENED
}

/// Logarithm of a bound on twice the sum over j >= 1 of exp(-b j^2).
fn log_both_signs(b: f64) -> f64 {
    2f64.ln() - b - (-(-3.0 * b).exp()).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mass(variance: f64, reach: i64) -> Vec<f64> {
        let weights: Vec<f64> = (-reach..=reach)
            .map(|y| (-(y * y) as f64 / (2.0 * variance)).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect()
    }

    /// The largest logarithm of a ratio, near the middle, where `f64` is good enough to see it.
    fn largest_ratio(variance: f64, shares: u32) -> f64 {
        let reach = 40i64;
        let one = mass(variance, reach);
        let mut sum = one.clone();
        for _ in 1..shares {
            let previous = sum.clone();
            sum = (0..previous.len() as i64)
                .map(|y| {
                    (-reach..=reach)
                        .filter_map(|x| {
                            let from = usize::try_from(y - x).ok()?;
                            Some(one[(x + reach) as usize] * previous.get(from)?)
                        })
                        .sum()
                })
                .collect();
        }
        let whole = mass(variance * f64::from(shares), reach);
        (-6..=6i64)
            .map(|y| (sum[(y + reach) as usize] / whole[(y + reach) as usize]).ln().abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn probabilities_of_sums_stay_within_both_bounds_and_near_the_smaller_one() {
        for (variance, shares) in [(0.3f64, 2), (0.5, 2), (0.5, 4), (0.5, 12), (1.0, 2), (1.0, 3), (1.0, 6)] {
            let (largest, deviation) = (largest_ratio(variance, shares), variance.sqrt());
            for gap in [by_theorem(deviation, shares), by_lattice(deviation, shares)] {
                assert!(largest <= gap, "{variance} {shares}: {largest} above {gap}");
            }
            let gap = sum_gap(deviation, shares);
            assert!(largest > gap / 4.0, "{variance} {shares}: {largest} far below {gap}");
        }
    }

    #[test]
    fn the_theorem_is_counted_as_it_was_published() {
        let a = 2.0 * PI * PI;
        let exact = 10.0 * ((-a / 2.0).exp() + (-a * 2.0 / 3.0).exp() + (-a * 0.75).exp());
        let found = by_theorem(1.0, 4);
        assert!(found >= exact && found < exact * (1.0 + 1e-8), "{found} {exact}");
    }

    #[test]
    fn many_shares_are_bounded_by_what_says_more() {
        // So many that the lattice says nothing, and so many that it is not asked.
        for shares in [900, 5_000, u32::MAX] {
            assert!(by_lattice(0.6, shares).is_infinite());
            assert!(sum_gap(0.6, shares).is_finite());
        }
        // With two steps per share, fifty shares are a million times nearer than the theorem says.
        assert!(by_lattice(2.0, 50) < 1e-6 * by_theorem(2.0, 50));
        assert!((sum_gap(2.0, 50) / by_lattice(2.0, 50) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_rounded_to_zero_and_nothing_is_claimed_without_noise() {
        assert!(sum_gap(1e9, 5) > 0.0);
        assert!(sum_gap(1e9, 1).abs() < f64::MIN_POSITIVE);
        for deviation in [0.0, 0.1, f64::NAN] {
            assert!(sum_gap(deviation, 5).is_infinite(), "{deviation}");
        }
    }

    /// The sum over the dual lattice from its definition: of the vectors that differ by a multiple of (1, .., 1), the one whose
    /// sum is from 0 to h - 1.
    fn exact_distance(a: f64, shares: usize) -> f64 {
        const REACH: i64 = 3;
        let sides = 2 * REACH as usize + 1;
        let mut total = 0.0;
        for number in 0..sides.pow(shares as u32) {
            let mut rest = number;
            let (mut sum, mut squares) = (0, 0);
            for _ in 0..shares {
                let entry = (rest % sides) as i64 - REACH;
                (sum, squares, rest) = (sum + entry, squares + entry * entry, rest / sides);
            }
            if (0..shares as i64).contains(&sum) && squares > 0 {
                total += (-a * (squares as f64 - (sum * sum) as f64 / shares as f64)).exp();
            }
        }
        total
    }

    #[test]
    fn the_sum_over_the_dual_lattice_is_never_above_its_bound_and_near_it() {
        for shares in [2u32, 3, 4, 5, 6] {
            for a in [3.0, 5.0, 10.0, 20.0] {
                let (bound, exact) = (distance(a, shares), exact_distance(a, shares as usize));
                assert!(exact <= bound, "{shares} {a}: {exact} above {bound}");
                assert!(bound < 4.0 * exact, "{shares} {a}: {bound} far above {exact}");
            }
        }
    }
}
