//! Asking to follow a peer, and taking it back; a follower that leaves.

use activitypub_federation::kinds::activity::{FollowType, UndoType};
use url::Url;

use super::{answer_follow, delivery, new_id, received};
use crate::config::AcceptFollows;
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
        let automatic = state.config.accept_follows == AcceptFollows::Automatic;
        let received = received(&self.id, &self.actor, "Undo");
        let follow = self.object.id().as_str();
        Ok(state.store.receive_unfollow(received, follow, automatic).await?)
    }
}

/// A new request to follow `peer`.
pub fn request_follow(state: &State, peer: &NewPeer) -> Result<NewDelivery, FederationError> {
    let id = new_id(state, "follow");
    repeat_follow(state, id.as_str(), peer)
}

/// The request to follow `peer` with the id `follow`, once more.
pub fn repeat_follow(state: &State, follow: &str, peer: &NewPeer) -> Result<NewDelivery, FederationError> {
    let id = parse(follow)?;
    let follow = own_follow(state, id.clone(), &peer.actor_url)?;
    delivery(follow, &id, context::common(), &peer.actor_url, peer.delivery_inbox())
}

/// Takes the open follow of `peer` back, if there is one.
pub fn undo_follow(state: &State, peer: &Peer) -> Result<Option<NewDelivery>, FederationError> {
    let (FollowingState::Requested | FollowingState::Accepted, Some(follow)) =
        (peer.following, &peer.following_activity_url)
    else {
        return Ok(None);
    };
    let id = new_id(state, "undo");
    let undo = Undo {
        kind: UndoType::Undo,
        id: id.clone(),
        actor: state.addresses.actor(),
        object: FollowReference::Embedded(own_follow(state, parse(follow)?, &peer.actor_url)?),
    };
    delivery(undo, &id, context::common(), &peer.actor_url, peer.delivery_inbox()).map(Some)
}

/// What has to be said when this sidecar parts from `peer`: our follow is undone, its follow is rejected.
pub fn farewell(state: &State, peer: &Peer) -> Result<Vec<NewDelivery>, FederationError> {
    let mut deliveries: Vec<_> = undo_follow(state, peer)?.into_iter().collect();
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
