//! A fair chance, in personal lists, for videos that few have seen: those of small channels, and new ones.
//!
//! What few have watched has low scores for want of watches, so without a rule it would stay unwatched. Therefore some
//! places of a list `for-you` are given by chance, evenly over the list: a tenth as shipped (`recommend.fair_chance`), none
//! or twice as many where the user moved the slider `discover` to an end. For each of them, chance draws a few videos
//! ([`CONTENDERS`] at most) of channels that the user does not watch, from the better half of the user's scores, and the one
//! with the highest score gets the place. No channel gets two. Two of three turns are for small channels, the third for new videos of
//! the others; videos of this instance and of others take turns, and the slider `wide` asks for one or the other.
//!
//! Chance is drawn from user, day and model, as for [`super::explore`]. What stays out: what may be shown ([`super::listing`]).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use foldhash::HashSet;

use super::controls::Controls;
use super::draw::Draw;
use super::listing::Entry;
use super::ranking::Scored;
use super::scoring::Person;
use super::snapshot::Snapshot;
use super::steering::is_about;
use crate::model::selection::every;
use crate::peertube::{CatalogueVideo, VideoId};

/// Videos that compete for a place at most; fewer where there are few.
pub const CONTENDERS: usize = 16;
/// One video competes for so many that get a chance.
const PER_CONTENDER: usize = 32;
/// One turn in so many is for new videos of larger channels, the others for small ones.
const TURNS_OF_NEW: usize = 3;
/// A video is new for so long.
const NEW: TimeDelta = TimeDelta::days(30);
/// The largest share of places that is given by chance, whatever the settings say.
const MOST: f32 = 0.5;
/// Scores that are looked at to find the better half, about; all where there are fewer.
const SAMPLE: usize = 1_024;

/// The videos that get a chance, in an order that says nothing about them.
#[derive(Default)]
pub struct FewSeen {
    /// By [`Kind::place`].
    circles: [Vec<u32>; KINDS],
}

/// What chance draws from at one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    /// Videos of small channels; else new ones of the others.
    small: bool,
    /// Videos of this instance.
    local: bool,
}

const KINDS: usize = 4;

impl Kind {
    fn place(self) -> usize {
        2 * usize::from(self.small) + usize::from(self.local)
    }
}

impl FewSeen {
    /// `videos` in the order of the items, with the number of each one's channel and something random about it. A channel is small
    /// when its videos have fewer views than those of half of the channels; new is what was published in the 30 days before `at`.
    pub fn new(videos: &[CatalogueVideo], channel_of: &[u32], random: &[u64], at: DateTime<Utc>) -> Self {
        let small = small_channels(videos, channel_of);
        let mut order: Vec<(u64, u32)> = random.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut circles: [Vec<u32>; KINDS] = Default::default();
        for (_, item) in order {
            let known = videos.get(item as usize).zip(channel_of.get(item as usize));
            let Some((video, channel)) = known else { continue };
            let kind = Kind {
                small: small.get(*channel as usize).copied().unwrap_or(false),
                local: !video.remote,
            };
            if kind.small || video.published_at > at - NEW {
                circles[kind.place()].push(item);
            }
        }
        Self { circles }
    }

    fn circle(&self, kind: Kind) -> &[u32] {
        &self.circles[kind.place()]
    }
}

/// By the number of the channel: whether it is one of the half with fewer views.
fn small_channels(videos: &[CatalogueVideo], channel_of: &[u32]) -> Vec<bool> {
    let count = channel_of
        .iter()
        .map(|channel| *channel as usize + 1)
        .max()
        .unwrap_or(0);
    let mut views: Vec<Option<i64>> = vec![None; count];
    for (video, channel) in videos.iter().zip(channel_of) {
        if let Some(sum) = views.get_mut(*channel as usize) {
            *sum = Some(sum.unwrap_or(0) + i64::from(video.views));
        }
    }
    let mut order: Vec<(i64, usize)> = (0..)
        .zip(&views)
        .filter_map(|(number, sum)| Some(((*sum)?, number)))
        .collect();
    order.sort_unstable();
    order.truncate(order.len() / 2);
    let mut small = vec![false; count];
    for (_, number) in order {
        small[number] = true;
    }
    small
}

/// One place in how many is given by chance; `None`: no place is. `share` is what the administrator decided.
pub fn period(share: f32, controls: &Controls) -> Option<usize> {
    let discover = if controls.steers() {
        controls.sliders.discover
    } else {
        0.0
    };
    let share = (share * (1.0 + discover)).min(MOST);
    (share > 0.0).then(|| (1.0 / share).round() as usize)
}

/// What chance draws for one person: as many as are asked for, until no video is left.
pub struct ByChance {
    snapshot: Arc<Snapshot>,
    person: Arc<Person>,
    controls: Arc<Controls>,
    /// The least score of the better half.
    least: f32,
    walks: [Walk; KINDS],
    turn: usize,
    /// The channels that get no place: those that the user watches, and those that had one.
    closed: HashSet<u32>,
}

/// Once around a circle.
struct Walk {
    start: usize,
    walked: usize,
}

impl Walk {
    fn from(draw: Draw, length: usize) -> Self {
        Self {
            start: draw.start(length),
            walked: 0,
        }
    }

    fn next(&mut self, circle: &[u32]) -> Option<u32> {
        if self.walked >= circle.len() {
            return None;
        }
        let item = circle.get((self.start + self.walked) % circle.len()).copied();
        self.walked += 1;
        item
    }
}

impl ByChance {
    /// The beginning.
    pub fn new(snapshot: &Arc<Snapshot>, person: &Arc<Person>, controls: &Arc<Controls>, draw: Draw) -> Self {
        Self {
            least: middle(person.scores()),
            walks: (snapshot.few_seen().circles.each_ref()).map(|circle| Walk::from(draw, circle.len())),
            turn: 0,
            closed: person.history.channels(snapshot).collect(),
            snapshot: Arc::clone(snapshot),
            person: Arc::clone(person),
            controls: Arc::clone(controls),
        }
    }

    /// What this turn is for, and what comes instead where there is nothing of it.
    fn kinds(&self) -> impl Iterator<Item = Kind> + use<> {
        let wide = if self.controls.steers() {
            self.controls.sliders.wide
        } else {
            0.0
        };
        let small = self.turn % TURNS_OF_NEW != TURNS_OF_NEW - 1;
        let local = self.turn.is_multiple_of(2);
        let kinds = [(small, local), (small, !local), (!small, local), (!small, !local)];
        let kinds = kinds.into_iter().map(|(small, local)| Kind { small, local });
        kinds.filter(move |kind| if kind.local { wide <= 0.0 } else { wide >= 0.0 })
    }

    fn contend(&mut self, kind: Kind) -> Option<Scored> {
        let snapshot = Arc::clone(&self.snapshot);
        let circle = snapshot.few_seen().circle(kind);
        let contenders = (circle.len() / PER_CONTENDER).clamp(1, CONTENDERS);
        let mut best: Option<Scored> = None;
        let mut found = 0;
        while found < contenders {
            let Some(item) = self.walks[kind.place()].next(circle) else {
                break;
            };
            if let Some(contender) = self.eligible(item) {
                found += 1;
                best = best.max(Some(contender));
            }
        }
        if let Some(channel) = best.and_then(|best| self.channel(best.item)) {
            self.closed.insert(channel);
        }
        best
    }

    fn eligible(&self, item: u32) -> Option<Scored> {
        let score = *self.person.scores().get(item as usize)?;
        let topics = &self.controls.topics;
        // Most are refused by their score alone, and what the video itself says is far away in memory.
        let is_wanted = score.is_finite()
            && score >= self.least
            && !self.closed.contains(&self.channel(item)?)
            && !((!topics.tags_down.is_empty() || !topics.categories_down.is_empty())
                && is_about(self.snapshot.video(item)?, &topics.tags_down, &topics.categories_down));
        is_wanted.then_some(Scored { item, score })
    }

    fn channel(&self, item: u32) -> Option<u32> {
        let channels = &self.snapshot.recommender().components().channel_of;
        channels.get(item as usize).copied()
    }
}

impl Iterator for ByChance {
    type Item = Scored;

    fn next(&mut self) -> Option<Scored> {
        let mut kinds = self.kinds();
        self.turn += 1;
        kinds.find_map(|kind| self.contend(kind))
    }
}

/// The median of about [`SAMPLE`] scores.
fn middle(scores: &[f32]) -> f32 {
    let mut sample = every(scores.len().div_ceil(SAMPLE).max(1), scores);
    if sample.is_empty() {
        return f32::NEG_INFINITY;
    }
    let half = sample.len() / 2;
    *sample.select_nth_unstable_by(half, f32::total_cmp).1
}

/// `best` with every `period`th place given to `by_chance`, as far as that has something that did not come before.
pub fn interleave(
    mut best: impl Iterator<Item = Entry>,
    by_chance: impl Iterator<Item = Entry>,
    period: usize,
) -> impl Iterator<Item = Entry> {
    let mut by_chance = by_chance.fuse();
    let mut listed: HashSet<VideoId> = HashSet::default();
    let mut place = 0usize;
    std::iter::from_fn(move || {
        place += 1;
        let chosen = if place.is_multiple_of(period) {
            by_chance.find(|entry| !listed.contains(&entry.video))
        } else {
            None
        };
        let entry = chosen.or_else(|| best.find(|entry| !listed.contains(&entry.video)))?;
        listed.insert(entry.video);
        Some(entry)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::request::Strategy;
    use super::super::signals::History;
    use super::super::test_support::{many, rules, watched};
    use super::*;
    use crate::peertube::UserId;
    use crate::store::{Level, Sliders, Topics};

    const CHANNELS: i32 = 20;

    /// Channel `n` has videos with `n` views each; those of channel 0 to 9 are small. Every second video is from elsewhere.
    fn world() -> Arc<Snapshot> {
        Arc::new(many(400, |id, video| {
            let channel = id % CHANNELS;
            video.channel.id.0 = channel;
            video.channel.url = format!("https://one.test/channels/{channel}");
            video.views = channel;
            video.published_at = DateTime::UNIX_EPOCH - TimeDelta::days(100);
            video.remote = (id / CHANNELS) % 2 == 1;
            video.tags = vec![if id % 3 == 0 { "bees" } else { "music" }.to_owned()];
        }))
    }

    fn controls(discover: f32, wide: f32, down: &[&str]) -> Arc<Controls> {
        Arc::new(Controls {
            level: Some(Level::Local),
            sliders: Sliders {
                discover,
                fresh: 0.0,
                wide,
            },
            topics: Topics {
                tags_down: down.iter().map(|&tag| tag.to_owned()).collect(),
                ..Topics::default()
            },
            ..Controls::default()
        })
    }

    fn drawn(snapshot: &Arc<Snapshot>, controls: &Arc<Controls>, day: i64) -> Vec<u32> {
        let now = DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let history = History::new(&[watched(3)], snapshot, &rules(), now, 10);
        let person = Arc::new(Person::new(history, None, Arc::clone(snapshot), now));
        let draw = Draw::new(Some(UserId(1)), now, snapshot.model());
        ByChance::new(snapshot, &person, controls, draw)
            .map(|scored| scored.item)
            .collect()
    }

    #[test]
    fn small_channels_that_are_not_watched_have_one_turn_each_and_instances_take_turns() {
        let snapshot = world();
        let items = drawn(&snapshot, &controls(0.0, 0.0, &[]), 1_000);
        let video = |item: &u32| snapshot.video(*item).unwrap();
        let mut channels: Vec<i32> = items.iter().map(|item| video(item).channel.id.0).collect();
        let remote: Vec<bool> = items.iter().map(|item| video(item).remote).collect();
        assert_eq!(remote[..4], [false, true, false, true]);
        let count = channels.len();
        channels.sort_unstable();
        channels.dedup();
        assert!(count >= 5 && channels.len() == count, "{channels:?}");
        assert!(
            channels.iter().all(|channel| *channel < CHANNELS / 2 && *channel != 3),
            "{channels:?}"
        );
        assert_eq!(
            items,
            drawn(&snapshot, &controls(0.0, 0.0, &[]), 1_000),
            "the same all day"
        );
        assert_ne!(items, drawn(&snapshot, &controls(0.0, 0.0, &[]), 1_001));
    }

    #[test]
    fn users_say_where_from_and_what_not() {
        let snapshot = world();
        let remote = |wide: f32| -> Vec<bool> {
            let items = drawn(&snapshot, &controls(0.0, wide, &[]), 1);
            items.iter().map(|item| snapshot.video(*item).unwrap().remote).collect()
        };
        assert!(!remote(-0.5).is_empty() && remote(-0.5).iter().all(|remote| !remote));
        assert!(!remote(0.5).is_empty() && remote(0.5).iter().all(|remote| *remote));
        let no_bees = drawn(&snapshot, &controls(0.0, 0.0, &["bees"]), 1);
        let is_about_bees = |item: &u32| snapshot.video(*item).unwrap().tags == ["bees"];
        assert!(!no_bees.is_empty() && !no_bees.iter().any(is_about_bees));
        assert!(drawn(&snapshot, &controls(0.0, 0.0, &[]), 1).iter().any(is_about_bees));
    }

    #[test]
    fn what_is_drawn_is_of_the_better_half() {
        let snapshot = world();
        let history = History::new(&[watched(3)], &snapshot, &rules(), DateTime::UNIX_EPOCH, 10);
        let person = Person::new(history, None, Arc::clone(&snapshot), DateTime::UNIX_EPOCH);
        let scores = person.scores();
        for item in drawn(&snapshot, &controls(0.0, 0.0, &[]), 7) {
            let better = scores.iter().filter(|score| **score > scores[item as usize]).count();
            assert!(better <= scores.len() / 2, "{item}: {better}");
        }
    }

    #[test]
    fn what_is_new_gets_a_chance_whatever_the_channel() {
        let one_channel = |age: i64| {
            let snapshot = many(10, |_, video| {
                video.published_at = DateTime::UNIX_EPOCH - TimeDelta::days(age);
            });
            snapshot.few_seen().circles.iter().map(Vec::len).sum::<usize>()
        };
        assert_eq!((one_channel(29), one_channel(31)), (10, 0));
        assert!(drawn(&Arc::new(many(0, |_, _| ())), &controls(0.0, 0.0, &[]), 1).is_empty());
    }

    #[test]
    fn the_share_follows_the_slider() {
        let at = |share: f32, discover: f32| period(share, &controls(discover, 0.0, &[]));
        assert_eq!(
            [at(0.1, 0.0), at(0.1, 1.0), at(0.1, -0.5)],
            [Some(10), Some(5), Some(20)]
        );
        assert_eq!([at(0.1, -1.0), at(0.0, 1.0)], [None, None]);
        assert_eq!(at(0.5, 1.0), Some(2), "never more than every other place");
    }

    fn entry(video: i32, by_chance: bool) -> Entry {
        Entry {
            video: VideoId(video),
            item: None,
            channel: None,
            owner: None,
            score: None,
            source: Strategy::ForYou,
            by_chance,
            follows: false,
        }
    }

    proptest! {
        /// Nothing is lost or doubled, both keep their order, and every place of chance is used while it has something new.
        #[test]
        fn places_of_chance_come_in_turn(best in proptest::collection::vec(0i32..60, 0..60), lucky in proptest::collection::vec(0i32..60, 0..12), period in 1usize..12) {
            let once = |videos: &[i32]| {
                let mut seen = std::collections::HashSet::new();
                videos.iter().copied().filter(|video| seen.insert(*video)).collect::<Vec<i32>>()
            };
            let (best, lucky) = (once(&best), once(&lucky));
            let entries = |videos: &[i32], by_chance: bool| videos.iter().map(|video| entry(*video, by_chance)).collect::<Vec<_>>();
            let all: Vec<Entry> = interleave(entries(&best, false).into_iter(), entries(&lucky, true).into_iter(), period).collect();
            let videos: Vec<i32> = all.iter().map(|entry| entry.video.0).collect();
            prop_assert_eq!(&once(&videos), &videos);
            prop_assert!(best.iter().all(|video| videos.contains(video)));
            let of = |by_chance: bool| all.iter().filter(move |entry| entry.by_chance == by_chance).map(|entry| entry.video.0);
            prop_assert!(of(false).eq(best.iter().copied().filter(|video| !of(true).any(|other| other == *video))));
            for (place, entry) in all.iter().enumerate() {
                prop_assert!(!entry.by_chance || (place + 1).is_multiple_of(period));
                if (place + 1).is_multiple_of(period) && !entry.by_chance {
                    prop_assert!(lucky.iter().all(|video| videos[..place].contains(video)));
                }
            }
        }
    }
}
