//! `Undo` of a `Follow`: a follower leaves.

use activitypub_federation::kinds::activity::UndoType;
use serde::{Deserialize, Serialize};
use url::Url;

use super::FollowReference;

/// Takes a follow back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// Always `Undo`.
    #[serde(rename = "type")]
    pub kind: UndoType,
    /// Id of the activity.
    pub id: Url,
    /// Who leaves.
    pub actor: Url,
    /// The follow that is taken back.
    pub object: FollowReference,
}
