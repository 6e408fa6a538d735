//! Item factors ready to score every item for a user: rows in half precision, their mean and covariance, their lengths.
//!
//! What stays out: how the factors were learned, and how several spaces are blended.

use std::sync::OnceLock;

use super::factors::Factors;
use super::fold_in::FoldIn;
use super::least_squares::gram;
use super::linear_algebra::{dot, multiply};
use super::packed_rows::PackedRows;

/// Item factors with what folds users into them.
///
/// Entries are rounded to 16 bits when the model is made, so a score that was computed from the packed rows, for all items at
/// once, is the sum of its parts, which are computed from single rows.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct FactorModel {
    /// One row per item.
    pub items: Factors,
    /// The prepared fold-in.
    pub fold_in: FoldIn,
    mean: Vec<f32>,
    #[serde(skip)]
    packed: OnceLock<PackedRows>,
    #[serde(skip)]
    covariance: OnceLock<Vec<f32>>,
    #[serde(skip)]
    lengths: OnceLock<Vec<f32>>,
}

/// Mean and standard deviation of raw scores over all items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f32,
    /// The standard deviation, positive.
    pub deviation: f32,
}

impl Moments {
    /// `None` where all scores are alike, or one of them is not finite: such scores say nothing.
    pub fn new(mean: f64, variance: f64) -> Option<Self> {
        let deviation = variance.max(0.0).sqrt() as f32;
        (mean.is_finite() && deviation.is_finite() && deviation >= 1e-9).then_some(Self {
            mean: mean as f32,
            deviation,
        })
    }

    /// The score in standard deviations above the mean.
    pub fn standardized(self, score: f32) -> f32 {
        (score - self.mean) / self.deviation
    }
}

impl FactorModel {
    /// Rounds `items` to 16 bits and takes their fold-in.
    pub fn new(mut items: Factors, fold_in: FoldIn) -> Self {
        let packed = PackedRows::rounding(&mut items);
        Self {
            mean: items.mean(),
            items,
            fold_in,
            packed: OnceLock::from(packed),
            covariance: OnceLock::new(),
            lengths: OnceLock::new(),
        }
    }

    /// Computes now what would else be computed when it is first asked for.
    pub fn prepare(&self) {
        self.packed();
        self.covariance();
        self.lengths();
    }

    /// Mean item factor.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Adds `scale` times the inner product of `factor` and every item.
    pub fn add_scores(&self, factor: &[f32], scale: f32, sums: &mut [f32]) {
        let scaled: Vec<f32> = factor.iter().map(|value| scale * value).collect();
        self.packed().add_products(&scaled, sums);
    }

    /// Moments of the inner products of `factor` with all items: `f.m` and `f'Cf` for their mean `m` and covariance `C`.
    pub fn moments(&self, factor: &[f32]) -> Option<Moments> {
        if factor.len() != self.mean.len() || factor.iter().all(|value| *value == 0.0) {
            return None;
        }
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        Moments::new(
            product(factor, &self.mean),
            product(factor, &multiply(self.covariance(), factor)),
        )
    }

    /// The cosine between `item` and every item, 0 to those without a factor; `None` where `item` is out of range or has none.
    pub fn cosines(&self, item: u32) -> Option<Vec<f32>> {
        let length = self.length(item)?;
        let mut cosines = vec![0f32; self.items.rows()];
        self.add_scores(self.items.row(item as usize), 1.0 / length, &mut cosines);
        for (cosine, other) in cosines.iter_mut().zip(self.lengths()) {
            *cosine = if *other > 0.0 { *cosine / other } else { 0.0 };
        }
        Some(cosines)
    }

    /// The same to `others` only, in their order; 0 for one out of range.
    pub fn cosines_to(&self, item: u32, others: &[u32]) -> Option<Vec<f32>> {
        let length = self.length(item)?;
        let target = self.items.row(item as usize);
        let cosine = |other: &u32| {
            self.length(*other).map_or(0.0, |other_length| {
                dot(self.items.row(*other as usize), target) / (length * other_length)
            })
        };
        Some(others.iter().map(cosine).collect())
    }

    /// The length of an item's factor; `None` where it is out of range or zero.
    fn length(&self, item: u32) -> Option<f32> {
        self.lengths()
            .get(item as usize)
            .copied()
            .filter(|length| *length > 0.0)
    }

    fn packed(&self) -> &PackedRows {
        self.packed
            .get_or_init(|| PackedRows::rounding(&mut self.items.clone()))
    }

    fn covariance(&self) -> &[f32] {
        self.covariance.get_or_init(|| {
            let mut centered = self.items.clone();
            for row in centered.values_mut().chunks_exact_mut(self.mean.len().max(1)) {
                row.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
            }
            let rows = centered.rows().max(1) as f32;
            gram(&centered).into_iter().map(|sum| sum / rows).collect()
        })
    }

    fn lengths(&self) -> &[f32] {
        let rows = || self.items.values().chunks_exact(self.items.dimensions().max(1));
        self.lengths
            .get_or_init(|| rows().map(|row| dot(row, row).sqrt()).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn model(d: usize, entries: &[f32]) -> FactorModel {
        let items = Factors::from_values(d, entries.to_vec()).unwrap();
        let fold_in = FoldIn::new(&items, 0.2, 0.01, 1.0);
        FactorModel::new(items, fold_in)
    }

    proptest! {
        #[test]
        fn scores_and_their_moments_are_those_of_the_rows(
            d in 1usize..40,
            rows in 2usize..20,
            entries in proptest::collection::vec(-1.0f32..1.0, 40 * 21),
        ) {
            let (factor, items) = (&entries[..d], &entries[40..40 + d * rows]);
            let model = model(d, items);
            let mut scores = vec![0f32; rows];
            model.add_scores(factor, 2.0, &mut scores);
            let exact: Vec<f64> = (0..rows)
                .map(|row| model.items.row(row).iter().zip(factor).map(|(v, f)| f64::from(*v) * f64::from(*f)).sum())
                .collect();
            for (score, exact) in scores.iter().zip(&exact) {
                prop_assert!((f64::from(*score) - 2.0 * exact).abs() < 1e-4);
            }
            let mean = exact.iter().sum::<f64>() / rows as f64;
            let variance = exact.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / rows as f64;
            if let Some(moments) = model.moments(factor) {
                prop_assert!((f64::from(moments.mean) - mean).abs() < 1e-4);
                prop_assert!((f64::from(moments.deviation).powi(2) - variance).abs() < 1e-4);
            } else {
                prop_assert!(variance < 1e-4);
            }
        }

        #[test]
        fn what_was_stored_scores_alike(entries in proptest::collection::vec(-1.0f32..1.0, 12 * 5)) {
            let made = model(5, &entries);
            let stored = serde_json::to_string(&made).unwrap();
            let read: FactorModel = serde_json::from_str(&stored).unwrap();
            read.prepare();
            let scores = |model: &FactorModel| {
                let mut scores = vec![0f32; 12];
                model.add_scores(&entries[..5], 1.0, &mut scores);
                scores
            };
            prop_assert_eq!(scores(&made), scores(&read));
            prop_assert_eq!(made.cosines(3), read.cosines(3));
        }
    }

    #[test]
    fn scores_that_are_all_alike_say_nothing() {
        let model = model(2, &[1.0, 0.5, 1.0, 0.5, 1.0, 0.5]);
        assert_eq!(model.moments(&[3.0, 1.0]), None);
        assert_eq!(model.moments(&[0.0, 0.0]), None);
        assert_eq!(model.moments(&[1.0]), None, "of another length");
        assert_eq!(Moments::new(f64::NAN, 1.0), None);
    }
}
