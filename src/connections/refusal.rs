//! What a caller is told who is cut off in the middle of a request: a whole answer, because no handler has the request.

use axum::http::StatusCode;
use serde_json::json;

/// Why somebody is cut off before the request was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It took too long.
    TooSlow,
    /// Others need the place.
    NoRoom,
}

impl Refusal {
    /// The bytes of the answer, with a problem document (RFC 7807) as its body.
    pub fn answer(self) -> Vec<u8> {
        let (status, code, retry, detail) = match self {
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                "",
                "the request did not arrive in time",
            ),
            Self::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "retry-after: 5\r\n",
                "too many connections at once, and this one was slow; try again in a moment",
            ),
        };
        let title = status.canonical_reason().unwrap_or_default();
        let body = json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail, "code": code, "error": detail,
        })
        .to_string();
        let (status, length) = (status.as_u16(), body.len());
        format!(
            "HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\ncontent-length: {length}\r\n\
             {retry}connection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }
}
