//! Who is asking: PeerTube's side with the service token, a user for whom the plugin vouches or who shows an access token
//! of PeerTube, or a visitor without anything.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::query::InvalidParameter;
use super::state::ApiState;
use super::vouching;
use crate::peertube::UserId;

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Whoever has the service token, and may ask for anybody.
    Service,
    /// This user, and nobody else.
    User(UserId),
    /// Somebody without an account.
    Visitor,
}

impl Caller {
    /// For whom a list is made, when the request names `named`; `None` for a visitor.
    ///
    /// # Errors
    /// A [`Problem`] when the caller may not ask for that user.
    pub fn audience(self, named: Option<UserId>) -> Result<Option<UserId>, Problem> {
        match (self, named) {
            (Self::Service, named) => Ok(named),
            (Self::User(user), Some(named)) if named != user => Err(Problem::other_user()),
            (Self::User(user), _) => Ok(Some(user)),
            (Self::Visitor, Some(_)) => Err(Problem::not_authenticated()),
            (Self::Visitor, None) => Ok(None),
        }
    }

    /// The user whom a request about "me" is about, when it names `named`.
    ///
    /// # Errors
    /// A [`Problem`] when the caller may not ask for that user, or when there is none.
    pub fn me(self, named: Option<UserId>) -> Result<UserId, Problem> {
        let nobody = || match self {
            Self::Service => Problem::invalid_parameters(vec![InvalidParameter::new(
                "userId",
                "is needed with the service token: whose?",
            )]),
            Self::User(_) | Self::Visitor => Problem::not_authenticated(),
        };
        self.audience(named)?.ok_or_else(nobody)
    }
}

/// The token's digest: comparing digests takes the same time whatever was presented, long or short.
#[derive(Clone)]
pub struct ServiceToken([u8; 32]);

impl ServiceToken {
    /// Remembers the digest of `token`.
    pub fn new(token: &SecretString) -> Self {
        Self(digest(token.expose_secret().as_bytes()))
    }

    fn is(&self, token: &[u8]) -> bool {
        bool::from(digest(token).ct_eq(&self.0))
    }
}

/// The SHA-256 digest of `bytes`.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What a request presents as `Authorization`.
#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    Nothing,
    Bearer(&'a [u8]),
    Unusable,
}

fn presented(headers: &HeaderMap) -> Presented<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Presented::Nothing,
        (Some(value), None) => match value.as_bytes().split_at_checked("Bearer ".len()) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty() => {
                Presented::Bearer(token)
            }
            _ => Presented::Unusable,
        },
        (Some(_), Some(_)) => Presented::Unusable,
    }
}

/// Finds out who is asking and tells the handlers, as a [`Caller`] among the extensions. Whoever shows something that
/// does not hold is turned away, not taken for a visitor.
pub async fn identify(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let identified = if vouching::is_present(request.headers()) {
        vouched(&state, request).await
    } else {
        let caller = by_token(&state, request.headers()).await;
        caller.map(|caller| (caller, request))
    };
    match identified {
        Ok((caller, mut request)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn by_token(state: &ApiState, headers: &HeaderMap) -> Result<Caller, Problem> {
    match presented(headers) {
        Presented::Nothing => Ok(Caller::Visitor),
        Presented::Unusable => Err(Problem::unauthorized()),
        Presented::Bearer(token) if state.token.is(token) => Ok(Caller::Service),
        Presented::Bearer(token) => {
            let token = std::str::from_utf8(token).map_err(|_| Problem::unauthorized())?;
            match state.users.owner(token, state.clock.now()).await {
                Ok(Some(user)) => Ok(Caller::User(user)),
                Ok(None) => Err(Problem::unauthorized()),
                Err(error) => {
                    tracing::warn!(%error, "a token could not be checked");
                    Err(Problem::peertube_down())
                }
            }
        }
    }
}

/// The body is part of what the plugin signs, so it is read before the handler sees it.
async fn vouched(state: &ApiState, request: Request) -> Result<(Caller, Request), Problem> {
    if presented(request.headers()) != Presented::Nothing {
        return Err(Problem::invalid_signature(
            "a request is either signed or shows a token, not both",
        ));
    }
    let Some(secret) = state.plugin.as_ref() else {
        let problem = Problem::plugin_secret_unset();
        state.refusals.refused(&problem);
        return Err(problem);
    };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, state.limits.body_bytes)
        .await
        .map_err(|_| Problem::payload_too_large())?;
    let user = secret
        .verify(&parts, &body, state.clock.now())
        .inspect_err(|problem| state.refusals.refused(problem))?;
    state.refusals.accepted();
    Ok((Caller::User(user), Request::from_parts(parts, Body::from(body))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(values: &[&str]) -> Option<bool> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let service = ServiceToken::new(&SecretString::from("a token of some length"));
        match presented(&headers) {
            Presented::Nothing => None,
            Presented::Unusable => Some(false),
            Presented::Bearer(token) => Some(service.is(token)),
        }
    }

    #[test]
    fn only_the_whole_token_opens() {
        assert_eq!(token_of(&["Bearer a token of some length"]), Some(true));
        assert_eq!(token_of(&["bearer a token of some length"]), Some(true));
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
            assert_eq!(token_of(&[wrong]), Some(false), "{wrong:?}");
        }
        assert_eq!(token_of(&[]), None);
        let twice = ["Bearer a token of some length", "Bearer a token of some length"];
        assert_eq!(token_of(&twice), Some(false));
    }

    #[test]
    fn a_user_is_never_somebody_else_and_a_visitor_never_a_user() {
        let (one, other) = (UserId(1), UserId(2));
        assert_eq!(Caller::Service.audience(Some(one)), Ok(Some(one)));
        assert_eq!(Caller::User(one).audience(None), Ok(Some(one)));
        assert_eq!(Caller::User(one).audience(Some(one)), Ok(Some(one)));
        assert_eq!(Caller::User(one).audience(Some(other)), Err(Problem::other_user()));
        assert_eq!(Caller::Visitor.audience(None), Ok(None));
        assert_eq!(Caller::Visitor.audience(Some(one)), Err(Problem::not_authenticated()));
        assert_eq!(Caller::Visitor.me(None), Err(Problem::not_authenticated()));
        assert!(Caller::Service.me(None).is_err());
        assert_eq!(Caller::Service.me(Some(other)), Ok(other));
    }
}
