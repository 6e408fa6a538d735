//! What activities do once their signature is verified. One file per activity, named as in `protocol`.

mod accept;
mod create;
mod follow;
mod reject;
mod undo;

pub use create::{announce, receive_listed};
pub use follow::answer as answer_follow;
pub use undo::{farewell, repeat_follow, request_follow, undo_follow};

use activitypub_federation::protocol::context::WithContext;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::FederationError;
use super::addresses::LONGEST_ADDRESS;
use super::protocol::{FollowReference, InboxActivity};
use super::remote_actor::RemoteActor;
use super::rules::same_origin;
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
            Reception::Processed => {
                tracing::info!(%activity, "activity processed");
                // Answers and follows let the peer be asked.
                state.sync_due.notify_one();
            }
            Reception::Replayed => tracing::debug!(%activity, "activity arrived before, nothing changed"),
            Reception::Refused(reason) => return Err(FederationError::Forbidden(reason.to_owned())),
            Reception::NotFollowing(reason) => return Err(FederationError::NotFollowing(reason)),
            Reception::NoRoom { reason, wait } => return Err(FederationError::NoRoom { reason, wait }),
            Reception::Later(reason) => {
                state.sync_due.notify_one();
                return Err(FederationError::Busy(reason));
            }
        }
        Ok(())
    }
}

/// What can be said about an activity and its actor without asking anybody.
pub fn check_sender(state: &State, id: &Url, actor: &Url) -> Result<(), FederationError> {
    for url in [id, actor] {
        if url.as_str().len() > LONGEST_ADDRESS {
            return Err(FederationError::Malformed(format!(
                "addresses must not be longer than {LONGEST_ADDRESS} bytes"
            )));
        }
        state
            .rules
            .check(url)
            .map_err(|problem| FederationError::Forbidden(problem.to_owned()))?;
    }
    if !same_origin(id, actor) {
        return Err(FederationError::Forbidden(
            "the activity and its actor belong to different servers".to_owned(),
        ));
    }
    if same_origin(actor, &state.addresses.actor()) {
        return Err(FederationError::Forbidden(
            "the activity claims to come from this sidecar".to_owned(),
        ));
    }
    Ok(())
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
        follow_url: None,
    })
}

/// An id for a new activity of this sidecar.
fn new_id(state: &State, kind: &str) -> Url {
    state.addresses.activity(&format!("{kind}-{}", uuid::Uuid::new_v4()))
}
