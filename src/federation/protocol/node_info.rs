//! NodeInfo 2.1: what runs here. Nothing is said about accounts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::web_finger::Link;

const SCHEMA: &str = "http://nodeinfo.diaspora.software/ns/schema/2.1";
/// FEP-2677: the actor that represents the software.
const APPLICATION: &str = "https://www.w3.org/ns/activitystreams#Application";

/// The discovery document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfoLinks {
    /// The document and the application actor.
    #[serde(default)]
    pub links: Vec<Link>,
}

/// The NodeInfo document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeInfo {
    /// Version of the schema.
    pub version: String,
    /// What runs here.
    pub software: NodeInfoSoftware,
    /// Protocols between servers.
    pub protocols: Vec<String>,
    /// Third-party services: none.
    pub services: Value,
    /// Nobody can register at a sidecar.
    pub open_registrations: bool,
    /// Required by the schema, and empty.
    pub usage: Value,
    /// Free properties: none.
    pub metadata: Value,
}

/// Name and version of the software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfoSoftware {
    /// `shoal`.
    pub name: String,
    /// Version of the package.
    pub version: String,
}

impl NodeInfoLinks {
    /// Links to the document at `node_info` and to `actor`.
    pub fn new(node_info: &str, actor: &str) -> Self {
        let link = |rel: &str, href: &str| Link {
            rel: rel.to_owned(),
            kind: None,
            href: Some(href.to_owned()),
        };
        Self {
            links: vec![link(SCHEMA, node_info), link(APPLICATION, actor)],
        }
    }

    /// Address of the application actor, if there is one.
    pub fn application(&self) -> Option<&str> {
        self.links.iter().find(|link| link.rel == APPLICATION)?.href.as_deref()
    }
}

impl NodeInfo {
    /// The document of this sidecar.
    pub fn own() -> Self {
        Self {
            version: "2.1".to_owned(),
            software: NodeInfoSoftware {
                name: "shoal".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            protocols: vec!["activitypub".to_owned()],
            services: json!({ "inbound": [], "outbound": [] }),
            open_registrations: false,
            usage: json!({ "users": {} }),
            metadata: json!({}),
        }
    }
}
