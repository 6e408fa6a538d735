//! Reads and writes who follows whom of one peer, with its row locked.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::consent::{Follower, Following};
use super::{FollowerState, FollowingState};
use crate::store::StoreError;

/// Both directions between this sidecar and one peer.
#[derive(Debug)]
pub(super) struct Relation {
    pub id: i64,
    pub revision: i64,
    pub following: Following,
    pub follower: Follower,
}

impl Relation {
    /// That of a known peer. Locks the row until the transaction ends.
    pub(super) async fn lock(connection: &mut PgConnection, actor_url: &str) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query!(
            "SELECT id, revision, following, following_activity_url, follower, follower_activity_url,
                    follower_held_url
             FROM shoal.peers WHERE actor_url = $1 FOR UPDATE",
            actor_url,
        )
        .fetch_optional(connection)
        .await?;
        row.map(|row| {
            Ok(Self {
                id: row.id,
                revision: row.revision,
                following: Following {
                    state: FollowingState::parse(&row.following)?,
                    follow: row.following_activity_url,
                },
                follower: Follower {
                    state: FollowerState::parse(&row.follower)?,
                    follow: row.follower_activity_url,
                    held: row.follower_held_url,
                },
            })
        })
        .transpose()
    }

    /// Writes this sidecar's own follow, if that is a change.
    pub(super) async fn set_following(
        &mut self,
        connection: &mut PgConnection,
        next: Following,
    ) -> Result<(), StoreError> {
        if next == self.following {
            return Ok(());
        }
        self.following = next;
        self.revision = sqlx::query_scalar!(
            "UPDATE shoal.peers SET following = $2, following_activity_url = $3, revision = revision + 1
             WHERE id = $1 RETURNING revision",
            self.id,
            self.following.state.as_str(),
            self.following.follow,
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// Writes the peer's follow, if that is a change. What it confirmed about another follow holds no longer.
    pub(super) async fn set_follower(
        &mut self,
        connection: &mut PgConnection,
        next: Follower,
    ) -> Result<(), StoreError> {
        if next == self.follower {
            return Ok(());
        }
        self.follower = next;
        self.revision = sqlx::query_scalar!(
            "UPDATE shoal.peers SET follower = $2, follower_activity_url = $3, follower_held_url = $4,
                 follower_confirmed_at = CASE
                     WHEN follower = $2 AND follower_activity_url IS NOT DISTINCT FROM $3 THEN follower_confirmed_at END,
                 revision = revision + 1
             WHERE id = $1 RETURNING revision",
            self.id,
            self.follower.state.as_str(),
            self.follower.follow,
            self.follower.held,
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// Forgets a peer with which nothing is left. Returns whether it was forgotten.
    pub(super) async fn forget_if_over(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        if self.following.state != FollowingState::None || self.follower.state != FollowerState::None {
            return Ok(false);
        }
        sqlx::query!("DELETE FROM shoal.peers WHERE id = $1", self.id)
            .execute(connection)
            .await?;
        Ok(true)
    }
}

/// Lets the peer be asked for its state, and its outbox be read, at `at` if not earlier.
pub(in crate::store) async fn sync_soon(
    connection: &mut PgConnection,
    id: i64,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE shoal.peers SET sync_due_at = least(coalesce(sync_due_at, $2), $2) WHERE id = $1",
        id,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
