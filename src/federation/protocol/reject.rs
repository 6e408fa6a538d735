//! `Reject`: the answer that refuses a follower, or takes an earlier acceptance back.

use activitypub_federation::kinds::activity::RejectType;
use serde::{Deserialize, Serialize};
use url::Url;

use super::FollowReference;

/// The answer to a follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reject {
    /// Always `Reject`.
    #[serde(rename = "type")]
    pub kind: RejectType,
    /// Id of the activity.
    pub id: Url,
    /// Who answers.
    pub actor: Url,
    /// The follow that is answered.
    pub object: FollowReference,
}
