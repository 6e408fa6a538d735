//! Videos that were published after the model was learned: they are placed by their content, so that they need not wait for the next
//! cycle of learning.
//!
//! A task in the background asks PeerTube for them and puts a snapshot in use that has them too. No request waits for that. With very
//! many videos it would take too much memory: then new ones are only in the lists of the newest until the next cycle. What
//! stays out: how a video is placed ([`crate::model::new_items`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use foldhash::HashMap;
use tokio_util::sync::CancellationToken;

use super::error::RecommendError;
use super::snapshot::{SharedSnapshot, Snapshot};
use crate::model::item::Item;
use crate::peertube::{CataloguePrivacy, CatalogueVideo, ChannelId, PeerTube, VideoId};

/// How often PeerTube is asked, at most.
const EVERY: Duration = Duration::from_mins(1);
/// And so many times as long as it takes to place what was found: so that never takes much of the processor.
const PAUSE_PER_WORK: u32 = 20;
/// With more videos, new ones wait for the next cycle: for a moment, both snapshots are in memory.
const MOST_VIDEOS: usize = 200_000;
/// New videos at most; more than an instance gets in a day. The rest waits.
const MOST_NEW: u32 = 5_000;
/// A video may have been written down for so long before it was published.
const PUBLISHED_LATER: TimeDelta = TimeDelta::days(2);

/// The public facts about a video that the model uses.
pub fn item(video: &CatalogueVideo) -> Item {
    Item {
        address: video.url.clone(),
        channel: video.channel.url.clone(),
        category: video.category.and_then(|category| u32::try_from(category).ok()),
        language: video.language.clone(),
        tags: video.tags.clone(),
        title: video.name.clone(),
        views: u64::try_from(video.views).unwrap_or(0),
        listed: video.publicly_listed && video.privacy == CataloguePrivacy::Public,
    }
}

/// Places new videos until it is told to stop.
pub async fn keep(peertube: PeerTube, in_use: SharedSnapshot, stop: CancellationToken) {
    let mut pause = EVERY;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let started = Instant::now();
        match place_new_videos(&peertube, &in_use).await {
            Ok(0) => {}
            Ok(placed) => tracing::info!(placed, "new videos are ranked by their content"),
            Err(error) => tracing::warn!(%error, "new videos cannot be placed"),
        }
        pause = EVERY.max(started.elapsed() * PAUSE_PER_WORK);
    }
}

/// Puts a snapshot in use that has the videos which PeerTube has and the one in use has not. Returns how many that are.
///
/// # Errors
/// [`RecommendError`] when PeerTube's database cannot answer.
pub async fn place_new_videos(peertube: &PeerTube, in_use: &SharedSnapshot) -> Result<usize, RecommendError> {
    let Some(snapshot) = in_use.load_full() else {
        return Ok(0);
    };
    if snapshot.videos().len() > MOST_VIDEOS {
        return Ok(0);
    }
    let last = snapshot
        .videos()
        .iter()
        .map(|video| video.id)
        .max()
        .unwrap_or(VideoId(0));
    let since = snapshot.created_at() - PUBLISHED_LATER;
    let mut new = peertube.catalogue_since(last, since, MOST_NEW).await?;
    new.retain(|video| snapshot.item(video.id).is_none());
    let count = new.len();
    if count == 0 {
        return Ok(0);
    }
    let before = Arc::clone(&snapshot);
    let grown = tokio::task::spawn_blocking(move || snapshot.with_new_videos(new)).await?;
    let Some(grown) = grown else { return Ok(0) };
    // A model that was published meanwhile is newer than this one.
    let previous = in_use.compare_and_swap(&Some(Arc::clone(&before)), Some(Arc::new(grown)));
    let is_in_use = previous.as_ref().is_some_and(|previous| Arc::ptr_eq(previous, &before));
    Ok(if is_in_use { count } else { 0 })
}

impl Snapshot {
    /// The same model with `new` videos, placed by their content; `None` where the model cannot grow.
    pub fn with_new_videos(&self, new: Vec<CatalogueVideo>) -> Option<Self> {
        let mut channels: HashMap<ChannelId, u32> = self.channels().clone();
        let mut next = self.recommender().components().channels() as u32;
        let mut number = |channel: ChannelId| {
            *channels.entry(channel).or_insert_with(|| {
                next += 1;
                next - 1
            })
        };
        let numbers: Vec<u32> = new.iter().map(|video| number(video.channel.id)).collect();
        let items: Vec<Item> = new.iter().map(item).collect();
        let recommender = self.recommender().with_new_items(&items, &numbers)?;
        let videos = self.videos().iter().cloned().chain(new).collect();
        let snapshot = Self::new(recommender, videos, self.created_at(), self.model().to_owned()).ok()?;
        let channel_of = &snapshot.recommender().components().channel_of;
        let ranker = self
            .second_stage()
            .map(|second| second.ranker().clone().with_new_items(channel_of));
        Some(
            snapshot
                .with_items_known_by_peers(self.known_by_peers())
                .with_ranker(ranker),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::many;
    use super::*;

    #[test]
    fn new_videos_are_placed_after_those_that_are_known() {
        let both = many(6, |id, video| {
            video.tags = vec![["bees", "music"][id as usize % 2].to_owned()];
            video.channel.id = ChannelId(id % 4);
            video.channel.url = format!("https://one.test/channels/{}", id % 4);
        });
        let known = many(4, |id, video| *video = both.videos()[id as usize - 1].clone());
        let grown = known.with_new_videos(both.videos()[4..].to_vec()).unwrap();
        assert_eq!(grown.videos(), both.videos());
        assert_eq!(grown.item(VideoId(6)), Some(5));
        // The channels of the fifth and the sixth video are those of the first and the second.
        let channel_of = &grown.recommender().components().channel_of;
        assert_eq!((channel_of[4], channel_of[5]), (channel_of[0], channel_of[1]));
        let similar = grown.recommender().similar(4);
        assert!(similar[0] > similar[1], "the same tag and channel: {similar:?}");
    }
}
