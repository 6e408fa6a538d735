//! Best first, lazily: most requests look at a few hundred of all items, so sorting all of them would be waste.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::model::selection::reached_by_about;

/// An item with its score. Greater means better: a higher score, and with equal scores a lower index.
#[derive(Debug, Clone, Copy)]
pub struct Scored {
    /// Index of the item in the model.
    pub item: u32,
    /// Its score; finite.
    pub score: f32,
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then_with(|| other.item.cmp(&self.item))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scored {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scored {}

/// Items from best to worst. Preparing it is linear in the number of items, each step logarithmic in the number of those that
/// are probably looked at.
#[derive(Debug, Default)]
pub struct Ranking {
    /// The best.
    heap: BinaryHeap<Scored>,
    /// Items none of which is better than any in the heap, in no order.
    rest: Vec<Scored>,
}

/// How many items the heap begins with, about; nearly no list looks at more.
const BEST: usize = 2_000;

impl Ranking {
    /// Ranks the items that `keep` lets pass. `scores` has one entry per item; entries that are not finite are dropped.
    pub fn new(scores: &[f32], mut keep: impl FnMut(u32, f32) -> bool) -> Self {
        let bound = reached_by_about(scores, BEST);
        let (mut best, mut rest) = (Vec::new(), Vec::new());
        for (item, score) in (0u32..).zip(scores) {
            if score.is_finite() && keep(item, *score) {
                // Adding zero makes one zero of both, so that their order is that of the items.
                let scored = Scored {
                    item,
                    score: score + 0.0,
                };
                let part = if scored.score >= bound { &mut best } else { &mut rest };
                part.push(scored);
            }
        }
        Self {
            heap: BinaryHeap::from(best),
            rest,
        }
    }
}

impl Iterator for Ranking {
    type Item = Scored;

    fn next(&mut self) -> Option<Scored> {
        if self.heap.is_empty() && !self.rest.is_empty() {
            self.heap = BinaryHeap::from(std::mem::take(&mut self.rest));
        }
        self.heap.pop()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_scores_keep_the_order_of_the_items() {
        let order: Vec<u32> = Ranking::new(&[0.0, 1.0, -0.0, 1.0], |_, _| true)
            .map(|scored| scored.item)
            .collect();
        assert_eq!(order, [1, 3, 0, 2]);
    }

    /// Also where there are so many items that only the best are put in order first, and where most scores are equal.
    #[test]
    fn many_items_come_in_order_to_the_last() {
        for levels in [3, 1_000, 1_000_003] {
            let scores: Vec<f32> = (0u64..20_000).map(|item| (item * 7_919 % levels) as f32).collect();
            let mut expected: Vec<u32> = (0..20_000).collect();
            expected.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b)));
            let ranking = Ranking::new(&scores, |_, _| true);
            assert!(levels == 3 || ranking.heap.len() < 4_000, "{}", ranking.heap.len());
            assert_eq!(ranking.map(|scored| scored.item).collect::<Vec<_>>(), expected);
        }
    }

    proptest! {
        #[test]
        fn it_is_a_sort_of_what_was_kept(scores in proptest::collection::vec(proptest::num::f32::ANY, 0..60)) {
            let ranked: Vec<Scored> = Ranking::new(&scores, |item, _| item % 3 != 0).collect();
            let expected = (0..scores.len()).filter(|item| item % 3 != 0 && scores[*item].is_finite()).count();
            prop_assert_eq!(ranked.len(), expected);
            for scored in &ranked {
                let score = scores[scored.item as usize];
                prop_assert!((scored.score - score).abs() == 0.0);
            }
            for pair in ranked.windows(2) {
                let tie = (pair[0].score - pair[1].score).abs() == 0.0;
                prop_assert!(pair[0].score > pair[1].score || (tie && pair[0].item < pair[1].item));
            }
        }
    }
}
