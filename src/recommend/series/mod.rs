//! Which video is the next part of a series: parts of one channel whose titles are numbered.
//!
//! The number and what is around it come from [`title`]. Parts belong together when they are in the same channel and have the
//! same keyword and the same words before the number, or else the same words after it, or else only the same keyword; the first of
//! these that holds for several videos counts, so that two courses of one channel stay apart. Where a number occurs more than
//! once, the part that was published soonest after the current one is the next. A missing part is skipped where most
//! are there.
//!
//! Playlists, which their owners put in order, are read at the time of the request ([`crate::peertube`]). What stays out: where the
//! next part stands in a list ([`super::listing`]).

pub mod title;

use std::hash::BuildHasher;

use foldhash::HashMap;
use foldhash::fast::FixedState;
use rayon::prelude::*;

use self::title::{Numbered, numbered};
use crate::peertube::{CatalogueVideo, ChannelId};

/// Parts that are followed from one at most.
pub const FOLLOWED: usize = 20;
/// So many parts make a series whose numbers nothing but their place marks.
const SURE: usize = 3;
/// Share of the numbers between the first and the last part that has to be there, so that a missing one is skipped.
const DENSE: f64 = 0.5;
/// The same, so that numbers which only their place marks count. Of these, a missing one is never skipped.
const VERY_DENSE: f64 = 0.8;

/// The parts of all series.
#[derive(Debug, Default)]
pub struct Series {
    successors: HashMap<u32, u32>,
    /// The series of each part.
    of: HashMap<u32, u32>,
    /// Publication of the first part of each series, in seconds of Unix time.
    beginnings: Vec<i64>,
}

/// What parts of one series have in common, hashed: there are very many, and texts would take much memory.
type Key = u64;

/// A video with a number.
struct Part {
    item: u32,
    number: (u32, u32),
    is_weak: bool,
    published: i64,
    /// What its series may be told by, the surest first.
    keys: [Option<Key>; 3],
}

/// (Number, publication, item), in order.
type Parts = Vec<((u32, u32), i64, u32)>;

impl Series {
    /// Of the videos of a catalogue, in the order of the items.
    pub fn new(videos: &[CatalogueVideo]) -> Self {
        let part = |(item, video): (usize, &CatalogueVideo)| {
            let found = numbered(&video.name)?;
            Some(Part {
                item: item as u32,
                number: found.number,
                is_weak: found.is_weak,
                published: video.published_at.timestamp(),
                keys: keys(video.channel.id, &found),
            })
        };
        let parts: Vec<Part> = videos.par_iter().enumerate().filter_map(part).collect();
        let mut groups: HashMap<Key, Parts> = HashMap::default();
        for part in &parts {
            for key in part.keys.iter().flatten() {
                let member = (part.number, part.published, part.item);
                groups.entry(*key).or_default().push(member);
            }
        }
        groups.values_mut().for_each(|group| group.sort_unstable());
        let mut series = Self::default();
        let mut numbers: HashMap<Key, u32> = HashMap::default();
        for part in &parts {
            let of_key = |key: &Key| Some((*key, groups.get(key)?));
            let is_series = |(_, group): &(Key, &Parts)| is_series(group, part.is_weak);
            let Some((key, group)) = part.keys.iter().flatten().filter_map(of_key).find(is_series) else {
                continue;
            };
            if let Some(next) = successor(group, part) {
                series.successors.insert(part.item, next);
            }
            let number = *numbers.entry(key).or_insert_with(|| {
                let beginning = group.iter().map(|(_, published, _)| *published).min();
                series.beginnings.push(beginning.unwrap_or_default());
                (series.beginnings.len() - 1) as u32
            });
            series.of.insert(part.item, number);
        }
        series
    }

    /// The next parts after `item`, at most [`FOLLOWED`].
    pub fn after(&self, item: u32) -> Vec<u32> {
        let next = |item: &u32| self.successors.get(item).copied();
        std::iter::successors(next(&item), next).take(FOLLOWED).collect()
    }

    /// The series of an item, and when its first part was published, in seconds of Unix time.
    pub fn of(&self, item: u32) -> Option<(u32, i64)> {
        let series = *self.of.get(&item)?;
        Some((series, self.beginnings.get(series as usize).copied()?))
    }
}

/// What a series of this part may be told by, the surest first: the words before the number, those after it, the keyword alone.
fn keys(channel: ChannelId, found: &Numbered) -> [Option<Key>; 3] {
    let Numbered {
        before, keyword, after, ..
    } = found;
    let key = |kind: u8, words: &str| FixedState::with_seed(0).hash_one((channel, keyword, kind, words));
    [
        (!before.is_empty()).then(|| key(0, before)),
        (!after.is_empty()).then(|| key(1, after)),
        // A number at the end, after words of its own in each title, is that of no series.
        (keyword != "last").then(|| key(2, "")),
    ]
}

fn is_series(parts: &Parts, is_weak: bool) -> bool {
    let different = parts.chunk_by(|one, other| one.0 == other.0).count();
    different >= if is_weak { SURE } else { 2 } && (!is_weak || density(parts) >= VERY_DENSE)
}

/// The share of the numbers from the first to the last that is there.
fn density(parts: &Parts) -> f64 {
    let by_season = parts.chunk_by(|one, other| one.0.0 == other.0.0);
    let (mut there, mut span) = (0, 0);
    for season in by_season {
        there += season.chunk_by(|one, other| one.0 == other.0).count();
        let ends = season.first().zip(season.last());
        span += ends.map_or(0, |(first, last)| (last.0.1 - first.0.1) as usize + 1);
    }
    there as f64 / span.max(1) as f64
}

/// The part after `current`. `parts` are in order.
fn successor(parts: &Parts, current: &Part) -> Option<u32> {
    let Part { number, published, .. } = *current;
    let (season, part) = number;
    let later = parts.iter().find(|(other, ..)| *other > number)?.0;
    let is_next = later == (season, part + 1) || (later.0 > season && later.1 <= 1);
    if !is_next && (current.is_weak || density(parts) < DENSE) {
        return None;
    }
    let among = parts.iter().filter(|(other, ..)| *other == later);
    // Of several, the first that was published after the current one; else the one before it that is the closest.
    let (_, _, item) = among.min_by_key(|(_, at, item)| (*at < published, (*at).abs_diff(published), *item))?;
    Some(*item)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::super::test_support::many;
    use super::*;

    /// The titles of the parts after the video with the first of `titles`; each title is published a day after the one before it.
    fn after(titles: &[&str]) -> Vec<String> {
        let snapshot = many(titles.len() as i32, |id, video| {
            titles[id as usize - 1].clone_into(&mut video.name);
            video.published_at = DateTime::UNIX_EPOCH + TimeDelta::days(i64::from(id));
        });
        let series = Series::new(snapshot.videos());
        let names = series
            .after(0)
            .into_iter()
            .map(|item| snapshot.videos()[item as usize].name.clone());
        names.collect()
    }

    #[test]
    fn parts_follow_each_other_by_their_numbers() {
        let course = [
            "Lesson 1: Soil",
            "Lesson 12: Harvest",
            "Lesson 3: Water",
            "Lesson 10: Frost",
            "Lesson 2: Seeds",
        ];
        assert_eq!(after(&course)[..2], ["Lesson 2: Seeds", "Lesson 3: Water"]);
        assert_eq!(after(&["S01E02", "S02E01", "S01E01", "S02E02"]), ["S02E01", "S02E02"]);
        assert_eq!(
            after(&["Part II", "Part I", "Part IV", "Part III"]),
            ["Part III", "Part IV"]
        );
        assert_eq!(after(&["A boat 1", "A boat 3", "A boat 2"]), ["A boat 2", "A boat 3"]);
        assert_eq!(
            after(&["Course 1/3", "Course 3/3"]),
            ["Course 3/3"],
            "the second is missing"
        );
    }

    #[test]
    fn two_courses_of_a_channel_stay_apart() {
        let titles = ["Rust, part 1", "Go, part 2", "Rust, part 2", "Go, part 1", "Go, part 3"];
        assert_eq!(after(&titles), ["Rust, part 2"]);
        let titles = ["Part 1: Rust", "Part 2: Go", "Part 2: Rust", "Part 1: Go"];
        assert_eq!(after(&titles), ["Part 2: Rust"]);
    }

    #[test]
    fn numbers_that_follow_nothing_make_no_series() {
        assert!(after(&["Episode 17", "Episode 182", "Episode 93"]).is_empty());
        assert!(after(&["A boat 1", "A car 2", "A house 3"]).is_empty());
        assert!(after(&["Review 7", "Review 190"]).is_empty());
        assert!(after(&["Bees 1", "Bees 3", "Bees 5", "Bees 7"]).is_empty());
        assert!(after(&["Bees", "Wasps"]).is_empty());
    }

    #[test]
    fn of_a_repeated_number_the_one_published_next_follows() {
        let twice = ["Lesson 1", "Lesson 2", "Lesson 1", "Lesson 2"];
        let snapshot = many(4, |id, video| {
            twice[id as usize - 1].clone_into(&mut video.name);
            video.published_at = DateTime::UNIX_EPOCH + TimeDelta::days(i64::from(id));
        });
        let series = Series::new(snapshot.videos());
        assert_eq!((series.after(0), series.after(2)), (vec![1], vec![3]));
        assert_eq!(series.of(3), series.of(0), "one series, as old as its first part");
        assert_eq!(series.of(3).unwrap().1, 86_400);
    }

    #[test]
    fn a_circle_is_not_possible() {
        let snapshot = many(60, |id, video| video.name = format!("Lesson {id}"));
        let series = Series::new(snapshot.videos());
        assert_eq!(series.after(0).len(), FOLLOWED);
        assert!(series.after(59).is_empty());
    }
}
