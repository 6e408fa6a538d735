//! Followers, following and outbox as paged collections.

use activitypub_federation::axum::json::FederationJson;
use activitypub_federation::kinds::activity::CreateType;
use activitypub_federation::kinds::collection::{OrderedCollectionPageType, OrderedCollectionType};
use activitypub_federation::protocol::context::WithContext;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::Url;

use super::parameters::QueryOf;
use super::{Http, Problem};
use crate::federation::FederationError;
use crate::federation::addresses::Addresses;
use crate::federation::protocol::{
    AnnouncementReference, CollectionItem, CollectionPage, EvidenceReference, EvidenceType, OrderedCollection, context,
};

/// Items of a page.
const PAGE: i64 = 50;

#[derive(Deserialize)]
pub struct PageQuery {
    page: Option<u32>,
}

impl PageQuery {
    /// Number of the page, from 1, if a page and not the collection is asked for.
    pub fn page(&self) -> Option<u32> {
        self.page.map(|page| page.max(1))
    }

    /// First item of the page, if a page and not the collection is asked for.
    fn offset(&self) -> Option<i64> {
        self.page.map(|page| (i64::from(page.max(1)) - 1) * PAGE)
    }
}

pub async fn followers(State(http): State<Http>, QueryOf(query): QueryOf<PageQuery>) -> Result<Response, Problem> {
    let store = &http.state.store;
    let (_, total) = store.accepted_peers().await.map_err(FederationError::from)?;
    let items = match query.offset() {
        Some(offset) => store.follower_urls(offset, PAGE).await.map_err(FederationError::from)?,
        None => Vec::new(),
    };
    Ok(answer(
        http.state.addresses.followers(),
        &query,
        total,
        by_address(items),
    ))
}

pub async fn following(State(http): State<Http>, QueryOf(query): QueryOf<PageQuery>) -> Result<Response, Problem> {
    let store = &http.state.store;
    let (total, _) = store.accepted_peers().await.map_err(FederationError::from)?;
    let items = match query.offset() {
        Some(offset) => store
            .following_urls(offset, PAGE)
            .await
            .map_err(FederationError::from)?,
        None => Vec::new(),
    };
    Ok(answer(
        http.state.addresses.following(),
        &query,
        total,
        by_address(items),
    ))
}

/// Announcements by their addresses; what they say is for followers.
pub async fn outbox(State(http): State<Http>, QueryOf(query): QueryOf<PageQuery>) -> Result<Response, Problem> {
    let offset = query.offset().unwrap_or(0);
    let (total, items) = http
        .state
        .store
        .release_activity_urls(offset, PAGE)
        .await
        .map_err(FederationError::from)?;
    let addresses = &http.state.addresses;
    let items = items.into_iter().map(|id| announcement(addresses, id)).collect();
    Ok(answer(addresses.outbox(), &query, total, items))
}

fn announcement(addresses: &Addresses, id: String) -> CollectionItem {
    CollectionItem::Announcement(Box::new(AnnouncementReference {
        kind: CreateType::Create,
        actor: addresses.actor(),
        to: vec![addresses.followers()],
        object: EvidenceReference {
            kind: EvidenceType::Evidence,
            id: id.strip_suffix("/create").unwrap_or(&id).to_owned(),
            attributed_to: addresses.actor(),
        },
        id,
    }))
}

fn by_address(items: Vec<String>) -> Vec<CollectionItem> {
    items.into_iter().map(CollectionItem::Address).collect()
}

fn answer(id: Url, query: &PageQuery, total: i64, items: Vec<CollectionItem>) -> Response {
    let total_items = total.max(0).unsigned_abs();
    let page_url = |page: u32| {
        let mut url = id.clone();
        url.set_query(Some(&format!("page={page}")));
        url
    };
    let Some(offset) = query.offset() else {
        let first = page_url(1);
        let collection = OrderedCollection {
            kind: OrderedCollectionType::OrderedCollection,
            id,
            total_items,
            first,
        };
        return FederationJson(WithContext::new(collection, context::common())).into_response();
    };
    let number = query.page.unwrap_or(1).max(1);
    let page = CollectionPage {
        kind: OrderedCollectionPageType::OrderedCollectionPage,
        id: page_url(number),
        next: (offset.saturating_add(PAGE) < total).then(|| page_url(number.saturating_add(1))),
        part_of: id,
        total_items,
        ordered_items: items,
    };
    FederationJson(WithContext::new(page, context::evidence())).into_response()
}
