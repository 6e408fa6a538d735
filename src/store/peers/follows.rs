//! How two sidecars come together and part: each step is one transaction that changes the peer and queues what has to
//! be sent.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::newcomers::{self, FollowerOrigin};
use super::{FollowerState, NewPeer, save};
use crate::store::deliveries::{self, NewDelivery};
use crate::store::received_activities::{self, Received, Reception};
use crate::store::{Isolation, Store, StoreError, releases};

/// The answer to a follow request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowDecision {
    /// The peer receives evidence from now on.
    Accept,
    /// It does not.
    Reject,
}

/// What the answer of the actor with this address changes.
type AnswerEffect = for<'c> fn(&'c mut PgConnection, &'c str) -> BoxFuture<'c, Result<(), StoreError>>;

impl Store {
    /// Notes that this sidecar asks to follow `peer`, and queues the Follow.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn request_following(&self, peer: NewPeer, follow: NewDelivery) -> Result<(), StoreError> {
        let now = self.clock.now();
        let step = Arc::new((peer, follow));
        self.run_transaction("request_following", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (peer, follow) = &*step;
                let known = save(connection, peer).await?;
                if let Some(earlier) = &known.following_activity_url {
                    deliveries::cancel_activity(connection, earlier, now).await?;
                }
                sqlx::query!(
                    "UPDATE shoal.peers SET following = 'requested', following_activity_url = $2 WHERE id = $1",
                    known.id,
                    follow.activity_url,
                )
                .execute(&mut *connection)
                .await?;
                deliveries::insert(connection, follow, now).await
            })
        })
        .await
    }

    /// A peer asks to follow this sidecar. With `automatic` a new request is accepted at once; an earlier decision
    /// about the same peer stands in any case and is answered again. Queues `accept` or `reject`, and after an
    /// acceptance the latest release. Where too many requests wait, the oldest unanswered one makes room.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_follow(
        &self,
        received: Received,
        peer: NewPeer,
        origin: FollowerOrigin,
        automatic: bool,
        accept: NewDelivery,
        reject: NewDelivery,
    ) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((received, peer, origin, accept, reject));
        self.run_transaction("receive_follow", Isolation::Serializable, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (received, peer, origin, accept, reject) = &*step;
                let earlier =
                    sqlx::query_scalar!("SELECT follower FROM shoal.peers WHERE actor_url = $1", peer.actor_url)
                        .fetch_optional(&mut *connection)
                        .await?;
                let earlier = earlier.as_deref().map(FollowerState::parse).transpose()?;
                let is_new = matches!(earlier, None | Some(FollowerState::None));
                let follower = match earlier {
                    None | Some(FollowerState::None) => {
                        if let Some(full) = newcomers::make_room(connection, origin, automatic, now).await? {
                            return Ok(full);
                        }
                        if automatic {
                            FollowerState::Accepted
                        } else {
                            FollowerState::Pending
                        }
                    }
                    Some(decided) => decided,
                };
                if !received_activities::insert_first(connection, received, now).await? {
                    return Ok(Reception::Replayed);
                }
                let known = save(connection, peer).await?;
                if is_new {
                    newcomers::note(connection, known.id, origin, now).await?;
                }
                set_follower(connection, known.id, follower, &received.activity_url, now).await?;
                match follower {
                    FollowerState::Accepted => {
                        deliveries::insert(connection, accept, now).await?;
                        releases::queue_recent(connection, &accept.recipient_url, &accept.inbox_url, now).await?;
                    }
                    FollowerState::Rejected => deliveries::insert(connection, reject, now).await?,
                    FollowerState::None | FollowerState::Pending => {}
                }
                Ok(Reception::Processed)
            })
        })
        .await
    }

    /// Somebody asks to follow that cannot: queues `reject` and remembers nothing but the id of the request.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn refuse_follow(&self, received: Received, reject: NewDelivery) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((received, reject));
        self.run_transaction("refuse_follow", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (received, reject) = &*step;
                if !received_activities::insert_first(connection, received, now).await? {
                    return Ok(Reception::Replayed);
                }
                deliveries::insert(connection, reject, now).await?;
                Ok(Reception::Processed)
            })
        })
        .await
    }

    /// Answers the follow request of a peer: changes its state and queues `reply`; after an acceptance also the latest
    /// releases. Returns false, and does nothing, if the peer has not asked.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn decide_follower(
        &self,
        actor_url: &str,
        decision: FollowDecision,
        reply: NewDelivery,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((actor_url.to_owned(), reply));
        self.run_transaction("decide_follower", Isolation::Serializable, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (actor_url, reply) = &*step;
                let state = match decision {
                    FollowDecision::Accept => "accepted",
                    FollowDecision::Reject => "rejected",
                };
                let changed = sqlx::query!(
                    "UPDATE shoal.peers SET follower = $2 WHERE actor_url = $1 AND follower <> 'none'",
                    actor_url,
                    state,
                )
                .execute(&mut *connection)
                .await?
                .rows_affected();
                if changed == 0 {
                    return Ok(false);
                }
                if decision == FollowDecision::Reject {
                    deliveries::cancel_announcements(connection, actor_url, now).await?;
                }
                deliveries::insert(connection, reply, now).await?;
                if decision == FollowDecision::Accept {
                    releases::queue_recent(connection, actor_url, &reply.inbox_url, now).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// The peer accepted the Follow with id `follow_url`.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_accept(&self, received: Received, follow_url: &str) -> Result<Reception, StoreError> {
        self.receive_answer("receive_accept", received, follow_url, |connection, actor_url| {
            Box::pin(async move {
                sqlx::query!(
                    "UPDATE shoal.peers SET following = 'accepted' WHERE actor_url = $1 AND following = 'requested'",
                    actor_url,
                )
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// The peer refused the Follow with id `follow_url`, or takes back an earlier acceptance: its evidence is deleted.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_reject(&self, received: Received, follow_url: &str) -> Result<Reception, StoreError> {
        self.receive_answer("receive_reject", received, follow_url, |connection, actor_url| {
            Box::pin(async move {
                sqlx::query!("UPDATE shoal.peers SET following = 'rejected' WHERE actor_url = $1", actor_url)
                    .execute(&mut *connection)
                    .await?;
                sqlx::query!(
                    "DELETE FROM shoal.received_evidence WHERE peer_id IN (SELECT id FROM shoal.peers WHERE actor_url = $1)",
                    actor_url,
                )
                .execute(&mut *connection)
                .await?;
                received_activities::forget_announcements(connection, actor_url).await
            })
        })
        .await
    }

    /// The answer to the Follow with id `follow_url` has `effect`, if that Follow is the open one and the answer is new.
    async fn receive_answer(
        &self,
        name: &'static str,
        received: Received,
        follow_url: &str,
        effect: AnswerEffect,
    ) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((received, follow_url.to_owned()));
        self.run_transaction(name, Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (received, follow_url) = &*step;
                if !asked(connection, &received.actor_url, follow_url).await? {
                    return Ok(Reception::Refused("no such follow request is open"));
                }
                if !received_activities::insert_first(connection, received, now).await? {
                    return Ok(Reception::Replayed);
                }
                effect(connection, &received.actor_url).await?;
                Ok(Reception::Processed)
            })
        })
        .await
    }

    /// The peer no longer follows this sidecar: nothing more is sent to it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_unfollow(&self, received: Received) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let received = Arc::new(received);
        self.run_transaction("receive_unfollow", Isolation::RepeatableRead, move |connection| {
            let received = Arc::clone(&received);
            Box::pin(async move {
                if !received_activities::insert_first(connection, &received, now).await? {
                    return Ok(Reception::Replayed);
                }
                sqlx::query!(
                    "UPDATE shoal.peers SET follower = 'none', follower_activity_url = NULL WHERE actor_url = $1",
                    received.actor_url,
                )
                .execute(&mut *connection)
                .await?;
                // Nothing is left to know about an actor that is not followed either.
                sqlx::query!(
                    "DELETE FROM shoal.peers WHERE actor_url = $1 AND following = 'none'",
                    received.actor_url,
                )
                .execute(&mut *connection)
                .await?;
                deliveries::cancel_announcements(connection, &received.actor_url, now).await?;
                Ok(Reception::Processed)
            })
        })
        .await
    }

    /// Parts from a peer: its evidence and everything known about it are deleted, pending deliveries to it are given
    /// up, and `farewell` is queued. Returns false, and does nothing, if the peer is not known.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn remove_peer(&self, actor_url: &str, farewell: Vec<NewDelivery>) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((actor_url.to_owned(), farewell));
        self.run_transaction("remove_peer", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (actor_url, farewell) = &*step;
                let removed = sqlx::query!("DELETE FROM shoal.peers WHERE actor_url = $1", actor_url)
                    .execute(&mut *connection)
                    .await?
                    .rows_affected();
                if removed == 0 {
                    return Ok(false);
                }
                received_activities::forget_announcements(connection, actor_url).await?;
                deliveries::cancel_recipient(connection, actor_url, now).await?;
                for delivery in farewell {
                    deliveries::insert(connection, delivery, now).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}

/// Whether the latest Follow that was sent to this actor has the id `follow_url`. Locks the row.
async fn asked(connection: &mut PgConnection, actor_url: &str, follow_url: &str) -> Result<bool, StoreError> {
    let row = sqlx::query!(
        "SELECT id FROM shoal.peers
         WHERE actor_url = $1 AND following_activity_url = $2 AND following <> 'none' FOR UPDATE",
        actor_url,
        follow_url,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

async fn set_follower(
    connection: &mut PgConnection,
    id: i64,
    state: FollowerState,
    follow_url: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let state = match state {
        FollowerState::None => "none",
        FollowerState::Pending => "pending",
        FollowerState::Accepted => "accepted",
        FollowerState::Rejected => "rejected",
    };
    sqlx::query!(
        "UPDATE shoal.peers SET follower = $2, follower_activity_url = $3, last_seen_at = $4 WHERE id = $1",
        id,
        state,
        follow_url,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
