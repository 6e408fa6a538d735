//! Something else: videos from the broad middle of a ranking, of channels that the caller has not watched.
//!
//! The best fits are what the other lists show, and the worst are a bad guess for a reason: both are left out
//! ([`TOP`], [`BOTTOM`]). Among the rest, chance decides, so that every video has its day. Each channel has one turn
//! before any has its second: a channel with many videos has no larger share. [`super::diversity`] spreads the instances.
//!
//! Chance is drawn from user, day and model ([`Draw`]): the list stays the same for a day, so that its pages fit together,
//! and can be made again.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::ranking::Scored;
use super::snapshot::Snapshot;
use crate::model::selection::every;
use crate::peertube::{ChannelId, UserId};

/// The best part of the ranking, which is left out.
pub const TOP: f64 = 0.1;
/// The worst part of the ranking, which is left out.
pub const BOTTOM: f64 = 0.4;

/// Scores that are looked at to find both, about; all where there are fewer.
const SAMPLE: usize = 4_096;

/// The chance of one user on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// The same for the same user, day (in UTC) and model; `None` is everybody whose history is not known.
    pub fn new(user: Option<UserId>, now: DateTime<Utc>, model: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(user.map_or(0, |user| user.0).to_le_bytes());
        hash.update(now.timestamp().div_euclid(86_400).to_le_bytes());
        hash.update(model.as_bytes());
        Self(
            hash.finalize()
                .iter()
                .take(8)
                .fold(0, |seed, byte| seed << 8 | u64::from(*byte)),
        )
    }

    /// Where to begin in a circle of so many.
    pub(super) fn start(self, length: usize) -> usize {
        (self.0 % length.max(1) as u64) as usize
    }

    /// The place of one video: `SplitMix64` of seed and UUID, folded as [`Snapshot::uuids`] has it.
    fn place(self, uuid: u64) -> u64 {
        let mut mixed = self.0 ^ uuid;
        mixed = mixed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// The middle of `scores`, one per item of `snapshot`, without the channels in `watched`, in the order of `draw`.
pub fn explore<S: BuildHasher>(
    scores: Arc<Vec<f32>>,
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
    Explored::new(Unfamiliar {
        middle: Middle::of(&scores),
        scores,
        is_watched,
        draw,
        snapshot: Arc::clone(snapshot),
    })
}

/// What may be explored.
struct Unfamiliar {
    scores: Arc<Vec<f32>>,
    middle: Middle,
    /// By the number of the channel.
    is_watched: Vec<bool>,
    draw: Draw,
    snapshot: Arc<Snapshot>,
}

impl Unfamiliar {
    /// All of it, with the places that chance gives.
    fn drawn(&self) -> impl Iterator<Item = Drawn> {
        let channels = &self.snapshot.recommender().components().channel_of;
        let facts = channels.iter().zip(self.snapshot.uuids());
        let items = (0u32..).zip(self.scores.iter()).zip(facts);
        items.filter_map(|((item, score), (channel, uuid))| {
            let is_watched = self.is_watched.get(*channel as usize).copied().unwrap_or(true);
            (self.middle.contains(*score) && !is_watched).then(|| Drawn {
                place: self.draw.place(*uuid),
                channel: *channel,
                scored: Scored { item, score: *score },
            })
        })
    }
}

/// An item with the place that chance gave it.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    place: u64,
    channel: u32,
    scored: Scored,
}

/// Items turn by turn. The first turn is nearly always enough, so the others are only made when they are asked for.
pub struct Explored {
    turn: std::vec::IntoIter<Scored>,
    unfamiliar: Option<Unfamiliar>,
}

impl Explored {
    fn new(unfamiliar: Unfamiliar) -> Self {
        Self {
            turn: first_turn(unfamiliar.drawn(), unfamiliar.is_watched.len()).into_iter(),
            unfamiliar: Some(unfamiliar),
        }
    }
}

impl Iterator for Explored {
    type Item = Scored;

    fn next(&mut self) -> Option<Scored> {
        if self.turn.len() == 0
            && let Some(unfamiliar) = self.unfamiliar.take()
        {
            let others = other_turns(unfamiliar.drawn().collect(), unfamiliar.is_watched.len());
            self.turn = others.into_iter();
        }
        self.turn.next()
    }
}

/// The first of each channel. `channels` is more than the number of every channel.
fn first_turn(all: impl Iterator<Item = Drawn>, channels: usize) -> Vec<Scored> {
    let mut first: Vec<Option<Drawn>> = vec![None; channels];
    for drawn in all {
        if let Some(first) = first.get_mut(drawn.channel as usize)
            && first.is_none_or(|first| order(&drawn) < order(&first))
        {
            *first = Some(drawn);
        }
    }
    let mut first: Vec<Drawn> = first.into_iter().flatten().collect();
    first.sort_unstable_by_key(order);
    first.into_iter().map(|drawn| drawn.scored).collect()
}

/// All turns but the first.
fn other_turns(mut all: Vec<Drawn>, channels: usize) -> Vec<Scored> {
    all.sort_unstable_by_key(order);
    let mut turns = vec![0u32; channels];
    let mut others: Vec<(u32, Scored)> = Vec::with_capacity(all.len());
    for drawn in all {
        let Some(turn) = turns.get_mut(drawn.channel as usize) else {
            continue;
        };
        if *turn > 0 {
            others.push((*turn, drawn.scored));
        }
        *turn += 1;
    }
    // Stable: within a turn, chance has decided.
    others.sort_by_key(|(turn, _)| *turn);
    others.into_iter().map(|(_, scored)| scored).collect()
}

fn order(drawn: &Drawn) -> (u64, u32) {
    (drawn.place, drawn.scored.item)
}

/// The scores between the best and the worst.
#[derive(Debug, Clone, Copy)]
struct Middle {
    least: f32,
    most: f32,
}

impl Middle {
    /// Of the scores that are finite; of very many, [`SAMPLE`] of them tell where it begins and ends. Scores that are as good as
    /// the best of the middle, or as bad as the worst of it, belong to it.
    fn of(scores: &[f32]) -> Self {
        let step = scores.len().div_ceil(SAMPLE).max(1);
        let mut sample = every(step, scores);
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
    use proptest::prelude::*;

    use super::super::test_support::snapshot;
    use super::*;

    fn items(scored: impl IntoIterator<Item = Scored>) -> Vec<u32> {
        scored.into_iter().map(|scored| scored.item).collect()
    }

    fn draw(user: i32, day: i64, model: &str) -> Draw {
        Draw::new(
            Some(UserId(user)),
            DateTime::from_timestamp(day * 86_400 + 5, 0).unwrap(),
            model,
        )
    }

    #[test]
    fn chance_depends_on_user_day_and_model_only() {
        let one = draw(1, 2, "a");
        assert_eq!(
            one,
            Draw::new(
                Some(UserId(1)),
                DateTime::from_timestamp(3 * 86_400 - 1, 0).unwrap(),
                "a"
            )
        );
        for other in [draw(2, 2, "a"), draw(1, 3, "a"), draw(1, 2, "b")] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn watched_channels_and_both_ends_are_left_out() {
        // Of four, the best one and the worst one are cut.
        let scores = [3.0, 2.0, 1.0, 0.0];
        let all: HashSet<u32> = items(explore(
            Arc::new(scores.to_vec()),
            &HashSet::new(),
            draw(1, 1, ""),
            &Arc::new(snapshot()),
        ))
        .into_iter()
        .collect();
        assert_eq!(all, HashSet::from([1, 2]));
        // The second is of channel 1.
        let watched = HashSet::from([ChannelId(1)]);
        assert_eq!(
            items(explore(
                Arc::new(scores.to_vec()),
                &watched,
                draw(1, 1, ""),
                &Arc::new(snapshot())
            )),
            [2]
        );
        assert_eq!(
            explore(Arc::default(), &watched, draw(1, 1, ""), &Arc::new(snapshot())).count(),
            0
        );
        assert_eq!(
            explore(
                Arc::new(vec![f32::NAN; 4]),
                &watched,
                draw(1, 1, ""),
                &Arc::new(snapshot())
            )
            .count(),
            0
        );
    }

    proptest! {
        #[test]
        fn each_channel_has_its_turn_before_any_has_its_second(
            drawn in proptest::collection::vec((0u64..40, 0u32..6), 0..60),
        ) {
            let all: Vec<Drawn> = (0u32..)
                .zip(&drawn)
                .map(|(item, &(place, channel))| Drawn { place, channel, scored: Scored { item, score: 0.0 } })
                .collect();
            let mut expected = all.clone();
            expected.sort_by_key(order);
            let turn = |drawn: &Drawn| {
                all.iter().filter(|other| other.channel == drawn.channel && order(other) < order(drawn)).count()
            };
            expected.sort_by_key(turn);
            let expected = items(expected.iter().map(|drawn| drawn.scored));
            let first = first_turn(all.iter().copied(), 6);
            prop_assert_eq!(items([first, other_turns(all, 6)].concat()), expected);
        }

        #[test]
        fn the_middle_is_what_a_sort_would_leave(scores in proptest::collection::vec(-3i8..3, 0..60)) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut sorted = scores.clone();
            sorted.sort_by(|one, other| other.total_cmp(one));
            let count = sorted.len();
            let (best, worst) = ((count as f64 * TOP).ceil() as usize, (count as f64 * BOTTOM).floor() as usize);
            let left = sorted.get(best..count - worst).unwrap_or_default();
            let middle = Middle::of(&scores);
            for score in scores {
                prop_assert_eq!(middle.contains(score), left.contains(&score));
            }
        }
    }

    #[test]
    fn of_very_many_the_middle_is_guessed() {
        let scores: Vec<f32> = (0u64..100_000).map(|item| (item * 7_919 % 100_003) as f32).collect();
        let middle = Middle::of(&scores);
        assert!(
            (middle.most - 90_000.0).abs() < 2_000.0 && (middle.least - 40_000.0).abs() < 3_000.0,
            "{middle:?}"
        );
        assert!(!middle.contains(f32::NAN));
    }
}
