//! The published model, together with the videos that its items stand for.
//!
//! It is replaced whole, or not at all: a request works with the one that it found at its beginning, and neither waits
//! for training nor sees half of a new model.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use foldhash::{HashMap, HashSet};

use super::copies::Copies;
use super::fair_chance::FewSeen;
use super::outline::Outline;
use super::second_stage::{SecondStage, channel_numbers};
use super::series::Series;
use crate::model::numbering::Numbers;
use crate::model::ranking::Ranker;
use crate::model::recommender::Recommender;
use crate::peertube::{AccountId, CatalogueVideo, ChannelId, VideoId};

/// The model in use, `None` until the first one is published. Readers never block.
pub type SharedSnapshot = Arc<ArcSwapOption<Snapshot>>;

/// So many videos are new at least.
pub const NEWEST: usize = 5;

/// One published model.
pub struct Snapshot {
    recommender: Recommender,
    videos: Vec<CatalogueVideo>,
    outlines: Vec<Outline>,
    index: HashMap<VideoId, u32>,
    tagged: HashMap<String, Vec<u32>>,
    channels: HashMap<ChannelId, u32>,
    of_channels: OfChannels,
    instances: Vec<u32>,
    owners: HashSet<AccountId>,
    /// What a popular item is above.
    popular_above: f32,
    /// What a new item was published after.
    new_after: Option<DateTime<Utc>>,
    known_by_peers: HashSet<u32>,
    few_seen: FewSeen,
    series: Series,
    copies: Copies,
    second_stage: Option<SecondStage>,
    created_at: DateTime<Utc>,
    model: String,
}

/// The model and the catalogue do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model has {items} items, the catalogue {videos} videos")]
pub struct Mismatch {
    /// Items of the model.
    pub items: usize,
    /// Videos of the catalogue.
    pub videos: usize,
}

impl Snapshot {
    /// Joins a model with its catalogue. `videos[i]` is the video of item `i`; `model` names the model in logs and health
    /// reports.
    ///
    /// # Errors
    /// [`Mismatch`] when there are more items than videos or the other way round.
    pub fn new(
        recommender: Recommender,
        videos: Vec<CatalogueVideo>,
        created_at: DateTime<Utc>,
        model: String,
    ) -> Result<Self, Mismatch> {
        if recommender.items() != videos.len() {
            return Err(Mismatch {
                items: recommender.items(),
                videos: videos.len(),
            });
        }
        let index = (0u32..).zip(&videos).map(|(item, video)| (video.id, item)).collect();
        let mut tagged: HashMap<String, Vec<u32>> = HashMap::default();
        for (item, video) in (0u32..).zip(&videos) {
            for tag in &video.tags {
                tagged.entry(tag.to_lowercase()).or_default().push(item);
            }
        }
        let uuids: Vec<u64> = videos.iter().map(|video| folded(video.uuid.as_u128())).collect();
        let channel_of = &recommender.components().channel_of;
        let channels = channel_numbers(&videos, channel_of);
        let of_channels = OfChannels::new(channel_of, recommender.components().channels());
        let few_seen = FewSeen::new(&videos, channel_of, &uuids, created_at);
        let (series, copies) = (Series::new(&videos), Copies::new(&videos));
        let mut hosts = Numbers::default();
        let instances = (videos.iter().map(|video| video.channel.host.as_str()))
            .map(|host| hosts.of(host))
            .collect();
        recommender.prepare();
        let owners = videos.iter().map(|video| video.owner).collect();
        let popular_above = clearly_above_average(recommender.popularity());
        let new_after = older_than_newest(&videos);
        Ok(Self {
            recommender,
            outlines: videos.iter().map(Outline::from).collect(),
            videos,
            index,
            tagged,
            channels,
            of_channels,
            instances,
            owners,
            popular_above,
            new_after,
            known_by_peers: HashSet::default(),
            few_seen,
            series,
            copies,
            second_stage: None,
            created_at,
            model,
        })
    }

    /// Whether any of the videos belongs to this account.
    pub fn is_owner(&self, account: AccountId) -> bool {
        self.owners.contains(&account)
    }

    /// Names the items about which other instances sent evidence that the model uses. Only these are ever explained by
    /// the taste of people elsewhere.
    #[must_use]
    pub fn with_items_known_by_peers(mut self, items: impl IntoIterator<Item = u32>) -> Self {
        self.known_by_peers = items.into_iter().collect();
        self
    }

    /// Adds what ranks the best candidates again, if there is something.
    #[must_use]
    pub fn with_ranker(mut self, ranker: Option<Ranker>) -> Self {
        self.second_stage = ranker.map(|ranker| SecondStage::new(ranker, &self.videos, &self.recommender));
        self
    }

    /// What ranks the best candidates again; `None` where the score of the first stage is better.
    pub fn second_stage(&self) -> Option<&SecondStage> {
        self.second_stage.as_ref()
    }

    /// The model.
    pub fn recommender(&self) -> &Recommender {
        &self.recommender
    }

    /// The videos, in the order of the items.
    pub fn videos(&self) -> &[CatalogueVideo] {
        &self.videos
    }

    /// The video of an item; `None` when the model has no such item.
    pub fn video(&self, item: u32) -> Option<&CatalogueVideo> {
        self.videos.get(item as usize)
    }

    /// The video of an item in short; `None` when the model has no such item.
    pub fn outline(&self, item: u32) -> Option<Outline> {
        self.outlines.get(item as usize).copied()
    }

    /// The numbers that the model gave to the channels of the videos.
    pub fn channels(&self) -> &HashMap<ChannelId, u32> {
        &self.channels
    }

    /// The items of a channel, by the number that the model gave it.
    pub fn items_of_channel(&self, number: u32) -> &[u32] {
        self.of_channels.of(number)
    }

    /// The number of the instance that an item's channel is of, the same for all of its channels.
    pub fn instance(&self, item: u32) -> Option<u32> {
        self.instances.get(item as usize).copied()
    }

    /// The item of a video; `None` when the model does not know the video, for example because it is newer.
    pub fn item(&self, video: VideoId) -> Option<u32> {
        self.index.get(&video).copied()
    }

    /// The items with a tag, which is given in lower case.
    pub fn tagged(&self, tag: &str) -> &[u32] {
        self.tagged.get(tag).map_or(&[], Vec::as_slice)
    }

    /// Popularity of every item.
    pub fn popularity(&self) -> &[f32] {
        self.recommender.popularity()
    }

    /// Whether an item is more popular than the average of all by a standard deviation.
    pub fn is_popular(&self, item: u32) -> bool {
        self.recommender
            .popularity()
            .get(item as usize)
            .is_some_and(|popularity| *popularity > self.popular_above)
    }

    /// Whether an item is one of the newest tenth, or of the newest [`NEWEST`] where that is more.
    pub fn is_new(&self, item: u32) -> bool {
        let published = self.video(item).map(|video| video.published_at);
        published > self.new_after && self.new_after.is_some()
    }

    /// Whether evidence of other instances speaks about an item.
    pub fn is_known_by_peers(&self, item: u32) -> bool {
        self.known_by_peers.contains(&item)
    }

    /// The items about which evidence of other instances speaks.
    pub fn known_by_peers(&self) -> impl Iterator<Item = u32> {
        self.known_by_peers.iter().copied()
    }

    /// The videos that get a chance because few have seen them.
    pub fn few_seen(&self) -> &FewSeen {
        &self.few_seen
    }

    /// Which videos are parts of a series.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// Which videos are copies of each other.
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// When it was trained.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// Name of the model.
    pub fn model(&self) -> &str {
        &self.model
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("model", &self.model)
            .field("created_at", &self.created_at)
            .field("videos", &self.videos.len())
            .finish_non_exhaustive()
    }
}

/// The items of each channel, beside each other.
struct OfChannels {
    /// Where each channel begins, and the end of the last.
    starts: Vec<usize>,
    items: Vec<u32>,
}

impl OfChannels {
    /// `channel_of` has a number below `channels` for each item.
    fn new(channel_of: &[u32], channels: usize) -> Self {
        let mut items: Vec<u32> = (0..channel_of.len() as u32).collect();
        let channel = |item: &u32| channel_of.get(*item as usize).copied().unwrap_or(0);
        items.sort_by_key(channel);
        let starts = (0..=channels as u32)
            .map(|number| items.partition_point(|item| channel(item) < number))
            .collect();
        Self { starts, items }
    }

    fn of(&self, number: u32) -> &[u32] {
        let start = |number: usize| self.starts.get(number).copied();
        let range = start(number as usize).zip(start(number as usize + 1));
        range
            .and_then(|(start, end)| self.items.get(start..end))
            .unwrap_or_default()
    }
}

/// Both halves, added without carry.
fn folded(uuid: u128) -> u64 {
    (uuid as u64) ^ ((uuid >> 64) as u64)
}

/// The mean and a standard deviation more.
fn clearly_above_average(values: &[f32]) -> f32 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (f64::from(*value) - mean).powi(2))
        .sum::<f64>()
        / count;
    (mean + variance.sqrt()) as f32
}

/// When the newest video was published that is not one of the newest; `None` where there are too few.
fn older_than_newest(videos: &[CatalogueVideo]) -> Option<DateTime<Utc>> {
    let mut published: Vec<DateTime<Utc>> = videos.iter().map(|video| video.published_at).collect();
    let newest = NEWEST.max(videos.len() / 10);
    (newest < published.len()).then(|| {
        let (_, oldest, _) = published.select_nth_unstable_by(newest, |one, other| other.cmp(one));
        *oldest
    })
}
