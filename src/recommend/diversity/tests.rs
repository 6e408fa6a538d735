//! The rules hold where they can, and what happens where they cannot.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Place in the list before, and origin.
type Entry = (usize, Origin);

const ALL: Places = Places {
    before: 0,
    kept: None,
    wanted: usize::MAX,
};

fn from(channel: u32, instance: u32) -> Origin {
    Origin {
        channel: Some(channel),
        topic: None,
        instance: Some(instance),
    }
}

fn rearranged(origins: &[Origin]) -> Vec<Entry> {
    let entries = (0..).zip(origins.iter().copied());
    diversify(Vec::new(), [entries.collect(), Vec::new()], ALL, |entry: &Entry| {
        entry.1
    })
}

fn order(channels: &[u32]) -> Vec<usize> {
    let origins: Vec<_> = channels.iter().map(|channel| from(*channel, 0)).collect();
    rearranged(&origins).iter().map(|entry| entry.0).collect()
}

fn distinct(entries: &[Entry], of: fn(Origin) -> Option<u32>) -> usize {
    entries
        .iter()
        .filter_map(|entry| of(entry.1))
        .collect::<HashSet<_>>()
        .len()
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
    let mut origins: Vec<Origin> = (0..100).map(|place| from(place % 3, 0)).collect();
    origins.extend((0..20).map(|place| from(10 + place, 1 + place % 2)));
    let after = rearranged(&origins);
    assert!(
        distinct(&after[..10], |origin| origin.channel) >= CHANNELS_IN_TEN,
        "{:?}",
        &after[..10]
    );
    assert!(
        distinct(&after[..10], |origin| origin.instance) >= INSTANCES_IN_TEN,
        "{:?}",
        &after[..10]
    );
    assert_eq!(after[0].0, 0, "the best is still first");
}

#[test]
fn ten_have_five_topics_where_there_are_as_many() {
    let about = |channel: u32, topic: u32| Origin {
        topic: Some(topic),
        ..from(channel, 0)
    };
    let list = |topics: u32| -> Vec<Entry> {
        let later = (0..20).map(|place| about(200 + place, 1 + place % (topics - 1)));
        rearranged(&(0..100).map(|place| about(place, 0)).chain(later).collect::<Vec<_>>())
    };
    assert_eq!(distinct(&list(5)[..10], |origin| origin.topic), TOPICS_IN_TEN);
    let places: Vec<usize> = list(4)[..10].iter().map(|entry| entry.0).collect();
    assert_eq!(
        places,
        (0..10).collect::<Vec<_>>(),
        "with fewer topics they do not count"
    );
}

#[test]
fn a_part_is_enough_only_where_no_instance_has_nearly_all_of_it() {
    let with_others = |others: u32| {
        let origin = |place: u32| from(place, if place < others { 1 + place % 2 } else { 0 });
        is_diverse(&(0..200).map(origin).collect::<Vec<_>>())
    };
    // Two in ten, one of them of the rarest instance.
    assert!(with_others(40) && !with_others(39) && !with_others(4));
}

#[test]
fn a_part_is_enough_with_six_channels_and_as_many_topics_and_instances_as_are_asked_for() {
    let of = |channels: u32, topics: u32, instances: u32| {
        let origin = move |place: u32| Origin {
            channel: Some(place % channels),
            topic: (topics > 0).then(|| place % topics),
            instance: (instances > 0).then(|| place % instances),
        };
        is_diverse(&(0..60).map(origin).collect::<Vec<_>>())
    };
    assert!(
        of(6, 5, 3) && of(6, 0, 3) && of(6, 5, 0),
        "what nobody names does not count"
    );
    assert!(!of(5, 5, 3) && !of(6, 4, 3) && !of(6, 5, 2));
}

fn origins() -> impl Strategy<Value = Vec<Origin>> {
    let kind = |count: u32| proptest::option::weighted(0.9, 0..count);
    let origin = (kind(9), kind(5), kind(4)).prop_map(|(channel, topic, instance)| Origin {
        channel,
        topic,
        instance,
    });
    proptest::collection::vec(origin, 0..80)
}

proptest! {
    #[test]
    fn nothing_is_lost_and_equal_origins_keep_their_order(origins in origins()) {
        let after = rearranged(&origins);
        let mut indices: Vec<usize> = after.iter().map(|entry| entry.0).collect();
        for origin in &origins {
            let same = after.iter().filter(|entry| entry.1 == *origin);
            prop_assert!(same.is_sorted_by_key(|entry| entry.0));
        }
        indices.sort_unstable();
        prop_assert_eq!(indices, (0..origins.len()).collect::<Vec<_>>());
    }

    #[test]
    fn rules_are_only_broken_when_nothing_waiting_can_follow_them(origins in origins()) {
        let after = rearranged(&origins);
        let mut numbers = Numbering::default();
        let placed: Vec<Kinds> = after.iter().map(|entry| Kinds::new(entry.1, &mut numbers)).collect();
        let counts = numbers.each_ref().map(Numbers::count);
        for place in 0..after.len() {
            let last = Last::new(&placed[..place], counts);
            let strict = |kinds: &Kinds| last.keeps_turns(*kinds) && last.followed(*kinds) == KINDS;
            if !strict(&placed[place]) {
                prop_assert!(!placed[place..].iter().any(strict));
            }
            if !last.keeps_turns(placed[place]) {
                let mut rest: Vec<(usize, Kinds)> = (place..after.len()).map(|place| (after[place].0, placed[place])).collect();
                rest.sort_unstable_by_key(|entry| entry.0);
                prop_assert!(!rest.iter().take(LOOK_AHEAD).any(|entry| last.keeps_turns(entry.1)));
            }
        }
    }

    /// What comes after a first part follows the rules as if the first part were no part but the beginning.
    #[test]
    fn a_second_part_goes_on_where_the_first_one_ends(origins in origins(), cut in 0usize..80) {
        let entries: Vec<Entry> = (0..).zip(origins.iter().copied()).collect();
        let cut = cut.min(entries.len());
        let first = diversify(Vec::new(), [entries[..cut].to_vec(), Vec::new()], ALL, |entry| entry.1);
        let whole = diversify(first.clone(), [entries[cut..].to_vec(), Vec::new()], ALL, |entry| entry.1);
        prop_assert_eq!(&whole[..cut], &first[..]);
        let mut places: Vec<usize> = whole.iter().map(|entry| entry.0).collect();
        places.sort_unstable();
        prop_assert_eq!(places, (0..entries.len()).collect::<Vec<_>>());
        let channel = |entry: &Entry| entry.1.channel;
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
    fn what_comes_first_does_not_depend_on_how_much_is_asked_for(origins in origins(), length in 0usize..90) {
        let whole = rearranged(&origins);
        let entries = (0..).zip(origins.iter().copied());
        let places = Places { wanted: length, ..ALL };
        let part = diversify(Vec::new(), [entries.collect(), Vec::new()], places, |entry: &Entry| entry.1);
        prop_assert_eq!(&part[..], &whole[..length.min(whole.len())]);
    }

    /// The others never come before their places while anything else is left, and later only for a rule; nothing is lost, and
    /// what stands before does not count.
    #[test]
    fn kept_places_go_to_the_others(
        before in origins(),
        best in origins(),
        others in origins(),
        every in 1usize..12,
    ) {
        let number = |from: usize, origins: &[Origin]| (from..).zip(origins.iter().copied()).collect::<Vec<Entry>>();
        let places = Places { before: before.len(), kept: Some(every), ..ALL };
        let queues = [number(0, &best), number(1_000, &others)];
        let all = diversify(number(2_000, &before), queues, places, |entry| entry.1);
        let mut numbers = Numbering::default();
        let placed: Vec<Kinds> = all.iter().map(|entry| Kinds::new(entry.1, &mut numbers)).collect();
        let counts = numbers.each_ref().map(Numbers::count);
        let (mut left, mut left_others) = (best.len(), others.len());
        for (place, entry) in (1..).zip(&all[before.len()..]) {
            let (came, is_other) = (others.len() - left_others, entry.0 >= 1_000);
            let is_due = came < place / every;
            if is_other {
                prop_assert!(is_due || left == 0, "too early at {}", place);
                left_others -= 1;
            } else {
                if is_due && left_others > 0 {
                    let at = before.len() + place - 1;
                    let last = Last::new(&placed[..at], counts);
                    let follows = |kinds: Kinds| last.keeps_turns(kinds).then(|| last.followed(kinds));
                    let waits = (at..all.len()).filter(|later| all[*later].0 >= 1_000).map(|later| placed[later]);
                    prop_assert!(follows(placed[at]) > waits.map(follows).min().flatten());
                }
                left -= 1;
            }
        }
        prop_assert_eq!((left, left_others), (0, 0));
    }

    #[test]
    fn a_diverse_list_stays_as_it_is(length in 0u32..60) {
        let after = diversify(Vec::new(), [(0..length).collect(), Vec::new()], ALL, |entry| from(*entry, *entry));
        prop_assert_eq!(after, (0..length).collect::<Vec<_>>());
    }

    /// Where a part is enough, its first ten follow the rules, and what comes later too while others wait.
    #[test]
    fn what_is_diverse_is_spread(instances in proptest::collection::vec(0u32..4, 100..200)) {
        let origins: Vec<Origin> = (0u32..).zip(&instances).map(|(place, instance)| from(place, *instance)).collect();
        if is_diverse(&origins) {
            let after = rearranged(&origins);
            for ten in after[..after.len() / 2].windows(TEN) {
                prop_assert!(distinct(ten, |origin| origin.instance) >= INSTANCES_IN_TEN);
            }
        }
    }

    #[test]
    fn every_ten_are_spread_where_there_are_enough(channels in proptest::collection::vec(0u32..40, 60..120)) {
        let origins: Vec<_> = channels.iter().map(|channel| from(*channel, channel % 5)).collect();
        let after = rearranged(&origins);
        let there = |modulus: u32| channels.iter().map(|channel| channel % modulus).collect::<HashSet<_>>().len();
        if there(40) >= 10 && there(5) >= INSTANCES_IN_TEN {
            prop_assert!(distinct(&after[..10], |origin| origin.channel) >= CHANNELS_IN_TEN);
            prop_assert!(distinct(&after[..10], |origin| origin.instance) >= INSTANCES_IN_TEN);
        }
    }
}
