//! One connection for several statements about one user, one after the other.
//!
//! Each connection that goes back to the pool costs a round trip, because it is looked at whether it still answers. Whoever holds
//! a session must not wait for another connection of the same pool: all of them may be held by those who wait.

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::skipped::SkippedRows;

/// One connection, until it is dropped.
pub struct Session {
    connection: PoolConnection<Postgres>,
    skipped: SkippedRows,
}

impl PeerTube {
    /// Waits for a connection.
    ///
    /// # Errors
    /// [`PeerTubeError`] when there is none in time.
    pub async fn session(&self) -> Result<Session, PeerTubeError> {
        Ok(Session {
            connection: self.pool.acquire().await.doing("waiting for a connection")?,
            skipped: self.skipped.clone(),
        })
    }
}

impl Session {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    pub(super) fn skipped(&self) -> &SkippedRows {
        &self.skipped
    }
}
