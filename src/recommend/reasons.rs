//! Why a video is in a list, in terms that a person understands.
//!
//! Reasons are true by construction: they are read off the parts that the score is the sum of, and each is checked against
//! what the caller did. They speak of the caller, of public videos, and of people in general, never of another user.

use std::collections::HashMap;

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

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Reason {
    /// Because you watched that video.
    Watched {
        /// Number of the watched video on this instance.
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
        #[schema(value_type = i32)]
        video_id: VideoId,
        /// The same on every instance.
        uuid: Uuid,
        /// Its title.
        name: String,
    },
    /// It is one of the newest.
    Recent,
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
}

impl Ground {
    /// The video whose title it needs.
    pub fn video(self) -> Option<VideoId> {
        match self {
            Self::Watched(video) | Self::Similar(video) => Some(video),
            Self::Channel | Self::Popular | Self::Federation | Self::Recent => None,
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
        })
    }
}

/// The grounds of an entry that no personal score explains.
pub fn impersonal(entry: &Entry, snapshot: Option<&Snapshot>, current: Option<VideoId>) -> Vec<Ground> {
    let popular = || {
        let snapshot = snapshot?;
        snapshot.is_popular(entry.item?).then_some(Ground::Popular)
    };
    let ground = match entry.source {
        Strategy::ForYou => None,
        Strategy::Similar => current.map(Ground::Similar),
        Strategy::Popular => popular(),
        Strategy::Recent => Some(Ground::Recent),
    };
    ground.into_iter().collect()
}

/// The grounds of a personally ranked entry: the largest parts of its score that can be said in words and are true.
pub fn personal(entry: &Entry, explanation: &Explanation, history: &History, snapshot: &Snapshot) -> Vec<Ground> {
    let parts: Vec<(f32, &Part)> = explanation.parts.iter().map(|part| (part.share(), part)).collect();
    noteworthy(parts, |part| match **part {
        Part::Watched { item, .. } => {
            let video = snapshot.video(item)?.id;
            history.enjoyed(item).then_some(Ground::Watched(video))
        }
        Part::Channel { .. } => history.watches_channel(entry.channel?).then_some(Ground::Channel),
        Part::Popularity { .. } => snapshot.is_popular(entry.item?).then_some(Ground::Popular),
        Part::Federation { .. } => snapshot.is_known_by_peers(entry.item?).then_some(Ground::Federation),
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
    use proptest::prelude::*;

    use super::*;

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
        assert_eq!(Ground::Watched(VideoId(1)).with_titles(&HashMap::new()), None);
        assert_eq!(Ground::Channel.with_titles(&HashMap::new()), Some(Reason::Channel));
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
