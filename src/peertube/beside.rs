//! Which videos the owner of a video lets be recommended beside it (`video."recommendationPolicy"`, where PeerTube has it).

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::VideoId;
use super::rules::{believed_date, date_holds, earliest};

/// `recommendationPolicy`: only videos of this instance.
const LOCAL: i32 = 2;
/// `recommendationPolicy`: only videos of the same account.
const OWNER: i32 = 3;
/// `recommendationPolicy`: only videos of the same channel.
const CHANNEL: i32 = 4;
/// `video.privacy`: nobody but the owner.
const PRIVATE: i32 = 3;

macro_rules! newest_of {
    ($condition:literal) => {
        concat!(
            r#"SELECT v.id FROM video v JOIN "videoChannel" c ON c.id = v."channelId" WHERE "#,
            $condition,
            " ORDER BY ",
            believed_date!("$3"),
            " DESC, v.id DESC LIMIT $2"
        )
    };
}

impl PeerTube {
    /// Whether the owner of `video` restricts what is recommended beside it: then the `limit` newest videos that the owner
    /// permits, not filtered by any other rule. `None` where everything is permitted: no restriction, an unknown one, a
    /// private video (it must not tell its channel), or a PeerTube without such restrictions.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn permitted_beside(&self, video: VideoId, limit: u32) -> Result<Option<Vec<VideoId>>, PeerTubeError> {
        if !self.layout.recommendation_policy {
            return Ok(None);
        }
        let policy: Option<(Option<i32>, i32, i32)> = sqlx::query_as(
            r#"
            SELECT v."recommendationPolicy", v."channelId", c."accountId"
            FROM video v
            JOIN "videoChannel" c ON c.id = v."channelId"
            WHERE v.id = $1 AND v.privacy <> $2
            "#,
        )
        .bind(video)
        .bind(PRIVATE)
        .fetch_optional(&self.pool)
        .await
        .doing("reading what may be recommended beside a video")?;
        let (statement, of) = match policy {
            Some((Some(LOCAL), ..)) => (newest_of!("v.remote IS FALSE AND $1 = 0"), 0),
            Some((Some(OWNER), _, account)) => (newest_of!(r#"c."accountId" = $1"#), account),
            Some((Some(CHANNEL), channel, _)) => (newest_of!(r#"v."channelId" = $1"#), channel),
            _ => return Ok(None),
        };
        sqlx::query_scalar(statement)
            .bind(of)
            .bind(i64::from(limit))
            .bind(self.now())
            .fetch_all(&self.pool)
            .await
            .doing("listing what may be recommended beside a video")
            .map(Some)
    }
}
