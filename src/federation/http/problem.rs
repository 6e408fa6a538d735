//! Errors as problem documents (RFC 7807).

use std::any::Any;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::federation::FederationError;
use crate::federation::protocol::problem;
use crate::untrusted::Untrusted;

/// Wait that is asked for when this sidecar is busy.
const BUSY_RETRY: Duration = Duration::from_secs(30);

/// An error response.
#[derive(Debug)]
pub struct Problem {
    kind: &'static str,
    status: StatusCode,
    detail: String,
    retry_after: Option<Duration>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    /// The path exists, but not for this method.
    pub fn method_not_allowed() -> Self {
        Self {
            kind: problem::UNSPECIFIC,
            status: StatusCode::METHOD_NOT_ALLOWED,
            detail: "this address does not support the method".to_owned(),
            retry_after: None,
        }
    }
}

/// The answer when a handler panicked.
#[allow(clippy::needless_pass_by_value, reason = "the shape that the layer wants")]
pub fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request handler of the federation panicked");
    let problem = Problem {
        kind: problem::UNSPECIFIC,
        status: StatusCode::INTERNAL_SERVER_ERROR,
        detail: "this sidecar cannot answer the request".to_owned(),
        retry_after: None,
    };
    problem.into_response()
}

impl From<FederationError> for Problem {
    fn from(error: FederationError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = problem_type(&error, status);
        let retry_after = match error {
            FederationError::TooMany(wait) | FederationError::NoRoom { wait, .. } => Some(wait),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(BUSY_RETRY),
            _ => None,
        };
        let detail = if status.is_server_error() {
            // Inner workings are for the log, not for strangers.
            tracing::warn!(error = %Untrusted(&error), status = status.as_u16(), "request failed");
            "this sidecar cannot answer the request at the moment".to_owned()
        } else if let FederationError::Store(_) = error {
            "the message holds something that this sidecar cannot store".to_owned()
        } else {
            Untrusted(&error).to_string()
        };
        Self {
            kind,
            status,
            detail,
            retry_after,
        }
    }
}

/// The `type` of the problem: one that tells a sender for certain that trying again is of no use, or none in particular.
fn problem_type(error: &FederationError, status: StatusCode) -> &'static str {
    match (error, status) {
        (FederationError::NotFollowing(_), _) => problem::NOT_FOLLOWING,
        (_, StatusCode::BAD_REQUEST) => problem::MALFORMED,
        (_, StatusCode::FORBIDDEN) => problem::REFUSED,
        (_, StatusCode::PAYLOAD_TOO_LARGE) => problem::TOO_LARGE,
        (_, StatusCode::UNSUPPORTED_MEDIA_TYPE) => problem::MEDIA_TYPE,
        _ => problem::UNSPECIFIC,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: self.kind,
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Signature headers=\"(request-target) host date\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
