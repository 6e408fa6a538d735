//! No channel fills a page, and no instance does.
//!
//! A list is gone through from the best down; an entry whose channel or instance has had its turn waits until it may come.
//! The rules:
//!
//! 1. at most [`IN_A_ROW`] entries of one channel directly after each other, and at most [`PER_WINDOW`] of one channel
//!    among any [`WINDOW`] entries;
//! 2. among any [`TEN`] entries at least [`CHANNELS_IN_TEN`] channels;
//! 3. among any [`TEN`] entries at least [`INSTANCES_IN_TEN`] instances.
//!
//! Rules 2 and 3 hold where the whole list has that many: with fewer, they would only push one channel before the others.
//! The best entry that follows all of them comes. Where none does, rule 3 is given up for this place, then rule 2, then
//! rule 1: a small instance may have one channel only, and follow nobody. For rules 2 and 3 the whole list is looked at,
//! because another instance may come late in it; for rule 1 alone the next [`LOOK_AHEAD`]. A list is rearranged before it is
//! cut into pages, whole or in two parts whose border does not depend on the page, so pages never overlap.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

/// Entries of one channel directly after each other, at most.
pub const IN_A_ROW: usize = 2;
/// Entries of one channel among [`WINDOW`], at most.
pub const PER_WINDOW: usize = 4;
/// Length of the window: the default page.
pub const WINDOW: usize = 15;
/// How far down the list an entry may be that comes instead of a better one when only rule 1 asks for it.
pub const LOOK_AHEAD: usize = 60;
/// Length of the window in which channels and instances are counted.
pub const TEN: usize = 10;
/// Channels among [`TEN`] entries, at least.
pub const CHANNELS_IN_TEN: usize = 6;
/// Instances among [`TEN`] entries, at least.
pub const INSTANCES_IN_TEN: usize = 3;

/// Where an entry comes from, as small numbers; `None` is not known and never held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Origin {
    channel: Option<usize>,
    instance: Option<usize>,
}

/// Whether `entries` hold as many channels and instances as the rules ask for: then more entries would not change what
/// the rules are. Where no entry names its instance, instances do not count.
pub fn is_diverse<T, C, I>(entries: &[T], channel: impl Fn(&T) -> Option<C>, instance: impl Fn(&T) -> Option<I>) -> bool
where
    C: Eq + Hash,
    I: Eq + Hash,
{
    let channels: HashSet<C> = entries.iter().filter_map(channel).collect();
    let instances: HashSet<I> = entries.iter().filter_map(instance).collect();
    channels.len() >= CHANNELS_IN_TEN && (instances.is_empty() || instances.len() >= INSTANCES_IN_TEN)
}

/// Rearranges `entries`, best first, to come after `before`, which stay as they are. `channel` and `instance` name an
/// entry's; entries without one are never held back. Returns all, `before` first.
pub fn diversify<T, C, I>(
    before: Vec<T>,
    entries: Vec<T>,
    channel: impl Fn(&T) -> Option<C>,
    instance: impl Fn(&T) -> Option<I>,
) -> Vec<T>
where
    C: Eq + Hash,
    I: Eq + Hash,
{
    let (mut channels, mut instances) = (Numbers::default(), Numbers::default());
    let mut origin = |entry: &T| Origin {
        channel: channel(entry).map(|channel| channels.of(channel)),
        instance: instance(entry).map(|instance| instances.of(instance)),
    };
    let mut placed: Vec<Origin> = before.iter().map(&mut origin).collect();
    let mut waiting: VecDeque<(Origin, T)> = entries.into_iter().map(|entry| (origin(&entry), entry)).collect();
    let mut arranged = before;
    while !waiting.is_empty() {
        let last = Last::new(&placed, channels.count(), instances.count());
        let place = choose(waiting.iter().map(|(origin, _)| *origin), &last);
        if let Some((origin, entry)) = waiting.remove(place) {
            placed.push(origin);
            arranged.push(entry);
        }
    }
    arranged
}

/// Which of the waiting entries comes next.
fn choose(waiting: impl Iterator<Item = Origin> + Clone, last: &Last) -> usize {
    let with_instances = |origin: Origin| last.keeps_turns(origin) && last.keeps_channels(origin);
    waiting
        .clone()
        .position(|origin| with_instances(origin) && last.keeps_instances(origin))
        .or_else(|| waiting.clone().position(with_instances))
        .or_else(|| waiting.take(LOOK_AHEAD).position(|origin| last.keeps_turns(origin)))
        .unwrap_or(0)
}

/// Numbers things in order of appearance.
struct Numbers<K>(HashMap<K, usize>);

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Numbers<K> {
    fn of(&mut self, key: K) -> usize {
        let next = self.0.len();
        *self.0.entry(key).or_insert(next)
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}

/// What was placed last, counted once per place.
struct Last {
    row: Option<(usize, usize)>,
    channels_in_window: Vec<usize>,
    channels: Repeats,
    instances: Repeats,
}

impl Last {
    fn new(placed: &[Origin], channels: usize, instances: usize) -> Self {
        let back = |length: usize| placed.iter().rev().take(length);
        let row = placed.last().and_then(|origin| origin.channel).map(|channel| {
            let in_a_row = placed.iter().rev().take_while(|origin| origin.channel == Some(channel));
            (channel, in_a_row.count())
        });
        let mut channels_in_window = vec![0; channels];
        for channel in back(WINDOW - 1).filter_map(|origin| origin.channel) {
            if let Some(count) = channels_in_window.get_mut(channel) {
                *count += 1;
            }
        }
        Self {
            row,
            channels_in_window,
            channels: Repeats::new(back(TEN - 1).map(|origin| origin.channel), channels, CHANNELS_IN_TEN),
            instances: Repeats::new(back(TEN - 1).map(|origin| origin.instance), instances, INSTANCES_IN_TEN),
        }
    }

    fn keeps_turns(&self, candidate: Origin) -> bool {
        let Some(channel) = candidate.channel else { return true };
        let in_a_row = self
            .row
            .map_or(0, |(last, count)| if last == channel { count } else { 0 });
        let in_window = self.channels_in_window.get(channel).copied().unwrap_or(0);
        in_a_row < IN_A_ROW && in_window < PER_WINDOW
    }

    fn keeps_channels(&self, candidate: Origin) -> bool {
        self.channels.allows(candidate.channel)
    }

    fn keeps_instances(&self, candidate: Origin) -> bool {
        self.instances.allows(candidate.instance)
    }
}

/// Ten entries have at least so many kinds when at most the rest of them repeat one: that can be kept entry by entry.
struct Repeats {
    present: Vec<bool>,
    found: usize,
    allowed: usize,
}

impl Repeats {
    /// `count` is how many kinds the whole list has.
    fn new(kinds: impl Iterator<Item = Option<usize>>, count: usize, least: usize) -> Self {
        let allowed = if count < least { TEN } else { TEN - least };
        let mut present = vec![false; count];
        let mut found = 0;
        for kind in kinds.flatten() {
            if let Some(seen) = present.get_mut(kind) {
                found += usize::from(*seen);
                *seen = true;
            }
        }
        Self {
            present,
            found,
            allowed,
        }
    }

    fn allows(&self, kind: Option<usize>) -> bool {
        let repeats = kind.is_some_and(|kind| self.present.get(kind).copied().unwrap_or(false));
        !repeats || self.found < self.allowed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// Place in the list before, channel, instance.
    type Entry = (usize, Option<u8>, Option<u8>);

    fn rearranged(origins: &[(Option<u8>, Option<u8>)]) -> Vec<Entry> {
        let entries = (0..)
            .zip(origins)
            .map(|(place, (channel, instance))| (place, *channel, *instance));
        diversify(Vec::new(), entries.collect(), |entry| entry.1, |entry| entry.2)
    }

    fn order(channels: &[u8]) -> Vec<usize> {
        let origins: Vec<_> = channels.iter().map(|channel| (Some(*channel), Some(0))).collect();
        rearranged(&origins).iter().map(|entry| entry.0).collect()
    }

    #[test]
    fn a_third_in_a_row_waits() {
        assert_eq!(order(&[1, 1, 1, 2, 3]), [0, 1, 3, 2, 4]);
    }

    #[test]
    fn a_single_channel_is_listed_all_the_same() {
        assert_eq!(order(&[1; 9]), (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn ten_have_six_channels_and_three_instances_even_if_the_others_come_late() {
        // Three channels of one instance are best by far; two other instances come last, behind 100 entries.
        let mut origins: Vec<(Option<u8>, Option<u8>)> = (0..100).map(|place| (Some(place % 3), Some(0))).collect();
        origins.extend((0..20).map(|place| (Some(10 + place), Some(1 + place % 2))));
        let after = rearranged(&origins);
        let kinds = |of: fn(&Entry) -> Option<u8>| after[..10].iter().filter_map(of).collect::<HashSet<u8>>().len();
        assert!(kinds(|entry| entry.1) >= CHANNELS_IN_TEN, "{:?}", &after[..10]);
        assert!(kinds(|entry| entry.2) >= INSTANCES_IN_TEN, "{:?}", &after[..10]);
        assert_eq!(after[0].0, 0, "the best is still first");
    }

    fn origins() -> impl Strategy<Value = Vec<(Option<u8>, Option<u8>)>> {
        let origin = (
            proptest::option::weighted(0.9, 0u8..9),
            proptest::option::weighted(0.9, 0u8..4),
        );
        proptest::collection::vec(origin, 0..80)
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_equal_origins_keep_their_order(origins in origins()) {
            let after = rearranged(&origins);
            let mut indices: Vec<usize> = after.iter().map(|entry| entry.0).collect();
            for origin in &origins {
                let same = after.iter().filter(|entry| (entry.1, entry.2) == *origin);
                prop_assert!(same.is_sorted_by_key(|entry| entry.0));
            }
            indices.sort_unstable();
            prop_assert_eq!(indices, (0..origins.len()).collect::<Vec<_>>());
        }

        #[test]
        fn rules_are_only_broken_when_nothing_waiting_can_follow_them(origins in origins()) {
            let after = rearranged(&origins);
            let (mut channels, mut instances) = (Numbers::default(), Numbers::default());
            for (channel, instance) in &origins {
                channel.map(|channel| channels.of(channel));
                instance.map(|instance| instances.of(instance));
            }
            let origin = |entry: &Entry| Origin {
                channel: entry.1.map(|channel| channels.0[&channel]),
                instance: entry.2.map(|instance| instances.0[&instance]),
            };
            let placed: Vec<Origin> = after.iter().map(origin).collect();
            for place in 0..after.len() {
                let last = Last::new(&placed[..place], channels.count(), instances.count());
                let strict = |origin: &Origin| {
                    last.keeps_turns(*origin) && last.keeps_channels(*origin) && last.keeps_instances(*origin)
                };
                if !strict(&placed[place]) {
                    prop_assert!(!placed[place..].iter().any(strict));
                }
                if !last.keeps_turns(placed[place]) {
                    let mut rest: Vec<Entry> = after[place..].to_vec();
                    rest.sort_unstable_by_key(|entry| entry.0);
                    prop_assert!(!rest.iter().take(LOOK_AHEAD).any(|entry| last.keeps_turns(origin(entry))));
                }
            }
        }

        /// What comes after a first part follows the rules as if the first part were no part but the beginning.
        #[test]
        fn a_second_part_goes_on_where_the_first_one_ends(origins in origins(), cut in 0usize..80) {
            let entries: Vec<Entry> = (0..).zip(&origins).map(|(place, origin)| (place, origin.0, origin.1)).collect();
            let cut = cut.min(entries.len());
            let first = diversify(Vec::new(), entries[..cut].to_vec(), |entry| entry.1, |entry| entry.2);
            let whole = diversify(first.clone(), entries[cut..].to_vec(), |entry| entry.1, |entry| entry.2);
            prop_assert_eq!(&whole[..cut], &first[..]);
            let mut places: Vec<usize> = whole.iter().map(|entry| entry.0).collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..entries.len()).collect::<Vec<_>>());
            let channel = |entry: &Entry| entry.1;
            for place in cut.max(2)..whole.len() {
                let three = channel(&whole[place]).filter(|_| {
                    channel(&whole[place]) == channel(&whole[place - 1]) && channel(&whole[place]) == channel(&whole[place - 2])
                });
                if let Some(third) = three {
                    let mut rest: Vec<&Entry> = whole[place..].iter().collect();
                    rest.sort_unstable_by_key(|entry| entry.0);
                    let other = rest.iter().take(LOOK_AHEAD).any(|entry| {
                        let in_window = whole[place.saturating_sub(WINDOW - 1)..place].iter().filter(|before| channel(before) == channel(entry));
                        channel(entry) != Some(third) && (channel(entry).is_none() || in_window.count() < PER_WINDOW)
                    });
                    prop_assert!(!other, "{} comes a third time in a row at {}", third, place);
                }
            }
        }

        #[test]
        fn a_diverse_list_stays_as_it_is(length in 0usize..60) {
            let after = diversify(Vec::new(), (0..length).collect(), |entry| Some(*entry), |entry| Some(*entry));
            prop_assert_eq!(after, (0..length).collect::<Vec<_>>());
        }

        #[test]
        fn every_ten_are_spread_where_there_are_enough(channels in proptest::collection::vec(0u8..40, 60..120)) {
            let origins: Vec<_> = channels.iter().map(|channel| (Some(*channel), Some(channel % 5))).collect();
            let after = rearranged(&origins);
            let distinct = |of: fn(&Entry) -> Option<u8>| after[..10].iter().filter_map(of).collect::<HashSet<_>>().len();
            let there = |modulus: u8| channels.iter().map(|channel| channel % modulus).collect::<HashSet<_>>().len();
            if there(40) >= 10 && there(5) >= INSTANCES_IN_TEN {
                prop_assert!(distinct(|entry| entry.1) >= CHANNELS_IN_TEN);
                prop_assert!(distinct(|entry| entry.2) >= INSTANCES_IN_TEN);
            }
        }
    }
}
