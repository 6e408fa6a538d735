//! The inbox. Cheap checks come first: nothing is fetched, stored or answered at length for strangers.

use std::time::Duration;

use activitypub_federation::axum::inbox::{ActivityData, receive_activity};
use activitypub_federation::fetch::object_id::ObjectId;
use activitypub_federation::traits::Activity;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

use super::{Http, Problem};
use crate::federation::FederationError;
use crate::federation::actor::SidecarActor;
use crate::federation::addresses::authority_of;
use crate::federation::protocol::{InboxActivity, Incoming};
use crate::federation::rules::same_origin;
use crate::federation::signature;
use crate::federation::state::SharedState;

/// Largest activity, in bytes.
const MAXIMUM_BODY: usize = 64 * 1024;
/// Shorter than the 10 seconds that senders wait.
const TIMEOUT: Duration = Duration::from_secs(9);

/// Takes an activity: 202 when it was processed, had arrived before, or is of no concern.
pub async fn receive(State(http): State<Http>, request: Request) -> Result<StatusCode, Problem> {
    let outcome = tokio::time::timeout(TIMEOUT, process(&http, request)).await;
    match outcome.unwrap_or(Err(FederationError::Busy("the activity took too long"))) {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(error) => {
            tracing::info!(reason = %error, status = error.status(), "activity refused");
            Err(error.into())
        }
    }
}

async fn process(http: &Http, request: Request) -> Result<(), FederationError> {
    let state = &http.state;
    check_media_type(request.headers())?;
    let (mut parts, body) = request.into_parts();
    let body = read(body).await?;
    // Only now: whoever sends slowly takes nobody's place.
    let Ok(_slot) = state.slots.try_acquire() else {
        return Err(FederationError::Busy("too many requests are in progress"));
    };
    state.traffic.received(body.len());
    let Incoming::Understood(activity) = Incoming::parse(&body)? else {
        return Ok(());
    };

    check_sender(state, &activity)?;
    // The library would prefer this header to `Signature`.
    parts.headers.remove(header::AUTHORIZATION);
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = state.addresses.authority();
    let signature = signature::inspect(&parts.method, target, &parts.headers, &authority, true, state.now())?;
    if signature.actor() != *activity.actor() {
        return Err(FederationError::Unauthenticated(
            "the activity is signed by another actor".to_owned(),
        ));
    }
    let known = check_acquaintance(state, &activity).await?;

    let data = http.library.to_request_data();
    let actor = ObjectId::<SidecarActor>::from(activity.actor().clone());
    let first =
        receive_activity::<InboxActivity, SidecarActor, SharedState>(rebuild(&parts, &body).await?, &data).await;
    match first {
        Err(error)
            if error.is_bad_signature() && known && state.limits.refresh(actor.inner().as_str(), state.now()) =>
        {
            tracing::info!(actor = %actor, "the signature does not fit the known key, fetching the actor again");
            actor.dereference_forced(&data).await?;
            receive_activity::<InboxActivity, SidecarActor, SharedState>(rebuild(&parts, &body).await?, &data).await
        }
        outcome => outcome,
    }
}

async fn read(body: Body) -> Result<Bytes, FederationError> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| FederationError::Malformed("the body did not arrive".to_owned()))?;
        if bytes.len() + chunk.len() > MAXIMUM_BODY {
            return Err(FederationError::TooLarge(MAXIMUM_BODY));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

fn check_media_type(headers: &HeaderMap) -> Result<(), FederationError> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/activity+json" | "application/ld+json" => Ok(()),
        _ => Err(FederationError::MediaType),
    }
}

/// What can be said about the sender without asking anybody.
fn check_sender(state: &SharedState, activity: &InboxActivity) -> Result<(), FederationError> {
    for url in [activity.id(), activity.actor()] {
        state
            .rules
            .check(url)
            .map_err(|problem| FederationError::Forbidden(problem.to_owned()))?;
    }
    if !same_origin(activity.id(), activity.actor()) {
        return Err(FederationError::Forbidden(
            "the activity and its actor belong to different servers".to_owned(),
        ));
    }
    if same_origin(activity.actor(), &state.addresses.actor()) {
        return Err(FederationError::Forbidden(
            "the activity claims to come from this sidecar".to_owned(),
        ));
    }
    Ok(())
}

/// Whether the sender is a peer. Only a follow may come from a stranger, and only as often as strangers may make this
/// sidecar fetch their actor.
async fn check_acquaintance(state: &SharedState, activity: &InboxActivity) -> Result<bool, FederationError> {
    let actor = activity.actor();
    if state.store.peer(actor.as_str()).await?.is_some() {
        return Ok(true);
    }
    if !matches!(activity, InboxActivity::Follow(_)) {
        return Err(FederationError::Forbidden("only peers can send this".to_owned()));
    }
    if state.strangers.get(actor.as_str(), state.now()).is_none() {
        state.limits.stranger(&authority_of(actor), state.now())?;
    }
    Ok(false)
}

/// The library consumes what it verifies, so a second attempt needs a second request.
async fn rebuild(parts: &Parts, body: &Bytes) -> Result<ActivityData, FederationError> {
    let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
    ActivityData::from_request(request, &())
        .await
        .map_err(|_| FederationError::Malformed("the body did not arrive".to_owned()))
}
