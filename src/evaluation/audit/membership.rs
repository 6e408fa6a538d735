//! The attack as a test of membership: how often it accuses the present and the absent.

use serde::Serialize;

use super::Canaries;

/// False positive rates of the table.
const RATES: [f64; 4] = [0.001, 0.01, 0.1, 0.5];
/// Points of the curve.
const POINTS: usize = 60;

/// Membership inference against canaries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Membership {
    /// Area under the curve; 0.5 is guessing.
    pub area: f64,
    /// What no attack can exceed, by the proof, in expectation.
    pub area_bound: f64,
    /// The curve at a few points.
    pub rows: Vec<MembershipRow>,
    /// (False positive rate, true positive rate, bound), ascending, for the chart.
    #[serde(skip)]
    pub curve: Vec<(f64, f64, f64)>,
}

/// One point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MembershipRow {
    /// Share of absent canaries that are accused.
    pub false_positive_rate: f64,
    /// Share of present canaries that are accused.
    pub true_positive_rate: f64,
    /// What no attack can exceed, by the proof, in expectation.
    pub bound: f64,
    /// Standard error of the difference between the measured rate and the bound.
    pub standard_error: f64,
}

impl Membership {
    pub(super) fn new(canaries: &Canaries, mu: f64) -> Self {
        let of = |wanted: bool| -> Vec<f32> {
            let pairs = canaries.scores().iter().zip(canaries.present());
            let mut scores: Vec<f32> = pairs.filter(|(_, p)| **p == wanted).map(|(s, _)| *s).collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            scores
        };
        let (present, absent) = (of(true), of(false));
        let point = |rate: f64| {
            let place = ((rate * absent.len() as f64) as usize).min(absent.len().saturating_sub(1));
            let threshold = absent.get(place).copied().unwrap_or(f32::INFINITY);
            // Accused are those strictly above the threshold.
            let above =
                |scores: &[f32]| scores.partition_point(|score| *score > threshold) as f64 / scores.len().max(1) as f64;
            (above(&absent), above(&present))
        };
        let rows = RATES
            .iter()
            .map(|&rate| {
                let (false_positive_rate, true_positive_rate) = point(rate);
                let bound = trade_off(false_positive_rate, mu);
                // The errors of both rates; that of the false positives moves along the slope of the bound.
                let step = 0.05 * rate;
                let slope = (trade_off(rate + step, mu) - trade_off(rate, mu)) / step;
                let n = |scores: &[f32]| scores.len().max(1) as f64;
                let variance = bound * (1.0 - bound) / n(&present) + slope * slope * rate * (1.0 - rate) / n(&absent);
                MembershipRow {
                    false_positive_rate,
                    true_positive_rate,
                    bound,
                    standard_error: variance.sqrt().max(1.0 / n(&present)),
                }
            })
            .collect();
        let curve = (0..=POINTS)
            .map(|i| {
                let (x, y) = point(i as f64 / POINTS as f64);
                (x, y, trade_off(x, mu))
            })
            .collect();
        Self {
            area: area(&present, &absent),
            area_bound: normal_cdf(mu / std::f64::consts::SQRT_2),
            rows,
            curve,
        }
    }
}

/// Probability that a random present canary scores above a random absent one, ties counted half.
fn area(present: &[f32], absent: &[f32]) -> f64 {
    let mut above = 0.0;
    for score in present {
        let greater = absent.partition_point(|other| other > score);
        let not_less = absent.partition_point(|other| other >= score);
        above += (absent.len() - not_less) as f64 + 0.5 * (not_less - greater) as f64;
    }
    above / (present.len().max(1) as f64 * absent.len().max(1) as f64)
}

/// Largest true positive rate at a false positive rate under mu-GDP.
fn trade_off(rate: f64, mu: f64) -> f64 {
    if rate <= 0.0 {
        return 0.0;
    }
    if rate >= 1.0 {
        return 1.0;
    }
    normal_cdf(normal_quantile(rate) + mu)
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

pub(super) fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if normal_cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-9);
        assert!((trade_off(0.3, 0.0) - 0.3).abs() < 1e-9);
        assert!((area(&[3.0, 1.0], &[2.0, 1.0]) - 0.625).abs() < 1e-12);
    }
}
