//! What makes features comparable: their mean and standard deviation over the candidates that were learned from.

use super::conditional_logit::Weights;
use super::features::{FEATURES, FeatureVector};

/// Deviation below which a feature is the same everywhere: all features have a spread of about 1.
const SMALLEST: f64 = 1e-3;
/// Deviations from the mean at most. What lies farther out was hardly there to learn from.
const FARTHEST: f64 = 5.0;

/// Mean and standard deviation of each feature.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scale {
    mean: Weights,
    deviation: Weights,
}

impl Scale {
    /// Of these rows.
    pub fn of<'a>(rows: impl Iterator<Item = &'a FeatureVector> + Clone) -> Self {
        let count = rows.clone().count().max(1) as f64;
        let mut mean = [0.0; FEATURES];
        for row in rows.clone() {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += f64::from(*value) / count;
            }
        }
        let mut variance = [0.0; FEATURES];
        for row in rows {
            for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(*value) - mean).powi(2) / count;
            }
        }
        Self {
            mean,
            deviation: variance.map(f64::sqrt),
        }
    }

    /// In standard deviations from the mean, at most 5 of them; 0 for a feature that is the same everywhere.
    pub fn scaled(&self, row: &FeatureVector) -> FeatureVector {
        std::array::from_fn(|place| {
            if self.deviation[place] < SMALLEST {
                return 0.0;
            }
            let distance = (f64::from(row[place]) - self.mean[place]) / self.deviation[place];
            distance.clamp(-FARTHEST, FARTHEST) as f32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_comparable_and_stay_in_bounds() {
        let mut rows = [[1.0f32; FEATURES]; 2];
        rows[1][3] = 3.0;
        rows[1][4] = 1.000_001;
        let scale = Scale::of(rows.iter());
        let scaled = scale.scaled(&rows[1]);
        assert!((scaled[3] - 1.0).abs() < 1e-6);
        let others = scaled.iter().enumerate().filter(|(place, _)| *place != 3);
        assert!(others.clone().all(|(_, value)| value.abs() < 1e-9), "{scaled:?}");
        rows[1][3] = -1e9;
        rows[1][4] = 7.0;
        let far = scale.scaled(&rows[1]);
        assert!((far[3] + 5.0).abs() < 1e-6 && far[4].abs() < 1e-9);
    }
}
