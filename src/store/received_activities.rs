//! Replay protection: the id of an activity is inserted in the same transaction as its effect, and first.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::received_evidence::USED_DAYS;
use super::{Store, StoreError};

/// How long ids are remembered, in days. Signatures are valid for an hour.
const REMEMBERED_DAYS: i64 = 30;

/// An activity that passed every check and may now have its effect.
#[derive(Debug, Clone)]
pub struct Received {
    /// Id of the activity.
    pub activity_url: String,
    /// Actor that signed it.
    pub actor_url: String,
    /// Its type, such as `Follow`.
    pub kind: &'static str,
}

/// What became of a received activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// It had its effect.
    Processed,
    /// It had arrived before; nothing changed.
    Replayed,
    /// It is not acceptable in the present state; nothing changed.
    Refused(&'static str),
    /// There is no room for it now, which time may change; nothing changed.
    NoRoom {
        /// What there is no room for.
        reason: &'static str,
        /// When to try again.
        wait: Duration,
    },
    /// It rests on a follow that this sidecar did not send, or took back; nothing changed. The sender should know.
    NotFollowing(&'static str),
    /// It may be acceptable soon; nothing changed.
    Later(&'static str),
}

/// Inserts the id; false if it was there already. Also notes that the peer was seen.
pub(super) async fn insert_first(
    connection: &mut PgConnection,
    received: &Received,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query!(
        "INSERT INTO shoal.received_activities (activity_url, actor_url, kind, received_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        received.activity_url,
        received.actor_url,
        received.kind,
        now,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if inserted == 0 {
        return Ok(false);
    }
    note_seen(connection, &received.actor_url, now).await?;
    Ok(true)
}

/// Notes that the peer, if it is known, sent something valid.
pub(super) async fn note_seen(
    connection: &mut PgConnection,
    actor_url: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE shoal.peers SET last_seen_at = $2 WHERE actor_url = $1",
        actor_url,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the announcements of an actor whose evidence was deleted, so that they can arrive again if it is followed
/// again.
pub(super) async fn forget_announcements(connection: &mut PgConnection, actor_url: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM shoal.received_activities WHERE actor_url = $1 AND kind = 'Create'",
        actor_url
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Removes what is no longer needed: ids of received activities and finished deliveries older than 30 days, follow
    /// requests that nobody answered, and evidence that is too old to be used.
    /// Returns the number of rows removed.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        let limit = self.clock.now() - TimeDelta::days(REMEMBERED_DAYS);
        let activities = sqlx::query!("DELETE FROM shoal.received_activities WHERE received_at < $1", limit)
            .execute(&self.pool)
            .await?
            .rows_affected();
        let deliveries = sqlx::query!(
            "DELETE FROM shoal.deliveries WHERE state <> 'pending' AND finished_at < $1",
            limit
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        let requests = self.forget_unanswered_requests().await?;
        let oldest = self.clock.now() - TimeDelta::days(USED_DAYS);
        let evidence = sqlx::query!("DELETE FROM shoal.received_evidence WHERE received_at <= $1", oldest)
            .execute(&self.pool)
            .await?
            .rows_affected();
        Ok(activities + deliveries + requests + evidence)
    }
}
