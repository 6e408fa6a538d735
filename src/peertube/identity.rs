//! Which PeerTube this is, and since when its users are there: PeerTube numbers its users, and after it was set up anew or
//! restored from an older back-up the same number means somebody else.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::UserId;

impl PeerTube {
    /// SHA-256 of the public key of the instance's own actor, which PeerTube generates when it is set up. `None` when it has
    /// none.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn instance_key(&self) -> Result<Option<[u8; 32]>, PeerTubeError> {
        let key: Option<Option<String>> = sqlx::query_scalar(
            r#"
            SELECT actor."publicKey" FROM account
            JOIN actor ON actor."accountId" = account.id
            WHERE account."applicationId" IS NOT NULL
            ORDER BY account.id
            LIMIT 1
            "#,
        )
        .fetch_optional(&self.pool)
        .await
        .doing("reading the key of the instance")?;
        Ok(key.flatten().map(|key| Sha256::digest(key.trim()).into()))
    }

    /// Which of `users` exist, ascending, and when their accounts were created. A date that makes no sense counts as 1970.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn creation_times(&self, users: &[UserId]) -> Result<Vec<(UserId, DateTime<Utc>)>, PeerTubeError> {
        sqlx::query_as(
            r#"
            SELECT id, CASE WHEN "createdAt" BETWEEN '1970-01-01' AND '9999-12-31' THEN "createdAt" ELSE 'epoch' END
            FROM "user" WHERE id = ANY ($1) ORDER BY id
            "#,
        )
        .bind(users)
        .fetch_all(&self.pool)
        .await
        .doing("looking up users")
    }
}
