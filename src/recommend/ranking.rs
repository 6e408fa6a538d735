//! Best first, lazily: most requests look at a few hundred of all items, so sorting all of them would be waste.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

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

/// Items from best to worst. Preparing it is linear in the number of items, each step logarithmic.
#[derive(Debug, Default)]
pub struct Ranking {
    heap: BinaryHeap<Scored>,
}

impl Ranking {
    /// Ranks the items that `keep` lets pass. `scores` has one entry per item; entries that are not finite are dropped.
    pub fn new(scores: &[f32], mut keep: impl FnMut(u32, f32) -> bool) -> Self {
        let kept: Vec<Scored> = (0u32..)
            .zip(scores)
            .filter(|(item, score)| score.is_finite() && keep(*item, **score))
            // Adding zero makes one zero of both, so that their order is that of the items.
            .map(|(item, score)| Scored {
                item,
                score: score + 0.0,
            })
            .collect();
        Self {
            heap: BinaryHeap::from(kept),
        }
    }
}

impl Iterator for Ranking {
    type Item = Scored;

    fn next(&mut self) -> Option<Scored> {
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
