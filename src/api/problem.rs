//! Every error as `application/problem+json` (RFC 7807), with the fields `code` and `error` that PeerTube adds.

use std::any::Any;
use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::InvalidParameter;
use crate::peertube::PeerTubeError;
use crate::recommend::RecommendError;
use crate::store::StoreError;

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which a caller may try again when Shoal is overloaded or a database is away.
const RETRY_AFTER_SECONDS: u16 = 5;
const TOO_LARGE: &str = "the body is too large; every request here needs less than 16 kB";

/// What went wrong, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Kind of problem; always `about:blank`: status and code say it all.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What the status means.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong in this case, and what would be right.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// The case, for programs.
    code: &'static str,
    /// The same as `detail`, where older clients of PeerTube look for it.
    #[schema(value_type = String)]
    error: Box<str>,
    /// The parameters that cannot be used, by name.
    #[serde(rename = "invalid-params", skip_serializing_if = "BTreeMap::is_empty")]
    invalid_params: BTreeMap<String, InvalidParameter>,
}

impl Problem {
    /// A problem with `status`.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let detail: Box<str> = detail.into().into();
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            error: detail.clone(),
            detail,
            code,
            invalid_params: BTreeMap::new(),
        }
    }

    /// Parameters that cannot be used.
    pub fn invalid_parameters(invalid: Vec<InvalidParameter>) -> Self {
        let detail: Vec<String> = invalid.iter().map(ToString::to_string).collect();
        let invalid_params = invalid
            .into_iter()
            .map(|parameter| (parameter.param.clone(), parameter))
            .collect();
        Self {
            invalid_params,
            ..Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail.join("; "))
        }
    }

    /// The token is missing or wrong.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "the token is unknown; present an access token of PeerTube, or the service token, as `Authorization: Bearer <token>`",
        )
    }

    /// A visitor asks for what only users have.
    pub fn not_authenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_authenticated",
            "this is for users: present an access token of PeerTube as `Authorization: Bearer <token>`",
        )
    }

    /// The plugin's signature does not hold.
    pub fn invalid_signature(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_signature", detail)
    }

    /// The plugin's signature was made at another time: one of the clocks is wrong, or the request was held back.
    pub fn signature_expired() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "signature_expired",
            "the signature is too old or from the future; are both clocks right?",
        )
    }

    /// The plugin signs, and there is no secret to check that with.
    pub fn plugin_secret_unset() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "plugin_secret_unset",
            "signed requests are switched off; set `api.plugin_secret` to the plugin's secret",
        )
    }

    /// The case, for programs.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong, for people; of a refused signature, one of a few constant texts.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// A user asks for somebody else.
    pub fn other_user() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "other_user",
            "`userId` is somebody else; leave it out",
        )
    }

    /// There is no such user in PeerTube.
    pub fn unknown_user() -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown_user", "this PeerTube has no such user")
    }

    /// The body cannot be read.
    pub fn invalid_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_body", detail)
    }

    /// Fields of the body that cannot be used.
    pub fn invalid_fields(invalid: Vec<InvalidParameter>) -> Self {
        Self {
            code: "invalid_body",
            ..Self::invalid_parameters(invalid)
        }
    }

    /// The body is too large.
    pub fn payload_too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", TOO_LARGE)
    }

    /// PeerTube does not say whose token it is.
    pub fn peertube_down() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "peertube_unavailable",
            "PeerTube does not say whose token this is; try again in a moment",
        )
    }

    /// Too many requests at this moment.
    pub fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "too many requests at once; try again in a moment",
        )
    }

    /// It took too long.
    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the answer took too long; try again in a moment",
        )
    }

    /// A database does not answer.
    pub fn database_down(names: &[&str]) -> Self {
        let detail = format!("no answer from the database of {}", names.join(" and "));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", detail)
    }

    /// Something that should not happen. What it was stands in the log, not in the answer.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "the request failed; the log says why",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<RecommendError> for Problem {
    fn from(error: RecommendError) -> Self {
        match error {
            RecommendError::MissingVideo => Self::invalid_parameters(vec![InvalidParameter::new(
                "videoId",
                "is needed by the strategy `similar`",
            )]),
            RecommendError::UnknownVideo => Self::new(StatusCode::NOT_FOUND, "unknown_video", error.to_string()),
            RecommendError::OutOfBounds {
                parameter,
                minimum,
                maximum,
            } => Self::invalid_parameters(vec![InvalidParameter::new(
                parameter,
                format!("must be from {minimum} to {maximum}"),
            )]),
            RecommendError::PeerTube(error) => error.into(),
            RecommendError::Store(error) => error.into(),
            error @ RecommendError::Interrupted(_) => {
                tracing::error!(%error, "a request failed");
                Self::internal()
            }
        }
    }
}

impl From<PeerTubeError> for Problem {
    fn from(error: PeerTubeError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "PeerTube's database could not answer");
            Self::database_down(&["PeerTube"])
        } else {
            tracing::error!(%error, "a request failed");
            Self::internal()
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "Shoal's database could not answer");
            Self::database_down(&["Shoal"])
        } else {
            tracing::error!(%error, "a request failed");
            Self::internal()
        }
    }
}

/// The answer to an address that does not exist.
pub async fn no_such_route() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_route",
        "there is nothing at this address; see /api/v1/openapi.json",
    )
}

/// The answer when a handler panicked.
#[allow(clippy::needless_pass_by_value, reason = "the shape that the layer wants")]
pub fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request handler panicked");
    Problem::internal().into_response()
}

/// Gives errors that the framework made, such as a wrong method or a large body, the shape of all others.
pub async fn normalize(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error
        || response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == MEDIA_TYPE)
    {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this address does not know that method"),
        StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", TOO_LARGE),
        _ => ("error", "the request cannot be answered"),
    };
    let mut problem = Problem::new(status, code, detail).into_response();
    let (parts, _) = response.into_parts();
    for (name, value) in &parts.headers {
        if name != CONTENT_TYPE && name != CONTENT_LENGTH {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    *problem.extensions_mut() = parts.extensions;
    problem
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[test]
    fn a_problem_has_the_fields_of_the_standard_and_of_peertube() {
        let problem = Problem::invalid_parameters(vec![InvalidParameter::new("count", "must be from 1 to 100")]);
        assert_eq!(
            serde_json::to_value(problem).unwrap(),
            serde_json::json!({
                "type": "about:blank",
                "title": "Bad Request",
                "status": 400,
                "detail": "`count` must be from 1 to 100",
                "code": "invalid_parameter",
                "error": "`count` must be from 1 to 100",
                "invalid-params": {
                    "count": { "param": "count", "msg": "must be from 1 to 100", "location": "query" }
                }
            })
        );
    }

    #[tokio::test]
    async fn panics_and_plain_errors_become_problems_without_their_details() {
        let routes = Router::new()
            .route("/panic", get(async || -> Response { panic!("a secret detail") }))
            .route(
                "/plain",
                get(async || (StatusCode::BAD_GATEWAY, [("x-kept", "yes")], "a secret detail")),
            )
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(normalize));
        for (path, status) in [("/panic", 500), ("/plain", 502)] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
            assert_eq!(response.headers().contains_key("x-kept"), path == "/plain");
            let body = to_bytes(response.into_body(), 10_000).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("secret"));
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["status"], status);
        }
    }

    #[test]
    fn headers_say_when_to_come_back_and_how_to_sign_in() {
        let overloaded = Problem::overloaded().into_response();
        assert_eq!(overloaded.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(overloaded.headers()[RETRY_AFTER], "5");
        assert_eq!(overloaded.headers()[CONTENT_TYPE], MEDIA_TYPE);
        let unauthorized = Problem::unauthorized().into_response();
        assert_eq!(unauthorized.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
