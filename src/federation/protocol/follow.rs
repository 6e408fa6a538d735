//! `Follow`: one sidecar asks for the evidence of another.

use activitypub_federation::kinds::activity::FollowType;
use serde::{Deserialize, Serialize};
use url::Url;

/// A request to follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Follow {
    /// Always `Follow`.
    #[serde(rename = "type")]
    pub kind: FollowType,
    /// Id of the activity.
    pub id: Url,
    /// Who asks.
    pub actor: Url,
    /// Who is asked.
    pub object: Url,
}

/// A follow inside its answer: the whole activity, or its id alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FollowReference {
    /// The whole activity.
    Embedded(Follow),
    /// Its id.
    Id(Url),
}

impl FollowReference {
    /// Id of the follow.
    pub fn id(&self) -> &Url {
        match self {
            Self::Embedded(follow) => &follow.id,
            Self::Id(id) => id,
        }
    }
}
