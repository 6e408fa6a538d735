//! WebFinger (RFC 7033): from a name to an actor.

use serde::{Deserialize, Serialize};

/// Media type of ActivityPub documents.
const ACTIVITY_JSON: &str = "application/activity+json";

/// A WebFinger answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebFinger {
    /// What was asked for.
    pub subject: String,
    /// Other names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where to go on.
    #[serde(default)]
    pub links: Vec<Link>,
}

/// A link of a WebFinger or NodeInfo answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What the link means.
    pub rel: String,
    /// Media type of the target.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

impl WebFinger {
    /// The answer that leads to `actor`.
    pub fn new(subject: String, actor: &str) -> Self {
        let link = |rel: &str| Link {
            rel: rel.to_owned(),
            kind: Some(ACTIVITY_JSON.to_owned()),
            href: Some(actor.to_owned()),
        };
        Self {
            subject,
            aliases: vec![actor.to_owned()],
            // The second is how FEP-d556 names the actor of a whole server.
            links: vec![link("self"), link("https://www.w3.org/ns/activitystreams#Service")],
        }
    }

    /// The addresses of actors, in the order of the links.
    pub fn actors(&self) -> impl Iterator<Item = &str> {
        self.links
            .iter()
            .filter(|link| link.rel == "self" || link.rel == "https://www.w3.org/ns/activitystreams#Service")
            .filter(|link| link.kind.as_deref().is_none_or(|kind| kind.starts_with("application/")))
            .filter_map(|link| link.href.as_deref())
    }
}
