//! What follows a video in the playlists of its own owner, who put them in order. Other people's playlists say nothing about what
//! the owner meant to come next, and private ones nothing at all.

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::VideoId;

impl PeerTube {
    /// The videos that follow `video` in public playlists of the account that owns it, each playlist in its order, with the number
    /// of the playlist; at most `limit` of each of the first playlists. Not filtered by any rule. Nothing where the role may not
    /// read playlists.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn following_in_playlists(
        &self,
        video: VideoId,
        limit: u32,
    ) -> Result<Vec<(i32, VideoId)>, PeerTubeError> {
        if !self.layout.playlists {
            return Ok(Vec::new());
        }
        // Playlists of type 1 are made by hand; the other type is "watch later".
        sqlx::query_as(
            r#"
            SELECT listed.id, later."videoId"
            FROM (
                SELECT playlist.id, min(element.position) AS position
                FROM "videoPlaylistElement" element
                JOIN "videoPlaylist" playlist ON playlist.id = element."videoPlaylistId"
                JOIN video v ON v.id = element."videoId"
                JOIN "videoChannel" c ON c.id = v."channelId"
                WHERE element."videoId" = $1 AND playlist.privacy = 1 AND playlist.type = 1
                  AND playlist."ownerAccountId" = c."accountId"
                GROUP BY playlist.id
                ORDER BY playlist.id
                LIMIT 10
            ) listed
            CROSS JOIN LATERAL (
                SELECT element."videoId", element.position, element.id
                FROM "videoPlaylistElement" element
                WHERE element."videoPlaylistId" = listed.id AND element.position > listed.position
                  AND element."videoId" IS NOT NULL AND element."videoId" <> $1
                ORDER BY element.position, element.id
                LIMIT $2
            ) later
            ORDER BY listed.id, later.position, later.id
            "#,
        )
        .bind(video)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .doing("reading what follows a video in playlists")
    }
}
