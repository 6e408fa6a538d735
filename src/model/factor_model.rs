//! Item factors ready to score every item for a user: rows in bytes, their mean and covariance.
//!
//! What stays out: how the factors were learned, and how several spaces are blended.

use std::sync::OnceLock;

use super::byte_rows::ByteRows;
use super::factors::Factors;
use super::fold_in::FoldIn;
use super::least_squares::gram;
use super::linear_algebra::{dot, multiply};

/// Item factors with what folds users into them.
///
/// Entries are rounded to what fits into bytes when the model is made, so a score that was computed for all items at once is the
/// sum of its parts, which are computed from single rows.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct FactorModel {
    /// One row per item.
    pub items: Factors,
    /// The prepared fold-in.
    pub fold_in: FoldIn,
    mean: Vec<f32>,
    /// Items that are compared with no other.
    incomparable: Vec<u32>,
    #[serde(skip)]
    bytes: OnceLock<ByteRows>,
    #[serde(skip)]
    covariance: OnceLock<Vec<f32>>,
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
    /// Rounds `items` to bytes with a scale per row, and takes their fold-in.
    pub fn new(mut items: Factors, fold_in: FoldIn) -> Self {
        let bytes = ByteRows::rounding(&mut items);
        Self {
            mean: items.mean(),
            items,
            fold_in,
            incomparable: Vec::new(),
            bytes: OnceLock::from(bytes),
            covariance: OnceLock::new(),
        }
    }

    /// The same without a direction for some items: they are compared with no other. Their scores stay.
    #[must_use]
    pub fn without_directions(self, items: Vec<u32>) -> Self {
        Self {
            incomparable: items,
            bytes: OnceLock::new(),
            ..self
        }
    }

    /// The items that are compared with no other.
    pub fn incomparable(&self) -> &[u32] {
        &self.incomparable
    }

    /// Computes now what would else be computed when it is first asked for.
    pub fn prepare(&self) {
        self.bytes();
        self.covariance();
    }

    /// Mean item factor.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Adds `scale` times the inner product of `factor` and every item.
    pub fn add_scores(&self, factor: &[f32], scale: f32, sums: &mut [f32]) {
        let scaled: Vec<f32> = factor.iter().map(|value| scale * value).collect();
        self.bytes().add_products(&scaled, sums);
    }

    /// The inner products of `factor` and some items, in their order; 0 for one out of range.
    pub fn scores_among(&self, factor: &[f32], items: &[u32]) -> Vec<f32> {
        self.bytes().products(factor, items)
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

    /// Whether `item` can be compared: it is in range, not zero, and was not left [without a direction](Self::without_directions).
    pub fn has_direction(&self, item: u32) -> bool {
        self.bytes().has_direction(item)
    }

    /// Adds `weight` times the cosine between `item` and every item; nothing to those without a direction, and nothing at all
    /// where `item` has none.
    pub fn add_cosines(&self, item: u32, weight: f32, sums: &mut [f32]) {
        if let Some(direction) = self.direction(item, weight) {
            self.bytes().add_products_of_directions(&direction, sums);
        }
    }

    /// The cosines between `item` and `others`, in their order; 0 for one without a direction, and where `item` has none.
    pub fn cosines_to(&self, item: u32, others: &[u32]) -> Vec<f32> {
        self.direction(item, 1.0).map_or_else(
            || vec![0.0; others.len()],
            |direction| self.bytes().products_of_directions(&direction, others),
        )
    }

    /// Puts the factor of an item, with a length of `length`, into `target`, which has as many entries; changes nothing where the item
    /// has no direction.
    pub fn write_direction(&self, item: u32, length: f32, target: &mut [f32]) {
        if !self.has_direction(item) {
            return;
        }
        let row = self.items.row(item as usize);
        let scale = length / dot(row, row).sqrt();
        target
            .iter_mut()
            .zip(row)
            .for_each(|(target, value)| *target = scale * value);
    }

    /// The factor of an item, with a length of `length`.
    fn direction(&self, item: u32, length: f32) -> Option<Vec<f32>> {
        self.has_direction(item).then(|| {
            let mut direction = vec![0.0; self.items.dimensions()];
            self.write_direction(item, length, &mut direction);
            direction
        })
    }

    fn bytes(&self) -> &ByteRows {
        self.bytes.get_or_init(|| {
            let mut bytes = ByteRows::rounding(&mut self.items.clone());
            bytes.forget_directions(&self.incomparable);
            bytes
        })
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
            for (row, (score, exact)) in scores.iter().zip(&exact).enumerate() {
                let length = dot(model.items.row(row), model.items.row(row)).sqrt();
                // What `byte_rows` proves for entries below 2, and the rounding of the sums.
                let bound = 2.0 * (d as f32).sqrt() / 65_534.0 * length + 1e-5;
                prop_assert!((f64::from(*score) - 2.0 * exact).abs() < f64::from(bound));
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
            prop_assert_eq!(made.cosines_to(3, &[0, 7]), read.cosines_to(3, &[0, 7]));
        }

        #[test]
        fn cosines_are_those_of_the_rows(entries in proptest::collection::vec(-1.0f32..1.0, 6 * 9)) {
            let model = model(6, &[&entries[..], &[0.0; 6]].concat());
            let mut sums = vec![0.25f32; 10];
            model.add_cosines(2, 3.0, &mut sums);
            let some = model.cosines_to(2, &[9, 4, 99]);
            prop_assert_eq!((some[0], some[2], model.has_direction(9)), (0.0, 0.0, false));
            let row = |item: usize| model.items.row(item);
            let length = |item: usize| dot(row(item), row(item)).sqrt();
            for item in 0..9 {
                let cosine = dot(row(item), row(2)) / (length(item) * length(2));
                prop_assert!((sums[item] - 0.25 - 3.0 * cosine).abs() < 1e-4);
                prop_assert!(item != 4 || (some[1] - cosine).abs() < 1e-4);
            }
            model.add_cosines(9, 3.0, &mut sums);
            prop_assert!((sums[9] - 0.25).abs() < 1e-6, "neither has a direction");
        }
    }

    #[test]
    fn items_without_a_direction_are_scored_but_not_compared_now_and_after_they_were_stored() {
        let entries: Vec<f32> = (0u8..12).map(|entry| f32::from(entry % 5) - 1.5).collect();
        let whole = model(3, &entries);
        let without = model(3, &entries).without_directions(vec![1, 99]);
        let stored: FactorModel = serde_json::from_str(&serde_json::to_string(&without).unwrap()).unwrap();
        for model in [&without, &stored] {
            assert_eq!(
                model.scores_among(&[1.0, 0.5, 2.0], &[0, 1, 2, 3]),
                whole.scores_among(&[1.0, 0.5, 2.0], &[0, 1, 2, 3])
            );
            assert!(!model.has_direction(1) && model.has_direction(2));
            assert_eq!(model.cosines_to(1, &[0, 2]), [0.0, 0.0]);
            let (cosines, all) = (model.cosines_to(0, &[1, 2]), whole.cosines_to(0, &[1, 2]));
            assert_eq!((cosines[0], cosines[1]), (0.0, all[1]));
            assert!(all[0].abs() > 0.1, "else the test says nothing");
            let mut sums = [0f32; 4];
            model.add_cosines(0, 1.0, &mut sums);
            assert_eq!(sums[1].to_bits(), 0);
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
