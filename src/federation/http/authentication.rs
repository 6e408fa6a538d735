//! Who sent a request: the signature is checked against the key of the actor that it names, in the inbox and for signed
//! GETs alike.

use std::time::Duration;

use activitypub_federation::config::Data;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use tokio::net::lookup_host;
use url::Url;

use super::Http;
use crate::federation::FederationError;
use crate::federation::origin::{network, registrable_domain, sender_network};
use crate::federation::remote_actor::{self, RemoteActor};
use crate::federation::signature::{self, Inspected};
use crate::federation::state::SharedState;
use crate::untrusted::Untrusted;

/// Longest time for finding the address of a stranger's server.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(4);

/// Checks coverage and age of a request's signature; with a body also that the signed digest is that of the body.
///
/// # Errors
/// [`FederationError::Unauthenticated`] or [`FederationError::Malformed`] says what is missing or wrong.
pub fn inspect(http: &Http, request: &Parts, body: Option<&[u8]>) -> Result<Inspected, FederationError> {
    let state = &http.state;
    let target = request.uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = state.addresses.authority();
    let signature = signature::inspect(
        &request.method,
        target,
        &request.headers,
        &authority,
        body.is_some(),
        state.now(),
    )?;
    if body.is_some_and(|body| !signature.covers(body)) {
        return Err(FederationError::Unauthenticated(
            "the digest is not that of the body".to_owned(),
        ));
    }
    Ok(signature)
}

/// The peer that signed, `None` if the actor that the signature names is no peer. A key that does not fit may have been
/// replaced: then the actor is fetched again, at most once in some minutes.
///
/// # Errors
/// [`FederationError::Unauthenticated`] if another key made the signature.
pub async fn peer(signature: &Inspected, data: &Data<SharedState>) -> Result<Option<RemoteActor>, FederationError> {
    let url = signature.actor();
    let Some(mut actor) = remote_actor::known(&url, data).await? else {
        return Ok(None);
    };
    if !signature.is_made_by(&actor.peer.public_key_pem) && data.limits.refresh(url.as_str(), data.now()) {
        tracing::info!(actor = %Untrusted(&url), "the signature does not fit the known key, fetching the actor again");
        actor = remote_actor::fetch(&url, data).await?;
    }
    made_by(signature, actor).map(Some)
}

/// The stranger that signed. Its actor is fetched unless that was done a moment ago, and only as often as strangers may
/// make this sidecar do it.
///
/// # Errors
/// [`FederationError::TooMany`] or [`FederationError::Busy`] if it is not the time for another stranger,
/// [`FederationError::Unreachable`] if the actor's server does not answer, [`FederationError::Unauthenticated`] if there
/// is no such actor or another key made the signature.
pub async fn stranger(
    signature: &Inspected,
    caller: Option<std::net::IpAddr>,
    headers: &HeaderMap,
    data: &Data<SharedState>,
) -> Result<RemoteActor, FederationError> {
    let url = signature.actor();
    if let Some(actor) = data.strangers.get(url.as_str(), data.now()) {
        return made_by(signature, actor);
    }
    let sender = sender_network(caller, headers);
    data.limits
        .stranger(sender.as_deref(), &registrable_domain(&url), data.now())?;
    let Ok(_slot) = data.limits.stranger_slots.try_acquire() else {
        return Err(FederationError::Busy("too many actors are being fetched"));
    };
    let server = locate(&url).await?;
    data.limits.contact(server.as_deref(), data.now())?;
    let actor = remote_actor::fetch(&url, data).await?;
    made_by(signature, actor)
}

fn made_by(signature: &Inspected, actor: RemoteActor) -> Result<RemoteActor, FederationError> {
    if signature.is_made_by(&actor.peer.public_key_pem) {
        Ok(actor)
    } else {
        Err(FederationError::Unauthenticated(
            "the signature was made by another key".to_owned(),
        ))
    }
}

/// The network of the server behind `url`, where it is public. A name that leads nowhere ends here, and has used up
/// nothing that others need.
async fn locate(url: &Url) -> Result<Option<String>, FederationError> {
    let unreachable = |reason: &str| FederationError::Unreachable(reason.to_owned());
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let found = tokio::time::timeout(LOOKUP_TIMEOUT, lookup_host((host, port))).await;
    let found = found.map_err(|_| unreachable("its name server does not answer"))?;
    let mut found = found.map_err(|_| unreachable("its host has no address"))?;
    let address = found.next().ok_or_else(|| unreachable("its host has no address"))?;
    Ok(network(address.ip()))
}
