//! The outbox. Whoever signs the request learns the state of both follows, and accepted followers get the announcements
//! themselves: what a follower missed, it finds here. Everybody else sees what `collections` shows.

use activitypub_federation::axum::json::FederationJson;
use activitypub_federation::kinds::collection::{OrderedCollectionPageType, OrderedCollectionType};
use activitypub_federation::protocol::context::WithContext;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use super::collections::{self, PageQuery};
use super::members::{Head, identify};
use super::parameters::QueryOf;
use super::{Http, Problem};
use crate::federation::FederationError;
use crate::federation::protocol::{Outbox, OutboxPage, Relation, context};
use crate::store::{Follower, FollowerState, Following};

/// Depends on who asks, and may be old in a second.
const UNCACHED: &str = "private, no-store";

pub async fn outbox(
    State(http): State<Http>,
    QueryOf(query): QueryOf<PageQuery>,
    request: Head,
) -> Result<Response, Problem> {
    if !request.is_signed() {
        return collections::outbox(State(http), QueryOf(query)).await;
    }
    let Ok(_slot) = http.state.slots.try_acquire() else {
        return Err(FederationError::Busy("too many requests are in progress").into());
    };
    let peer = identify(&http, &request).await?;
    let follows = peer
        .as_ref()
        .is_some_and(|peer| peer.follower == FollowerState::Accepted);
    match query.page() {
        None => {
            let relation = peer.as_ref().map_or_else(
                || Relation::state(&Follower::NONE, &Following::NONE),
                |peer| Relation::state(&peer.follower(), &peer.following()),
            );
            Ok(uncached(root(&http, relation, follows).await?))
        }
        Some(1) if follows => Ok(uncached(page(&http).await?)),
        Some(_) => collections::outbox(State(http.clone()), QueryOf(query)).await,
    }
}

async fn root(http: &Http, relation: Relation, follows: bool) -> Result<Outbox, FederationError> {
    let store = &http.state.store;
    let total = if follows {
        store.announced_releases().await?.len() as u64
    } else {
        store.release_activity_urls(0, 0).await?.0.unsigned_abs()
    };
    let id = http.state.addresses.outbox();
    let mut first = id.clone();
    first.set_query(Some("page=1"));
    Ok(Outbox {
        kind: OrderedCollectionType::OrderedCollection,
        id,
        total_items: total,
        first: Some(first),
        relation,
    })
}

/// The one page for followers: the releases that receivers still use.
async fn page(http: &Http) -> Result<OutboxPage, FederationError> {
    let announced = http.state.store.announced_releases().await?;
    let mut ordered_items = Vec::with_capacity(announced.len());
    for activity in announced {
        let mut activity: Value = serde_json::from_slice(&activity)?;
        // The page has it already.
        activity
            .as_object_mut()
            .and_then(|activity| activity.remove("@context"));
        ordered_items.push(activity);
    }
    let part_of = http.state.addresses.outbox();
    let mut id = part_of.clone();
    id.set_query(Some("page=1"));
    Ok(OutboxPage {
        kind: OrderedCollectionPageType::OrderedCollectionPage,
        id,
        part_of,
        next: None,
        ordered_items,
    })
}

fn uncached<T: Serialize>(document: T) -> Response {
    let document = FederationJson(WithContext::new(document, context::evidence()));
    (
        [(header::CACHE_CONTROL, UNCACHED), (header::VARY, "Signature")],
        document,
    )
        .into_response()
}
