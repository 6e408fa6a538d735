//! Where the best of many scores begin, guessed from a few of them: what is surely not among the best need not be looked at.

#![expect(
    clippy::inline_always,
    reason = "loops must be compiled with the vector unit that was found"
)]

use pulp::{Arch, Simd, WithSimd};

/// Scores that are compared at once.
const LANES: usize = 16;
/// One in so many scores is looked at.
const SAMPLE: usize = 64;

/// A score that about `count` of `scores` reach, at least 32 of which must be expected in the sample; where there are not
/// clearly more scores than that, a bound that all of them reach.
///
/// It is a guess: callers count how many reach it. Scores that are not finite are passed over.
pub fn reached_by_about(scores: &[f32], count: usize) -> f32 {
    let place = (count / SAMPLE).max(32);
    let mut sample = every(SAMPLE, scores);
    if sample.len() <= 2 * place {
        return f32::NEG_INFINITY;
    }
    *sample.select_nth_unstable_by(place, |a, b| b.total_cmp(a)).1
}

/// About `count` of the places below `length`, evenly spread; all where there are not more. `count` is at least one.
pub fn evenly_spread(length: usize, count: usize) -> impl Iterator<Item = u32> {
    (0..length as u32).step_by(length.div_ceil(count).max(1))
}

/// One in `step` scores, which is at least one; those that are not finite are passed over.
pub fn every(step: usize, scores: &[f32]) -> Vec<f32> {
    let looked_at = scores.iter().step_by(step).copied();
    looked_at.filter(|score| score.is_finite()).collect()
}

/// The places of the scores that are at least `bound`, ascending. Quick where they are few.
pub fn reaching(scores: &[f32], bound: f32) -> Vec<u32> {
    Arch::new().dispatch(Reaching { scores, bound })
}

/// The work of [`reaching`]. Not a closure, which would be compiled without the vector unit.
struct Reaching<'a> {
    scores: &'a [f32],
    bound: f32,
}

impl WithSimd for Reaching<'_> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<u32> {
        let Self { scores, bound } = self;
        let mut places = Vec::new();
        let mut look_at = |start: u32, block: &[f32]| {
            // Nobody can foretell which scores reach the bound: each place is written, and the next one over it where it does not.
            let (mut found, mut count) = ([0; LANES], 0);
            for (place, score) in (start..).zip(block.iter().take(LANES)) {
                found[count % LANES] = place;
                count += usize::from(*score >= bound);
            }
            places.extend_from_slice(&found[..count]);
        };
        let (blocks, rest) = scores.as_chunks::<LANES>();
        for (block, start) in blocks.iter().zip((0u32..).step_by(LANES)) {
            // Without a branch per score, so that a block takes a few instructions.
            if block.iter().filter(|score| **score >= bound).count() > 0 {
                look_at(start, block);
            }
        }
        look_at((scores.len() - rest.len()) as u32, rest);
        places
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn about_as_many_reach_it() {
        let scores: Vec<f32> = (0u64..100_000).map(|item| (item * 7_919 % 100_003) as f32).collect();
        let bound = reached_by_about(&scores, 4_000);
        let reached = scores.iter().filter(|score| **score >= bound).count();
        assert!((2_500..6_000).contains(&reached), "{reached}");
    }

    #[test]
    fn few_scores_all_reach_it() {
        let all = |scores: &[f32]| scores.iter().all(|score| *score >= reached_by_about(scores, 2_000));
        assert!(all(&[]) && all(&[1.0, -5.0]) && all(&vec![2.0; 3_000]));
    }

    #[test]
    fn what_is_not_finite_is_passed_over() {
        let mut scores = vec![f32::NAN; 50_000];
        scores.extend((0u16..50_000).map(f32::from));
        let bound = reached_by_about(&scores, 2_000);
        assert!(bound.is_finite() && bound > 40_000.0, "{bound}");
    }

    proptest! {
        #[test]
        fn evenly_spread_places_are_about_as_many_and_reach_over_all(length in 0usize..5_000, count in 1usize..300) {
            let places: Vec<u32> = evenly_spread(length, count).collect();
            prop_assert!(places.len() <= count && 2 * places.len() >= count.min(length));
            prop_assert!(length > count || places.len() == length);
            let last = places.last().map_or(0, |last| *last as usize);
            prop_assert!(length == 0 || length - last <= length.div_ceil(count));
        }

        #[test]
        fn nothing_that_reaches_the_bound_is_missed(
            scores in proptest::collection::vec(proptest::num::f32::ANY, 0..200),
            bound in proptest::num::f32::ANY,
        ) {
            let expected: Vec<u32> = (0u32..)
                .zip(&scores)
                .filter(|(_, score)| **score >= bound)
                .map(|(place, _)| place)
                .collect();
            prop_assert_eq!(reaching(&scores, bound), expected);
        }
    }
}
