//! Who has an account at all, and whose history may be used: numbers of users, never what they did.

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::UserId;

impl PeerTube {
    /// How many users there are, blocked ones included.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn users(&self) -> Result<u64, PeerTubeError> {
        let count: i64 = sqlx::query_scalar(r#"SELECT count(*) FROM "user""#)
            .fetch_one(&self.pool)
            .await
            .doing("counting users")?;
        Ok(count.unsigned_abs())
    }

    /// Which of `users` exist, ascending.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn existing_among(&self, users: &[UserId]) -> Result<Vec<UserId>, PeerTubeError> {
        sqlx::query_scalar(r#"SELECT id FROM "user" WHERE id = ANY ($1) ORDER BY id"#)
            .bind(users)
            .fetch_all(&self.pool)
            .await
            .doing("looking up users")
    }

    /// Which of `users` exist, have their history switched on and are not blocked, ascending.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn eligible_among(&self, users: &[UserId]) -> Result<Vec<UserId>, PeerTubeError> {
        sqlx::query_scalar(
            r#"
            SELECT id FROM "user"
            WHERE id = ANY ($1) AND "videosHistoryEnabled" IS TRUE AND blocked IS FALSE
            ORDER BY id
            "#,
        )
        .bind(users)
        .fetch_all(&self.pool)
        .await
        .doing("looking up users")
    }
}
