//! This sidecar's own actor: its document, and as the ActivityPub library wants to see it to sign requests. Actors of
//! others are in `remote_actor`.

use activitypub_federation::config::Data;
use activitypub_federation::protocol::public_key::PublicKey;
use activitypub_federation::traits::{Actor, Object};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::FederationError;
use super::addresses::USERNAME;
use super::protocol::{ActorDocument, Capability, EVIDENCE_PROTOCOL, Endpoints, Generator};
use super::state::{SharedState, State};
use crate::config::AcceptFollows;

/// This sidecar's actor, with its private key. The library asks for nothing but id and key: it only signs with it.
#[derive(Debug, Clone)]
pub struct OwnActor {
    url: Url,
    inbox: Url,
    public_key_pem: String,
    private_key_pem: SecretString,
}

impl OwnActor {
    /// From the stored keys.
    pub fn new(state: &State) -> Self {
        Self {
            url: state.addresses.actor(),
            inbox: state.addresses.inbox(),
            public_key_pem: state.keys.public_key_pem.clone(),
            private_key_pem: state.keys.private_key_pem.clone(),
        }
    }
}

#[async_trait]
impl Object for OwnActor {
    type DataType = SharedState;
    type Kind = ActorDocument;
    type Error = FederationError;

    fn id(&self) -> &Url {
        &self.url
    }

    async fn read_from_id(_url: Url, _data: &Data<SharedState>) -> Result<Option<Self>, FederationError> {
        Ok(None)
    }

    async fn into_json(self, data: &Data<SharedState>) -> Result<ActorDocument, FederationError> {
        Ok(own_document(data))
    }

    async fn verify(_document: &ActorDocument, _: &Url, _data: &Data<SharedState>) -> Result<(), FederationError> {
        Err(FederationError::NotFound)
    }

    async fn from_json(_document: ActorDocument, _data: &Data<SharedState>) -> Result<Self, FederationError> {
        Err(FederationError::NotFound)
    }
}

impl Actor for OwnActor {
    fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }

    fn private_key_pem(&self) -> Option<String> {
        Some(self.private_key_pem.expose_secret().to_owned())
    }

    fn inbox(&self) -> Url {
        self.inbox.clone()
    }
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
