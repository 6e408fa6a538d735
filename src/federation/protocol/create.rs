//! `Create` of an `Evidence`: a release is announced to followers.

use activitypub_federation::kinds::activity::CreateType;
use activitypub_federation::protocol::helpers::deserialize_one_or_many;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Evidence;

/// Announces evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Create {
    /// Always `Create`.
    #[serde(rename = "type")]
    pub kind: CreateType,
    /// Id of the activity.
    pub id: Url,
    /// Who releases.
    pub actor: Url,
    /// To whom it is addressed: the followers of the actor, never the public.
    #[serde(deserialize_with = "deserialize_one_or_many")]
    pub to: Vec<Url>,
    /// What is released.
    pub object: Evidence,
}
