//! What is learned from: the catalogue of videos and the preferences of all eligible users.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::TrainingError;
use crate::model::interactions::Interactions;
use crate::model::item::Item;
use crate::model::preference::PreferenceRules;
use crate::peertube::{CataloguePrivacy, CatalogueVideo, PeerTube, Signal, VideoId};
use crate::recommend::signals::preference;
use crate::store::CountedWatches;

/// Everything that one cycle learns from.
pub struct Reading {
    /// Videos in item order.
    pub videos: Vec<CatalogueVideo>,
    /// Preferences, one row per user who did something.
    pub interactions: Interactions,
    /// The part of them that the next release counts; the same users in the same order.
    pub counted: Interactions,
}

/// Reads the whole catalogue and history, with memory bounded by their compact form. What a user did with a video belongs
/// to the time when the user first watched or rated it; watching on and rating later do not make it count again.
///
/// # Errors
/// [`TrainingError::PeerTube`] when the database cannot answer.
pub async fn read(
    peertube: &PeerTube,
    rules: &PreferenceRules,
    counts: CountedWatches,
    now: DateTime<Utc>,
) -> Result<Reading, TrainingError> {
    let mut videos: Vec<CatalogueVideo> = peertube.catalogue().try_collect().await?;
    // The address is the identity across instances and the order of the lists in messages.
    videos.sort_by(|a, b| a.url.cmp(&b.url));
    let index: HashMap<VideoId, u32> = (0u32..).zip(&videos).map(|(item, video)| (video.id, item)).collect();
    let (mut interactions, mut counted) = (Interactions::new(videos.len()), Interactions::new(videos.len()));
    peertube
        .for_each_user(|user| {
            let row = |signals: &mut dyn Iterator<Item = &Signal>| -> Vec<(u32, f32)> {
                signals
                    .filter_map(|signal| {
                        let item = *index.get(&signal.video)?;
                        let video = &videos[item as usize];
                        Some((item, preference(signal, video.duration, video.is_live, rules, now)))
                    })
                    .collect()
            };
            interactions.push_user(row(&mut user.signals.iter()));
            counted.push_user(row(&mut user.signals.iter().filter(|signal| belongs(signal, counts))));
        })
        .await?;
    Ok(Reading {
        videos,
        interactions,
        counted,
    })
}

/// Whether a release that counts these watches counts this one.
fn belongs(signal: &Signal, counts: CountedWatches) -> bool {
    signal
        .first()
        .is_some_and(|first| first <= counts.until && counts.after.is_none_or(|after| first > after))
}

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
