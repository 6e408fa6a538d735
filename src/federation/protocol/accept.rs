//! `Accept`: the answer that admits a follower.

use activitypub_federation::kinds::activity::AcceptType;
use serde::{Deserialize, Serialize};
use url::Url;

use super::FollowReference;

/// The answer to a follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accept {
    /// Always `Accept`.
    #[serde(rename = "type")]
    pub kind: AcceptType,
    /// Id of the activity.
    pub id: Url,
    /// Who answers.
    pub actor: Url,
    /// The follow that is answered.
    pub object: FollowReference,
}
