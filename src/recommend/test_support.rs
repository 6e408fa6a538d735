//! A tiny published model for tests of this room.

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::snapshot::Snapshot;
use crate::model::blend::Weights;
use crate::model::catalogue::Catalogue;
use crate::model::components::Components;
use crate::model::contribution::EvidenceBasis;
use crate::model::item::Item;
use crate::model::newcomers::Newcomers;
use crate::model::preference::PreferenceRules;
use crate::model::recommender::Recommender;
use crate::peertube::{
    AccountId, CatalogueChannel, CataloguePrivacy, CatalogueVideo, ChannelId, Signal, VideoId, Watch,
};

/// Values without decay.
pub fn rules() -> PreferenceRules {
    PreferenceRules {
        half_life_days: 0.0,
        minimum_share: 0.1,
        unknown_share_value: 0.5,
        like_value: 1.0,
        dislike_value: -1.0,
    }
}

/// A video watched to its end, on the first day.
pub fn watched(video: i32) -> Signal {
    Signal {
        video: VideoId(video),
        watched: Some(Watch {
            seconds: 100,
            at: DateTime::UNIX_EPOCH,
            first_at: DateTime::UNIX_EPOCH,
        }),
        rated: None,
    }
}

/// Four videos, 1 to 4, published a day after each other: the first two in channel 1, the others in 2 and 3; the first
/// and the third tagged `Bees`; the last of category 7 and from another instance.
pub fn snapshot() -> Snapshot {
    many(4, |id, video| {
        video.category = (id == 4).then_some(7);
        video.remote = id == 4;
        video.published_at = DateTime::UNIX_EPOCH + TimeDelta::days(i64::from(id));
        video.tags = if id % 2 == 1 {
            vec!["Bees".to_owned()]
        } else {
            Vec::new()
        };
        video.channel = channel((id - 1).max(1));
    })
}

/// So many videos, numbered from 1, as `describe` changes them; without it local, of channel 1 and published on the first day.
pub fn many(count: i32, describe: impl Fn(i32, &mut CatalogueVideo)) -> Snapshot {
    let video = |id: i32| {
        let mut video = CatalogueVideo {
            id: VideoId(id),
            uuid: Uuid::from_u128(id as u128),
            url: format!("https://one.test/{id}"),
            name: format!("Video {id}"),
            category: None,
            language: None,
            nsfw: false,
            nsfw_flags: 0,
            duration: 100,
            views: 1,
            likes: 0,
            dislikes: 0,
            is_live: false,
            remote: false,
            published_at: DateTime::UNIX_EPOCH,
            tags: Vec::new(),
            channel: channel(1),
            owner: AccountId(1),
            owner_server: None,
            privacy: CataloguePrivacy::Public,
            publicly_listed: true,
        };
        describe(id, &mut video);
        video
    };
    let videos: Vec<CatalogueVideo> = (1..=count).map(video).collect();
    let item = |video: &CatalogueVideo| Item {
        address: video.url.clone(),
        channel: video.channel.url.clone(),
        tags: video.tags.clone(),
        views: 1,
        ..Item::default()
    };
    let catalogue = Catalogue::new(videos.iter().map(item).collect(), EvidenceBasis::new(8));
    let recommender = Recommender::new(Components::public(&catalogue), Weights::prior(0), Newcomers::default());
    Snapshot::new(recommender, videos, DateTime::UNIX_EPOCH, "test".to_owned()).unwrap()
}

fn channel(id: i32) -> CatalogueChannel {
    CatalogueChannel {
        id: ChannelId(id),
        url: format!("https://one.test/channels/{id}"),
        name: String::new(),
        display_name: String::new(),
        host: String::new(),
    }
}
