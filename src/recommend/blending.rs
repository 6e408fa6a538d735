//! What fits the current video and the caller: similarities blended with the caller's own scores.
//!
//! Only the most similar videos are looked at, [`BLENDED`] of them about: for the others the caller's scores would be computed in
//! vain, because no list goes that far. What stays out: where both come from ([`super::scoring`]).

use super::ranking::Scored;
use super::resemblance::Resemblance;
use crate::model::selection::evenly_spread;

/// How much similarity to the current video counts in [`Strategy::Next`](super::request::Strategy); the rest is the
/// caller's own score.
const NEXT_SIMILARITY: f32 = 0.7;

/// So many of the most similar videos are blended, about; all where there are not clearly more.
const BLENDED: usize = 1_000;
/// So many of all videos, about, say with them what is little and what is much.
const OTHERS: usize = 500;

/// The most similar items with the blend of `resemblance` and of what `personal` says of some items, in no order. Those with nothing
/// in common are no answer to the question. A score that is not finite is none.
///
/// Each of the two counts from 0 for the least to 1 for the most among these items and some others, [`OTHERS`], that are
/// spread evenly over all: so what little the most similar differ in is not blown up.
pub fn blend(resemblance: &Resemblance, personal: impl FnOnce(&[u32]) -> Vec<f32>) -> Vec<Scored> {
    let nearest = resemblance.nearest(BLENDED);
    let others: Vec<u32> = evenly_spread(resemblance.items(), OTHERS).collect();
    let similar: Vec<f32> = (nearest.iter().map(|scored| scored.score))
        .chain(resemblance.about(&others))
        .collect();
    let items: Vec<u32> = nearest.iter().map(|scored| scored.item).chain(others).collect();
    let own = personal(&items);
    let (similar_unit, own_unit) = (Unit::new(&similar), Unit::new(&own));
    let blended = |(scored, own): (&Scored, &f32)| {
        let similar = similar_unit.of(scored.score);
        let score = NEXT_SIMILARITY * similar + (1.0 - NEXT_SIMILARITY) * own_unit.of(*own);
        score.is_finite().then_some(Scored {
            item: scored.item,
            score,
        })
    };
    nearest.iter().zip(&own).filter_map(blended).collect()
}

/// Maps the range of some scores to 0 to 1.
struct Unit {
    least: f32,
    /// The range; infinite where all scores are alike.
    span: f32,
}

impl Unit {
    /// For all `scores` that are finite.
    fn new(scores: &[f32]) -> Self {
        let finite = || scores.iter().copied().filter(|score| score.is_finite());
        let least = finite().fold(f32::INFINITY, f32::min);
        let span = finite().fold(f32::NEG_INFINITY, f32::max) - least;
        Self {
            least,
            span: if span > 0.0 { span } else { f32::INFINITY },
        }
    }

    fn of(&self, score: f32) -> f32 {
        (score - self.least) / self.span
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ranking::LEFT_OUT;
    use super::*;

    /// The blend of every item; `LEFT_OUT` for those that are left out.
    fn blended(similarities: &[f32], personal: &[f32]) -> Vec<f32> {
        let resemblance = Resemblance::exact(similarities.to_vec());
        let blended = blend(&resemblance, |items| {
            items.iter().map(|item| personal[*item as usize]).collect()
        });
        let mut scores = vec![LEFT_OUT; similarities.len()];
        for scored in blended {
            scores[scored.item as usize] = scored.score;
        }
        scores
    }

    #[test]
    fn the_callers_own_score_weighs_in() {
        let similarities = [LEFT_OUT, 0.5, 0.5, 0.1, -0.3, 0.0];
        let scores = blended(&similarities, &[1.0, -1.0, 1.0, 0.0, -2.0, 0.5]);
        assert!(scores[2] > scores[1] && scores[1] > scores[3], "{scores:?}");
        assert!((scores[2] - 1.0).abs() < 1e-6, "the most of both: {scores:?}");
        for left_out in [0, 4, 5] {
            assert!(scores[left_out].is_nan(), "left out before, or nothing in common");
        }
        // Of the ranges of all: 0.4 above the least similarity of 0.8, 2 above the least score of 3.
        assert!((scores[3] - (0.7 * 0.5 + 0.3 * 2.0 / 3.0)).abs() < 1e-6, "{scores:?}");
        // Alike for all: only similarity decides.
        let alike = blended(&similarities, &[2.0; 6]);
        assert!(alike[1] > alike[3] && (alike[1] - alike[2]).abs() < 1e-6);
        assert!(blended(&[], &[]).is_empty());
    }

    #[test]
    fn of_very_many_only_the_most_similar_are_looked_at() {
        let similarities: Vec<f32> = (0u64..50_000).map(|item| (item * 7_919 % 50_021) as f32).collect();
        let scores = blended(&similarities, &similarities);
        let kept: Vec<f32> = (scores.iter().zip(&similarities))
            .filter(|(score, _)| score.is_finite())
            .map(|(_, similarity)| *similarity)
            .collect();
        assert!((1_000..4_000).contains(&kept.len()), "{}", kept.len());
        let least = kept.iter().copied().fold(f32::INFINITY, f32::min);
        let as_similar = similarities.iter().filter(|similarity| **similarity >= least);
        assert_eq!(as_similar.count(), kept.len());
    }

    proptest! {
        #[test]
        fn a_unit_is_the_range(scores in proptest::collection::vec(proptest::num::f32::ANY, 0..80)) {
            let unit = Unit::new(&scores);
            let finite: Vec<f32> = scores.into_iter().filter(|score| score.is_finite()).collect();
            let least = finite.iter().copied().fold(f32::INFINITY, f32::min);
            let most = finite.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            if most - least > 0.0 && (most - least).is_finite() {
                for score in finite {
                    prop_assert!((0.0..=1.0).contains(&unit.of(score)));
                }
                prop_assert!((unit.of(most) - 1.0).abs() < 1e-6 && unit.of(least).abs() < 1e-6);
            } else if most <= least {
                prop_assert!(finite.iter().all(|score| unit.of(*score).abs() == 0.0));
            }
        }
    }
}
