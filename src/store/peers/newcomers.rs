//! Room for newcomers: how many follow requests may wait, from where, for how long, and which one gives way. Whoever
//! makes up many actors displaces only requests of its own domain and network.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::store::{Reception, Store, StoreError};

/// Days after which a follow request that nobody answered is forgotten. The sender may ask again.
const REQUEST_DAYS: i64 = 30;
/// Follow requests that may wait at the same time: in all, of one registrable domain, and of one network.
const MAXIMUM_PENDING: i64 = 500;
const PENDING_PER_DOMAIN: i64 = 5;
const PENDING_PER_NETWORK: i64 = 20;
/// Followers that are accepted automatically: of one registrable domain, of one network, and in all.
const FOLLOWERS_PER_DOMAIN: i64 = 20;
const FOLLOWERS_PER_NETWORK: i64 = 50;
const MAXIMUM_FOLLOWERS: i64 = 10_000;
/// When a newcomer for whom there is no room may try again.
const NO_ROOM_WAIT: Duration = Duration::from_hours(6);

/// Where a follower comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowerOrigin {
    /// Registrable domain of its actor.
    pub domain: String,
    /// Network of the server that showed its actor, such as `192.0.2.0/24`, where it is a public one.
    pub network: Option<String>,
}

/// Makes room for one more follower of `origin`. With `automatic` it will be accepted at once, and nobody gives way to
/// it; otherwise it will wait, and the oldest requests of its domain, of its network and in all make room.
/// [`Reception::NoRoom`] if there is none.
pub(super) async fn make_room(
    connection: &mut PgConnection,
    origin: &FollowerOrigin,
    automatic: bool,
    now: DateTime<Utc>,
) -> Result<Option<Reception>, StoreError> {
    forget_unanswered(connection, now).await?;
    let counts = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE follower = 'accepted' AND domain = $1) AS "of_domain!",
                  count(*) FILTER (WHERE follower = 'accepted' AND network = $2) AS "of_network!",
                  count(*) FILTER (WHERE follower = 'accepted') AS "all!",
                  count(*) FILTER (WHERE follower = 'pending' AND domain = $1) AS "pending_of_domain!",
                  count(*) FILTER (WHERE follower = 'pending' AND network = $2) AS "pending_of_network!",
                  count(*) FILTER (WHERE follower = 'pending') AS "pending!"
           FROM shoal.peers LEFT JOIN shoal.follower_origins ON peer_id = id
           WHERE follower IN ('accepted', 'pending')"#,
        origin.domain,
        origin.network,
    )
    .fetch_one(&mut *connection)
    .await?;
    if automatic {
        let reason = if counts.of_domain >= FOLLOWERS_PER_DOMAIN {
            "many actors of this domain follow already"
        } else if counts.of_network >= FOLLOWERS_PER_NETWORK {
            "many actors of this network follow already"
        } else if counts.all >= MAXIMUM_FOLLOWERS {
            "this sidecar has as many followers as it can have"
        } else {
            return Ok(None);
        };
        return Ok(Some(Reception::NoRoom {
            reason,
            wait: NO_ROOM_WAIT,
        }));
    }
    if counts.pending_of_domain >= PENDING_PER_DOMAIN {
        give_way(connection, Some(&origin.domain), None).await?;
    } else if counts.pending_of_network >= PENDING_PER_NETWORK {
        give_way(connection, None, origin.network.as_deref()).await?;
    } else if counts.pending >= MAXIMUM_PENDING {
        give_way(connection, None, None).await?;
    }
    Ok(None)
}

/// Notes where a new follower comes from, and when it asked.
pub(super) async fn note(
    connection: &mut PgConnection,
    peer: i64,
    origin: &FollowerOrigin,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO shoal.follower_origins (peer_id, domain, network, asked_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (peer_id) DO UPDATE SET domain = $2, network = $3, asked_at = $4",
        peer,
        origin.domain,
        origin.network,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the oldest request that waits, of one domain or one network if so given.
async fn give_way(
    connection: &mut PgConnection,
    domain: Option<&str>,
    network: Option<&str>,
) -> Result<(), StoreError> {
    let oldest = sqlx::query_scalar!(
        "SELECT id FROM shoal.peers JOIN shoal.follower_origins ON peer_id = id
         WHERE follower = 'pending' AND ($1::text IS NULL OR domain = $1) AND ($2::text IS NULL OR network = $2)
         ORDER BY asked_at, id LIMIT 1",
        domain,
        network,
    )
    .fetch_all(&mut *connection)
    .await?;
    forget(connection, &oldest).await?;
    Ok(())
}

/// Forgets requests that nobody answered in time. Returns how many.
async fn forget_unanswered(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let unanswered = sqlx::query_scalar!(
        "SELECT id FROM shoal.peers JOIN shoal.follower_origins ON peer_id = id
         WHERE follower = 'pending' AND asked_at < $1",
        now - TimeDelta::days(REQUEST_DAYS),
    )
    .fetch_all(&mut *connection)
    .await?;
    forget(connection, &unanswered).await
}

/// These peers do not ask any more; of those that are not followed either, nothing is left to know.
async fn forget(connection: &mut PgConnection, peers: &[i64]) -> Result<u64, StoreError> {
    sqlx::query!(
        "DELETE FROM shoal.peers WHERE id = ANY ($1) AND follower = 'pending' AND following = 'none'",
        peers
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE shoal.peers
         SET follower = 'none', follower_activity_url = NULL, follower_held_url = NULL, revision = revision + 1
         WHERE id = ANY ($1) AND follower = 'pending'",
        peers
    )
    .execute(connection)
    .await?;
    Ok(peers.len() as u64)
}

impl Store {
    /// Forgets follow requests that nobody answered for 30 days. Returns how many.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub(in crate::store) async fn forget_unanswered_requests(&self) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let forgotten = forget_unanswered(&mut transaction, self.clock.now()).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}
