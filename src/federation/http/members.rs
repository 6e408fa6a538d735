//! What only accepted followers may fetch, with a signed GET: payloads and the objects that announce them.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::parameters::PathOf;
use super::{Http, Problem, authentication};
use crate::federation::FederationError;
use crate::federation::protocol::PAYLOAD_MEDIA_TYPE;
use crate::store::{FollowerState, Peer, Release};

const ACTIVITY_JSON: &str = "application/activity+json";
/// The address contains the digest, so what is behind it cannot change.
const IMMUTABLE: &str = "private, max-age=31536000, immutable";

/// A request without its body.
pub struct Head(Parts);

impl Head {
    /// Whether it claims to come from somebody.
    pub fn is_signed(&self) -> bool {
        self.0.headers.contains_key("signature")
    }
}

impl<S: Sync> FromRequestParts<S> for Head {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.clone()))
    }
}

pub async fn payload(
    State(http): State<Http>,
    PathOf(digest): PathOf<String>,
    request: Head,
) -> Result<Response, Problem> {
    let Ok(_slot) = http.state.slots.try_acquire() else {
        return Err(FederationError::Busy("too many requests are in progress").into());
    };
    authenticate(&http, &request).await?;
    let sha256 = parse_digest(&digest)?;
    let etag = format!("\"{}\"", hex::encode(sha256));
    let payload = http
        .state
        .store
        .payload_by_digest(sha256)
        .await
        .map_err(FederationError::from)?;
    let payload = payload.ok_or(FederationError::NotFound)?;
    #[cfg(feature = "planted-bugs")]
    let payload = with_planted_bug(payload);
    if matches_etag(&request.0.headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, caching(&etag)).into_response());
    }
    if request.0.method != Method::HEAD {
        http.state.traffic.sent(payload.len());
    }
    Ok((caching(&etag), [(header::CONTENT_TYPE, PAYLOAD_MEDIA_TYPE)], payload).into_response())
}

pub async fn announcement(
    State(http): State<Http>,
    PathOf(digest): PathOf<String>,
    request: Head,
) -> Result<Response, Problem> {
    authenticate(&http, &request).await?;
    let release = release(&http, &digest).await?;
    Ok((
        [
            (header::CONTENT_TYPE, ACTIVITY_JSON),
            (header::CACHE_CONTROL, IMMUTABLE),
        ],
        release.activity,
    )
        .into_response())
}

pub async fn evidence(
    State(http): State<Http>,
    PathOf(digest): PathOf<String>,
    request: Head,
) -> Result<Response, Problem> {
    authenticate(&http, &request).await?;
    let release = release(&http, &digest).await?;
    let mut activity: Value = serde_json::from_slice(&release.activity).map_err(FederationError::from)?;
    let context = activity.get("@context").cloned();
    let mut object = activity.get_mut("object").map(Value::take).unwrap_or_default();
    if let (Some(object), Some(context)) = (object.as_object_mut(), context) {
        object.insert("@context".to_owned(), context);
    }
    let body = serde_json::to_vec(&object).map_err(FederationError::from)?;
    Ok((
        [
            (header::CONTENT_TYPE, ACTIVITY_JSON),
            (header::CACHE_CONTROL, IMMUTABLE),
        ],
        body,
    )
        .into_response())
}

/// The payload with noise drawn for this request, if this process has that bug.
#[cfg(feature = "planted-bugs")]
fn with_planted_bug(stored: Vec<u8>) -> Vec<u8> {
    use crate::privacy::planted::{PlantedBug, served};
    let bug = crate::failpoints::noise_is_redrawn().then_some(PlantedBug::NoiseRedrawn);
    served(bug, stored.clone(), &mut rand::rng()).unwrap_or(stored)
}

/// Who asks, if it is an accepted follower: 401 for those who cannot prove who they are, 403 for those who may not.
async fn authenticate(http: &Http, head: &Head) -> Result<Peer, FederationError> {
    let unknown = || FederationError::Unauthenticated("the request is signed by an unknown actor".to_owned());
    let peer = identify(http, head).await?.ok_or_else(unknown)?;
    if peer.follower != FollowerState::Accepted {
        return Err(FederationError::Forbidden("this is for accepted followers".to_owned()));
    }
    Ok(peer)
}

/// Which known peer asks: 401 if it cannot prove who it is. `None` for actors that are not known, whose signature is not
/// verified: nothing is fetched for strangers.
pub async fn identify(http: &Http, Head(request): &Head) -> Result<Option<Peer>, FederationError> {
    let state = &http.state;
    let signature = authentication::inspect(http, request, None)?;
    let actor = signature.actor();
    state
        .rules
        .check(&actor)
        .map_err(|problem| FederationError::Forbidden(problem.to_owned()))?;
    if authentication::peer(&signature, &http.library.to_request_data())
        .await?
        .is_none()
    {
        return Ok(None);
    }
    Ok(state.store.peer(actor.as_str()).await?)
}

async fn release(http: &Http, digest: &str) -> Result<Release, FederationError> {
    let sha256 = parse_digest(digest)?;
    http.state
        .store
        .release_by_digest(sha256)
        .await?
        .ok_or(FederationError::NotFound)
}

fn parse_digest(text: &str) -> Result<[u8; 32], FederationError> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).map_err(|_| FederationError::NotFound)?;
    Ok(digest)
}

fn matches_etag(headers: &HeaderMap, etag: &str) -> bool {
    let Some(wanted) = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    wanted.split(',').any(|candidate| {
        matches!(candidate.trim().trim_start_matches("W/"), "*") || candidate.trim().trim_start_matches("W/") == etag
    })
}

fn caching(etag: &str) -> [(header::HeaderName, HeaderValue); 2] {
    let etag = HeaderValue::from_str(etag).unwrap_or(HeaderValue::from_static("\"\""));
    [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE)),
    ]
}
