//! A peer asks to follow: it waits for a decision, or is accepted at once, as configured.

use activitypub_federation::config::Data;
use activitypub_federation::fetch::object_id::ObjectId;
use activitypub_federation::kinds::activity::{AcceptType, FollowType, RejectType};
use url::Url;

use super::{delivery, new_id, received};
use crate::config::AcceptFollows;
use crate::federation::FederationError;
use crate::federation::actor::SidecarActor;
use crate::federation::protocol::{Accept, Follow, FollowReference, Reject, context};
use crate::federation::state::{SharedState, State};
use crate::store::{FollowDecision, NewDelivery, NewPeer, Reception};

impl Follow {
    pub(super) async fn receive(self, data: &Data<SharedState>) -> Result<Reception, FederationError> {
        if self.object != data.addresses.actor() {
            return Err(FederationError::Forbidden(
                "the follow is not for this sidecar".to_owned(),
            ));
        }
        // Already fetched to check the signature, so this reads from the table or from memory.
        let actor = ObjectId::<SidecarActor>::from(self.actor.clone())
            .dereference(data)
            .await?;
        if actor.peer.actor_url != self.actor.as_str() {
            return Err(FederationError::Forbidden("the actor has another id".to_owned()));
        }
        if !actor.speaks_evidence {
            return Err(FederationError::Forbidden(
                "only Shoal sidecars can follow this actor".to_owned(),
            ));
        }
        let accept = answer(data, FollowDecision::Accept, &self.id, &actor.peer)?;
        let reject = answer(data, FollowDecision::Reject, &self.id, &actor.peer)?;
        let automatic = data.config.accept_follows == AcceptFollows::Automatic;
        let reception = data
            .store
            .receive_follow(
                received(&self.id, &self.actor, "Follow"),
                actor.peer,
                automatic,
                accept,
                reject,
            )
            .await?;
        data.delivery_queued.notify_one();
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
            delivery(accept, &id, context::common(), &peer.actor_url, peer.delivery_inbox())
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
