//! Empirical Bayes for one coordinate: how far values lie from their prior means beyond their own noise.

/// Smallest variance, so that nothing is divided by zero.
const SMALLEST: f64 = 1e-9;
/// A round shrinks the variance at most to this share of its last value.
const SLOWEST: f64 = 0.05;

/// Weight of a measured value when its own variance and the prior's add up; 0 for a silent one.
pub(super) fn weight(precision: f64, variance: f64) -> f64 {
    if precision > 0.0 {
        1.0 / (1.0 / precision + variance)
    } else {
        0.0
    }
}

/// Posterior mean of a value with `precision` and a prior of `mean` and `variance`.
pub(super) fn shrink(value: f64, precision: f64, mean: f64, variance: f64) -> f64 {
    let prior_precision = 1.0 / variance.max(SMALLEST);
    (precision * value + prior_precision * mean) / (precision + prior_precision)
}

/// A first guess: the precision-weighted mean square of the (value, precision) pairs.
pub(super) fn initial(column: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weights) = column.fold((0.0, 0.0), |(sum, weights), (value, precision)| {
        (sum + value * value * precision, weights + precision)
    });
    if weights > 0.0 {
        (sum / weights).max(SMALLEST)
    } else {
        SMALLEST
    }
}

/// Moment estimate from (residual, precision) pairs, kept positive.
pub(super) fn from_residuals(residuals: impl Iterator<Item = (f64, f64)>, variance: f64) -> f64 {
    let (sum, weights) =
        residuals
            .filter(|(_, precision)| *precision > 0.0)
            .fold((0.0, 0.0), |(sum, weights), (r, p)| {
                let w = weight(p, variance).powi(2);
                (sum + w * (r * r - 1.0 / p), weights + w)
            });
    if weights > 0.0 {
        (sum / weights).max(variance * SLOWEST).max(SMALLEST)
    } else {
        variance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precise_value_stays_and_a_vague_one_goes_to_the_prior() {
        assert!((shrink(2.0, 1e9, 0.0, 1.0) - 2.0).abs() < 1e-6);
        assert!(shrink(2.0, 1e-9, 0.5, 1.0) - 0.5 < 1e-6);
        assert!((shrink(7.0, 0.0, 0.5, 1.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_variance_beyond_noise_is_found() {
        // Values of variance 4 plus noise of variance 1, as two-point distributions.
        let values: Vec<(f64, f64)> = (0..400)
            .map(|i| {
                (
                    if i % 2 == 0 { 2.0 } else { -2.0 } + if i % 4 < 2 { 1.0 } else { -1.0 },
                    1.0,
                )
            })
            .collect();
        let mut variance = initial(values.iter().copied());
        for _ in 0..10 {
            variance = from_residuals(values.iter().copied(), variance);
        }
        assert!((variance - 4.0).abs() < 1e-6, "{variance}");
    }
}
