//! The outbox as a known sidecar sees it that signs its request: with the state of both follows, and, for accepted followers,
//! with whole announcements. What everybody else sees is in `collection`.

use activitypub_federation::kinds::collection::{OrderedCollectionPageType, OrderedCollectionType};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::store::{Follower, FollowerState, Following, FollowingState, PeerStatement};

/// The collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outbox {
    /// Always `OrderedCollection`.
    #[serde(rename = "type")]
    pub kind: OrderedCollectionType,
    /// Id of the collection.
    pub id: Url,
    /// Number of items in all pages.
    pub total_items: u64,
    /// The first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Url>,
    /// What the answering sidecar states about both follows; older versions state nothing.
    #[serde(flatten)]
    pub relation: Relation,
}

/// What the answering sidecar states about itself and the asking one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relation {
    /// Whether the asking sidecar may follow: `none`, `pending`, `accepted`, `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follower_state: Option<String>,
    /// Id of the Follow that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follower_activity: Option<Url>,
    /// Whether the answering sidecar wishes to follow: `none`, `requested`, `accepted`, `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub following_state: Option<String>,
    /// Id of the Follow that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub following_activity: Option<Url>,
}

/// A page for accepted followers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxPage {
    /// Always `OrderedCollectionPage`.
    #[serde(rename = "type")]
    pub kind: OrderedCollectionPageType,
    /// Id of the page.
    pub id: Url,
    /// The collection.
    pub part_of: Url,
    /// The next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Url>,
    /// `Create` activities, newest first.
    #[serde(default)]
    pub ordered_items: Vec<Value>,
}

impl Relation {
    /// States what is known of the asking peer; nothing of an unknown one.
    pub fn state(follower: &Follower, following: &Following) -> Self {
        let activity = |follow: &Option<String>| follow.as_deref().and_then(|follow| Url::parse(follow).ok());
        Self {
            follower_state: Some(follower.state.as_str().to_owned()),
            follower_activity: activity(&follower.follow),
            following_state: Some(following.state.as_str().to_owned()),
            following_activity: activity(&following.follow),
        }
    }

    /// What is stated; `None` if it is not complete, or not understood.
    pub fn statement(&self) -> Option<PeerStatement> {
        let text = |follow: &Option<Url>| follow.as_ref().map(Url::to_string);
        Some(PeerStatement {
            follower: Follower::new(
                FollowerState::from_word(self.follower_state.as_deref()?)?,
                text(&self.follower_activity),
            ),
            following: Following {
                state: FollowingState::from_word(self.following_state.as_deref()?)?,
                follow: text(&self.following_activity),
            },
        })
    }
}
