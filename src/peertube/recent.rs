//! Lists that need no model: the newest videos, the most viewed of late; and finding the video that a caller names.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::VideoId;
use super::reference::VideoReference;
use super::rules::{
    date_holds, earliest, first_seen_holds, followed, instance, latest, listed_for_viewer, local_or_followed,
    newest_first_for_viewer, newest_for_viewer, not_muted, published, video_and_owner,
};
use super::schema::ViewsTable;
use super::user::Viewer;
use super::visibility::Audience;
use super::visitor::VisitorSettings;

impl PeerTube {
    /// The newest videos that PeerTube would list for `viewer`, see [`PeerTube::visible_among`]; `count` of them after the
    /// first `start`.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn recent(
        &self,
        viewer: Option<&Viewer>,
        visitor: impl Into<VisitorSettings>,
        start: u32,
        count: u32,
    ) -> Result<Vec<VideoId>, PeerTubeError> {
        let audience = Audience::new(viewer, visitor);
        self.newest(newest_for_viewer!("", ""), audience, start, count)
            .await
            .doing("listing recent videos")
    }

    /// `count` videos after the first `start` of a statement with the parameters of `newest_for_viewer!`.
    pub(super) async fn newest(
        &self,
        statement: &'static str,
        audience: Audience,
        start: u32,
        count: u32,
    ) -> Result<Vec<VideoId>, sqlx::Error> {
        audience
            .bind(statement)
            .bind(self.now())
            .bind(i64::from(start))
            .bind(i64::from(count))
            .fetch_all(&self.pool)
            .await
    }

    /// The videos with the most views on all instances that PeerTube would list for `viewer`, most viewed first; `count` of
    /// them after the first `start`.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn most_viewed(
        &self,
        viewer: Option<&Viewer>,
        visitor: impl Into<VisitorSettings>,
        start: u32,
        count: u32,
    ) -> Result<Vec<VideoId>, PeerTubeError> {
        let statement = concat!(
            "WITH ",
            instance!(),
            "SELECT v.id FROM ",
            video_and_owner!(),
            "WHERE ",
            listed_for_viewer!(),
            " AND (",
            date_holds!("$7"),
            " OR ",
            first_seen_holds!(),
            ") ORDER BY v.views DESC, v.id OFFSET $8 LIMIT $9"
        );
        self.newest(statement, Audience::new(viewer, visitor), start, count)
            .await
            .doing("listing the most viewed videos")
    }

    /// The videos with the most views on this instance since `since`, most viewed first, with those views. Not
    /// filtered by any rule.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn most_viewed_since(
        &self,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(VideoId, i64)>, PeerTubeError> {
        macro_rules! most_viewed {
            ($table:literal) => {
                concat!(
                    r#"SELECT "videoId", sum(views)::bigint AS views FROM "#,
                    $table,
                    r#" WHERE "startDate" BETWEEN $1 AND $2 GROUP BY "videoId" ORDER BY views DESC, "videoId" LIMIT $3"#
                )
            };
        }
        let statement = match self.layout.views {
            ViewsTable::VideoStat => most_viewed!(r#""videoStat""#),
            ViewsTable::VideoView => most_viewed!(r#""videoView""#),
        };
        sqlx::query_as(statement)
            .bind(since)
            .bind(self.now())
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .doing("counting recent views")
    }

    /// The videos of these UUIDs, whoever may see them; those that this database does not have are left out.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn resolve_uuids(&self, uuids: &[Uuid]) -> Result<HashMap<Uuid, VideoId>, PeerTubeError> {
        if uuids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(Uuid, VideoId)> = sqlx::query_as("SELECT uuid, id FROM video WHERE uuid = ANY ($1)")
            .bind(uuids)
            .fetch_all(&self.pool)
            .await
            .doing("looking up videos")?;
        Ok(rows.into_iter().collect())
    }

    /// The video that a caller names, whoever may see it. `None` when this database has no such video.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn resolve(&self, reference: &VideoReference) -> Result<Option<VideoId>, PeerTubeError> {
        match reference {
            VideoReference::Id(id) => sqlx::query_scalar("SELECT id FROM video WHERE id = $1").bind(*id),
            VideoReference::Uuid(uuid) => sqlx::query_scalar("SELECT id FROM video WHERE uuid = $1").bind(*uuid),
        }
        .fetch_optional(&self.pool)
        .await
        .doing("looking up a video")
    }
}
