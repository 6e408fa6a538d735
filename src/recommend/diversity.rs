//! No channel fills a page.
//!
//! A list is gone through from the best down; an entry whose channel has had its turn waits until it may come. The
//! rules, as long as one of the next [`LOOK_AHEAD`] waiting entries can follow them:
//!
//! - at most [`IN_A_ROW`] entries of one channel directly after each other,
//! - at most [`PER_WINDOW`] of one channel among any [`WINDOW`] entries.
//!
//! Where none can, the best one comes all the same: a small instance may have one channel only. The whole list is
//! rearranged before it is cut into pages, so pages never overlap.

use std::collections::VecDeque;

/// Entries of one channel directly after each other, at most.
pub const IN_A_ROW: usize = 2;
/// Entries of one channel among [`WINDOW`], at most.
pub const PER_WINDOW: usize = 4;
/// Length of the window: the default page.
pub const WINDOW: usize = 15;
/// How far down the list an entry may be that comes instead of a better one.
pub const LOOK_AHEAD: usize = 60;

/// Rearranges `entries`, best first. `channel` names an entry's channel; entries without one are never held back.
pub fn diversify<T, C: PartialEq>(entries: Vec<T>, channel: impl Fn(&T) -> Option<C>) -> Vec<T> {
    let mut waiting: VecDeque<T> = entries.into();
    let mut placed: Vec<T> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let place = waiting
            .iter()
            .take(LOOK_AHEAD)
            .position(|candidate| may_follow(&placed, channel(candidate).as_ref(), &channel))
            .unwrap_or(0);
        placed.extend(waiting.remove(place));
    }
    placed
}

fn may_follow<T, C: PartialEq>(placed: &[T], candidate: Option<&C>, channel: &impl Fn(&T) -> Option<C>) -> bool {
    let Some(candidate) = candidate else { return true };
    let same = |entry: &T| channel(entry).as_ref() == Some(candidate);
    let in_a_row = placed.iter().rev().take_while(|entry| same(entry)).count();
    let in_window = placed.iter().rev().take(WINDOW - 1).filter(|entry| same(entry)).count();
    in_a_row < IN_A_ROW && in_window < PER_WINDOW
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Entry = (usize, Option<u8>);

    fn rearranged(channels: &[Option<u8>]) -> Vec<Entry> {
        diversify(channels.iter().copied().enumerate().collect(), |entry| entry.1)
    }

    #[test]
    fn a_third_in_a_row_waits() {
        let order: Vec<usize> = rearranged(&[Some(1), Some(1), Some(1), Some(2), Some(3)])
            .iter()
            .map(|entry| entry.0)
            .collect();
        assert_eq!(order, [0, 1, 3, 2, 4]);
    }

    #[test]
    fn a_single_channel_is_listed_all_the_same() {
        let order: Vec<usize> = rearranged(&[Some(1); 9]).iter().map(|entry| entry.0).collect();
        assert_eq!(order, (0..9).collect::<Vec<_>>());
    }

    fn channels() -> impl Strategy<Value = Vec<Option<u8>>> {
        proptest::collection::vec(proptest::option::weighted(0.9, 0u8..6), 0..80)
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_each_channel_keeps_its_order(channels in channels()) {
            let after = rearranged(&channels);
            let mut indices: Vec<usize> = after.iter().map(|entry| entry.0).collect();
            for channel in (0..6).map(Some).chain([None]) {
                prop_assert!(after.iter().filter(|entry| entry.1 == channel).is_sorted_by_key(|entry| entry.0));
            }
            indices.sort_unstable();
            prop_assert_eq!(indices, (0..channels.len()).collect::<Vec<_>>());
        }

        #[test]
        fn rules_are_only_broken_when_nothing_near_can_follow_them(channels in channels()) {
            let after = rearranged(&channels);
            for place in 0..after.len() {
                let allowed = |entry: &Entry| may_follow(&after[..place], entry.1.as_ref(), &|entry: &Entry| entry.1);
                if !allowed(&after[place]) {
                    let mut rest: Vec<Entry> = after[place..].to_vec();
                    rest.sort_unstable_by_key(|entry| entry.0);
                    prop_assert!(!rest.iter().take(LOOK_AHEAD).any(allowed));
                }
            }
        }

        #[test]
        fn a_diverse_list_stays_as_it_is(length in 0usize..60) {
            let after = diversify((0..length).collect(), |entry| Some(*entry));
            prop_assert_eq!(after, (0..length).collect::<Vec<_>>());
        }
    }
}
