//! Which items the second stage looks at, and how it changes their order.

use std::collections::HashSet;
use std::hash::BuildHasher;

use super::super::selection::{self, reached_by_about};
use super::facts::Facts;

/// Best items of the first stage that are ranked again.
pub const BEST: usize = 300;
/// Newest items of each followed channel that are ranked again, wherever the first stage put them.
const NEWEST_OF_CHANNEL: usize = 5;
/// Such items at most.
const NEWEST: usize = 100;

/// The candidates: the [`BEST`] of `scores`, best first, then the newest ones of followed channels that are not among
/// them, best first. Only items that everybody may see at `time` and that are not `excluded`.
pub fn candidates<S: BuildHasher>(
    facts: &Facts,
    scores: &[f32],
    subscriptions: &[u32],
    excluded: &HashSet<u32, S>,
    time: i64,
) -> Vec<u32> {
    let score = |item: u32| scores.get(item as usize).copied().unwrap_or(f32::NAN);
    let may = |item: u32| facts.is_shown(item, time) && score(item).is_finite();
    let better = |one: &(f32, u32), other: &(f32, u32)| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1));
    let reaching = |bound: f32| -> Vec<(f32, u32)> {
        let reached = selection::reaching(scores, bound).into_iter();
        reached
            .filter(|item| may(*item))
            .map(|item| (score(item), item))
            .collect()
    };
    // Few items are excluded: to look for them among the best is quicker than among all.
    let enough = BEST + excluded.len();
    let mut shown = reaching(reached_by_about(scores, 4 * enough));
    if shown.len() <= enough {
        shown = reaching(f32::NEG_INFINITY);
    }
    if shown.len() > enough {
        shown.select_nth_unstable_by(enough, better);
        shown.truncate(enough);
    }
    shown.sort_unstable_by(better);
    let allowed = shown.iter().map(|(_, item)| *item);
    let mut best: Vec<u32> = allowed.filter(|item| !excluded.contains(item)).take(BEST).collect();
    let known: foldhash::HashSet<u32> = best.iter().copied().collect();
    let mut newest: Vec<u32> = subscriptions
        .iter()
        .flat_map(|channel| {
            let shown = facts
                .newest_of(*channel)
                .iter()
                .copied()
                .filter(|item| may(*item) && !excluded.contains(item));
            shown.take(NEWEST_OF_CHANNEL)
        })
        .filter(|item| !known.contains(item))
        .collect();
    newest.sort_by_key(|item| (std::cmp::Reverse(facts.published(*item)), *item));
    newest.dedup();
    newest.truncate(NEWEST);
    newest.sort_unstable_by(|one, other| better(&(score(*one), *one), &(score(*other), *other)));
    best.extend(newest);
    best
}

/// The places of `ranked`, highest first; equal numbers keep their order.
fn order(ranked: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ranked.len()).collect();
    order.sort_by(|one, other| ranked[*other].total_cmp(&ranked[*one]));
    order
}

/// Hands the scores of `candidates` (best first) out again in the order of `ranked`, one number for each of them. All
/// scores stay the same numbers, so whatever is measured in their spread keeps its meaning, and items that are no
/// candidates keep their score.
pub fn permute(scores: &mut [f32], candidates: &[u32], ranked: &[f32]) {
    let own: Vec<f32> = candidates.iter().map(|item| scores[*item as usize]).collect();
    for (place, score) in order(ranked).into_iter().zip(own) {
        if let Some(target) = candidates.get(place).and_then(|item| scores.get_mut(*item as usize)) {
            *target = score;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::facts::ItemFacts;
    use super::*;

    fn facts(channels: &[u32]) -> Facts {
        Facts::new((0i64..).zip(channels).map(|(published, channel)| ItemFacts {
            published,
            language: None,
            channel: *channel,
            listed: true,
        }))
    }

    #[test]
    fn the_newest_of_followed_channels_come_along() {
        let channels: Vec<u32> = (0..500).map(|item| u32::from(item >= 490)).collect();
        let facts = facts(&channels);
        let scores: Vec<f32> = (0..500).map(|item| -(item as f32)).collect();
        let nothing = HashSet::<u32>::new();
        let chosen = candidates(&facts, &scores, &[1], &nothing, 1_000);
        assert_eq!(chosen[..BEST], (0..BEST as u32).collect::<Vec<_>>());
        assert_eq!(chosen[BEST..], [495, 496, 497, 498, 499]);
        // What is not published yet, or excluded, is not there.
        let excluded = HashSet::from([0, 494]);
        let chosen = candidates(&facts, &scores, &[1, 7], &excluded, 495);
        assert_eq!(chosen[0], 1);
        assert_eq!(chosen[BEST..], [490, 491, 492, 493, 495]);
        assert!(candidates(&facts, &[], &[1], &nothing, 9).is_empty());
    }

    proptest! {
        #[test]
        fn a_permutation_keeps_all_numbers_and_touches_no_other_item(
            mut scores in proptest::collection::vec(-3.0f32..3.0, 20),
            ranked in proptest::collection::vec(-3.0f32..3.0, 12),
        ) {
            let facts = facts(&[0; 20]);
            let all = candidates(&facts, &scores, &[], &HashSet::<u32>::new(), 99);
            let chosen = &all[..12];
            let before = scores.clone();
            permute(&mut scores, chosen, &ranked);
            for item in &all[12..] {
                prop_assert!((scores[*item as usize] - before[*item as usize]).abs() == 0.0);
            }
            let sorted = |mut values: Vec<f32>| { values.sort_by(f32::total_cmp); values };
            prop_assert_eq!(sorted(scores.clone()), sorted(before));
            // The order of the candidates is that of what ranked them.
            let by_score = { let mut items = chosen.to_vec(); items.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize])); items };
            let by_rank: Vec<u32> = order(&ranked).into_iter().map(|place| chosen[place]).collect();
            let distinct: HashSet<u32> = scores.iter().map(|score| score.to_bits()).collect();
            if distinct.len() == scores.len() {
                prop_assert_eq!(by_score, by_rank);
            }
        }
    }
}
