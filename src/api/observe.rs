//! One log line, one count and one duration per request, and an id that joins them with the caller's logs.
//!
//! Neither query strings nor user ids are logged: of a request, only method, route, strategy, status and duration.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};
use tracing::Instrument;
use uuid::Uuid;

use super::metrics::{DURATION, REQUESTS};
use super::recommendations;
use crate::recommend::Strategy;

/// The header that carries the id of a request, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Route of requests that no route matches; their paths are the caller's text and are not kept.
const UNMATCHED: &str = "unmatched";
const NO_STRATEGY: &str = "none";
const LONGEST_REQUEST_ID: usize = 64;

/// A handler puts this into its response, to have it counted.
#[derive(Debug, Clone, Copy)]
pub struct ObservedStrategy(pub Strategy);

/// Observes a request from outside of everything else.
pub async fn observe(request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let id = request_id(request.headers().get(REQUEST_ID));
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(UNMATCHED, |path| known_route(path.as_str()));
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default(), %method, route);
    let mut response = next.run(request).instrument(span.clone()).await;

    let strategy = response
        .extensions()
        .get::<ObservedStrategy>()
        .map_or(NO_STRATEGY, |observed| observed.0.as_str());
    let status = response.status().as_u16();
    let seconds = begin.elapsed().as_secs_f64();
    counter!(REQUESTS, "route" => route, "strategy" => strategy, "status" => status.to_string()).increment(1);
    histogram!(DURATION, "route" => route, "strategy" => strategy).record(seconds);
    let milliseconds = seconds * 1_000.0;
    // Probes come every few seconds and would drown the rest.
    if route == recommendations::PATH || status >= 400 {
        tracing::info!(parent: &span, status, strategy, milliseconds, "answered");
    } else {
        tracing::debug!(parent: &span, status, milliseconds, "answered");
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The routes as constants, because a metric's label outlives the request.
fn known_route(path: &str) -> &'static str {
    super::ROUTES
        .into_iter()
        .find(|route| *route == path)
        .unwrap_or(UNMATCHED)
}

/// The caller's id when it looks like one, else a new one: it goes into the log.
fn request_id(given: Option<&HeaderValue>) -> HeaderValue {
    let plain = |id: &&HeaderValue| {
        (1..=LONGEST_REQUEST_ID).contains(&id.len())
            && id
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    given.filter(plain).cloned().unwrap_or_else(|| {
        HeaderValue::try_from(Uuid::new_v4().to_string()).unwrap_or_else(|_| HeaderValue::from_static("none"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_over() {
        let plain = HeaderValue::from_static("abc-123_X");
        assert_eq!(request_id(Some(&plain)), plain);
        let long = HeaderValue::try_from("x".repeat(65)).unwrap();
        for strange in [HeaderValue::from_static(""), HeaderValue::from_static("a b"), long] {
            let id = request_id(Some(&strange));
            assert_ne!(id, strange);
            assert_eq!(id.len(), 36);
        }
        assert_ne!(request_id(None), request_id(None));
    }

    #[test]
    fn labels_are_routes_or_nothing() {
        assert_eq!(known_route("/healthz"), "/healthz");
        assert_eq!(known_route("/users/7"), UNMATCHED);
    }
}
