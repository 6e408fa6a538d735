//! Public documents: actor, context, WebFinger, NodeInfo.

use activitypub_federation::axum::json::FederationJson;
use activitypub_federation::protocol::context::WithContext;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::parameters::QueryOf;
use super::{Http, Problem};
use crate::federation::FederationError;
use crate::federation::actor::own_document;
use crate::federation::addresses::{FORMER_USERNAME, USERNAME};
use crate::federation::protocol::{NodeInfo, NodeInfoLinks, WebFinger, context as protocol_context};

/// How long others may keep a document, in seconds. Short for the actor, whose key may change.
const ACTOR_AGE: &str = "max-age=180";
const DOCUMENT_AGE: &str = "max-age=3600";

pub async fn actor(State(http): State<Http>) -> impl IntoResponse {
    let document = WithContext::new(own_document(&http.state), protocol_context::actor());
    (
        [(header::CACHE_CONTROL, ACTOR_AGE), (header::VARY, "Accept")],
        FederationJson(document),
    )
}

pub async fn context() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/ld+json"),
        (header::CACHE_CONTROL, DOCUMENT_AGE),
    ];
    (headers, protocol_context::DOCUMENT)
}

pub async fn node_info_links(State(http): State<Http>) -> impl IntoResponse {
    let addresses = &http.state.addresses;
    Json(NodeInfoLinks::new(
        addresses.node_info().as_str(),
        addresses.actor().as_str(),
    ))
}

pub async fn node_info() -> impl IntoResponse {
    let profile = "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/2.1#\"";
    (
        [(header::CONTENT_TYPE, profile), (header::CACHE_CONTROL, DOCUMENT_AGE)],
        Json(NodeInfo::own()),
    )
}

#[derive(Deserialize)]
pub struct WebFingerQuery {
    resource: Option<String>,
}

pub async fn web_finger(
    State(http): State<Http>,
    QueryOf(query): QueryOf<WebFingerQuery>,
) -> Result<Response, Problem> {
    let Some(resource) = query.resource else {
        return Err(FederationError::Malformed("the query needs a `resource`".to_owned()).into());
    };
    let addresses = &http.state.addresses;
    let account = |name: &str| format!("acct:{name}@{}", addresses.authority());
    let actor = addresses.actor();
    let root = addresses.root().as_str().trim_end_matches('/');
    // Sidecars of older versions ask for the former name; the subject of the answer tells the present one.
    let named = [USERNAME, FORMER_USERNAME].map(account);
    let known = named.iter().any(|account| resource.eq_ignore_ascii_case(account))
        || resource == actor.as_str()
        || resource.trim_end_matches('/') == root;
    if !known {
        return Err(FederationError::NotFound.into());
    }
    let subject = if resource.trim_end_matches('/') == root {
        resource
    } else {
        account(USERNAME)
    };
    let headers = [
        (header::CONTENT_TYPE, "application/jrd+json"),
        (header::CACHE_CONTROL, DOCUMENT_AGE),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    Ok((headers, Json(WebFinger::new(subject, actor.as_str()))).into_response())
}
