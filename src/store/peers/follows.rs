//! How two sidecars come together and part: each step is one transaction that changes the peer, as `consent` says, and
//! queues what has to be sent.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::consent::{Follower, FollowerEffect, Following, FollowingEffect};
use super::newcomers::{self, FollowerOrigin};
use super::relation::{Relation, sync_soon};
use super::{FollowerState, NewPeer, Peer, save};
use crate::store::deliveries::{self, NewDelivery};
use crate::store::received_activities::{self, Received, Reception};
use crate::store::{Isolation, Store, StoreError, releases};

/// Hours after which a peer is asked for its state when nothing else gives cause.
const SYNC_HOURS: i64 = 24;
/// Hours after which a new follower is asked whether it still wishes to follow: an old Follow may arrive late.
const ASK_BACK_HOURS: i64 = 1;

/// The answer to a follow request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowDecision {
    /// The peer receives evidence from now on.
    Accept,
    /// It does not.
    Reject,
}

impl Store {
    /// Notes that this sidecar asks to follow `peer`, and queues the Follow. An earlier one that waits is given up.
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
                save(connection, peer).await?;
                let mut relation = known(connection, &peer.actor_url).await?;
                if let Some(earlier) = &relation.following.follow {
                    deliveries::cancel_activity(connection, earlier, now).await?;
                }
                let requested = Following::request(follow.activity_url.clone());
                relation.set_following(connection, requested).await?;
                sync_soon(connection, relation.id, now + TimeDelta::hours(SYNC_HOURS)).await?;
                deliveries::insert(connection, follow, now).await
            })
        })
        .await
    }

    /// Ends this sidecar's own follow of `peer`, as it was read: the peer's evidence is deleted and `farewell` is queued. What
    /// the peer follows stays.
    ///
    /// # Errors
    /// [`StoreError::Contention`] if who follows whom has changed since `peer` was read.
    pub async fn stop_following(&self, peer: &Peer, farewell: Vec<NewDelivery>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let step = Arc::new((peer.clone(), farewell));
        self.run_transaction("stop_following", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (peer, farewell) = &*step;
                let mut relation = unchanged(connection, peer, "stop_following").await?;
                if let Some(follow) = &relation.following.follow {
                    deliveries::cancel_activity(connection, follow, now).await?;
                }
                relation.set_following(connection, Following::NONE).await?;
                delete_evidence(connection, &peer.actor_url).await?;
                relation.forget_if_over(connection).await?;
                for delivery in farewell {
                    deliveries::insert(connection, delivery, now).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// A peer asks to follow this sidecar. With `automatic` a new request is accepted at once; an earlier decision
    /// about the same peer stands in any case and is answered again. Queues `accept` or `reject`, and after an
    /// acceptance the latest releases. Where too many requests wait, the oldest unanswered one makes room.
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
                let relation = Relation::lock(connection, &peer.actor_url).await?;
                let earlier = relation.map_or(Follower::NONE, |relation| relation.follower);
                let is_new = earlier.state == FollowerState::None;
                if is_new && let Some(full) = newcomers::make_room(connection, origin, automatic, now).await? {
                    return Ok(full);
                }
                if !received_activities::insert_first(connection, received, now).await? {
                    return Ok(Reception::Replayed);
                }
                save(connection, peer).await?;
                received_activities::note_seen(connection, &peer.actor_url, now).await?;
                let mut relation = known(connection, &peer.actor_url).await?;
                if is_new {
                    newcomers::note(connection, relation.id, origin, now).await?;
                }
                let (follower, effect) = earlier.ask(&received.activity_url, automatic);
                let pause = if follower.held.is_some() {
                    TimeDelta::zero()
                } else {
                    TimeDelta::hours(ASK_BACK_HOURS)
                };
                relation.set_follower(connection, follower).await?;
                sync_soon(connection, relation.id, now + pause).await?;
                answer_follower(connection, effect, accept, reject, now).await?;
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

    /// Answers the follow request of `peer`, as it was read: changes its state and queues `reply`; after an acceptance also
    /// the latest releases. Returns false, and does nothing, if the peer has not asked.
    ///
    /// # Errors
    /// [`StoreError::Contention`] if who follows whom has changed since `peer` was read.
    pub async fn decide_follower(
        &self,
        peer: &Peer,
        decision: FollowDecision,
        reply: NewDelivery,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((peer.clone(), reply));
        self.run_transaction("decide_follower", Isolation::Serializable, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (peer, reply) = &*step;
                let mut relation = unchanged(connection, peer, "decide_follower").await?;
                let Some((follower, effect)) = relation.follower.decide(decision) else {
                    return Ok(false);
                };
                relation.set_follower(connection, follower).await?;
                sync_soon(connection, relation.id, now + TimeDelta::hours(SYNC_HOURS)).await?;
                answer_follower(connection, effect, reply, reply, now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// The peer accepted the Follow with id `follow_url`; it may have refused it before.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_accept(&self, received: Received, follow_url: &str) -> Result<Reception, StoreError> {
        self.receive_answer(received, FollowDecision::Accept, follow_url).await
    }

    /// The peer refused the Follow with id `follow_url`, or takes back an earlier acceptance: its evidence is deleted.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_reject(&self, received: Received, follow_url: &str) -> Result<Reception, StoreError> {
        self.receive_answer(received, FollowDecision::Reject, follow_url).await
    }

    /// The answer to the Follow with id `follow_url`, if that Follow is the open one and the answer is new. As answers may
    /// arrive in another order than they were given, the peer is then asked.
    async fn receive_answer(
        &self,
        received: Received,
        decision: FollowDecision,
        follow_url: &str,
    ) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((received, follow_url.to_owned()));
        self.run_transaction("receive_answer", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (received, follow_url) = &*step;
                let no_such_follow = Reception::NotFollowing("no such follow request is open");
                let Some(mut relation) = Relation::lock(connection, &received.actor_url).await? else {
                    return Ok(no_such_follow);
                };
                let Some((following, effect)) = relation.following.hear(decision, follow_url) else {
                    return Ok(no_such_follow);
                };
                if !received_activities::insert_first(connection, received, now).await? {
                    return Ok(Reception::Replayed);
                }
                relation.set_following(connection, following).await?;
                if effect == FollowingEffect::DeleteEvidence {
                    delete_evidence(connection, &received.actor_url).await?;
                }
                sync_soon(connection, relation.id, now).await?;
                Ok(Reception::Processed)
            })
        })
        .await
    }

    /// The peer takes the Follow with id `follow_url` back: nothing more is sent to it. An older Follow than the one that is
    /// known changes nothing. A newer one that is known already takes its place and
    /// is answered when the peer is asked; with `automatic` it is accepted.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_unfollow(
        &self,
        received: Received,
        follow_url: &str,
        automatic: bool,
    ) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((received, follow_url.to_owned()));
        self.run_transaction("receive_unfollow", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (received, follow_url) = &*step;
                let Some(mut relation) = Relation::lock(connection, &received.actor_url).await? else {
                    return Ok(Reception::NotFollowing("no such follow request is known"));
                };
                if !received_activities::insert_first(connection, received, now).await? {
                    return Ok(Reception::Replayed);
                }
                let (follower, effect) = relation.follower.leave(follow_url, automatic);
                let replaced = follower.follow.is_some() && follower.follow != relation.follower.follow;
                relation.set_follower(connection, follower).await?;
                if effect == FollowerEffect::CancelAnnouncements || replaced {
                    deliveries::cancel_announcements(connection, &received.actor_url, now).await?;
                }
                // Nothing is left to know about an actor that is not followed either.
                if !relation.forget_if_over(connection).await? {
                    sync_soon(connection, relation.id, now).await?;
                }
                Ok(Reception::Processed)
            })
        })
        .await
    }

    /// Parts from `peer`, as it was read: its evidence and everything known about it are deleted, pending deliveries to it are
    /// given up, and `farewell` is queued.
    ///
    /// # Errors
    /// [`StoreError::Contention`] if who follows whom has changed since `peer` was read.
    pub async fn remove_peer(&self, peer: &Peer, farewell: Vec<NewDelivery>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let step = Arc::new((peer.clone(), farewell));
        self.run_transaction("remove_peer", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (peer, farewell) = &*step;
                unchanged(connection, peer, "remove_peer").await?;
                sqlx::query!("DELETE FROM shoal.peers WHERE id = $1", peer.id)
                    .execute(&mut *connection)
                    .await?;
                received_activities::forget_announcements(connection, &peer.actor_url).await?;
                deliveries::cancel_recipient(connection, &peer.actor_url, now).await?;
                for delivery in farewell {
                    deliveries::insert(connection, delivery, now).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// The peer that was just saved in this transaction.
async fn known(connection: &mut PgConnection, actor_url: &str) -> Result<Relation, StoreError> {
    Relation::lock(connection, actor_url)
        .await?
        .ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

/// The peer, if nobody has changed who follows whom since it was read: what is sent was built from what was read.
async fn unchanged(connection: &mut PgConnection, peer: &Peer, name: &'static str) -> Result<Relation, StoreError> {
    Relation::lock(connection, &peer.actor_url)
        .await?
        .filter(|relation| relation.id == peer.id && relation.revision == peer.revision)
        .ok_or(StoreError::Contention { name, attempts: 1 })
}

/// Queues what a follower has to be told: with an acceptance also the releases that receivers still use.
async fn answer_follower(
    connection: &mut PgConnection,
    effect: FollowerEffect,
    accept: &NewDelivery,
    reject: &NewDelivery,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    match effect {
        FollowerEffect::SendAccept => {
            deliveries::insert(connection, accept, now).await?;
            releases::queue_recent(connection, accept, now).await
        }
        FollowerEffect::SendReject => {
            deliveries::cancel_announcements(connection, &reject.recipient_url, now).await?;
            deliveries::insert(connection, reject, now).await
        }
        FollowerEffect::Nothing | FollowerEffect::Confirm | FollowerEffect::CancelAnnouncements => Ok(()),
    }
}

/// Deletes the evidence of a peer whose consent ended; its announcements may arrive again after a new one.
pub(super) async fn delete_evidence(connection: &mut PgConnection, actor_url: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM shoal.received_evidence WHERE peer_id IN (SELECT id FROM shoal.peers WHERE actor_url = $1)",
        actor_url,
    )
    .execute(&mut *connection)
    .await?;
    received_activities::forget_announcements(connection, actor_url).await
}
