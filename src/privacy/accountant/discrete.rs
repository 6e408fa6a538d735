//! Discrete Gaussian noise on a single integer: the exact curve.

use super::{WIDENED, lost};

/// Delta at `epsilon` of an integer with `sensitivity` and discrete Gaussian noise of `deviation` (both in grid steps):
/// `P[Y > e s^2 / D - D / 2] - exp(e) P[Y > e s^2 / D + D / 2]` (Canonne, Kamath, Steinke 2020, theorem 7); rounded upwards.
///
/// Sums over about twelve deviations, so it is meant for deviations up to some millions.
pub fn delta_at(deviation: u64, sensitivity: u64, epsilon: f64) -> f64 {
    if sensitivity == 0 {
        return 0.0;
    }
    let (s, d) = (deviation as f64, sensitivity as f64);
    let mass = |y: f64| (-0.5 * (y / s).powi(2)).exp();
    let reach = (39.0 * s).ceil();
    let total = 1.0 + 2.0 * sum_from(1.0, reach, mass);
    // The sum of P(y) - exp(e) P(y + D) over all y at which it is positive, without cancellation.
    let start = (epsilon * s * s / d - d / 2.0).floor() + 1.0;
    let positive = sum_from(start, start.max(0.0) + reach, |y| {
        let loss = (d * d + 2.0 * y * d) / (2.0 * s * s);
        mass(y) * -(epsilon - loss - lost(epsilon + loss)).min(0.0).exp_m1()
    });
    // Every summand loses as much as its exponent is large, and the sums lose a rounding per summand.
    let exponents = (start / s).powi(2);
    (positive / total * (1.0 + lost(exponents + reach)) * WIDENED).clamp(0.0, 1.0)
}

/// `term(from) + term(from + 1) + ...` up to `last`, or until terms stop mattering.
fn sum_from(from: f64, last: f64, term: impl Fn(f64) -> f64) -> f64 {
    let mut sum = 0.0;
    let mut y = from;
    while y <= last {
        let next = term(y);
        sum += next;
        if y > 0.0 && next < sum * 1e-22 && next > 0.0 || (next <= 0.0 && y > last / 2.0) {
            break;
        }
        y += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::accountant::{concentrated, gaussian};

    /// The definition: the sum of positive parts of `P - exp(e) Q` over all integers.
    fn by_definition(deviation: u64, sensitivity: u64, epsilon: f64) -> f64 {
        let s = deviation as f64;
        let reach = 30 * deviation as i64 + sensitivity as i64;
        let mass = |y: i64| (-0.5 * (y as f64 / s).powi(2)).exp();
        let total: f64 = (-reach..=reach).map(mass).sum();
        let positive: f64 = (-reach..=reach)
            .map(|y| (mass(y) - epsilon.exp() * mass(y + sensitivity as i64)).max(0.0))
            .sum();
        positive / total
    }

    #[test]
    fn equals_the_definition() {
        for (deviation, sensitivity) in [(1, 1), (2, 1), (5, 3), (10, 20), (100, 40)] {
            for epsilon in [0.0, 0.3, 1.0, 2.5] {
                let (found, expected) = (
                    delta_at(deviation, sensitivity, epsilon),
                    by_definition(deviation, sensitivity, epsilon),
                );
                assert!(
                    (expected..=expected * (1.0 + 1e-8)).contains(&found),
                    "{deviation} {sensitivity} {epsilon}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn lies_below_its_concentrated_bound_and_tends_to_the_continuous_curve() {
        for epsilon in [0.1, 0.5, 1.0, 2.0, 4.0] {
            for (deviation, sensitivity) in [(1, 1), (3, 2), (50, 25), (3_000, 1_500)] {
                let mu = sensitivity as f64 / deviation as f64;
                let exact = delta_at(deviation, sensitivity, epsilon);
                assert!(exact <= concentrated::delta_at(mu * mu / 2.0, epsilon));
            }
            let continuous = gaussian::delta_at(0.5, epsilon);
            let coarse = (delta_at(30, 15, epsilon) - continuous).abs();
            let fine = (delta_at(3_000, 1_500, epsilon) - continuous).abs();
            assert!(fine < 1e-6 * continuous.max(1e-9) + 1e-9, "{fine}");
            assert!(fine <= coarse);
        }
    }
}
