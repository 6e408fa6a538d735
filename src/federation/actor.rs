//! Actors: this sidecar's own, and others as the ActivityPub library wants to see them.

use std::collections::HashMap;
use std::sync::Mutex;

use activitypub_federation::config::Data;
use activitypub_federation::protocol::public_key::PublicKey;
use activitypub_federation::traits::{Actor, Object};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::FederationError;
use super::addresses::{USERNAME, authority_of};
use super::protocol::{ActorDocument, Capability, EVIDENCE_PROTOCOL, Endpoints, Generator};
use super::rules::{Rules, same_origin};
use super::signature::usable_key;
use super::state::{SharedState, State};
use crate::config::AcceptFollows;
use crate::store::{NewPeer, Peer};

/// Age at which a peer's document is fetched again, in hours.
const STALE_HOURS: i64 = 24;
/// Longest names that are kept, in characters.
const LONGEST_USERNAME: usize = 64;
const LONGEST_NAME: usize = 200;

/// A sidecar's actor.
#[derive(Debug, Clone)]
pub struct SidecarActor {
    url: Url,
    /// What is stored about it when it becomes a peer.
    pub peer: NewPeer,
    /// Whether it takes part in the exchange of evidence.
    pub speaks_evidence: bool,
    /// Whether its document should be fetched again.
    stale: bool,
    private_key_pem: Option<SecretString>,
}

impl SidecarActor {
    /// This sidecar's own actor.
    pub fn own(state: &State) -> Self {
        let url = state.addresses.actor();
        let peer = NewPeer {
            actor_url: url.to_string(),
            inbox_url: state.addresses.inbox().to_string(),
            shared_inbox_url: Some(state.addresses.shared_inbox().to_string()),
            public_key_pem: state.keys.public_key_pem.clone(),
            host: state.addresses.authority(),
            name: own_name(state),
            fetched_at: state.now(),
        };
        let private_key_pem = Some(state.keys.private_key_pem.clone());
        Self {
            url,
            peer,
            speaks_evidence: true,
            stale: false,
            private_key_pem,
        }
    }

    fn known(peer: Peer, stale: bool) -> Result<Self, FederationError> {
        let url = parse(&peer.actor_url)?;
        Ok(Self {
            url,
            peer: peer.into(),
            speaks_evidence: true,
            stale,
            private_key_pem: None,
        })
    }

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
            url: document.id,
            peer,
            speaks_evidence,
            stale: false,
            private_key_pem: None,
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

#[async_trait]
impl Object for SidecarActor {
    type DataType = SharedState;
    type Kind = ActorDocument;
    type Error = FederationError;

    fn id(&self) -> &Url {
        &self.url
    }

    fn last_refreshed_at(&self) -> Option<DateTime<Utc>> {
        // The library compares with its own idea of age, which is 20 seconds in debug builds.
        self.stale.then_some(DateTime::UNIX_EPOCH)
    }

    async fn read_from_id(url: Url, data: &Data<SharedState>) -> Result<Option<Self>, FederationError> {
        let now = data.now();
        if let Some(peer) = data.store.peer(url.as_str()).await? {
            let old = now - peer.fetched_at > TimeDelta::hours(STALE_HOURS);
            let stale = old && data.limits.refresh(url.as_str(), now);
            return Ok(Some(Self::known(peer, stale)?));
        }
        Ok(data.strangers.get(url.as_str(), now))
    }

    async fn into_json(self, data: &Data<SharedState>) -> Result<ActorDocument, FederationError> {
        Ok(own_document(data))
    }

    async fn verify(document: &ActorDocument, origin: &Url, data: &Data<SharedState>) -> Result<(), FederationError> {
        check(document, origin, &data.rules).map_err(|problem| {
            FederationError::Unauthenticated(format!("the actor at {origin} cannot be used: {problem}"))
        })
    }

    async fn from_json(document: ActorDocument, data: &Data<SharedState>) -> Result<Self, FederationError> {
        let now = data.now();
        let actor = Self::fetched(document, now);
        if !data.store.refresh_peer(&actor.peer).await? {
            data.strangers.put(actor.clone(), now);
        }
        Ok(actor)
    }
}

impl Actor for SidecarActor {
    fn public_key_pem(&self) -> &str {
        &self.peer.public_key_pem
    }

    fn private_key_pem(&self) -> Option<String> {
        self.private_key_pem.as_ref().map(|key| key.expose_secret().to_owned())
    }

    fn inbox(&self) -> Url {
        parse(&self.peer.inbox_url).unwrap_or_else(|_| self.url.clone())
    }

    fn shared_inbox(&self) -> Option<Url> {
        self.peer.shared_inbox_url.as_deref().and_then(|url| parse(url).ok())
    }
}

/// Checks a fetched actor document: everything in it must belong to the origin that served it.
fn check(document: &ActorDocument, origin: &Url, rules: &Rules) -> Result<(), &'static str> {
    rules.check(&document.id)?;
    if !same_origin(&document.id, origin) {
        return Err("its id belongs to another server");
    }
    if document.id.as_str().len() > 2_000 || document.inbox.as_str().len() > 2_000 {
        return Err("its addresses are too long");
    }
    if !matches!(document.kind.as_str(), "Application" | "Service") {
        return Err("it is not an Application");
    }
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
    let username = &document.preferred_username;
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if username.is_empty() || username.len() > LONGEST_USERNAME || !username.chars().all(plain) {
        return Err("its preferredUsername is not plain");
    }
    Ok(())
}

/// The document of this sidecar's actor.
pub fn own_document(state: &State) -> ActorDocument {
    let addresses = &state.addresses;
    let id = addresses.actor();
    let implements = vec![
        Capability {
            href: EVIDENCE_PROTOCOL.to_owned(),
            name: Some("Shoal evidence, version 1".to_owned()),
        },
        Capability {
            href: "https://w3id.org/fep/844e".to_owned(),
            name: Some("Capability discovery".to_owned()),
        },
    ];
    ActorDocument {
        kind: "Application".to_owned(),
        inbox: addresses.inbox(),
        outbox: Some(addresses.outbox()),
        followers: Some(addresses.followers()),
        following: Some(addresses.following()),
        preferred_username: USERNAME.to_owned(),
        name: Some(own_name(state)),
        summary: Some(
            "Exchanges differentially private evidence for video recommendations with other instances. \
             It has no posts and knows nobody's watch history but its own instance's, which never leaves it."
                .to_owned(),
        ),
        url: Some(addresses.root().clone()),
        endpoints: Some(Endpoints {
            shared_inbox: Some(addresses.shared_inbox()),
        }),
        manually_approves_followers: state.config.accept_follows == AcceptFollows::Manual,
        public_key: PublicKey {
            id: format!("{id}#main-key"),
            owner: id.clone(),
            public_key_pem: state.keys.public_key_pem.clone(),
        },
        implements: implements.clone(),
        generator: Some(Generator {
            kind: "Application".to_owned(),
            implements,
        }),
        id,
    }
}

fn own_name(state: &State) -> String {
    format!("Shoal of {}", state.addresses.authority())
}

fn parse(url: &str) -> Result<Url, FederationError> {
    Url::parse(url).map_err(|_| FederationError::Store(crate::store::StoreError::Corrupt("peers.actor_url")))
}

/// Actors that were fetched to check a signature but are no peers: kept for a few minutes in memory, so that strangers
/// can neither fill a table nor make this sidecar fetch them again and again.
#[derive(Debug, Default)]
pub struct Strangers {
    actors: Mutex<HashMap<String, (DateTime<Utc>, SidecarActor)>>,
}

impl Strangers {
    const KEPT: usize = 256;
    const MINUTES: i64 = 10;

    fn put(&self, actor: SidecarActor, now: DateTime<Utc>) {
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
    pub fn get(&self, url: &str, now: DateTime<Utc>) -> Option<SidecarActor> {
        let actors = self.actors.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (since, actor) = actors.get(url)?;
        (now - *since < TimeDelta::minutes(Self::MINUTES)).then(|| actor.clone())
    }
}
