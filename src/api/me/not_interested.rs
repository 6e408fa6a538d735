//! `/api/v1/users/me/not-interested`: videos and channels that are never shown.

#![expect(
    clippy::missing_errors_doc,
    reason = "the answers are listed in the description of each path"
)]

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, Type};
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::me;
use super::query::Query;
use crate::api::authentication::Caller;
use crate::api::body::{self, Whole};
use crate::api::problem::Problem;
use crate::api::query::{InvalidParameter, VIDEO_PATTERN};
use crate::api::state::ApiState;
use crate::peertube::{ChannelId, PeerTube, VideoCard, VideoId, VideoReference, Viewer};
use crate::store::{MOST_NOT_INTERESTED, NotInterested, Unwanted};

/// Where they are.
pub const PATH: &str = "/api/v1/users/me/not-interested";

/// What a user does not want to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnwantedPage {
    /// Entries in all.
    pub total: usize,
    /// The entries of this page, newest first.
    pub data: Vec<UnwantedEntry>,
}

/// A video or a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnwantedEntry {
    /// `video` or `channel`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its number on this instance.
    pub id: i32,
    /// The video's UUID; `null` for channels, and for videos that the user may not see any more.
    pub uuid: Option<Uuid>,
    /// Its title, where it is known and the user may see it.
    pub name: Option<String>,
    /// When the user said so.
    pub created_at: DateTime<Utc>,
}

/// Either a video or a channel.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct UnwantedRequest {
    /// The video: id, UUID or short UUID.
    #[serde(deserialize_with = "given")]
    video_id: Option<IdOrText>,
    /// The channel's number on this instance.
    #[serde(deserialize_with = "given")]
    channel_id: Option<Whole>,
}

/// What is given is something: `null` is neither a video nor a channel.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// By hand, because exactly one of the two must be there.
impl PartialSchema for UnwantedRequest {
    fn schema() -> RefOr<Schema> {
        let number = || {
            let number = ObjectBuilder::new().schema_type(Type::Integer);
            number.minimum(Some(1)).maximum(Some(i32::MAX))
        };
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(VIDEO_PATTERN));
        let video = OneOfBuilder::new()
            .item(number())
            .item(text)
            .description(Some("Id, UUID or short UUID."));
        let channel = number().description(Some("The channel's number on this instance."));
        let only = |name: &str, value: RefOr<Schema>| {
            let object = ObjectBuilder::new().property(name, value).required(name);
            object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        OneOfBuilder::new()
            .item(only("videoId", video.into()))
            .item(only("channelId", channel.into()))
            .description(Some("Either a video or a channel."))
            .into()
    }
}

impl ToSchema for UnwantedRequest {}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum IdOrText {
    Id(Whole),
    Text(String),
}

impl UnwantedRequest {
    fn target(self) -> Result<Target, Problem> {
        match (self.video_id, self.channel_id) {
            (Some(video), None) => {
                let text = match video {
                    IdOrText::Id(Whole(id)) => id.to_string(),
                    IdOrText::Text(text) => text,
                };
                let video = VideoReference::parse(&text).map_err(|_| {
                    let problem = "must be an id, a UUID or a short UUID";
                    Problem::invalid_fields(vec![InvalidParameter::in_body("videoId", problem)])
                })?;
                Ok(Target::Video(video))
            }
            (None, Some(Whole(channel))) if channel > 0 => Ok(Target::Channel(ChannelId(channel))),
            _ => Err(Problem::invalid_body("either `videoId` or `channelId` is needed")),
        }
    }
}

enum Target {
    Video(VideoReference),
    Channel(ChannelId),
}

impl Target {
    /// `None` when there is no such video. Channels are not looked up: a number that means nothing excludes nothing.
    async fn resolved(&self, peertube: &PeerTube) -> Result<Option<Unwanted>, Problem> {
        Ok(match self {
            Self::Video(video) => peertube.resolve(video).await?.map(|video| Unwanted::Video(video.0)),
            Self::Channel(channel) => Some(Unwanted::Channel(channel.0)),
        })
    }
}

/// What the user does not want to be shown, newest first.
#[utoipa::path(
    get, path = PATH, tag = "controls", operation_id = "listNotInterested",
    params(
        ("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token."),
        ("start" = Option<u32>, Query, maximum = 1000, description = "Entries to skip."),
        ("count" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Entries wanted, 1 to 100, by default 15."),
    ),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 200, description = "A page of them.", body = UnwantedPage),
    )
)]
pub async fn list(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<UnwantedPage>, Problem> {
    let query = Query::parse(query.as_deref(), &["start", "count"])?;
    let viewer = me(&state, caller, &query).await?;
    let all = state.store.not_interested(viewer.id.0).await?;
    let total = all.len();
    let page: Vec<NotInterested> = all.into_iter().skip(query.start).take(query.count).collect();
    let data = described(&state, &viewer, &page).await?;
    Ok(Json(UnwantedPage { total, data }))
}

/// Entries with the titles that the user may see.
pub(super) async fn described(
    state: &ApiState,
    viewer: &Viewer,
    entries: &[NotInterested],
) -> Result<Vec<UnwantedEntry>, Problem> {
    let videos: Vec<VideoId> = entries
        .iter()
        .filter_map(|entry| match entry.unwanted {
            Unwanted::Video(id) => Some(VideoId(id)),
            Unwanted::Channel(_) => None,
        })
        .collect();
    let visible = state.peertube.visible_among(Some(viewer), false, &videos).await?;
    let cards = state.peertube.cards(&visible).await?;
    let cards: HashMap<i32, VideoCard> = cards.into_iter().map(|card| (card.id.0, card)).collect();
    let snapshot = state.snapshot.load_full();
    let channel_name = |id: i32| {
        let videos = snapshot.as_deref()?.videos();
        let video = videos
            .iter()
            .find(|video| video.channel.id.0 == id && video.publicly_listed)?;
        Some(video.channel.display_name.clone())
    };
    let entry = |entry: &NotInterested| {
        let created_at = entry.created_at;
        match entry.unwanted {
            Unwanted::Video(id) => UnwantedEntry {
                kind: "video",
                id,
                uuid: cards.get(&id).map(|card| card.uuid),
                name: cards.get(&id).map(|card| card.name.clone()),
                created_at,
            },
            Unwanted::Channel(id) => UnwantedEntry {
                kind: "channel",
                id,
                uuid: None,
                name: channel_name(id),
                created_at,
            },
        }
    };
    Ok(entries.iter().map(entry).collect())
}

/// Never shows a video, or a channel, to the user again.
#[utoipa::path(
    post, path = PATH, tag = "controls", operation_id = "addNotInterested",
    params(("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token.")),
    request_body = UnwantedRequest,
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 204, description = "It is not shown any more."),
        (status = 400, description = "The body names neither, or both.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such video, or no such user.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The user has 1,000 entries already.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn add(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    bytes: Bytes,
) -> Result<StatusCode, Problem> {
    let viewer = me(&state, caller, &Query::parse(query.as_deref(), &[])?).await?;
    let target = body::json::<UnwantedRequest>(&bytes)?.target()?;
    let Some(unwanted) = target.resolved(&state.peertube).await? else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "unknown_video",
            "there is no such video",
        ));
    };
    if state.store.add_not_interested(viewer.id.0, unwanted).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        let detail = format!("there are {MOST_NOT_INTERESTED} entries already; remove some first");
        Err(Problem::new(StatusCode::CONFLICT, "too_many", detail))
    }
}

/// Shows a video, or a channel, to the user again.
#[utoipa::path(
    delete, path = PATH, tag = "controls", operation_id = "removeNotInterested",
    params(
        ("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token."),
        ("videoId" = Option<String>, Query, pattern = r"^([1-9][0-9]{0,9}|[1-9a-km-x][1-9a-km-zA-HJ-NP-Z]{21}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$", description = "The video: id, UUID or short UUID."),
        ("channelId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The channel's number on this instance."),
    ),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 204, description = "It may be shown; also when it was not on the list."),
        (status = 400, description = "The query names neither, or both.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Problem> {
    let query = Query::parse(query.as_deref(), &["videoId", "channelId"])?;
    let viewer = me(&state, caller, &query).await?;
    let target = match (query.video, query.channel) {
        // A video that is gone is named by its number, which is still on the list.
        (Some(VideoReference::Id(id)), None) => Some(Unwanted::Video(id.0)),
        (Some(video), None) => Target::Video(video).resolved(&state.peertube).await?,
        (None, Some(channel)) => Some(Unwanted::Channel(channel.0)),
        _ => {
            let problem = "is needed, or `channelId`, but not both";
            return Err(Problem::invalid_parameters(vec![InvalidParameter::new(
                "videoId", problem,
            )]));
        }
    };
    if let Some(unwanted) = target {
        state.store.remove_not_interested(viewer.id.0, unwanted).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<Target, Problem> {
        body::json::<UnwantedRequest>(&Bytes::from(text.to_owned()))?.target()
    }

    #[test]
    fn one_thing_is_named_and_exactly_one() {
        for text in [
            r#"{"videoId":12}"#,
            r#"{"videoId":12.0}"#,
            r#"{"videoId":"12"}"#,
            r#"{"videoId":"9c9de5e8-0a1e-484a-b099-e80766180a6d"}"#,
        ] {
            assert!(matches!(target(text), Ok(Target::Video(_))), "{text}");
        }
        assert!(matches!(
            target(r#"{"channelId":20}"#),
            Ok(Target::Channel(ChannelId(20)))
        ));
        for text in [
            "{}",
            r#"{"videoId":0}"#,
            r#"{"videoId":-1}"#,
            r#"{"videoId":"x"}"#,
            r#"{"channelId":0}"#,
            r#"{"channelId":-2}"#,
            r#"{"channelId":99999999999}"#,
            r#"{"videoId":1,"channelId":2}"#,
            r#"{"videoId":null,"channelId":2}"#,
            r#"{"channelId":null}"#,
            r#"{"accountId":1}"#,
        ] {
            assert!(target(text).is_err(), "{text}");
        }
    }
}
