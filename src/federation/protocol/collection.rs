//! Paged collections of addresses.

use serde::{Deserialize, Serialize};
use url::Url;

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
    /// Addresses.
    pub ordered_items: Vec<String>,
}
