//! The actor document of a sidecar.

use activitypub_federation::protocol::helpers::deserialize_skip_error;
use activitypub_federation::protocol::public_key::PublicKey;
use serde::{Deserialize, Serialize};
use url::Url;

/// Names the exchange of evidence, version 1. Only actors that list it are peers.
pub const EVIDENCE_PROTOCOL: &str = "urn:shoal:evidence:v1";

/// An actor. Properties that Shoal has no use for may be missing or of any shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorDocument {
    /// `Application` for sidecars.
    #[serde(rename = "type")]
    pub kind: String,
    /// Id of the actor.
    pub id: Url,
    /// Where activities are posted.
    pub inbox: Url,
    /// What it announced.
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub outbox: Option<Url>,
    /// Who follows it.
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub followers: Option<Url>,
    /// Whom it follows.
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub following: Option<Url>,
    /// Name in `acct:` addresses.
    pub preferred_username: String,
    /// Display name.
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// Description.
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub summary: Option<String>,
    /// A page for people.
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub url: Option<Url>,
    /// Shared inbox.
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub endpoints: Option<Endpoints>,
    /// Whether somebody decides on each follow request.
    #[serde(default, deserialize_with = "deserialize_skip_error")]
    pub manually_approves_followers: bool,
    /// Key of its HTTP signatures.
    pub public_key: PublicKey,
    /// What it can do (FEP-844e).
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub implements: Vec<Capability>,
    /// The software that speaks for it, with what it can do (FEP-844e).
    #[serde(
        default,
        deserialize_with = "deserialize_skip_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub generator: Option<Generator>,
}

/// Endpoints for a whole server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Inbox for everybody on this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_inbox: Option<Url>,
}

/// The software behind an actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generator {
    /// Always `Application`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it can do.
    #[serde(default)]
    pub implements: Vec<Capability>,
}

/// A protocol that an actor implements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// Identifier of the protocol.
    pub href: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ActorDocument {
    /// Whether the actor is a sidecar that takes part in the exchange of evidence: a piece of software that says so.
    pub fn speaks_evidence(&self) -> bool {
        if !matches!(self.kind.as_str(), "Application" | "Service") {
            return false;
        }
        let generated = self.generator.iter().flat_map(|generator| &generator.implements);
        self.implements
            .iter()
            .chain(generated)
            .any(|capability| capability.href == EVIDENCE_PROTOCOL)
    }
}
