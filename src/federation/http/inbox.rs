//! The inbox. Cheap checks come first: nothing is fetched, stored or answered at length for strangers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

use super::{Http, Problem, authentication};
use crate::federation::FederationError;
use crate::federation::activities::check_sender;
use crate::federation::origin::registrable_domain;
use crate::federation::protocol::{InboxActivity, Incoming};
use crate::federation::signature::refuse_repeated;
use crate::untrusted::Untrusted;

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
            tracing::info!(reason = %Untrusted(&error), status = error.status(), "activity refused");
            Err(error.into())
        }
    }
}

async fn process(http: &Http, request: Request) -> Result<(), FederationError> {
    let state = &http.state;
    refuse_repeated(request.headers())?;
    check_media_type(request.headers())?;
    let (parts, body) = request.into_parts();
    let body = read(body).await?;
    // Only now: whoever sends slowly takes nobody's place.
    let Ok(_slot) = state.slots.try_acquire() else {
        return Err(FederationError::Busy("too many requests are in progress"));
    };
    state.traffic.received(body.len());
    let Incoming::Understood(activity) = Incoming::parse(&body)? else {
        return Ok(());
    };

    check_sender(state, activity.id(), activity.actor())?;
    let signature = authentication::inspect(http, &parts, Some(&body))?;
    if signature.actor() != *activity.actor() {
        return Err(FederationError::Unauthenticated(
            "the activity is signed by another actor".to_owned(),
        ));
    }
    let data = http.library.to_request_data();
    let sender = match authentication::peer(&signature, &data).await? {
        Some(peer) => peer,
        // Only a follow may come from a stranger.
        None if matches!(*activity, InboxActivity::Follow(_)) => {
            let caller: Option<IpAddr> = parts
                .extensions
                .get()
                .map(|ConnectInfo::<SocketAddr>(caller)| caller.ip());
            authentication::stranger(&signature, caller, &parts.headers, &data).await?
        }
        None => return Err(FederationError::NotFollowing("only peers can send this")),
    };
    state
        .limits
        .activity(&registrable_domain(activity.actor()), state.now())?;
    activity.receive(sender, state).await
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
