//! What activities do once their signature is verified. One file per activity, named as in `protocol`.

mod accept;
mod create;
mod follow;
mod reject;
mod undo;

pub use create::announce;
pub use follow::answer as answer_follow;
pub use undo::{farewell, request_follow};

use activitypub_federation::protocol::context::WithContext;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::FederationError;
use super::protocol::{FollowReference, InboxActivity};
use super::remote_actor::RemoteActor;
use super::state::State;
use crate::store::{NewDelivery, Received, Reception};
use crate::untrusted::Untrusted;

impl InboxActivity {
    /// Its id.
    pub fn id(&self) -> &Url {
        match self {
            Self::Follow(activity) => &activity.id,
            Self::Accept(activity) => &activity.id,
            Self::Reject(activity) => &activity.id,
            Self::Undo(activity) => &activity.id,
            Self::Create(activity) => &activity.id,
        }
    }

    /// Who sent it.
    pub fn actor(&self) -> &Url {
        match self {
            Self::Follow(activity) => &activity.actor,
            Self::Accept(activity) => &activity.actor,
            Self::Reject(activity) => &activity.actor,
            Self::Undo(activity) => &activity.actor,
            Self::Create(activity) => &activity.actor,
        }
    }

    /// Does what it is for; `sender` is its actor, whose signature was verified.
    ///
    /// # Errors
    /// What is wrong with it, or why it cannot have its effect now.
    pub async fn receive(self, sender: RemoteActor, state: &State) -> Result<(), FederationError> {
        let id = self.id().clone();
        let reception = match self {
            Self::Follow(activity) => activity.receive(sender, state).await?,
            Self::Accept(activity) => activity.receive(state).await?,
            Self::Reject(activity) => activity.receive(state).await?,
            Self::Undo(activity) => activity.receive(state).await?,
            Self::Create(activity) => activity.receive(state).await?,
        };
        let activity = Untrusted(&id);
        match reception {
            Reception::Processed => tracing::info!(%activity, "activity processed"),
            Reception::Replayed => tracing::debug!(%activity, "activity arrived before, nothing changed"),
            Reception::Refused(reason) => return Err(FederationError::Forbidden(reason.to_owned())),
            Reception::NoRoom { reason, wait } => return Err(FederationError::NoRoom { reason, wait }),
        }
        Ok(())
    }
}

/// The row that protects against replays.
fn received(id: &Url, actor: &Url, kind: &'static str) -> Received {
    Received {
        activity_url: id.to_string(),
        actor_url: actor.to_string(),
        kind,
    }
}

/// Checks that an answer is about a follow that this sidecar sent to the answering actor.
fn check_own_follow(state: &State, reference: &FollowReference, answering: &Url) -> Result<(), FederationError> {
    let FollowReference::Embedded(follow) = reference else {
        return Ok(());
    };
    if follow.actor != state.addresses.actor() || follow.object != *answering {
        return Err(FederationError::Forbidden(
            "the answer is about somebody else's follow".to_owned(),
        ));
    }
    Ok(())
}

/// The bytes of an outgoing activity, for one recipient.
fn delivery<A: Serialize>(
    activity: A,
    id: &Url,
    context: Value,
    recipient_url: &str,
    inbox_url: &str,
) -> Result<NewDelivery, FederationError> {
    Ok(NewDelivery {
        activity_url: id.to_string(),
        recipient_url: recipient_url.to_owned(),
        inbox_url: inbox_url.to_owned(),
        body: serde_json::to_vec(&WithContext::new(activity, context))?,
    })
}

/// An id for a new activity of this sidecar.
fn new_id(state: &State, kind: &str) -> Url {
    state.addresses.activity(&format!("{kind}-{}", uuid::Uuid::new_v4()))
}
