//! Best first, lazily: most requests look at a few hundred of all items, so sorting all of them would be waste.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::model::selection::{reached_by_about, reaching};

/// The score of an item that is left out of a ranking; any other that is not finite does the same.
pub const LEFT_OUT: f32 = f32::NAN;

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
#[derive(Default)]
pub struct Ranking {
    /// The best.
    heap: BinaryHeap<Scored>,
    /// Makes a list, in no order, of the items that are worse than those in the heap; hardly anybody asks.
    rest: Option<Box<dyn FnOnce() -> Vec<Scored> + Send>>,
}

/// How many items the heap begins with, about; nearly no list looks at more.
const BEST: usize = 2_000;

impl Ranking {
    /// Ranks all items: `scores` has one entry for each, and those whose entry is not finite are left out.
    pub fn new(scores: Arc<Vec<f32>>) -> Self {
        let bound = reached_by_about(&scores, BEST);
        let scored = |(item, score): (u32, &f32)| {
            // Adding zero makes one zero of both, so that their order is that of the items.
            let score = *score + 0.0;
            score.is_finite().then_some(Scored { item, score })
        };
        let best = reaching(&scores, bound).into_iter();
        let heap = best
            .filter_map(|item| scored((item, scores.get(item as usize)?)))
            .collect();
        let rest = move || {
            let worse = (0u32..).zip(scores.iter()).filter(|(_, score)| **score < bound);
            worse.filter_map(scored).collect()
        };
        Self {
            heap,
            rest: Some(Box::new(rest)),
        }
    }

    /// Ranks `best`, in whatever order they are given, and then what `rest` makes when it is asked for. All scores are finite.
    pub fn beginning_with(best: Vec<Scored>, rest: impl FnOnce() -> Vec<Scored> + Send + 'static) -> Self {
        Self {
            heap: BinaryHeap::from(best),
            rest: Some(Box::new(rest)),
        }
    }
}

impl Iterator for Ranking {
    type Item = Scored;

    fn next(&mut self) -> Option<Scored> {
        if self.heap.is_empty()
            && let Some(rest) = self.rest.take()
        {
            self.heap = BinaryHeap::from(rest());
        }
        self.heap.pop()
    }

    /// Without the rest: making it takes long.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let upper = self.rest.is_none().then_some(self.heap.len());
        (self.heap.len(), upper)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_scores_keep_the_order_of_the_items() {
        let order: Vec<u32> = Ranking::new(Arc::new(vec![0.0, 1.0, -0.0, 1.0]))
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
            let ranking = Ranking::new(Arc::new(scores));
            assert!(levels == 3 || ranking.heap.len() < 4_000, "{}", ranking.heap.len());
            assert_eq!(ranking.map(|scored| scored.item).collect::<Vec<_>>(), expected);
        }
    }

    proptest! {
        #[test]
        fn it_is_a_sort_of_what_is_finite(scores in proptest::collection::vec(proptest::num::f32::ANY, 0..60)) {
            let ranked: Vec<Scored> = Ranking::new(Arc::new(scores.clone())).collect();
            let expected = (0..scores.len()).filter(|item| scores[*item].is_finite()).count();
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
