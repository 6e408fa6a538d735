//! Synchronization with peers: when each is due, what was learned by asking, and which followers can still be reached.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::consent::{FollowSent, FollowerEffect, FollowingEffect, PeerStatement};
use super::follows::delete_evidence;
use super::relation::{Relation, sync_soon};
use super::{Peer, PeerRow};
use crate::store::deliveries::{self, DeliveryState, LeasedDelivery, NewDelivery, shorten};
use crate::store::{Isolation, Store, StoreError};

/// Days for which a follower counts as one that can be reached after it last confirmed that it follows. As long as deliveries
/// are tried again.
const REACHABLE_DAYS: i64 = 7;

/// A peer that this process may synchronize with now.
#[derive(Debug, Clone)]
pub struct DueSync {
    /// The peer.
    pub peer: Peer,
    /// Until when this process holds it, as the database has it.
    pub lease: DateTime<Utc>,
    /// Failed synchronizations since the last successful one.
    pub failures: i32,
}

/// What may have to be sent after a peer was asked, built beforehand.
#[derive(Debug, Clone, Default)]
pub struct Replies {
    /// An Accept of the Follow that the peer stated.
    pub accept: Option<NewDelivery>,
    /// A Reject of the Follow that the peer stated.
    pub reject: Option<NewDelivery>,
    /// This sidecar's own Follow once more, with the same id.
    pub follow: Option<NewDelivery>,
}

impl Store {
    /// Lets every peer with which there is something to agree on be asked now.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn sync_all_soon(&self) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.peers SET sync_due_at = $1 WHERE following <> 'none' OR follower IN ('pending', 'accepted')",
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Leases up to `limit` peers whose synchronization is due, for `duration`.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn lease_syncs(&self, limit: i64, duration: TimeDelta) -> Result<Vec<DueSync>, StoreError> {
        let now = self.clock.now();
        let rows = sqlx::query!(
            r#"UPDATE shoal.peers SET sync_due_at = $2
               WHERE id IN (
                   SELECT id FROM shoal.peers WHERE sync_due_at <= $1 ORDER BY sync_due_at, id LIMIT $3
                   FOR UPDATE SKIP LOCKED
               )
               RETURNING actor_url, sync_due_at AS "lease!", sync_failures"#,
            now,
            now + duration,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(peer) = self.peer(&row.actor_url).await? {
                due.push(DueSync {
                    peer,
                    lease: row.lease,
                    failures: row.sync_failures,
                });
            }
        }
        Ok(due)
    }

    /// The synchronization with a peer is over; `error` is why it failed. The next one comes at `next`, unless something
    /// happened meanwhile that made one due earlier. Without a `lease` it was made out of turn.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn finish_sync(
        &self,
        peer_id: i64,
        lease: Option<DateTime<Utc>>,
        next: DateTime<Utc>,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.peers
             SET sync_due_at = CASE WHEN $2::timestamptz IS NULL OR sync_due_at = $2 THEN $3 ELSE sync_due_at END,
                 sync_failures = CASE WHEN $4::text IS NULL THEN 0 ELSE least(sync_failures, 1000) + 1 END,
                 synced_at = CASE WHEN $4::text IS NULL THEN $5 ELSE synced_at END,
                 sync_error = $4
             WHERE id = $1",
            peer_id,
            lease,
            next,
            error.map(shorten),
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What a peer stated when it was asked, has its effect, unless who follows whom has changed since `peer` was read: then
    /// the statement may be older than what is known, and nothing happens. Returns whether it had its effect.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn learn_from(
        &self,
        peer: &Peer,
        statement: PeerStatement,
        replies: Replies,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((peer.clone(), statement, replies));
        self.run_transaction("learn_from", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (peer, statement, replies) = &*step;
                let relation = Relation::lock(connection, &peer.actor_url).await?;
                let unchanged = |relation: &Relation| relation.id == peer.id && relation.revision == peer.revision;
                let Some(mut relation) = relation.filter(unchanged) else {
                    return Ok(false);
                };
                let sent = match &relation.following.follow {
                    Some(follow) => deliveries::state_of(connection, follow, &peer.actor_url).await?,
                    None => None,
                };
                let sent = match sent {
                    Some(DeliveryState::Pending) => FollowSent::Pending,
                    Some(DeliveryState::Delivered) => FollowSent::Delivered,
                    Some(DeliveryState::Failed) | None => FollowSent::Lost,
                };
                let (following, effect) = relation.following.learn(&statement.follower, sent);
                relation.set_following(connection, following).await?;
                match (effect, &replies.follow) {
                    (FollowingEffect::DeleteEvidence, _) => delete_evidence(connection, &peer.actor_url).await?,
                    (FollowingEffect::SendFollow, Some(follow)) => deliveries::insert(connection, follow, now).await?,
                    (FollowingEffect::SendFollow, None) | (FollowingEffect::Nothing, _) => {}
                }

                let (follower, effect) = relation.follower.learn(&statement.following);
                let adopted = follower.follow != relation.follower.follow;
                relation.set_follower(connection, follower).await?;
                // The same answer once more makes sense only where none is under way.
                let answers = adopted || !deliveries::is_pending_for(connection, &peer.actor_url).await?;
                match (effect, &replies.accept, &replies.reject) {
                    (FollowerEffect::Confirm, ..) => confirm(connection, relation.id, Some(now)).await?,
                    (FollowerEffect::SendAccept, Some(accept), _) => {
                        confirm(connection, relation.id, None).await?;
                        if answers {
                            deliveries::insert(connection, accept, now).await?;
                        }
                    }
                    (FollowerEffect::SendReject, _, Some(reject)) if answers => {
                        deliveries::insert(connection, reject, now).await?;
                    }
                    (FollowerEffect::CancelAnnouncements, ..) => {
                        deliveries::cancel_announcements(connection, &peer.actor_url, now).await?;
                    }
                    _ => {}
                }
                relation.forget_if_over(connection).await?;
                Ok(true)
            })
        })
        .await
    }

    /// The recipient took a delivery: if it rests on a follow, the follower confirmed it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn confirm_follower(&self, delivery: &LeasedDelivery) -> Result<(), StoreError> {
        let Some(follow) = &delivery.follow_url else {
            return Ok(());
        };
        sqlx::query!(
            "UPDATE shoal.peers SET follower_confirmed_at = $3
             WHERE actor_url = $1 AND follower = 'accepted' AND follower_activity_url = $2",
            delivery.recipient_url,
            follow,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The recipient says that it does not follow: it does not count as a follower until it was asked, which happens soon.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn doubt_follower(&self, actor_url: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.peers
             SET follower_confirmed_at = NULL, sync_due_at = least(coalesce(sync_due_at, $2), $2)
             WHERE actor_url = $1",
            actor_url,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The peer will never take the Follow with id `follow_url`: that is a refusal.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn note_refused_follow(&self, actor_url: &str, follow_url: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.peers SET following = 'rejected', revision = revision + 1
             WHERE actor_url = $1 AND following = 'requested' AND following_activity_url = $2",
            actor_url,
            follow_url,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Number of accepted followers that can still be reached: they confirmed in the last week that they follow.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn reachable_followers(&self) -> Result<i64, StoreError> {
        let since = self.clock.now() - TimeDelta::days(REACHABLE_DAYS);
        self.followers_confirmed_since(since).await
    }

    /// Number of accepted followers that confirmed after `since` that they follow.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn followers_confirmed_since(&self, since: DateTime<Utc>) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM shoal.peers
               WHERE follower = 'accepted' AND follower_confirmed_at > $1"#,
            since,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(count)
    }

    /// Accepted followers, those that confirmed last first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn followers_to_ask(&self, limit: i64) -> Result<Vec<Peer>, StoreError> {
        let rows = sqlx::query_as!(
            PeerRow,
            "SELECT id, actor_url, inbox_url, shared_inbox_url, public_key_pem, host, name, fetched_at, last_seen_at,
             following, following_activity_url, follower, follower_activity_url, revision, follower_confirmed_at,
             synced_at, sync_error
             FROM shoal.peers
             WHERE follower = 'accepted' ORDER BY follower_confirmed_at DESC NULLS LAST, id LIMIT $1",
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Peer::try_from).collect()
    }

    /// Lets one peer be asked now.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn sync_peer_soon(&self, peer_id: i64) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        sync_soon(&mut connection, peer_id, self.clock.now()).await
    }
}

/// Whether a release would find somebody: at least one accepted follower can still be reached.
pub(in crate::store) async fn has_reachable_follower(
    connection: &mut sqlx::PgConnection,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM shoal.peers WHERE follower = 'accepted' AND follower_confirmed_at > $1
           ) AS "found!""#,
        now - TimeDelta::days(REACHABLE_DAYS),
    )
    .fetch_one(connection)
    .await?;
    Ok(found)
}

async fn confirm(
    connection: &mut sqlx::PgConnection,
    peer_id: i64,
    at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE shoal.peers SET follower_confirmed_at = $2 WHERE id = $1",
        peer_id,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}
