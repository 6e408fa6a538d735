//! Videos as lists show them, with PeerTube's names for the fields.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::host::host_of;
use super::ids::{ChannelId, VideoId};
use super::reference::ShortUuid;
use super::rules::{followed, instance, listed_for_viewer, local_or_followed, not_muted, published, video_and_owner};
use super::schema::ThumbnailsTable;
use super::skipped::VIDEOS;
use super::timestamp::AnyTimestamp;
use super::user::Viewer;
use super::visibility::Audience;
use super::visitor::VisitorSettings;

/// What a list shows of a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "as in the table")]
pub struct VideoCard {
    /// Its number on this instance.
    #[schema(value_type = i32)]
    pub id: VideoId,
    /// The same on every instance.
    pub uuid: Uuid,
    /// The same, as in watch addresses: `/w/<shortUUID>`.
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
    /// Its ActivityPub id: the watch address on its own instance.
    pub url: String,
    /// Its title.
    pub name: String,
    /// Its category.
    pub category: Option<Constant<i32>>,
    /// Its language, as an ISO 639 code.
    pub language: Option<Constant<String>>,
    /// Length in seconds; 0 for lives.
    pub duration: i32,
    /// Views on all instances.
    pub views: i32,
    /// Likes on all instances.
    pub likes: i32,
    /// Dislikes on all instances.
    pub dislikes: i32,
    /// Whether it is marked as sensitive.
    pub nsfw: bool,
    /// Why it is sensitive: 1 violent, 2 explicit, or both.
    pub nsfw_flags: i32,
    /// Whether it comes from this instance.
    pub is_local: bool,
    /// Whether it is a live.
    pub is_live: bool,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// The channel it is in.
    pub channel: ChannelCard,
    /// Path of its thumbnail on this instance.
    pub thumbnail_path: Option<String>,
}

/// What a list shows of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelCard {
    /// Its number on this instance.
    #[schema(value_type = i32)]
    pub id: ChannelId,
    /// Its handle, without host.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its ActivityPub id.
    pub url: String,
    /// Its host, with the port when there is one.
    pub host: String,
}

/// A value that PeerTube has a translated label for. The label is PeerTube's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Constant<T> {
    /// The value.
    pub id: T,
}

#[derive(FromRow)]
#[allow(clippy::struct_excessive_bools, reason = "as in the table")]
struct Row {
    id: VideoId,
    uuid: Uuid,
    url: String,
    name: String,
    category: Option<i32>,
    language: Option<String>,
    duration: i32,
    views: i32,
    likes: i32,
    dislikes: i32,
    nsfw: bool,
    nsfw_flags: i32,
    remote: bool,
    is_live: bool,
    published_at: AnyTimestamp,
    first_seen_at: AnyTimestamp,
    channel_id: ChannelId,
    channel_name: String,
    channel_display_name: String,
    channel_url: String,
    thumbnail: Option<String>,
}

impl Row {
    fn card(self, published_at: DateTime<Utc>) -> VideoCard {
        let row = self;
        VideoCard {
            id: row.id,
            uuid: row.uuid,
            short_uuid: ShortUuid::from(row.uuid).to_string(),
            url: row.url,
            name: row.name,
            category: row.category.map(|id| Constant { id }),
            language: row.language.map(|id| Constant { id }),
            duration: row.duration.max(0),
            views: row.views.max(0),
            likes: row.likes.max(0),
            dislikes: row.dislikes.max(0),
            nsfw: row.nsfw,
            nsfw_flags: row.nsfw_flags,
            is_local: !row.remote,
            is_live: row.is_live,
            published_at,
            channel: ChannelCard {
                id: row.channel_id,
                name: row.channel_name,
                display_name: row.channel_display_name,
                host: host_of(&row.channel_url).to_owned(),
                url: row.channel_url,
            },
            thumbnail_path: row
                .thumbnail
                .map(|filename| format!("/lazy-static/thumbnails/{filename}")),
        }
    }
}

macro_rules! cards {
    ($with:expr, $thumbnail:literal, $condition:expr) => {
        concat!(
            $with,
            r#"
            SELECT v.id, v.uuid, v.url, v.name, v.category, v.language, v.duration, v.views, v.likes, v.dislikes, v.nsfw,
                   v."nsfwFlags" AS nsfw_flags, v.remote, v."isLive" AS is_live, v."publishedAt" AS published_at,
                   v."createdAt" AS first_seen_at, c.id AS channel_id, ca."preferredUsername" AS channel_name, c.name AS channel_display_name,
                   ca.url AS channel_url,
                   (SELECT t.filename FROM thumbnail t WHERE t."videoId" = v.id "#,
            $thumbnail,
            " LIMIT 1) AS thumbnail FROM ",
            video_and_owner!(),
            " WHERE ",
            $condition
        )
    };
}

/// The statement for each way in which thumbnails are kept.
macro_rules! cards_of {
    ($layout:expr, $with:expr, $condition:expr) => {
        match $layout.thumbnails {
            // Type 1 is the small picture of lists, type 2 the large preview.
            ThumbnailsTable::ByType => cards!($with, "AND t.type = 1 ORDER BY t.id DESC", $condition),
            ThumbnailsTable::BySize => cards!(
                $with,
                r#"ORDER BY t."aspectRatio" = '16:9' DESC, abs(coalesce(t.width, 0) - 280), t.id DESC"#,
                $condition
            ),
        }
    };
}

impl PeerTube {
    /// The cards of `videos`, in their order; videos that no longer exist are left out. Not filtered by any rule: see
    /// [`PeerTube::visible_among`].
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn cards(&self, videos: &[VideoId]) -> Result<Vec<VideoCard>, PeerTubeError> {
        if videos.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(cards_of!(self.layout, "", "v.id = ANY ($1)"))
            .bind(videos)
            .fetch_all(&self.pool)
            .await
            .doing("reading videos")?;
        Ok(self.in_order(&rows, videos))
    }

    /// The cards of those of `videos` that PeerTube would list for `viewer`, in their order: what
    /// [`PeerTube::visible_among`] and [`PeerTube::cards`] give one after the other.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn visible_cards(
        &self,
        viewer: Option<&Viewer>,
        visitor: impl Into<VisitorSettings>,
        videos: &[VideoId],
    ) -> Result<Vec<VideoCard>, PeerTubeError> {
        if videos.is_empty() {
            return Ok(Vec::new());
        }
        let statement = cards_of!(
            self.layout,
            concat!("WITH ", instance!()),
            concat!("v.id = ANY ($7) AND ", listed_for_viewer!())
        );
        let rows = Audience::new(viewer, visitor)
            .bind_rows(statement)
            .bind(videos.to_vec())
            .fetch_all(&self.pool)
            .await
            .doing("reading videos")?;
        Ok(self.in_order(&rows, videos))
    }

    fn in_order(&self, rows: &[PgRow], videos: &[VideoId]) -> Vec<VideoCard> {
        let rows: Vec<Row> = self.skipped.decode(VIDEOS, rows);
        let mut cards: HashMap<VideoId, VideoCard> = rows
            .into_iter()
            .filter_map(|row| {
                let published_at = self.believed_date(row.id, row.published_at, row.first_seen_at)?;
                Some((row.id, row.card(published_at)))
            })
            .collect();
        videos.iter().filter_map(|id| cards.remove(id)).collect()
    }
}
