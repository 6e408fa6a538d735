//! The private HTTP side: recommendations over REST, health, metrics, the OpenAPI document.
//!
//! | file | holds |
//! |---|---|
//! | [`state`] | what the handlers share |
//! | [`query`] | the parameters of a request, checked |
//! | [`recommendations`] | `GET /api/v1/recommendations/videos` |
//! | [`health`] | `GET /healthz`, `GET /readyz` |
//! | [`metrics`] | `GET /metrics`, and the names of what is measured |
//! | [`openapi`] | `GET /api/v1/openapi.json` |
//! | [`me`] | `/api/v1/users/me/...`: what a user can see and change |
//! | [`authentication`] | who is asking |
//! | [`vouching`] | the plugin's signature for a user |
//! | [`users`] | access tokens of PeerTube |
//! | [`body`] | bodies, checked |
//! | [`overload`] | shedding, deadline, size of bodies |
//! | [`observe`] | request ids, log lines, counters |
//! | [`problem`] | every error as `application/problem+json` |
//! | [`server`] | a listener served until it is told to stop |
//!
//! What stays out: how lists are made (see [`crate::recommend`]) and the public, federated side (see
//! [`crate::federation`]). Nothing here logs who asked for what.

pub mod authentication;
pub mod body;
pub mod health;
pub mod me;
pub mod metrics;
pub mod observe;
pub mod openapi;
pub mod overload;
pub mod problem;
pub mod query;
pub mod recommendations;
pub mod server;
pub mod state;
pub mod users;
pub mod vouching;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

pub use problem::Problem;
pub use server::Server;
pub use state::{ApiState, Limits, StartError};

/// Every route, as it stands in logs, metrics and the OpenAPI document.
pub const ROUTES: [&str; 12] = [
    recommendations::PATH,
    me::settings::PATH,
    me::not_interested::PATH,
    me::profile::PATH,
    me::contributions::PATH,
    me::data::EXPORT_PATH,
    me::data::RESET_PATH,
    me::data::PATH,
    health::ALIVE_PATH,
    health::READY_PATH,
    metrics::PATH,
    openapi::PATH,
];

/// All routes of the private listener.
pub fn router(state: ApiState) -> Router {
    // Finding out who asks may mean asking PeerTube, so that counts as well.
    let known = Router::new()
        .route(recommendations::PATH, get(recommendations::list))
        .merge(me::routes())
        .route_layer(from_fn_with_state(state.clone(), authentication::identify))
        .route_layer(overload::shedding(state.limits.concurrent_requests))
        .route_layer(from_fn_with_state(state.clone(), overload::whole_body));
    let open = Router::new()
        .route(health::ALIVE_PATH, get(health::alive))
        .route(health::READY_PATH, get(health::ready))
        .route(metrics::PATH, get(metrics::render))
        .route(openapi::PATH, get(openapi::document));
    // The last layer is the outermost.
    known
        .merge(open)
        .fallback(problem::no_such_route)
        .layer(RequestBodyLimitLayer::new(state.limits.body_bytes))
        .layer(from_fn_with_state(state.clone(), overload::deadline))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(problem::normalize))
        .layer(from_fn(observe::observe))
        .with_state(state)
}
