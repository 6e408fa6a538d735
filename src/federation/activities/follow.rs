//! A peer asks to follow: it waits for a decision, or is accepted at once, as configured.

use activitypub_federation::kinds::activity::{AcceptType, FollowType, RejectType};
use url::Url;

use super::{delivery, new_id, received};
use crate::config::AcceptFollows;
use crate::federation::FederationError;
use crate::federation::origin::registrable_domain;
use crate::federation::protocol::{Accept, Follow, FollowReference, Reject, context};
use crate::federation::remote_actor::RemoteActor;
use crate::federation::state::State;
use crate::store::{FollowDecision, FollowerOrigin, NewDelivery, NewPeer, Reception};

impl Follow {
    pub(super) async fn receive(self, sender: RemoteActor, state: &State) -> Result<Reception, FederationError> {
        if self.object != state.addresses.actor() {
            return Err(FederationError::Forbidden(
                "the follow is not for this sidecar".to_owned(),
            ));
        }
        let received = received(&self.id, &self.actor, "Follow");
        let reception = if sender.speaks_evidence {
            let accept = answer(state, FollowDecision::Accept, &self.id, &sender.peer)?;
            let reject = answer(state, FollowDecision::Reject, &self.id, &sender.peer)?;
            let automatic = state.config.accept_follows == AcceptFollows::Automatic;
            let origin = FollowerOrigin {
                domain: registrable_domain(&self.actor),
                network: sender.network,
            };
            state
                .store
                .receive_follow(received, sender.peer, origin, automatic, accept, reject)
                .await?
        } else {
            // An instance or a person cannot follow a sidecar, and should not wait for an answer.
            state.limits.rejection(&registrable_domain(&self.actor), state.now())?;
            let mut reject = answer(state, FollowDecision::Reject, &self.id, &sender.peer)?;
            // PeerTube takes a refusal only in the inbox of the actor that asked.
            reject.inbox_url = sender.peer.inbox_url;
            state.store.refuse_follow(received, reject).await?
        };
        state.delivery_queued.notify_one();
        Ok(reception)
    }
}

/// The answer to the follow with the id `follow` of `peer`.
pub fn answer(
    state: &State,
    decision: FollowDecision,
    follow: &Url,
    peer: &NewPeer,
) -> Result<NewDelivery, FederationError> {
    let actor = state.addresses.actor();
    let asking = Url::parse(&peer.actor_url).map_err(|error| FederationError::Malformed(error.to_string()))?;
    let object = FollowReference::Embedded(Follow {
        kind: FollowType::Follow,
        id: follow.clone(),
        actor: asking,
        object: actor.clone(),
    });
    match decision {
        FollowDecision::Accept => {
            let id = new_id(state, "accept");
            let accept = Accept {
                kind: AcceptType::Accept,
                id: id.clone(),
                actor,
                object,
            };
            let accept = delivery(accept, &id, context::common(), &peer.actor_url, peer.delivery_inbox())?;
            // Whoever takes it confirms that it follows.
            Ok(NewDelivery {
                follow_url: Some(follow.to_string()),
                ..accept
            })
        }
        FollowDecision::Reject => {
            let id = new_id(state, "reject");
            let reject = Reject {
                kind: RejectType::Reject,
                id: id.clone(),
                actor,
                object,
            };
            delivery(reject, &id, context::common(), &peer.actor_url, peer.delivery_inbox())
        }
    }
}
