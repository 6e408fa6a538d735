//! Every address of this sidecar, derived from its public URL, which may have a path such as `/shoal`.

use url::Url;

/// Name of the one actor. PeerTube's users and channels have at most 50 characters (a channel that PeerTube makes for a
/// new user ends in `_channel`), so none of them can have this one, and every software can read it: lower-case letters
/// and underscores.
pub const USERNAME: &str = "shoal_sidecar_exchanging_private_video_recommendations";
/// Its name up to version 0.1: WebFinger still answers it.
pub const FORMER_USERNAME: &str = "shoal";
/// Longest address of a message or an actor that is taken and stored, in bytes. Indices of PostgreSQL hold 2,700.
pub const LONGEST_ADDRESS: usize = 1_000;

/// The addresses of this sidecar.
#[derive(Debug, Clone)]
pub struct Addresses {
    root: Url,
    prefix: String,
}

impl Addresses {
    /// From the configured public URL; a trailing slash makes no difference.
    pub fn new(public_url: &Url) -> Self {
        let mut root = public_url.clone();
        root.set_query(None);
        root.set_fragment(None);
        let prefix = root.path().trim_end_matches('/').to_owned();
        Self { root, prefix }
    }

    /// Path of the public URL without a trailing slash; empty when it has none.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The public URL itself.
    pub fn root(&self) -> &Url {
        &self.root
    }

    /// Host, with the port if it is not the usual one: what the `Host` header must say.
    pub fn authority(&self) -> String {
        authority_of(&self.root)
    }

    /// Id of the actor.
    pub fn actor(&self) -> Url {
        self.at("actor")
    }

    /// Inbox of the actor.
    pub fn inbox(&self) -> Url {
        self.at("actor/inbox")
    }

    /// Inbox for everybody on this server.
    pub fn shared_inbox(&self) -> Url {
        self.at("inbox")
    }

    /// Announcements of releases.
    pub fn outbox(&self) -> Url {
        self.at("actor/outbox")
    }

    /// Who follows this sidecar.
    pub fn followers(&self) -> Url {
        self.at("actor/followers")
    }

    /// Whom this sidecar follows.
    pub fn following(&self) -> Url {
        self.at("actor/following")
    }

    /// The JSON-LD context.
    pub fn context(&self) -> Url {
        self.at("ns/v1")
    }

    /// The NodeInfo document.
    pub fn node_info(&self) -> Url {
        self.at("nodeinfo/2.1")
    }

    /// A new activity; `name` must not repeat.
    pub fn activity(&self, name: &str) -> Url {
        self.at(&format!("activities/{name}"))
    }

    /// The evidence with this digest, as an object.
    pub fn evidence(&self, sha256: &[u8; 32]) -> Url {
        self.at(&format!("evidence/{}", hex::encode(sha256)))
    }

    /// The activity that announces the evidence with this digest.
    pub fn announcement(&self, sha256: &[u8; 32]) -> Url {
        self.at(&format!("evidence/{}/create", hex::encode(sha256)))
    }

    /// The payload of the evidence with this digest.
    pub fn payload(&self, sha256: &[u8; 32]) -> Url {
        self.at(&format!("payloads/{}", hex::encode(sha256)))
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}/{path}", self.prefix));
        url
    }
}

/// Host of `url`, with the port if it is not the usual one of the scheme.
pub fn authority_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str) -> Addresses {
        Addresses::new(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_path_prefix_is_kept_with_and_without_a_slash() {
        for url in ["https://video.example/shoal", "https://video.example/shoal/"] {
            let addresses = addresses(url);
            assert_eq!(addresses.prefix(), "/shoal");
            assert_eq!(addresses.actor().as_str(), "https://video.example/shoal/actor");
            assert_eq!(addresses.authority(), "video.example");
        }
    }

    #[test]
    fn a_host_of_its_own_has_no_prefix() {
        let addresses = addresses("http://localhost:9181");
        assert_eq!(addresses.prefix(), "");
        assert_eq!(addresses.inbox().as_str(), "http://localhost:9181/actor/inbox");
        assert_eq!(addresses.authority(), "localhost:9181");
    }
}
