//! The public listener: documents, collections, inbox, payloads.
//!
//! Routes carry the path of the public URL themselves instead of being nested, because signatures cover the full path.

mod authentication;
mod collections;
mod documents;
mod inbox;
mod members;
mod outbox;
mod page;
mod parameters;
mod problem;

use activitypub_federation::config::FederationConfig as Library;
use axum::Router;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::FederationError;
use super::state::SharedState;
use problem::Problem;

/// What handlers share.
#[derive(Clone)]
pub struct Http {
    /// Our own state.
    pub state: SharedState,
    /// The ActivityPub library's.
    pub library: Library<SharedState>,
}

/// All routes of the public listener.
pub fn router(http: Http) -> Router {
    let prefix = http.state.addresses.prefix().to_owned();
    let at = |path: &str| format!("{prefix}{path}");
    let mut router = Router::new()
        .route(&at("/"), get(page::about))
        .route(&at("/privacy"), get(page::privacy))
        .route(&at("/actor"), get(documents::actor))
        .route(&at("/actor/outbox"), get(outbox::outbox))
        .route(&at("/actor/followers"), get(collections::followers))
        .route(&at("/actor/following"), get(collections::following))
        .route(&at("/actor/inbox"), post(inbox::receive))
        .route(&at("/inbox"), post(inbox::receive))
        .route(&at("/ns/v1"), get(documents::context))
        .route(&at("/nodeinfo/2.1"), get(documents::node_info))
        .route(&at("/.well-known/nodeinfo"), get(documents::node_info_links))
        .route(&at("/.well-known/webfinger"), get(documents::web_finger))
        .route(&at("/evidence/{digest}"), get(members::evidence))
        .route(&at("/evidence/{digest}/create"), get(members::announcement))
        .route(&at("/payloads/{digest}"), get(members::payload));
    if !prefix.is_empty() {
        router = router
            .route(&prefix, get(page::about))
            .route("/nodeinfo/2.1", get(documents::node_info))
            .route("/.well-known/nodeinfo", get(documents::node_info_links))
            .route("/.well-known/webfinger", get(documents::web_finger));
    }
    router
        .fallback(|| async { Problem::from(FederationError::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(CatchPanicLayer::custom(problem::panicked))
        .with_state(http)
}
