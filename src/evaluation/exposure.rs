//! How evenly lists show the catalogue: how often each item is among the first of somebody's list, and the Gini index of
//! these numbers.
//!
//! The index is 0 when every item is shown equally often and near 1 when few items have all places. Items that nobody is
//! shown count: a catalogue of which most is hidden is no even one. (Gini 1912; as a measure of recommendations in Fleder
//! and Hosanagar 2009.)

use std::cmp::Ordering;

/// Places of a list that count.
pub const FIRST: usize = 20;

/// How often each item was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure(Vec<u64>);

impl Exposure {
    /// Nothing of `items` items was shown yet.
    pub fn new(items: usize) -> Self {
        Self(vec![0; items])
    }

    /// Counts one list. Items that are not in the catalogue are left out.
    pub fn show(&mut self, list: &[u32]) {
        for item in list {
            if let Some(count) = self.0.get_mut(*item as usize) {
                *count += 1;
            }
        }
    }

    /// The Gini index, from 0 to below 1; `None` when nothing was shown.
    ///
    /// With the counts `x_1 <= ... <= x_n` it is `sum_i (2 i - n - 1) x_i / (n sum_i x_i)`.
    pub fn gini(&self) -> Option<f64> {
        let mut counts = self.0.clone();
        counts.sort_unstable();
        let all: u64 = counts.iter().sum();
        let items = counts.len() as f64;
        let weighted = (1..).zip(&counts).map(|(place, count)| {
            let place = f64::from(place);
            (2.0 * place - items - 1.0) * *count as f64
        });
        (all > 0).then(|| weighted.sum::<f64>() / (items * all as f64))
    }
}

/// The first [`FIRST`] items by falling score, without those in `excluded`; of equal scores, the lower number comes first.
pub fn first_places(scores: &[f32], excluded: &[u32]) -> Vec<u32> {
    let mut allowed = vec![true; scores.len()];
    for item in excluded {
        if let Some(allowed) = allowed.get_mut(*item as usize) {
            *allowed = false;
        }
    }
    let items = (0..).zip(scores).zip(allowed);
    let mut items: Vec<(u32, f32)> = items
        .filter_map(|((item, score), allowed)| allowed.then_some((item, *score)))
        .collect();
    let better =
        |one: &(u32, f32), other: &(u32, f32)| -> Ordering { other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)) };
    if items.len() > FIRST {
        items.select_nth_unstable_by(FIRST, better);
        items.truncate(FIRST);
    }
    items.sort_unstable_by(better);
    items.into_iter().map(|(item, _)| item).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gini(counts: &[u64]) -> Option<f64> {
        Exposure(counts.to_vec()).gini()
    }

    #[test]
    fn indices_by_hand() {
        let near = |counts: &[u64], expected: f64| {
            let found = gini(counts).unwrap();
            assert!((found - expected).abs() < 1e-12, "{counts:?}: {found}");
        };
        near(&[5, 5, 5, 5], 0.0);
        // One of four has everything: (n - 1) / n.
        near(&[0, 0, 8, 0], 0.75);
        // (-3 * 1 - 1 * 2 + 1 * 3 + 3 * 4) / (4 * 10) = 10 / 40.
        near(&[4, 1, 3, 2], 0.25);
        // (-2 * 0 + 0 * 1 + 2 * 3) / (3 * 4) = 6 / 12.
        near(&[3, 0, 1], 0.5);
        near(&[7], 0.0);
        assert_eq!(gini(&[0, 0]), None);
        assert_eq!(gini(&[]), None);
    }

    #[test]
    fn lists_are_counted_and_the_unknown_is_left_out() {
        let mut exposure = Exposure::new(3);
        exposure.show(&[0, 2]);
        exposure.show(&[2, 9]);
        assert_eq!(exposure, Exposure(vec![1, 0, 2]));
    }

    #[test]
    fn the_best_come_first_without_what_is_excluded() {
        let scores = [0.5, 0.9, 0.5, -0.0, 0.9, 0.0];
        assert_eq!(first_places(&scores, &[1, 77]), [4, 0, 2, 5, 3]);
        let many: Vec<f32> = (0..50).map(|item| item as f32).collect();
        let expected: Vec<u32> = (29..49).rev().collect();
        assert_eq!(first_places(&many, &[49]), expected);
        assert_eq!(first_places(&[], &[]), Vec::<u32>::new());
    }

    proptest! {
        #[test]
        fn the_index_is_half_the_mean_difference_over_the_mean(counts in proptest::collection::vec(0u64..50, 1..30)) {
            let all: u64 = counts.iter().sum();
            prop_assume!(all > 0);
            let pairs = counts.iter().flat_map(|one| counts.iter().map(move |other| one.abs_diff(*other)));
            let expected = pairs.sum::<u64>() as f64 / (2 * counts.len() as u64 * all) as f64;
            let found = gini(&counts).unwrap();
            prop_assert!((found - expected).abs() < 1e-9 && (0.0..1.0).contains(&found));
        }

        #[test]
        fn giving_from_the_rich_to_the_poor_makes_it_smaller(counts in proptest::collection::vec(0u64..50, 2..20)) {
            let (rich, poor) = (counts.iter().max().unwrap(), counts.iter().min().unwrap());
            prop_assume!(rich - poor >= 2);
            let place = |of: &u64| counts.iter().position(|count| count == of).unwrap();
            let mut after = counts.clone();
            after[place(rich)] -= 1;
            after[place(poor)] += 1;
            prop_assert!(gini(&after).unwrap() < gini(&counts).unwrap());
        }
    }
}
