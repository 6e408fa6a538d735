//! Why a video is in a list, in terms that a person understands.
//!
//! Reasons are true by construction: they are read off the parts that the score is the sum of, and each is checked against
//! what the caller did. They speak of the caller, of public videos, and of people in general, never of another user.

use foldhash::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::listing::Entry;
use super::request::Strategy;
use super::signals::History;
use super::snapshot::Snapshot;
use crate::model::recommender::{Explanation, Part};
use crate::peertube::{VideoCard, VideoId};

/// Reasons per video at most.
pub const MAXIMUM_REASONS: usize = 3;
/// How large a part must be to be named, compared with the largest one.
const NOTEWORTHY: f32 = 0.2;
/// How far above what chance gives a part must be to be named: in standard deviations of what a random video of the same model would
/// add instead. Where videos were of equally large kinds, with nothing in common otherwise, this names them from five kinds on.
pub const ABOVE_CHANCE: f32 = 2.0;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Reason {
    /// Because you watched that video.
    Watched {
        /// Number of the watched video on this instance.
        #[serde(rename = "videoId")]
        #[schema(value_type = i32)]
        video_id: VideoId,
        /// The same on every instance.
        uuid: Uuid,
        /// Its title.
        name: String,
    },
    /// It is from a channel that you watch.
    Channel,
    /// It is popular on this instance.
    Popular,
    /// People with similar taste on other instances watched it.
    Federation,
    /// It is similar to that video, the one that is being watched.
    Similar {
        /// Number of that video on this instance.
        #[serde(rename = "videoId")]
        #[schema(value_type = i32)]
        video_id: VideoId,
        /// The same on every instance.
        uuid: Uuid,
        /// Its title.
        name: String,
    },
    /// It is one of the newest.
    Recent,
    /// It is about a topic that you asked for more of.
    Topic,
    /// It is from a channel or an account that you follow.
    Subscription,
    /// Something new: it is from a channel of which you have watched and rated nothing.
    Unfamiliar,
    /// By chance: it is new or from a small channel, so few have seen it.
    Chance,
    /// It is the next part after the current video: of the same series, or in a playlist of the owner.
    NextPart,
}

/// A reason before the titles are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// See [`Reason::Watched`].
    Watched(VideoId),
    /// See [`Reason::Channel`].
    Channel,
    /// See [`Reason::Popular`].
    Popular,
    /// See [`Reason::Federation`].
    Federation,
    /// See [`Reason::Similar`].
    Similar(VideoId),
    /// See [`Reason::Recent`].
    Recent,
    /// See [`Reason::Topic`].
    Topic,
    /// See [`Reason::Subscription`].
    Subscription,
    /// See [`Reason::Unfamiliar`].
    Unfamiliar,
    /// See [`Reason::Chance`].
    Chance,
    /// See [`Reason::NextPart`].
    NextPart,
}

impl Ground {
    /// The video whose title it needs.
    pub fn video(self) -> Option<VideoId> {
        match self {
            Self::Watched(video) | Self::Similar(video) => Some(video),
            _ => None,
        }
    }

    /// The reason; `None` when the title it needs is not among `cards`, the videos that the caller may see.
    pub fn with_titles(self, cards: &HashMap<VideoId, VideoCard>) -> Option<Reason> {
        Some(match self {
            Self::Watched(video) => {
                let card = cards.get(&video)?;
                Reason::Watched {
                    video_id: video,
                    uuid: card.uuid,
                    name: card.name.clone(),
                }
            }
            Self::Similar(video) => {
                let card = cards.get(&video)?;
                Reason::Similar {
                    video_id: video,
                    uuid: card.uuid,
                    name: card.name.clone(),
                }
            }
            Self::Channel => Reason::Channel,
            Self::Popular => Reason::Popular,
            Self::Federation => Reason::Federation,
            Self::Recent => Reason::Recent,
            Self::Topic => Reason::Topic,
            Self::Subscription => Reason::Subscription,
            Self::Unfamiliar => Reason::Unfamiliar,
            Self::Chance => Reason::Chance,
            Self::NextPart => Reason::NextPart,
        })
    }
}

/// The grounds of an entry that no personal score explains. `knows_channels` says whether the entries of
/// [`Strategy::Explore`] were checked against the channels that the caller watched: without it nothing is known to be new.
/// `stands_out` says whether the entry is more like the current video than chance gives.
pub fn impersonal(
    entry: &Entry,
    snapshot: Option<&Snapshot>,
    current: Option<VideoId>,
    knows_channels: bool,
    stands_out: bool,
) -> Vec<Ground> {
    let popular = || {
        let snapshot = snapshot?;
        snapshot.is_popular(entry.item?).then_some(Ground::Popular)
    };
    let ground = match entry.source {
        Strategy::ForYou => entry.by_chance.then_some(Ground::Chance),
        Strategy::Similar | Strategy::Next => current.filter(|_| stands_out).map(Ground::Similar),
        Strategy::Popular => popular(),
        Strategy::Recent => Some(Ground::Recent),
        Strategy::Subscriptions => Some(Ground::Subscription),
        Strategy::Explore => knows_channels.then_some(Ground::Unfamiliar),
    };
    let next_part = entry.follows.then_some(Ground::NextPart);
    next_part.into_iter().chain(ground).collect()
}

/// What can be said of an entry that was chosen for the caller or for the current video, but where nothing stands out.
pub fn otherwise(item: u32, snapshot: &Snapshot) -> Option<Ground> {
    if snapshot.is_popular(item) {
        return Some(Ground::Popular);
    }
    snapshot.is_new(item).then_some(Ground::Recent)
}

/// The grounds of a personally ranked entry: the largest parts of its score that can be said in words, are true, and are larger than
/// what chance gives, see [`ABOVE_CHANCE`]. A video that does not score above the average one is there for want of better ones.
pub fn personal(entry: &Entry, explanation: &Explanation, history: &History, snapshot: &Snapshot) -> Vec<Ground> {
    if explanation.score <= 0.0 {
        return Vec::new();
    }
    let parts: Vec<(f32, &Part)> = explanation.parts.iter().map(|part| (part.share(), part)).collect();
    noteworthy(parts, |part| match **part {
        Part::Watched { item, deviations, .. } => {
            let video = snapshot.video(item)?.id;
            (deviations >= ABOVE_CHANCE && history.enjoyed(item)).then_some(Ground::Watched(video))
        }
        Part::Channel { .. } => history.watches_channel(entry.channel?).then_some(Ground::Channel),
        Part::Popularity { .. } => snapshot.is_popular(entry.item?).then_some(Ground::Popular),
        Part::Federation { deviations, .. } => {
            let is_known = snapshot.is_known_by_peers(entry.item?);
            (deviations >= ABOVE_CHANCE && is_known).then_some(Ground::Federation)
        }
    })
}

/// The grounds of the largest parts, at most [`MAXIMUM_REASONS`], each once.
fn noteworthy<P>(mut parts: Vec<(f32, P)>, ground: impl Fn(&P) -> Option<Ground>) -> Vec<Ground> {
    let largest = parts.iter().map(|(share, _)| *share).fold(0.0, f32::max);
    parts.retain(|(share, _)| *share > 0.0 && *share >= NOTEWORTHY * largest);
    parts.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut grounds = Vec::new();
    for found in parts.iter().filter_map(|(_, part)| ground(part)) {
        if grounds.len() < MAXIMUM_REASONS && !grounds.contains(&found) {
            grounds.push(found);
        }
    }
    grounds
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::request::Strategy;
    use super::*;
    use crate::model::blend::Weights;
    use crate::model::catalogue::Catalogue;
    use crate::model::components::Components;
    use crate::model::contribution::EvidenceBasis;
    use crate::model::item::Item;
    use crate::model::newcomers::Newcomers;
    use crate::model::preference::PreferenceRules;
    use crate::model::recommender::Recommender;
    use crate::peertube::{
        AccountId, CatalogueChannel, CataloguePrivacy, CatalogueVideo, ChannelId, Rated, Rating, Signal, Watch,
    };

    #[test]
    fn reasons_are_tagged_by_type() {
        let watched = Reason::Watched {
            video_id: VideoId(3),
            uuid: Uuid::nil(),
            name: "Bees".to_owned(),
        };
        assert_eq!(
            serde_json::to_value(watched).unwrap(),
            serde_json::json!({
                "type": "watched", "videoId": 3, "uuid": "00000000-0000-0000-0000-000000000000", "name": "Bees"
            })
        );
        assert_eq!(
            serde_json::to_value(Reason::Federation).unwrap(),
            serde_json::json!({ "type": "federation" })
        );
    }

    #[test]
    fn a_title_that_may_not_be_seen_makes_no_reason() {
        assert_eq!(Ground::Watched(VideoId(1)).with_titles(&HashMap::default()), None);
        assert_eq!(Ground::Channel.with_titles(&HashMap::default()), Some(Reason::Channel));
    }

    #[test]
    fn small_and_negative_parts_are_not_named() {
        let parts = vec![(0.08, 2), (f32::NAN, 4), (0.9, 1), (-5.0, 3)];
        assert_eq!(
            noteworthy(parts, |part| Some(Ground::Watched(VideoId(*part)))),
            [Ground::Watched(VideoId(1))]
        );
        assert_eq!(noteworthy(vec![(-1.0, 1)], |_| Some(Ground::Channel)), []);
    }

    /// Three videos, the first two in one channel; the last is the most viewed one.
    fn snapshot() -> Snapshot {
        let video = |id: i32| CatalogueVideo {
            id: VideoId(id),
            uuid: Uuid::from_u128(id as u128),
            url: format!("https://one.test/{id}"),
            name: format!("Video {id}"),
            category: None,
            language: None,
            nsfw: false,
            nsfw_flags: 0,
            duration: 100,
            views: if id == 3 { 1_000 } else { 1 },
            likes: 0,
            dislikes: 0,
            is_live: false,
            remote: false,
            published_at: DateTime::UNIX_EPOCH,
            tags: Vec::new(),
            channel: channel(if id < 3 { 1 } else { 3 }),
            owner: AccountId(1),
            owner_server: None,
            privacy: CataloguePrivacy::Public,
            publicly_listed: true,
        };
        let videos: Vec<CatalogueVideo> = (1..=3).map(video).collect();
        let item = |video: &CatalogueVideo| Item {
            address: video.url.clone(),
            channel: video.channel.url.clone(),
            views: video.views as u64,
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

    fn grounds(item: u32, watched: &[(i32, Option<Rating>)], snapshot: &Snapshot) -> Vec<Ground> {
        explained(item, watched, snapshot, 4.0, ABOVE_CHANCE)
    }

    fn explained(
        item: u32,
        watched: &[(i32, Option<Rating>)],
        snapshot: &Snapshot,
        score: f32,
        deviations: f32,
    ) -> Vec<Ground> {
        let signals: Vec<Signal> = watched
            .iter()
            .map(|(video, rating)| Signal {
                video: VideoId(*video),
                watched: Some(Watch {
                    seconds: 100,
                    at: DateTime::UNIX_EPOCH,
                    first_at: DateTime::UNIX_EPOCH,
                }),
                rated: rating.map(|rating| Rated {
                    rating,
                    at: DateTime::UNIX_EPOCH,
                    first_at: DateTime::UNIX_EPOCH,
                }),
            })
            .collect();
        let rules = PreferenceRules {
            half_life_days: 0.0,
            minimum_share: 0.1,
            unknown_share_value: 0.5,
            like_value: 1.0,
            dislike_value: -1.0,
        };
        let history = History::new(&signals, snapshot, &rules, DateTime::UNIX_EPOCH, 10);
        let video = snapshot.video(item).unwrap();
        let entry = Entry {
            video: video.id,
            item: Some(item),
            channel: Some(video.channel.id),
            owner: Some(video.owner),
            score: Some(1.0),
            source: Strategy::ForYou,
            by_chance: false,
            follows: false,
        };
        // A score of which every kind of part is claimed to be large.
        let explanation = Explanation {
            score,
            parts: vec![
                Part::Popularity { share: 1.0 },
                Part::Federation { share: 0.9, deviations },
                Part::Channel { share: 0.8 },
                Part::Watched {
                    item: 0,
                    share: 0.7,
                    deviations,
                },
            ],
        };
        personal(&entry, &explanation, &history, snapshot)
    }

    #[test]
    fn what_is_not_true_is_not_said() {
        let unknown_to_peers = snapshot();
        assert_eq!(
            grounds(1, &[(1, None)], &unknown_to_peers),
            [Ground::Channel, Ground::Watched(VideoId(1))],
            "neither popular nor known to peers"
        );
        assert_eq!(
            grounds(2, &[(1, None)], &unknown_to_peers),
            [Ground::Popular, Ground::Watched(VideoId(1))],
            "popular, and of another channel"
        );
        assert_eq!(
            grounds(1, &[(1, Some(Rating::Dislike))], &unknown_to_peers),
            [],
            "nobody is reminded of a dislike"
        );
        let known = snapshot().with_items_known_by_peers([2]);
        assert_eq!(
            grounds(2, &[(1, None)], &known),
            [Ground::Popular, Ground::Federation, Ground::Watched(VideoId(1))]
        );
        assert!(!grounds(1, &[(1, None)], &known).contains(&Ground::Federation));
    }

    #[test]
    fn what_chance_gives_is_not_said() {
        let known = snapshot().with_items_known_by_peers([2]);
        let said = |score, deviations| explained(2, &[(1, None)], &known, score, deviations);
        assert_eq!(said(4.0, 1.9), [Ground::Popular], "nothing but what is counted");
        assert_eq!(said(-0.1, 9.0), [], "not even above the average");
        assert_eq!(otherwise(2, &known), Some(Ground::Popular));
        assert_eq!(otherwise(1, &known), None, "neither popular nor newer than others");
    }

    proptest! {
        #[test]
        fn grounds_are_few_distinct_and_in_order(
            shares in proptest::collection::vec(-1.0f32..1.0, 0..12),
            modulus in 1i32..8,
        ) {
            let mut sorted = shares.clone();
            sorted.sort_by(|one, other| other.total_cmp(one));
            let mut parts: Vec<(f32, i32)> = sorted.iter().copied().zip(0i32..).collect();
            parts.reverse();
            let grounds = noteworthy(parts, |part| Some(Ground::Watched(VideoId(part % modulus))));
            prop_assert!(grounds.len() <= MAXIMUM_REASONS);
            for (place, ground) in grounds.iter().enumerate() {
                prop_assert_eq!(*ground, Ground::Watched(VideoId(place as i32)));
            }
            prop_assert_eq!(grounds.is_empty(), sorted.first().is_none_or(|first| *first <= 0.0));
        }
    }
}
