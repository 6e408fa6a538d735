//! The service token: whoever knows it may ask for any user's recommendations, so only PeerTube's side has it.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::state::ApiState;

/// The token's digest: comparing digests takes the same time whatever was presented, long or short.
#[derive(Clone)]
pub struct ServiceToken([u8; 32]);

impl ServiceToken {
    /// Remembers the digest of `token`.
    pub fn new(token: &SecretString) -> Self {
        Self(digest(token.expose_secret().as_bytes()))
    }

    /// Whether the request presents the token, as `Authorization: Bearer <token>` and only once.
    pub fn is_presented_by(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let Some((scheme, token)) = value.as_bytes().split_at_checked("Bearer ".len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(digest(token).ct_eq(&self.0))
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lets only requests with the token pass.
pub async fn require_service_token(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    if state.token.is_presented_by(request.headers()) {
        next.run(request).await
    } else {
        Problem::unauthorized().into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        ServiceToken::new(&SecretString::from("a token of some length")).is_presented_by(&headers)
    }

    #[test]
    fn only_the_whole_token_opens() {
        assert!(accepted(&["Bearer a token of some length"]));
        assert!(accepted(&["bearer a token of some length"]));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a token of some lengt",
            "Bearer a token of some length2",
            "Basic a token of some length",
            "a token of some length",
            "Bearer  a token of some length",
        ] {
            assert!(!accepted(&[wrong]), "{wrong:?}");
        }
        assert!(!accepted(&[]));
        assert!(!accepted(&[
            "Bearer a token of some length",
            "Bearer a token of some length"
        ]));
    }
}
