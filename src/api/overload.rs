//! What keeps one caller from taking everything: a limit on concurrent requests that refuses at once, and a deadline.
//! Whole bodies are read first, so that a caller who sends one slowly takes no place among these requests.

use std::convert::Infallible;

use axum::BoxError;
use axum::body::{Body, to_bytes};
use axum::error_handling::HandleErrorLayer;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Layer, Service, ServiceBuilder};

use super::problem::Problem;
use super::state::ApiState;

/// Refuses requests beyond `concurrent` with [`Problem::overloaded`], at once: a queue would only make everyone late.
pub fn shedding(
    concurrent: usize,
) -> impl Layer<
    Route,
    Service: Service<Request, Response: IntoResponse, Error: Into<Infallible>, Future: Send> + Clone + Send + Sync,
> + Clone
+ Send
+ Sync {
    ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |_: BoxError| Problem::overloaded()))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(concurrent))
}

/// Reads the whole body, at most [`super::Limits::body_bytes`], before anything else sees the request.
pub async fn whole_body(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, state.limits.body_bytes).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(_) => Problem::payload_too_large().into_response(),
    }
}

/// Ends a request that takes longer than [`super::Limits::deadline`] with [`Problem::too_slow`].
pub async fn deadline(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(state.limits.deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::too_slow().into_response(),
    }
}
