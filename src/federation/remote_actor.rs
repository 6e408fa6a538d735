//! Actors of other servers: known peers, strangers that were fetched in the last minutes, or fetched now. Nothing of a
//! fetched document is passed on but what was checked here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use activitypub_federation::config::Data;
use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HOST};
use url::Url;

use super::FederationError;
use super::addresses::{LONGEST_ADDRESS, authority_of};
use super::client::{BodyError, read_body};
use super::delivery::{describe, http_date};
use super::json;
use super::origin::network;
use super::protocol::ActorDocument;
use super::rules::same_origin;
use super::signature::usable_key;
use super::state::SharedState;
use crate::store::{NewPeer, Peer};
use crate::untrusted::Untrusted;

/// Age at which a peer's document is fetched again, in hours.
const STALE_HOURS: i64 = 24;
/// Largest actor document, in bytes.
const MAXIMUM_DOCUMENT: usize = 64 * 1024;
/// Longest names that are kept, in characters.
const LONGEST_USERNAME: usize = 64;
const LONGEST_NAME: usize = 200;
const ACTIVITY_JSON: &str = "application/activity+json";

/// An actor of another server.
#[derive(Debug, Clone)]
pub struct RemoteActor {
    /// What is stored about it when it becomes a peer.
    pub peer: NewPeer,
    /// Whether it is a sidecar that takes part in the exchange of evidence. Everybody else only gets refusals.
    pub speaks_evidence: bool,
    /// Its outbox, where the document was just fetched.
    pub outbox: Option<Url>,
    /// Network of the server that served the document, such as `192.0.2.0/24`, where it is a public one.
    pub network: Option<String>,
}

impl From<Peer> for RemoteActor {
    fn from(peer: Peer) -> Self {
        Self {
            peer: peer.into(),
            speaks_evidence: true,
            outbox: None,
            network: None,
        }
    }
}

impl From<Peer> for NewPeer {
    fn from(peer: Peer) -> Self {
        Self {
            actor_url: peer.actor_url,
            inbox_url: peer.inbox_url,
            shared_inbox_url: peer.shared_inbox_url,
            public_key_pem: peer.public_key_pem,
            host: peer.host,
            name: peer.name,
            fetched_at: peer.fetched_at,
        }
    }
}

impl RemoteActor {
    /// From a fetched document that passed [`check`].
    fn fetched(document: ActorDocument, now: DateTime<Utc>) -> Self {
        let speaks_evidence = document.speaks_evidence();
        let name = document.name.unwrap_or(document.preferred_username);
        let peer = NewPeer {
            actor_url: document.id.to_string(),
            inbox_url: document.inbox.to_string(),
            shared_inbox_url: document
                .endpoints
                .and_then(|endpoints| endpoints.shared_inbox)
                .map(Url::into),
            public_key_pem: document.public_key.public_key_pem,
            host: authority_of(&document.id),
            name: name
                .chars()
                .filter(|character| !character.is_control())
                .take(LONGEST_NAME)
                .collect(),
            fetched_at: now,
        };
        Self {
            peer,
            speaks_evidence,
            outbox: document.outbox,
            network: None,
        }
    }
}

/// The peer with this id. Its document is fetched again once a day; while its server does not answer, it stays what
/// it was.
///
/// # Errors
/// [`FederationError::Store`] if the database fails.
pub async fn known(url: &Url, data: &Data<SharedState>) -> Result<Option<RemoteActor>, FederationError> {
    let now = data.now();
    let Some(peer) = data.store.peer(url.as_str()).await? else {
        return Ok(None);
    };
    let old = now - peer.fetched_at > TimeDelta::hours(STALE_HOURS);
    if old && data.limits.refresh(url.as_str(), now) {
        match fetch(url, data).await {
            Ok(actor) => return Ok(Some(actor)),
            Err(FederationError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::info!(actor = %Untrusted(url), reason = %Untrusted(&error), "the actor of a peer could not be refreshed");
            }
        }
    }
    Ok(Some(peer.into()))
}

/// Fetches the actor with the id `url`, checks it, and keeps what it says: in the table if it is a peer, otherwise in
/// memory for some minutes.
///
/// # Errors
/// [`FederationError::Unreachable`] if its server does not answer at the moment, [`FederationError::Unauthenticated`] if
/// there is no usable actor, [`FederationError::Malformed`] if something in it is too long to be stored.
pub async fn fetch(url: &Url, data: &Data<SharedState>) -> Result<RemoteActor, FederationError> {
    let (document, server) = document(url, data).await?;
    if document.id != *url {
        return Err(unusable("its id is another one"));
    }
    keep(document, server, data).await
}

/// As [`fetch`] for an address that a person typed: when the document there has another id of the same server, that
/// one is fetched.
///
/// # Errors
/// As [`fetch`].
pub async fn discover(url: &Url, data: &Data<SharedState>) -> Result<RemoteActor, FederationError> {
    let (document, server) = document(url, data).await?;
    if document.id == *url {
        keep(document, server, data).await
    } else if same_origin(&document.id, url) {
        fetch(&document.id, data).await
    } else {
        Err(unusable("its id belongs to another server"))
    }
}

async fn keep(
    document: ActorDocument,
    server: Option<SocketAddr>,
    data: &Data<SharedState>,
) -> Result<RemoteActor, FederationError> {
    check(&document).map_err(unusable)?;
    fits(&document)?;
    let now = data.now();
    let mut actor = RemoteActor::fetched(document, now);
    actor.network = server.and_then(|address| network(address.ip()));
    if !data.store.refresh_peer(&actor.peer).await? {
        data.strangers.put(actor.clone(), now);
    }
    Ok(actor)
}

/// One signed GET of an actor document, and who served it. Redirects are not followed.
async fn document(url: &Url, data: &Data<SharedState>) -> Result<(ActorDocument, Option<SocketAddr>), FederationError> {
    data.rules.check(url).map_err(unusable)?;
    let request = data
        .client
        .get(url.as_str())
        .header(HOST, authority_of(url))
        .header(DATE, http_date(data))
        .header(ACCEPT, ACTIVITY_JSON);
    let request = data.sign_request(request, Bytes::new()).await?;
    let response = data.client.execute(request).await;
    let response = response.map_err(|error| FederationError::Unreachable(describe(&error)))?;
    let server = response.remote_addr();
    let status = response.status();
    if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
        return Err(FederationError::Unreachable(format!(
            "it answers with status {}",
            status.as_u16()
        )));
    }
    if !status.is_success() {
        return Err(unusable("its server does not show it"));
    }
    let media_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
    if !["application/activity+json", "application/ld+json"].contains(&essence.trim().to_ascii_lowercase().as_str()) {
        return Err(unusable("it is no ActivityPub document"));
    }
    let body = match read_body(response, MAXIMUM_DOCUMENT).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return Err(unusable("its document is too large")),
        Err(BodyError::Connection(error)) => return Err(FederationError::Unreachable(describe(&error))),
    };
    // What the parser says would quote the document.
    let document = json::parse(&body).map_err(|_| unusable("its document is not that of an actor"))?;
    Ok((document, server))
}

fn unusable(problem: &'static str) -> FederationError {
    FederationError::Unauthenticated(format!("the actor cannot be used: {problem}"))
}

/// Checks a document that was fetched from its id: everything in it must belong to the origin that served it.
fn check(document: &ActorDocument) -> Result<(), &'static str> {
    let shared = document
        .endpoints
        .as_ref()
        .and_then(|endpoints| endpoints.shared_inbox.as_ref());
    for inbox in std::iter::once(&document.inbox).chain(shared) {
        if !same_origin(inbox, &document.id) {
            return Err("its inbox belongs to another server");
        }
    }
    if document.public_key.owner != document.id {
        return Err("its key belongs to another actor");
    }
    usable_key(&document.public_key.public_key_pem)?;
    if !document.speaks_evidence() {
        // Accounts and instances of other software; nothing about them is stored.
        return Ok(());
    }
    let username = &document.preferred_username;
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if username.is_empty() || username.len() > LONGEST_USERNAME || !username.chars().all(plain) {
        return Err("its preferredUsername is not plain");
    }
    Ok(())
}

/// Checks that every address in the document can be stored.
fn fits(document: &ActorDocument) -> Result<(), FederationError> {
    let shared = document
        .endpoints
        .as_ref()
        .and_then(|endpoints| endpoints.shared_inbox.as_ref());
    let addresses = [&document.id, &document.inbox].into_iter().chain(shared);
    if addresses
        .into_iter()
        .any(|address| address.as_str().len() > LONGEST_ADDRESS)
    {
        return Err(FederationError::Malformed(
            "the addresses of the actor are too long".to_owned(),
        ));
    }
    Ok(())
}

/// Actors that were fetched to check a signature but are no peers: kept for a few minutes in memory, so that strangers
/// can neither fill a table nor make this sidecar fetch them again and again.
#[derive(Debug, Default)]
pub struct Strangers {
    actors: Mutex<HashMap<String, (DateTime<Utc>, RemoteActor)>>,
}

impl Strangers {
    const KEPT: usize = 256;
    const MINUTES: i64 = 10;

    /// Keeps the actor for some minutes; the oldest one makes room.
    pub fn put(&self, actor: RemoteActor, now: DateTime<Utc>) {
        let mut actors = self.actors.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        actors.retain(|_, (since, _)| now - *since < TimeDelta::minutes(Self::MINUTES));
        if actors.len() >= Self::KEPT {
            let oldest = actors
                .iter()
                .min_by_key(|(_, (since, _))| *since)
                .map(|(url, _)| url.clone());
            oldest.and_then(|url| actors.remove(&url));
        }
        actors.insert(actor.peer.actor_url.clone(), (now, actor));
    }

    /// The actor, if it was fetched in the last minutes.
    pub fn get(&self, url: &str, now: DateTime<Utc>) -> Option<RemoteActor> {
        let actors = self.actors.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (since, actor) = actors.get(url)?;
        (now - *since < TimeDelta::minutes(Self::MINUTES)).then(|| actor.clone())
    }
}
