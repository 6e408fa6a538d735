//! The catalogue: every video that could be listed for some user of this instance, with its public metadata.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, Row as _, Transaction};
use uuid::Uuid;

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::host::host_of;
use super::ids::{AccountId, ChannelId, ServerId, VideoId};
use super::rules::{followed, instance, local_or_followed, not_muted, published, video_and_owner};
use super::skipped::VIDEOS;
use super::timestamp::AnyTimestamp;

/// Videos per page: what is in memory at once.
const PAGE: i64 = 5_000;

/// One video of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "as in the table")]
pub struct CatalogueVideo {
    /// Its row in this database.
    pub id: VideoId,
    /// The same on every instance; names it in PeerTube's API.
    pub uuid: Uuid,
    /// Its ActivityPub id, the same on every instance.
    pub url: String,
    /// Its title.
    pub name: String,
    /// Number of its category (1 to 18, or one added by a plugin).
    pub category: Option<i32>,
    /// ISO 639 code of its language.
    pub language: Option<String>,
    /// Whether it is marked as sensitive.
    pub nsfw: bool,
    /// Why it is sensitive: 1 violent, 2 explicit, or both.
    pub nsfw_flags: i32,
    /// Length in seconds; 0 for lives.
    pub duration: i32,
    /// Views, counted by its own instance.
    pub views: i32,
    /// Likes, counted by its own instance.
    pub likes: i32,
    /// Dislikes, counted by its own instance.
    pub dislikes: i32,
    /// Whether it is a live.
    pub is_live: bool,
    /// Whether it comes from another instance.
    pub remote: bool,
    /// When it was published, as far as that can be true; see [`super::timestamp`].
    pub published_at: DateTime<Utc>,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// The channel it is in.
    pub channel: CatalogueChannel,
    /// The account that owns the channel.
    pub owner: AccountId,
    /// The server of that account; `None` for this instance.
    pub owner_server: Option<ServerId>,
    /// Who may see it.
    pub privacy: CataloguePrivacy,
    /// Whether the instance shows it to everybody: public, and local or from somebody whom the instance follows. Only
    /// such videos may ever be named to another instance.
    pub publicly_listed: bool,
}

/// The channel of a video of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueChannel {
    /// Its row in this database.
    pub id: ChannelId,
    /// Its ActivityPub id, the same on every instance.
    pub url: String,
    /// Its handle, without host.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its host, with the port when there is one.
    pub host: String,
}

/// Who may see a video of the catalogue. There are more kinds in PeerTube; none of those is in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CataloguePrivacy {
    /// Anybody.
    Public,
    /// Every user of this instance, and nobody else.
    Internal,
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
    nsfw: bool,
    nsfw_flags: i32,
    duration: i32,
    views: i32,
    likes: i32,
    dislikes: i32,
    is_live: bool,
    remote: bool,
    published_at: AnyTimestamp,
    first_seen_at: AnyTimestamp,
    tags: Vec<String>,
    channel_id: ChannelId,
    channel_url: String,
    channel_name: String,
    channel_display_name: String,
    owner: AccountId,
    owner_server: Option<ServerId>,
    is_public: bool,
    publicly_listed: bool,
}

impl Row {
    fn video(self, published_at: DateTime<Utc>) -> CatalogueVideo {
        let row = self;
        CatalogueVideo {
            id: row.id,
            uuid: row.uuid,
            url: row.url,
            name: row.name,
            category: row.category,
            language: row.language,
            nsfw: row.nsfw,
            nsfw_flags: row.nsfw_flags,
            duration: row.duration.max(0),
            views: row.views.max(0),
            likes: row.likes.max(0),
            dislikes: row.dislikes.max(0),
            is_live: row.is_live,
            remote: row.remote,
            published_at,
            tags: row.tags,
            channel: CatalogueChannel {
                id: row.channel_id,
                host: host_of(&row.channel_url).to_owned(),
                url: row.channel_url,
                name: row.channel_name,
                display_name: row.channel_display_name,
            },
            owner: row.owner,
            owner_server: row.owner_server,
            privacy: if row.is_public {
                CataloguePrivacy::Public
            } else {
                CataloguePrivacy::Internal
            },
            publicly_listed: row.publicly_listed,
        }
    }
}

/// A page of the catalogue: the videos for which `$condition` holds, at most as many as parameter 2 says.
macro_rules! catalogue_page {
    ($condition:literal) => {
        concat!(
            "WITH ",
            instance!(),
            r#"
            SELECT v.id, v.uuid, v.url, v.name, v.category, v.language, v.nsfw, v."nsfwFlags" AS nsfw_flags, v.duration,
                   v.views, v.likes, v.dislikes, v."isLive" AS is_live, v.remote, v."publishedAt" AS published_at,
                   v."createdAt" AS first_seen_at,
                   ARRAY (
                       SELECT tag.name::text FROM "videoTag" tagged JOIN tag ON tag.id = tagged."tagId"
                       WHERE tagged."videoId" = v.id ORDER BY tag.name
                   ) AS tags,
                   c.id AS channel_id, ca.url AS channel_url, ca."preferredUsername" AS channel_name,
                   c.name AS channel_display_name, c."accountId" AS owner, aa."serverId" AS owner_server,
                   v.privacy = 1 AS is_public, v.privacy = 1 AND "#,
            local_or_followed!(),
            " AS publicly_listed FROM ",
            video_and_owner!(),
            "WHERE ",
            $condition,
            " AND v.privacy IN (1, 4) AND ",
            published!(),
            " AND ",
            not_muted!("(SELECT account_id FROM instance)"),
            " ORDER BY v.id LIMIT $2"
        )
    };
}

/// Where a read of the catalogue stands.
struct Reading {
    peertube: PeerTube,
    transaction: Transaction<'static, Postgres>,
    after: VideoId,
    page: VecDeque<CatalogueVideo>,
    last_page: bool,
}

impl PeerTube {
    /// How many videos there are, listed or not.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn count_videos(&self) -> Result<u64, PeerTubeError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM video")
            .fetch_one(&self.pool)
            .await
            .doing("counting videos")?;
        Ok(count.unsigned_abs())
    }

    /// Reads the catalogue in order of [`VideoId`], a page at a time, from one consistent picture.
    ///
    /// In it are published videos, public or internal, that no moderator took down and whose owner the instance does not
    /// mute. Remote ones that the instance does not list are in it too, because its users may have watched them: see
    /// [`CatalogueVideo::publicly_listed`].
    ///
    /// The stream ends after the first error. It holds a connection until it is dropped.
    pub fn catalogue(&self) -> impl Stream<Item = Result<CatalogueVideo, PeerTubeError>> + Send + use<> {
        let peertube = self.clone();
        stream::try_unfold(None, move |reading: Option<Reading>| {
            let peertube = peertube.clone();
            async move {
                let mut reading = match reading {
                    Some(reading) => reading,
                    None => Reading {
                        transaction: peertube.snapshot("reading the catalogue").await?,
                        peertube,
                        after: VideoId(i32::MIN),
                        page: VecDeque::new(),
                        last_page: false,
                    },
                };
                // A page may hold nothing that can be used.
                while reading.page.is_empty() && !reading.last_page {
                    reading.turn_page().await?;
                }
                Ok(reading.page.pop_front().map(|video| (video, Some(reading))))
            }
        })
    }

    /// Videos of the catalogue that came after `last`, or were published after `since`; the first ones, at most `limit`.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn catalogue_since(
        &self,
        last: VideoId,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<CatalogueVideo>, PeerTubeError> {
        // A date in the future cannot be true: such a video must not take the place of a new one.
        let rows = sqlx::query(catalogue_page!(
            r#"(v.id > $1 OR v."publishedAt" > $3 AND v."publishedAt" <= $4)"#
        ))
        .bind(last)
        .bind(i64::from(limit))
        .bind(since)
        .bind(self.now())
        .fetch_all(&self.pool)
        .await
        .doing("looking for new videos")?;
        Ok(self.videos_of(&rows))
    }

    /// The videos of rows that can be used; the others are counted and named in the log.
    fn videos_of(&self, rows: &[PgRow]) -> Vec<CatalogueVideo> {
        let rows: Vec<Row> = self.skipped.decode(VIDEOS, rows);
        let dated = rows.into_iter().filter_map(|row| {
            let published_at = self.believed_date(row.id, row.published_at, row.first_seen_at)?;
            Some(row.video(published_at))
        });
        dated.collect()
    }
}

impl Reading {
    async fn turn_page(&mut self) -> Result<(), PeerTubeError> {
        let rows = sqlx::query(catalogue_page!("v.id > $1"))
            .bind(self.after)
            .bind(PAGE)
            .fetch_all(&mut *self.transaction)
            .await
            .doing("reading the catalogue")?;
        self.last_page = (rows.len() as i64) < PAGE;
        if let Some(last) = rows.last() {
            self.after = last.try_get("id").doing("reading the catalogue")?;
        }
        self.page = self.peertube.videos_of(&rows).into();
        Ok(())
    }
}
