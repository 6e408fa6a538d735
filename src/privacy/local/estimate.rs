//! From randomized counts back to numbers of people.

use crate::privacy::accountant::log_normal_cdf;

/// How many people gave an answer, as far as randomized reports tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Unbiased; may be negative or above the number of reports by chance.
    pub count: f64,
    /// Lower end of the confidence interval.
    pub lower: f64,
    /// Upper end of the confidence interval.
    pub upper: f64,
}

/// Estimate from `seen` reports of `all` that name an answer, which people who gave it name with probability `truly` and
/// others with probability `falsely`.
///
/// The interval is Wilson's for the share of reports, mapped to people. Reports are independent but not alike; their sum
/// has at most the variance of a binomial variable with the same mean, so the interval covers at least as often as stated.
pub(super) fn estimate(seen: u64, all: u64, truly: f64, falsely: f64, confidence: f64) -> Estimate {
    let n = all as f64;
    let people = |share: f64| n * (share - falsely) / (truly - falsely);
    if all == 0 {
        return Estimate {
            count: 0.0,
            lower: 0.0,
            upper: 0.0,
        };
    }
    let z = quantile(0.5 + confidence.clamp(0.0, 1.0 - 1e-12) / 2.0);
    let share = seen as f64 / n;
    let shrink = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / shrink;
    let half = z / shrink * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Estimate {
        count: people(share),
        lower: people(centre - half),
        upper: people(centre + half),
    }
}

/// Quantile of the standard normal distribution.
fn quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if log_normal_cdf(middle) < p.ln() {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-9);
        let estimate = estimate(50, 100, 1.0, 0.0, 0.95);
        // Wilson's interval for 50 of 100.
        assert!((estimate.count - 50.0).abs() < 1e-12);
        assert!((estimate.lower - 40.383).abs() < 1e-3 && (estimate.upper - 59.617).abs() < 1e-3);
    }
}
