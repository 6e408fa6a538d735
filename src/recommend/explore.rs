//! Something else: videos from the broad middle of a ranking, of channels that the caller has not watched.
//!
//! The best fits are what the other lists show, and the worst are a bad guess for a reason: both are left out
//! ([`TOP`], [`BOTTOM`]). Among the rest, chance decides, so that every video has its day. Each channel has one turn
//! before any has its second, and chance puts the channels in order too: a channel with many videos has no larger share, and comes
//! no sooner. [`super::diversity`] spreads the instances.
//!
//! Chance is drawn from user, day and model ([`Draw`]): the list stays the same for a day, so that its pages fit together,
//! and can be made again. Scores are only asked for where they decide: of some videos to find the middle, and channel by channel.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::draw::Draw;
use super::ranking::Scored;
use super::scoring::Person;
use super::snapshot::Snapshot;
use crate::model::selection::evenly_spread;
use crate::peertube::ChannelId;

/// The best part of the ranking, which is left out.
pub const TOP: f64 = 0.1;
/// The worst part of the ranking, which is left out.
pub const BOTTOM: f64 = 0.4;

/// Scores that are looked at to find both, about; all where there are fewer.
const SAMPLE: usize = 1_024;
/// Channels that are looked at together.
const CHANNELS: usize = 128;

/// Where the scores come from.
pub enum Scores {
    /// One per item.
    All(Arc<Vec<f32>>),
    /// Computed for the items that are asked for: the caller's own, of the first stage.
    Of(Arc<Person>),
}

impl Scores {
    /// The scores of some items, in their order; not finite for one that has none.
    fn among(&self, items: &[u32], snapshot: &Snapshot) -> Vec<f32> {
        match self {
            Self::All(scores) => {
                let score = |item: &u32| scores.get(*item as usize).copied().unwrap_or(f32::NAN);
                items.iter().map(score).collect()
            }
            Self::Of(person) => snapshot.recommender().scores_among(person.profile(), items),
        }
    }
}

/// The middle of `scores`, without the channels in `watched`, in the order of `draw`.
pub fn explore<S: BuildHasher>(
    scores: Scores,
    watched: &HashSet<ChannelId, S>,
    draw: Draw,
    snapshot: &Arc<Snapshot>,
) -> Explored {
    let mut is_watched = vec![false; snapshot.recommender().components().channels()];
    for number in watched.iter().filter_map(|channel| snapshot.channels().get(channel)) {
        if let Some(flag) = is_watched.get_mut(*number as usize) {
            *flag = true;
        }
    }
    let unfamiliar = (0u32..).zip(is_watched).filter(|(_, watched)| !watched);
    let mut channels: Vec<u32> = unfamiliar.map(|(channel, _)| channel).collect();
    channels.sort_by_cached_key(|channel| draw.place(u64::from(*channel)));
    let sample: Vec<u32> = evenly_spread(snapshot.videos().len(), SAMPLE).collect();
    Explored {
        middle: Middle::of(scores.among(&sample, snapshot)),
        scores,
        draw,
        snapshot: Arc::clone(snapshot),
        channels,
        begun: 0,
        turn: Vec::new().into_iter(),
        is_first_turn: true,
    }
}

/// Items turn by turn. The first turn is nearly always enough, and seldom needed as a whole.
pub struct Explored {
    scores: Scores,
    middle: Middle,
    draw: Draw,
    snapshot: Arc<Snapshot>,
    /// In the order of their turns.
    channels: Vec<u32>,
    /// How many of them have had their first turn.
    begun: usize,
    turn: std::vec::IntoIter<Scored>,
    is_first_turn: bool,
}

impl Explored {
    /// The items of a channel, once around from where chance says.
    fn circle(&self, channel: u32) -> impl Iterator<Item = u32> {
        let items = self.snapshot.items_of_channel(channel);
        let start = self.draw.start_of(u64::from(channel), items.len());
        let (last, first) = items.split_at(start.min(items.len()));
        first.iter().chain(last).copied()
    }

    /// The first of each of the next channels; nothing where there are no more.
    fn first_turn(&mut self) -> Vec<Scored> {
        let mut turn = Vec::new();
        while turn.is_empty() && self.begun < self.channels.len() {
            let end = self.channels.len().min(self.begun + CHANNELS);
            turn = self.first_of(self.channels.get(self.begun..end).unwrap_or_default());
            self.begun = end;
        }
        turn
    }

    /// The first of each of some channels. Items are scored one per channel at a time, because about every second one is in the middle.
    fn first_of(&self, channels: &[u32]) -> Vec<Scored> {
        let mut first: Vec<Option<Scored>> = vec![None; channels.len()];
        let circles = channels.iter().map(|channel| self.circle(*channel));
        let mut waiting: Vec<_> = first.iter_mut().zip(circles).collect();
        while !waiting.is_empty() {
            let mut items = Vec::with_capacity(waiting.len());
            waiting.retain_mut(|(_, circle)| circle.next().map(|item| items.push(item)).is_some());
            let mut scored = items.iter().zip(self.scores.among(&items, &self.snapshot));
            waiting.retain_mut(|(first, _)| {
                let next = scored.next().filter(|(_, score)| self.middle.contains(*score));
                **first = next.map(|(&item, score)| Scored { item, score });
                first.is_none()
            });
        }
        first.into_iter().flatten().collect()
    }

    /// All turns but the first.
    fn other_turns(&self) -> Vec<Scored> {
        let circles: Vec<Vec<u32>> = (self.channels.iter())
            .map(|channel| self.circle(*channel).collect())
            .collect();
        let mut scores = self.scores.among(&circles.concat(), &self.snapshot).into_iter();
        let drawn: Vec<Vec<Scored>> = (circles.iter())
            .map(|circle| {
                let scored = circle.iter().zip(scores.by_ref());
                let scored = scored.map(|(&item, score)| Scored { item, score });
                scored.filter(|scored| self.middle.contains(scored.score)).collect()
            })
            .collect();
        let longest = drawn.iter().map(Vec::len).max().unwrap_or(0);
        let turn = |turn: usize| drawn.iter().filter_map(move |drawn| drawn.get(turn).copied());
        (1..longest).flat_map(turn).collect()
    }
}

impl Iterator for Explored {
    type Item = Scored;

    fn next(&mut self) -> Option<Scored> {
        if self.turn.len() == 0 && self.is_first_turn {
            let turn = self.first_turn();
            self.is_first_turn = !turn.is_empty();
            self.turn = if self.is_first_turn { turn } else { self.other_turns() }.into_iter();
        }
        self.turn.next()
    }
}

/// The scores between the best and the worst.
#[derive(Debug, Clone, Copy)]
struct Middle {
    least: f32,
    most: f32,
}

impl Middle {
    /// Of those that are finite; what is as good as the best of the middle, or as bad as the worst of it, belongs to it.
    fn of(mut sample: Vec<f32>) -> Self {
        sample.retain(|score| score.is_finite());
        sample.sort_unstable_by(|one, other| other.total_cmp(one));
        let count = sample.len() as f64;
        let (best, worst) = ((count * TOP).ceil() as usize, (count * BOTTOM).floor() as usize);
        let middle = sample.get(best..sample.len() - worst).unwrap_or_default();
        Self {
            // Where there is no middle, no score is in it.
            least: middle.last().copied().unwrap_or(f32::INFINITY),
            most: middle.first().copied().unwrap_or(f32::NEG_INFINITY),
        }
    }

    fn contains(self, score: f32) -> bool {
        self.least <= score && score <= self.most
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::signals::History;
    use super::super::test_support::{many, rules, snapshot, watched};
    use super::*;
    use crate::peertube::UserId;

    fn items(scores: Scores, watched: &[i32], day: i64, snapshot: &Arc<Snapshot>) -> Vec<u32> {
        let watched: HashSet<ChannelId> = watched.iter().copied().map(ChannelId).collect();
        let now = DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let draw = Draw::new(Some(UserId(1)), now, "");
        explore(scores, &watched, draw, snapshot)
            .map(|scored| scored.item)
            .collect()
    }

    fn all(scores: &[f32]) -> Scores {
        Scores::All(Arc::new(scores.to_vec()))
    }

    #[test]
    fn watched_channels_and_both_ends_are_left_out() {
        let snapshot = Arc::new(snapshot());
        // Of four, the best one and the worst one are cut.
        let scores = [3.0, 2.0, 1.0, 0.0];
        let mut middle = items(all(&scores), &[], 1, &snapshot);
        middle.sort_unstable();
        assert_eq!(middle, [1, 2]);
        // The second is of channel 1.
        assert_eq!(items(all(&scores), &[1], 1, &snapshot), [2]);
        assert!(items(all(&[]), &[], 1, &snapshot).is_empty());
        assert!(items(all(&[f32::NAN; 4]), &[], 1, &snapshot).is_empty());
    }

    #[test]
    fn a_person_is_scored_where_it_matters_as_everywhere() {
        let snapshot = Arc::new(many(600, |id, video| {
            video.channel.id.0 = id % 200;
            video.channel.url = format!("https://one.test/channels/{}", id % 200);
            video.tags = vec![["bees", "music", "boats"][id as usize / 7 % 3].to_owned()];
        }));
        let history = History::new(
            &[watched(3), watched(90)],
            &snapshot,
            &rules(),
            DateTime::UNIX_EPOCH,
            10,
        );
        let person = Arc::new(Person::new(history, None, Arc::clone(&snapshot), DateTime::UNIX_EPOCH));
        let everywhere: Vec<u32> = (0..600).collect();
        let scores = Scores::Of(Arc::clone(&person)).among(&everywhere, &snapshot);
        let found = items(Scores::Of(person), &[7], 1, &snapshot);
        assert_eq!(found, items(all(&scores), &[7], 1, &snapshot));
        assert!(found.len() > 200, "{}", found.len());
    }

    #[test]
    fn a_large_channel_comes_no_sooner() {
        // Channel 0 has 301 of 400 videos, each other one a single one.
        let snapshot = Arc::new(many(400, |id, video| {
            let channel = (id - 300).max(0);
            video.channel.id.0 = channel;
            video.channel.url = format!("https://one.test/channels/{channel}");
        }));
        let days = 200;
        let first = (0..days).filter(|day| {
            items(all(&[0.0; 400]), &[], *day, &snapshot)[..10]
                .iter()
                .any(|item| *item < 300)
        });
        // Ten of about a hundred places.
        assert!((5..45).contains(&first.count()));
    }

    proptest! {
        #[test]
        fn each_channel_has_its_turn_before_any_has_its_second(
            channels in proptest::collection::vec(0i32..6, 1..60),
            scores in proptest::collection::vec(-2i8..2, 60),
            day in 0i64..1_000,
        ) {
            let count = channels.len();
            let snapshot = Arc::new(many(count as i32, |id, video| {
                let channel = channels[id as usize - 1];
                video.channel.id.0 = channel;
                video.channel.url = format!("https://one.test/channels/{channel}");
            }));
            let scores: Vec<f32> = scores.into_iter().take(count).map(f32::from).collect();
            let found = items(all(&scores), &[2], day, &snapshot);
            let mut sorted = found.clone();
            sorted.sort_unstable();
            let middle = Middle::of(scores.clone());
            let expected: Vec<u32> = (0..count as u32)
                .filter(|item| channels[*item as usize] != 2 && middle.contains(scores[*item as usize]))
                .collect();
            prop_assert_eq!(sorted, expected, "all of the middle, each once");
            let mut turns = [0usize; 6];
            let mut last = 0;
            for item in found {
                let turn = &mut turns[channels[item as usize] as usize];
                prop_assert!(*turn >= last);
                last = *turn;
                *turn += 1;
            }
        }

        #[test]
        fn the_middle_is_what_a_sort_would_leave(scores in proptest::collection::vec(-3i8..3, 0..60)) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut sorted = scores.clone();
            sorted.sort_by(|one, other| other.total_cmp(one));
            let count = sorted.len();
            let (best, worst) = ((count as f64 * TOP).ceil() as usize, (count as f64 * BOTTOM).floor() as usize);
            let left = sorted.get(best..count - worst).unwrap_or_default();
            let middle = Middle::of(scores.clone());
            prop_assert!(!middle.contains(f32::NAN));
            for score in scores {
                prop_assert_eq!(middle.contains(score), left.contains(&score));
            }
        }
    }
}
