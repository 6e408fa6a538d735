//! Asking to follow a peer, and taking it back; a follower that leaves.

use activitypub_federation::kinds::activity::{FollowType, UndoType};
use url::Url;

use super::{answer_follow, delivery, new_id, received};
use crate::federation::FederationError;
use crate::federation::protocol::{Follow, FollowReference, Undo, context};
use crate::federation::state::State;
use crate::store::{FollowDecision, FollowerState, FollowingState, NewDelivery, NewPeer, Peer, Reception};

impl Undo {
    pub(super) async fn receive(self, state: &State) -> Result<Reception, FederationError> {
        if let FollowReference::Embedded(follow) = &self.object
            && (follow.actor != self.actor || follow.object != state.addresses.actor())
        {
            return Err(FederationError::Forbidden(
                "the undo is about somebody else's follow".to_owned(),
            ));
        }
        Ok(state
            .store
            .receive_unfollow(received(&self.id, &self.actor, "Undo"))
            .await?)
    }
}

/// A new request to follow `peer`.
pub fn request_follow(state: &State, peer: &NewPeer) -> Result<NewDelivery, FederationError> {
    let id = new_id(state, "follow");
    let follow = own_follow(state, id.clone(), &peer.actor_url)?;
    delivery(follow, &id, context::common(), &peer.actor_url, peer.delivery_inbox())
}

/// What has to be said when this sidecar parts from `peer`: our follow is undone, its follow is rejected.
pub fn farewell(state: &State, peer: &Peer) -> Result<Vec<NewDelivery>, FederationError> {
    let mut deliveries = Vec::new();
    if let (FollowingState::Requested | FollowingState::Accepted, Some(follow)) =
        (peer.following, &peer.following_activity_url)
    {
        let id = new_id(state, "undo");
        let undo = Undo {
            kind: UndoType::Undo,
            id: id.clone(),
            actor: state.addresses.actor(),
            object: FollowReference::Embedded(own_follow(state, parse(follow)?, &peer.actor_url)?),
        };
        deliveries.push(delivery(
            undo,
            &id,
            context::common(),
            &peer.actor_url,
            peer.delivery_inbox(),
        )?);
    }
    if let (FollowerState::Pending | FollowerState::Accepted, Some(follow)) =
        (peer.follower, &peer.follower_activity_url)
    {
        let asking = NewPeer::from(peer.clone());
        deliveries.push(answer_follow(state, FollowDecision::Reject, &parse(follow)?, &asking)?);
    }
    Ok(deliveries)
}

fn own_follow(state: &State, id: Url, object: &str) -> Result<Follow, FederationError> {
    Ok(Follow {
        kind: FollowType::Follow,
        id,
        actor: state.addresses.actor(),
        object: parse(object)?,
    })
}

fn parse(url: &str) -> Result<Url, FederationError> {
    Url::parse(url).map_err(|error| FederationError::Malformed(error.to_string()))
}
