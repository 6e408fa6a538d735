//! No channel fills a page, no topic and no instance does.
//!
//! A list is gone through from the best down; an entry whose channel, topic or instance has had its turn waits until
//! it may come.
//! The rules:
//!
//! 1. at most [`IN_A_ROW`] entries of one channel directly after each other, and at most [`PER_WINDOW`] of one channel
//!    among any [`WINDOW`] entries;
//! 2. among any [`TEN`] entries at least [`CHANNELS_IN_TEN`] channels;
//! 3. among any [`TEN`] entries at least [`TOPICS_IN_TEN`] topics;
//! 4. among any [`TEN`] entries at least [`INSTANCES_IN_TEN`] instances.
//!
//! Rules 2 to 4 hold where the whole list has that many: with fewer, they would only push one channel before the others.
//! The best entry that follows all of them comes. Where none does, rule 4 is given up for this place, then rule 3, then
//! rule 2, then rule 1: a small instance may have one channel only, and follow nobody. For rules 2 to 4 the whole list is
//! looked at, because another instance may come late in it; for rule 1 alone the next [`LOOK_AHEAD`]. A list is rearranged
//! before it is cut into pages, whole or in two parts whose border does not depend on the page, and as far as the page goes: what
//! comes first does not depend on how much is asked for. So pages never overlap.

use std::collections::VecDeque;

use foldhash::HashMap;

use crate::model::numbering::Numbers;

/// Entries of one channel directly after each other, at most.
pub const IN_A_ROW: usize = 2;
/// Entries of one channel among [`WINDOW`], at most.
pub const PER_WINDOW: usize = 4;
/// Length of the window: the default page.
pub const WINDOW: usize = 15;
/// How far down the list an entry may be that comes instead of a better one when only rule 1 asks for it.
pub const LOOK_AHEAD: usize = 60;
/// Length of the window in which channels, topics and instances are counted.
pub const TEN: usize = 10;
/// Channels among [`TEN`] entries, at least.
pub const CHANNELS_IN_TEN: usize = 6;
/// Topics among [`TEN`] entries, at least.
pub const TOPICS_IN_TEN: usize = 5;
/// Instances among [`TEN`] entries, at least.
pub const INSTANCES_IN_TEN: usize = 3;

/// Where an entry comes from, each as any number; `None` is not known or does not count, and is never held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The channel.
    pub channel: Option<u32>,
    /// What it is about.
    pub topic: Option<u32>,
    /// The instance.
    pub instance: Option<u32>,
}

/// Whether `origins` are of as many channels, topics and instances, evenly enough, that all of them can follow rules 2 to 4: then
/// more entries are not needed for it. What no entry names does not count.
///
/// Ten entries of `least` kinds have at least `least - j` that are not of the `j` most common kinds; so of all entries, as large a
/// share must not be.
pub fn is_diverse(origins: &[Origin]) -> bool {
    let enough = |of: fn(Origin) -> Option<u32>, least: usize| {
        let mut entries: HashMap<u32, usize> = HashMap::default();
        let named = origins.iter().copied().filter_map(of);
        named.for_each(|kind| *entries.entry(kind).or_default() += 1);
        let mut counts: Vec<usize> = entries.into_values().collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let all: usize = counts.iter().sum();
        let others = |most_common: usize| counts.iter().skip(most_common).sum::<usize>();
        (0..least).all(|most_common| TEN * others(most_common) >= (least - most_common) * all)
    };
    origins.iter().any(|origin| origin.channel.is_some())
        && enough(|origin| origin.channel, CHANNELS_IN_TEN)
        && enough(|origin| origin.topic, TOPICS_IN_TEN)
        && enough(|origin| origin.instance, INSTANCES_IN_TEN)
}

/// Which places an arrangement has.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// So many entries stand before the list and are none of its places.
    pub before: usize,
    /// One place in so many, the last of them, is kept for the other entries; `None`: they come last.
    pub kept: Option<usize>,
    /// Places that are filled at most.
    pub wanted: usize,
}

/// Rearranges `entries`, best first, to come after `arranged`, which stay as they are and are followed by them in the answer.
/// The places that are kept go to `others`, in the same way, as far as there are any; where one of `entries` follows more rules, it
/// comes first.
pub fn diversify<T>(
    mut arranged: Vec<T>,
    [entries, others]: [Vec<T>; 2],
    places: Places,
    origin: impl Fn(&T) -> Origin,
) -> Vec<T> {
    let mut numbers = Numbering::default();
    let mut small = |entry: &T| Kinds::new(origin(entry), &mut numbers);
    let mut placed: Vec<Kinds> = arranged.iter().map(&mut small).collect();
    let mut queues = [entries, others].map(|entries| {
        let waiting = entries.into_iter().map(|entry| (small(&entry), entry));
        waiting.collect::<VecDeque<(Kinds, T)>>()
    });
    let counts = numbers.each_ref().map(Numbers::count);
    let mut owed = 0usize;
    while arranged.len() < places.before.saturating_add(places.wanted) {
        let place = arranged.len() + 1 - places.before;
        owed += usize::from(places.kept.is_some_and(|kept| place.is_multiple_of(kept)));
        let last = Last::new(&placed, counts);
        let [entry, other] = [0, 1].map(|queue: usize| choose(queues[queue].iter().map(|(kinds, _)| *kinds), &last));
        let is_turn_of_other =
            owed > 0 && other.is_some_and(|other| entry.is_none_or(|entry| other.follows >= entry.follows));
        let queue = usize::from(is_turn_of_other || entry.is_none());
        let Some(chosen) = [entry, other][queue] else { break };
        let Some((kinds, entry)) = queues[queue].remove(chosen.place) else {
            break;
        };
        owed = owed.saturating_sub(queue);
        placed.push(kinds);
        arranged.push(entry);
    }
    arranged
}

/// Channel, topic and instance.
const KINDS: usize = 3;

/// An [`Origin`] in numbers from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kinds([Option<u32>; KINDS]);

/// The numbers of channels, topics and instances.
type Numbering = [Numbers<u32>; KINDS];

impl Kinds {
    fn new(origin: Origin, numbers: &mut Numbering) -> Self {
        let mut kinds = [origin.channel, origin.topic, origin.instance];
        for (kind, numbers) in kinds.iter_mut().zip(numbers) {
            *kind = kind.map(|kind| numbers.of(kind));
        }
        Self(kinds)
    }

    fn channel(self) -> Option<u32> {
        self.0[0]
    }
}

/// A waiting entry, and how many of the rules 2 to 4 it follows; `None`: not even rule 1.
#[derive(Debug, Clone, Copy)]
struct Choice {
    follows: Option<usize>,
    place: usize,
}

/// Which of the waiting entries comes next: the first of those that follow the most rules. `None` where nothing waits.
fn choose(waiting: impl Iterator<Item = Kinds>, last: &Last) -> Option<Choice> {
    let mut chosen: Option<Choice> = None;
    for (place, kinds) in waiting.enumerate() {
        // The first comes where none follows rule 1.
        let first = chosen.get_or_insert(Choice { follows: None, place });
        if !last.keeps_turns(kinds) {
            continue;
        }
        let followed = last.followed(kinds);
        let is_eligible = followed > 0 || place < LOOK_AHEAD;
        if is_eligible && first.follows.is_none_or(|most| followed > most) {
            *first = Choice {
                follows: Some(followed),
                place,
            };
        }
        if followed == KINDS {
            break;
        }
    }
    chosen
}

/// What was placed last, counted once per place.
struct Last {
    row: Option<(u32, usize)>,
    channels_in_window: Vec<usize>,
    /// Of channels, topics and instances.
    repeats: [Repeats; KINDS],
}

impl Last {
    /// `counts` are how many channels, topics and instances the whole list has.
    fn new(placed: &[Kinds], counts: [usize; KINDS]) -> Self {
        let back = |length: usize| placed.iter().rev().take(length);
        let row = placed.last().and_then(|kinds| kinds.channel()).map(|channel| {
            let in_a_row = placed.iter().rev().take_while(|kinds| kinds.channel() == Some(channel));
            (channel, in_a_row.count())
        });
        let mut channels_in_window = vec![0; counts[0]];
        for channel in back(WINDOW - 1).filter_map(|kinds| kinds.channel()) {
            if let Some(count) = channels_in_window.get_mut(channel as usize) {
                *count += 1;
            }
        }
        let least = [CHANNELS_IN_TEN, TOPICS_IN_TEN, INSTANCES_IN_TEN];
        Self {
            row,
            channels_in_window,
            repeats: std::array::from_fn(|kind| {
                Repeats::new(back(TEN - 1).map(|kinds| kinds.0[kind]), counts[kind], least[kind])
            }),
        }
    }

    fn keeps_turns(&self, candidate: Kinds) -> bool {
        let Some(channel) = candidate.channel() else {
            return true;
        };
        let in_a_row = self
            .row
            .map_or(0, |(last, count)| if last == channel { count } else { 0 });
        let in_window = self.channels_in_window.get(channel as usize).copied().unwrap_or(0);
        in_a_row < IN_A_ROW && in_window < PER_WINDOW
    }

    /// How many of the rules 2 to 4 the candidate follows, before the first that it does not.
    fn followed(&self, candidate: Kinds) -> usize {
        let kinds = self.repeats.iter().zip(candidate.0);
        kinds.take_while(|(repeats, kind)| repeats.allows(*kind)).count()
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
    fn new(kinds: impl Iterator<Item = Option<u32>>, count: usize, least: usize) -> Self {
        let allowed = if count < least { TEN } else { TEN - least };
        let mut present = vec![false; count];
        let mut found = 0;
        for kind in kinds.flatten() {
            if let Some(seen) = present.get_mut(kind as usize) {
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

    fn allows(&self, kind: Option<u32>) -> bool {
        let repeats = kind.is_some_and(|kind| self.present.get(kind as usize).copied().unwrap_or(false));
        !repeats || self.found < self.allowed
    }
}

#[cfg(test)]
mod tests;
