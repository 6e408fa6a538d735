//! A list under construction: candidates in, what the caller may see out; no doubles, bounded work.
//!
//! A short list is made whole, whatever page is asked for, and its total is exact. Of a long one, the first
//! [`FIRST_PART`] candidates come first; where they hold the page, nothing else is looked up, and the total is
//! [`LIST_LIMIT`], though some of the rest may turn out to be hidden. What is in the first part does not depend on the page:
//! so pages never overlap, and a later page needs no memory of an earlier one.

use foldhash::HashSet;

use super::controls::Controls;
use super::copies::{Copies, Copy};
use super::newest_first::NewestFirst;
use super::request::Strategy;
use super::signals::Seen;
use crate::peertube::{AccountId, ChannelId, PeerTube, PeerTubeError, VideoId, Viewer, VisitorSettings};

/// Length of a list at most.
pub const LIST_LIMIT: usize = 500;
/// Candidates looked up in PeerTube's database at most, per request. Only somebody who hides nearly everything gets a list
/// that is cut by it.
pub const CHECK_LIMIT: usize = 5_000;
/// Candidates looked up first.
pub const FIRST_PART: usize = 200;
/// Candidates looked up at once after them.
const CHUNK: usize = 500;

/// A video that may get into the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// The video.
    pub video: VideoId,
    /// Its item, when the model knows it.
    pub item: Option<u32>,
    /// Its channel, when the model knows the video.
    pub channel: Option<ChannelId>,
    /// The account that owns it, when the model knows the video.
    pub owner: Option<AccountId>,
    /// Its score, when a model ranked it.
    pub score: Option<f32>,
    /// The source it comes from.
    pub source: Strategy,
    /// Whether chance gave it a place, because few have seen it; see [`super::fair_chance`].
    pub by_chance: bool,
    /// Whether it is the next part after the current video; see [`super::series`].
    pub follows: bool,
}

/// Which videos PeerTube's database lists, in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newest {
    /// The newest of all.
    All,
    /// The newest of channels and accounts that the viewer follows; a visitor follows nobody.
    Followed,
    /// The most viewed of all, by the public counters.
    MostViewed,
}

/// For whom a list is made, and what must not be in it.
#[derive(Clone, Copy)]
pub struct Audience<'a> {
    /// The user; `None` for a visitor.
    pub viewer: Option<&'a Viewer>,
    /// What holds for a visitor.
    pub visitor: &'a VisitorSettings,
    /// What the user has seen.
    pub seen: &'a Seen,
    /// What the user decided.
    pub controls: &'a Controls,
    /// Whether `seen` may be incomplete, because the history is very long.
    pub seen_is_cut: bool,
    /// Whether watched videos may be listed.
    pub include_watched: bool,
    /// The account whose own videos are left out: nobody needs to be told of those.
    pub author: Option<AccountId>,
    /// The video that is being watched now.
    pub current: Option<VideoId>,
    /// Videos that were played in this sitting, as the caller says.
    pub played: &'a HashSet<VideoId>,
    /// Of which videos there are copies, where a list has only one of each.
    pub copies: Option<&'a Copies>,
    /// Groups of copies of which none is listed.
    pub excluded_copies: &'a HashSet<u32>,
    /// The only videos that may be listed; `None` when all may.
    pub permitted: Option<&'a NewestFirst>,
    /// The videos that are presumed to be visible, so that nobody is asked; the page must be checked then.
    pub presumed: Option<&'a NewestFirst>,
}

impl Audience<'_> {
    fn excludes(&self, entry: &Entry) -> bool {
        self.current == Some(entry.video)
            || self.played.contains(&entry.video)
            || (self.author.is_some() && self.author == entry.owner)
            || self.permitted.is_some_and(|permitted| !permitted.contains(entry.video))
            || self.seen.excludes(entry.video, self.include_watched)
            || self.controls.excludes(entry.video, entry.channel)
            || self
                .group(entry)
                .is_some_and(|group| self.excluded_copies.contains(&group))
    }

    /// The group of copies that an entry belongs to, where that matters.
    fn group(&self, entry: &Entry) -> Option<u32> {
        self.copies?.group(entry.video)
    }

    /// The copies of an entry, the one to keep first; none where there is only this one.
    fn copies_of(&self, entry: &Entry) -> &[Copy] {
        let group = self.copies.zip(self.group(entry));
        group.map_or(&[], |(copies, group)| copies.copies(group))
    }

    /// How many candidates [`Audience::excludes`] excludes at most; `None` where that is not known.
    fn excludes_at_most(&self) -> Option<usize> {
        let is_known = self.author.is_none() && self.permitted.is_none() && !self.controls.excludes_channels();
        let current = usize::from(self.current.is_some());
        let copies = self.copies.map_or(0, Copies::surplus);
        is_known.then(|| copies + current + self.played.len() + self.seen.count() + self.controls.unwanted.len())
    }
}

/// A list, or as much of it as a page needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The entries, best first, source by source.
    pub entries: Vec<Entry>,
    /// How many of them are the first part of a long list.
    pub first_part: usize,
    /// Length of the whole list; where only the first part was looked up, it may be less in the end.
    pub total: usize,
}

/// The list under construction.
pub struct Listing<'a> {
    peertube: &'a PeerTube,
    audience: Audience<'a>,
    wanted: usize,
    entries: Vec<Entry>,
    first_part: usize,
    suffices: bool,
    considered: HashSet<VideoId>,
    /// The groups of copies of which one was considered for all.
    groups: HashSet<u32>,
    /// Entries that were put before all others, see [`Self::begin_with`].
    parts: usize,
    checked: usize,
}

impl<'a> Listing<'a> {
    /// An empty list, whose first `wanted` entries are needed.
    pub fn new(peertube: &'a PeerTube, audience: Audience<'a>, wanted: usize) -> Self {
        Self {
            peertube,
            audience,
            wanted,
            entries: Vec::new(),
            first_part: 0,
            suffices: false,
            considered: HashSet::default(),
            groups: HashSet::default(),
            parts: 0,
            checked: 0,
        }
    }

    /// Whether nothing more will be taken.
    pub fn is_full(&self) -> bool {
        self.suffices || self.entries.len() >= LIST_LIMIT || self.checked >= CHECK_LIMIT
    }

    /// The list.
    pub fn finish(self) -> Listed {
        Listed {
            total: if self.suffices { LIST_LIMIT } else { self.entries.len() },
            first_part: self.first_part,
            entries: self.entries,
        }
    }

    /// Takes candidates, best first, until the list is full or there are no more. There are `at_least` so many different ones.
    /// `stands` says whether a first part may be put in order without the rest.
    ///
    /// # Errors
    /// [`PeerTubeError`] when PeerTube's database cannot answer.
    pub async fn fill(
        &mut self,
        mut candidates: impl Iterator<Item = Entry>,
        at_least: usize,
        stands: impl Fn(&[Entry]) -> bool,
    ) -> Result<(), PeerTubeError> {
        let mut ahead: Vec<Entry> = Vec::new();
        while !self.is_full() {
            let first = self.considered.len() == self.parts;
            // What was looked at ahead is less than a chunk: nothing of it stays behind.
            let mut rest = std::mem::take(&mut ahead).into_iter().chain(candidates.by_ref());
            let chunk = self.next_chunk(&mut rest, if first { FIRST_PART } else { CHUNK });
            if chunk.is_empty() {
                break;
            }
            let visible = self.visible(chunk.iter().map(|entry| entry.video)).await?;
            self.take(&chunk, visible).await?;
            if first && chunk.len() == FIRST_PART && stands(&self.entries) {
                let excluded = self.audience.excludes_at_most();
                let are_enough = excluded.is_some_and(|excluded| at_least >= LIST_LIMIT + excluded);
                if !are_enough {
                    let new = |entry: &Entry| !self.audience.excludes(entry) && !self.considered.contains(&entry.video);
                    ahead = candidates.by_ref().filter(new).take(LIST_LIMIT - FIRST_PART).collect();
                }
                if are_enough || ahead.len() == LIST_LIMIT - FIRST_PART {
                    self.first_part = self.entries.len();
                    self.suffices = self.entries.len() >= self.wanted;
                }
            }
        }
        Ok(())
    }

    /// Takes the videos that PeerTube lists for the viewer in this order, until the list is full or there are no more.
    ///
    /// # Errors
    /// [`PeerTubeError`] when PeerTube's database cannot answer.
    pub async fn fill_with_recent(
        &mut self,
        newest: Newest,
        describe: impl Fn(VideoId) -> Entry,
    ) -> Result<(), PeerTubeError> {
        if let (Newest::All, Some(known)) = (newest, self.audience.permitted.or(self.audience.presumed)) {
            let videos = known.videos();
            let described = videos.iter().copied().map(describe);
            return self.fill(described, videos.len(), |_| false).await;
        }
        let mut start = 0;
        while !self.is_full() {
            let Audience {
                viewer,
                visitor,
                presumed,
                ..
            } = self.audience;
            let (peertube, count) = (self.peertube, CHUNK as u32);
            let mut recent = match (newest, viewer, presumed) {
                (Newest::All, ..) => peertube.recent(viewer, visitor, start, count).await?,
                (Newest::Followed, Some(viewer), None) => peertube.recent_of_followed(viewer, start, count).await?,
                (Newest::Followed, Some(viewer), Some(_)) => peertube.any_of_followed(viewer, start, count).await?,
                (Newest::Followed, None, _) => Vec::new(),
                (Newest::MostViewed, ..) => peertube.most_viewed(viewer, visitor, start, count).await?,
            };
            let read = recent.len();
            recent.retain(|video| presumed.is_none_or(|presumed| presumed.contains(*video)));
            let chunk = self.next_chunk(&mut recent.iter().copied().map(&describe), CHUNK);
            self.checked += read - chunk.len();
            self.take(&chunk, recent).await?;
            if read < CHUNK {
                break;
            }
            start += CHUNK as u32;
        }
        Ok(())
    }

    /// Puts the first of `parts` that may be listed before all others.
    ///
    /// # Errors
    /// [`PeerTubeError`] when PeerTube's database cannot answer.
    pub async fn begin_with(&mut self, parts: impl Iterator<Item = Entry>) -> Result<(), PeerTubeError> {
        let parts: Vec<Entry> = parts.filter(|part| !self.audience.excludes(part)).collect();
        if parts.is_empty() {
            return Ok(());
        }
        let visible = self.visible(parts.iter().map(|part| part.video)).await?;
        let allowed = self.allowed(&parts, &visible).await?;
        if let Some(first) = parts.into_iter().find(|part| allowed.contains(&part.video)) {
            self.considered.insert(first.video);
            self.parts = self.considered.len();
            self.groups.extend(self.audience.group(&first));
            self.entries.push(first);
        }
        Ok(())
    }

    /// Those of some videos that are visible, or presumed to be.
    async fn visible(&self, videos: impl Iterator<Item = VideoId>) -> Result<Vec<VideoId>, PeerTubeError> {
        let Audience {
            viewer,
            visitor,
            presumed,
            ..
        } = self.audience;
        if let Some(presumed) = presumed {
            return Ok(videos.filter(|video| presumed.contains(*video)).collect());
        }
        let videos: Vec<VideoId> = videos.collect();
        self.peertube.visible_among(viewer, visitor, &videos).await
    }

    /// The next candidates that were not considered before and are not excluded.
    fn next_chunk(&mut self, candidates: &mut impl Iterator<Item = Entry>, most: usize) -> Vec<Entry> {
        let Self {
            considered,
            groups,
            audience,
            checked,
            ..
        } = self;
        let size = most.min(CHECK_LIMIT.saturating_sub(*checked));
        let chunk: Vec<Entry> = candidates
            .filter(|entry| !audience.excludes(entry) && considered.insert(entry.video))
            // One stands for all copies: which of them is listed is decided when it is known who may see which.
            .filter(|entry| audience.group(entry).is_none_or(|group| groups.insert(group)))
            .take(size)
            .collect();
        *checked += chunk.len();
        chunk
    }

    /// Takes the entries of a chunk that may be listed, of copies the one that is kept.
    async fn take(&mut self, chunk: &[Entry], mut visible: Vec<VideoId>) -> Result<(), PeerTubeError> {
        let copies: Vec<VideoId> = chunk
            .iter()
            .flat_map(|entry| self.audience.copies_of(entry))
            .map(|copy| copy.video)
            .filter(|video| !visible.contains(video))
            .collect();
        visible.extend(self.visible(copies.into_iter()).await?);
        let allowed = self.allowed(chunk, &visible).await?;
        let room = LIST_LIMIT.saturating_sub(self.entries.len());
        let audience = self.audience;
        let kept = |entry: &Entry| {
            let copies = audience.copies_of(entry).iter().map(|copy| Entry {
                video: copy.video,
                item: Some(copy.item),
                channel: Some(copy.channel),
                owner: Some(copy.owner),
                ..*entry
            });
            let may_be_listed = |copy: &Entry| allowed.contains(&copy.video) && !audience.excludes(copy);
            copies.chain([*entry]).find(may_be_listed)
        };
        self.entries.extend(chunk.iter().filter_map(kept).take(room));
        Ok(())
    }

    /// Those of the visible videos that the viewer has not watched and whose channel the viewer wants to see.
    async fn allowed(&self, chunk: &[Entry], visible: &[VideoId]) -> Result<HashSet<VideoId>, PeerTubeError> {
        let mut allowed: HashSet<VideoId> = visible.iter().copied().collect();
        if let Some(viewer) = self.audience.viewer
            && self.audience.seen_is_cut
            && !self.audience.include_watched
        {
            for video in self.peertube.watched_among(viewer.id, visible).await? {
                allowed.remove(&video);
            }
        }
        if self.audience.controls.excludes_channels() {
            // The model does not know the channels of the newest videos.
            let unknown: Vec<VideoId> = chunk
                .iter()
                .filter(|entry| entry.channel.is_none() && allowed.contains(&entry.video))
                .map(|entry| entry.video)
                .collect();
            for card in self.peertube.cards(&unknown).await? {
                if self.audience.controls.excludes(card.id, Some(card.channel.id)) {
                    allowed.remove(&card.id);
                }
            }
        }
        Ok(allowed)
    }
}
