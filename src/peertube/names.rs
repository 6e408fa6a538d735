//! Names of accounts and channels of this instance. Both, and actors of sidecars on the same host, share one name
//! space on every server that looks them up.

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};

impl PeerTube {
    /// Whether an account or a channel of this instance has this name, in any case of letters.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn has_local_actor(&self, name: &str) -> Result<bool, PeerTubeError> {
        sqlx::query_scalar(
            r#"
            SELECT EXISTS (
                SELECT 1 FROM actor WHERE "serverId" IS NULL AND lower("preferredUsername") = lower($1)
            )
            "#,
        )
        .bind(name)
        .fetch_one(&self.pool)
        .await
        .doing("looking for an account or channel by its name")
    }
}
