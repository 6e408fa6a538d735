//! Copies of one video: the same title and the same length, in whatever channel. One of them is enough in a list.
//!
//! Which one is kept is the same for everybody who may see the same ones: a video of this instance before one from elsewhere, then
//! the one with the most views, then the oldest, then the one with the lowest number. Titles are compared without case, accents of
//! writing (signs and spaces) and what channels add in brackets at the end; lives and titles of one word are never copies, because
//! such titles say too little. What stays out: which lists leave copies out ([`super::listing`]).

use std::cmp::Reverse;
use std::hash::BuildHasher;

use foldhash::HashMap;
use foldhash::fast::FixedState;
use rayon::prelude::*;

use super::series::title::numbered;
use crate::peertube::{AccountId, CatalogueVideo, ChannelId, VideoId};

/// Lengths of copies differ by so many seconds at most: transcoding rounds differently everywhere.
const SECONDS: i32 = 2;
/// Words of a title at least.
const WORDS: usize = 2;
/// Copies that are looked at instead of one at most.
const LOOKED_AT: usize = 8;

/// One of several copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copy {
    /// The video.
    pub video: VideoId,
    /// Its item.
    pub item: u32,
    /// Its channel.
    pub channel: ChannelId,
    /// The account that owns it.
    pub owner: AccountId,
}

/// The videos of which there are several copies.
#[derive(Debug, Default)]
pub struct Copies {
    of: HashMap<VideoId, u32>,
    /// Each in the order in which copies are kept.
    groups: Vec<Vec<Copy>>,
}

impl Copies {
    /// Of the videos of a catalogue, in the order of the items.
    pub fn new(videos: &[CatalogueVideo]) -> Self {
        // Titles are hashed: there are very many, and texts would take much memory.
        let titled = |(item, video): (usize, &CatalogueVideo)| {
            let title = FixedState::with_seed(0).hash_one(title_of(video)?);
            Some((title, video.duration, item as u32))
        };
        let mut titles: Vec<(u64, i32, u32)> = videos.par_iter().enumerate().filter_map(titled).collect();
        titles.par_sort_unstable();
        let mut copies = Self::default();
        let alike = titles.chunk_by(|one, next| one.0 == next.0 && next.1.saturating_sub(one.1) <= SECONDS);
        for items in alike.filter(|items| items.len() > 1) {
            let number = copies.groups.len() as u32;
            let of_item = |(_, _, item): &(u64, i32, u32)| Some((*item, videos.get(*item as usize)?));
            let mut group: Vec<(u32, &CatalogueVideo)> = items.iter().filter_map(of_item).collect();
            group.sort_by_key(|(_, video)| (video.remote, Reverse(video.views), video.published_at, video.id));
            copies.of.extend(group.iter().map(|(_, video)| (video.id, number)));
            let copy = |(item, video): (u32, &CatalogueVideo)| Copy {
                video: video.id,
                item,
                channel: video.channel.id,
                owner: video.owner,
            };
            copies.groups.push(group.into_iter().map(copy).collect());
        }
        copies
    }

    /// The number of the group of copies that a video belongs to; `None` where there is only this one.
    pub fn group(&self, video: VideoId) -> Option<u32> {
        self.of.get(&video).copied()
    }

    /// The copies of a group that are looked at, the one to keep first.
    pub fn copies(&self, group: u32) -> &[Copy] {
        let copies = self.groups.get(group as usize).map_or(&[][..], Vec::as_slice);
        copies.get(..LOOKED_AT).unwrap_or(copies)
    }

    /// How many videos would be left out of a list of all videos.
    pub fn surplus(&self) -> usize {
        self.of.len() - self.groups.len()
    }
}

/// The title as it is compared; `None` where a video is no copy whatever others are called.
fn title_of(video: &CatalogueVideo) -> Option<String> {
    if video.is_live || video.duration <= 0 {
        return None;
    }
    let title = video.name.to_lowercase();
    let trimmed = title.trim_end();
    // "Title [1080p]", "Title (re-upload)".
    let without = trimmed
        .strip_suffix([')', ']'])
        .and_then(|title| title.rfind(['(', '[']).map(|at| &title[..at]));
    let bare = without
        .map(normalized)
        .filter(|title| words(title) >= WORDS && !is_numbered(trimmed));
    let title = bare.unwrap_or_else(|| normalized(trimmed));
    // "Episode 12" alone is the title of many videos.
    let is_bare_number = numbered(trimmed).is_some_and(|found| found.before.is_empty() && found.after.is_empty());
    (words(&title) >= WORDS && !is_bare_number).then_some(title)
}

/// Brackets with a number in them tell parts apart, unless it is that of a picture's size.
fn is_numbered(title: &str) -> bool {
    let inside = title
        .rfind(['(', '['])
        .and_then(|at| title.get(at..))
        .unwrap_or_default();
    let is_size = ["1080", "720", "480", "2160", "4k", "60fps"]
        .iter()
        .any(|size| inside.contains(size));
    inside.contains(char::is_numeric) && !is_size
}

fn normalized(title: &str) -> String {
    let words = title.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Words; every two letters of a script without spaces count as one.
fn words(title: &str) -> usize {
    let wide = title
        .chars()
        .filter(|character| ('\u{2e80}'..='\u{9fff}').contains(character))
        .count();
    title.split(' ').filter(|word| !word.is_empty()).count().max(wide / 2)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::super::test_support::many;
    use super::*;

    /// The groups of videos with these titles and lengths, as numbers from 1.
    fn groups(videos: &[(&str, i32)]) -> Vec<Vec<i32>> {
        let snapshot = many(videos.len() as i32, |id, video| {
            let (name, duration) = videos[id as usize - 1];
            name.clone_into(&mut video.name);
            video.duration = duration;
        });
        let copies = Copies::new(snapshot.videos());
        let mut groups: Vec<Vec<i32>> = (copies.groups.iter())
            .map(|group| group.iter().map(|copy| copy.video.0).collect())
            .collect();
        groups.sort();
        groups
    }

    #[test]
    fn copies_have_the_same_title_and_length() {
        let videos = [
            ("Building a boat", 600),
            ("Building a BOAT!", 601),
            ("Building a boat [1080p]", 599),
            ("Building a boat", 700),
            ("Building a boat (2)", 600),
            ("Building a boat, part 2", 600),
            ("Trailer", 60),
            ("Trailer", 60),
            ("Episode 12", 60),
            ("Episode 12", 60),
        ];
        assert_eq!(groups(&videos), [vec![1, 2, 3]]);
        assert_eq!(
            groups(&[("Live now here", 0), ("Live now here", 0)]),
            Vec::<Vec<i32>>::new()
        );
        assert_eq!(groups(&[("蜜蜂的生活", 60), ("蜜蜂的生活", 61)]), [vec![1, 2]]);
    }

    #[test]
    fn a_local_copy_is_kept_then_the_most_watched_then_the_oldest() {
        let snapshot = many(5, |id, video| {
            "Building a boat".clone_into(&mut video.name);
            video.remote = id <= 2;
            video.views = if id == 4 { 5 } else { 9 };
            video.published_at = DateTime::UNIX_EPOCH + TimeDelta::days(i64::from(10 - id));
        });
        let copies = Copies::new(snapshot.videos());
        let group = copies.group(VideoId(1)).unwrap();
        let order: Vec<i32> = copies.copies(group).iter().map(|copy| copy.video.0).collect();
        assert_eq!(order, [5, 3, 4, 2, 1]);
        assert_eq!((copies.surplus(), copies.group(VideoId(9))), (4, None));
    }
}
