//! Paged collections of addresses or of references to activities.

use serde::{Deserialize, Serialize};
use url::Url;

use super::EvidenceType;

/// The collection itself: its size and its first page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderedCollection {
    /// Always `OrderedCollection`.
    #[serde(rename = "type")]
    pub kind: activitypub_federation::kinds::collection::OrderedCollectionType,
    /// Id of the collection.
    pub id: Url,
    /// Number of items.
    pub total_items: u64,
    /// The first page.
    pub first: Url,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionPage {
    /// Always `OrderedCollectionPage`.
    #[serde(rename = "type")]
    pub kind: activitypub_federation::kinds::collection::OrderedCollectionPageType,
    /// Id of the page.
    pub id: Url,
    /// The collection.
    pub part_of: Url,
    /// Number of items in all pages.
    pub total_items: u64,
    /// The next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Url>,
    /// Its items.
    pub ordered_items: Vec<CollectionItem>,
}

/// An item of a collection. Outboxes of older versions hold addresses too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CollectionItem {
    /// The address alone.
    Address(String),
    /// An announcement of evidence.
    Announcement(Box<AnnouncementReference>),
}

impl CollectionItem {
    /// Its address.
    pub fn id(&self) -> &str {
        match self {
            Self::Address(address) => address,
            Self::Announcement(announcement) => &announcement.id,
        }
    }
}

/// A `Create` of evidence that names its object and says nothing about it: what it announces is for followers. Software
/// that crawls outboxes finds an activity about an object of an unknown type, and has nothing to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementReference {
    /// Always `Create`.
    #[serde(rename = "type")]
    pub kind: activitypub_federation::kinds::activity::CreateType,
    /// Id of the activity.
    pub id: String,
    /// Who announced it.
    pub actor: Url,
    /// The followers of the actor.
    pub to: Vec<Url>,
    /// The evidence.
    pub object: EvidenceReference,
}

/// Evidence by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceReference {
    /// Always `Evidence`.
    #[serde(rename = "type")]
    pub kind: EvidenceType,
    /// Id of the object.
    pub id: String,
    /// Who released it.
    pub attributed_to: Url,
}
