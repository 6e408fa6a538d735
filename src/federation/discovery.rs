//! From what a person types to a sidecar's actor: by its address, by WebFinger, or by NodeInfo.

use activitypub_federation::config::Data;
use reqwest::header::ACCEPT;
use serde::de::DeserializeOwned;
use url::Url;

use super::FederationError;
use super::addresses::{FORMER_USERNAME, USERNAME};
use super::client::{BodyError, read_body};
use super::delivery::describe;
use super::json;
use super::protocol::{NodeInfoLinks, WebFinger};
use super::remote_actor::{self, RemoteActor};
use super::state::SharedState;
use crate::untrusted::Untrusted;

/// Largest discovery document, in bytes.
const MAXIMUM_DOCUMENT: usize = 64 * 1024;

/// What a person typed.
#[derive(Debug, PartialEq)]
enum Target {
    /// An address: of an actor, or of a sidecar.
    Address(Url),
    /// `name@host`.
    Account { name: String, host: Url },
    /// A host, perhaps with a port.
    Host(Url),
}

/// Finds the sidecar that `target` means: a host, `host:port`, an address of an actor or of a sidecar, or
/// `acct:name@host`.
///
/// # Errors
/// [`FederationError::Discovery`] lists what was tried and what came of it.
pub async fn find(target: &str, data: &Data<SharedState>) -> Result<RemoteActor, FederationError> {
    let mut attempts = Vec::new();
    let failed = |reason: String| FederationError::Discovery {
        target: target.to_owned(),
        reason,
    };
    match parse(target, data.config.insecure_development).map_err(|reason| failed(reason.to_owned()))? {
        Target::Address(url) => {
            if let Some(actor) = attempt(&url, data, &mut attempts).await {
                return Ok(actor);
            }
            if let Some(actor) = by_node_info(&url, data, &mut attempts).await {
                return Ok(actor);
            }
        }
        Target::Account { name, host } => {
            if let Some(actor) = by_web_finger(&name, &host, data, &mut attempts).await {
                return Ok(actor);
            }
        }
        Target::Host(host) => {
            for name in [USERNAME, FORMER_USERNAME] {
                if let Some(actor) = by_web_finger(name, &host, data, &mut attempts).await {
                    return Ok(actor);
                }
            }
            if let Some(actor) = by_node_info(&host, data, &mut attempts).await {
                return Ok(actor);
            }
        }
    }
    Err(failed(attempts.join("; ")))
}

fn parse(target: &str, insecure: bool) -> Result<Target, &'static str> {
    let target = target.trim();
    let scheme = if insecure { "http" } else { "https" };
    let host_url = |host: &str| {
        let host = host.trim_end_matches('/');
        let plain = !host.is_empty() && !host.contains(['/', '?', '#', '@', '*', ' ']);
        let url = Url::parse(&format!("{scheme}://{host}/")).ok();
        url.filter(|_| plain)
            .ok_or("it is neither a host, nor an address, nor acct:name@host")
    };
    if target.starts_with("https://") || target.starts_with("http://") {
        return Url::parse(target)
            .map(Target::Address)
            .map_err(|_| "the address cannot be read");
    }
    let account = target.strip_prefix("acct:").unwrap_or(target).trim_start_matches('@');
    match account.split_once('@') {
        Some((name, host)) => Ok(Target::Account {
            name: name.to_owned(),
            host: host_url(host)?,
        }),
        None if target.starts_with("acct:") => Err("an account must have the form acct:name@host"),
        None => Ok(Target::Host(host_url(target)?)),
    }
}

/// Fetches the actor at `url` and checks that it is a sidecar.
async fn attempt(url: &Url, data: &Data<SharedState>, attempts: &mut Vec<String>) -> Option<RemoteActor> {
    match remote_actor::discover(url, data).await {
        Ok(actor) if actor.speaks_evidence => Some(actor),
        Ok(_) => {
            attempts.push(format!("{} is an actor, but no Shoal sidecar", Untrusted(url)));
            None
        }
        Err(error) => {
            attempts.push(format!("{}: {error}", Untrusted(url)));
            None
        }
    }
}

async fn by_web_finger(
    name: &str,
    host: &Url,
    data: &Data<SharedState>,
    attempts: &mut Vec<String>,
) -> Option<RemoteActor> {
    let mut url = host.clone();
    url.set_path("/.well-known/webfinger");
    let authority = super::addresses::authority_of(host);
    url.query_pairs_mut()
        .append_pair("resource", &format!("acct:{name}@{authority}"));
    let answer: WebFinger = document(&url, "application/jrd+json", data, attempts).await?;
    let actors: Vec<Url> = answer
        .actors()
        .filter_map(|actor| Url::parse(actor).ok())
        .take(3)
        .collect();
    if actors.is_empty() {
        attempts.push(format!("{url} names no actor"));
    }
    for actor in actors {
        if let Some(found) = attempt(&actor, data, attempts).await {
            return Some(found);
        }
    }
    None
}

async fn by_node_info(root: &Url, data: &Data<SharedState>, attempts: &mut Vec<String>) -> Option<RemoteActor> {
    let mut url = root.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&format!("{}/.well-known/nodeinfo", root.path().trim_end_matches('/')));
    let links: NodeInfoLinks = document(&url, "application/json", data, attempts).await?;
    if let Some(actor) = links.application().and_then(|actor| Url::parse(actor).ok()) {
        return attempt(&actor, data, attempts).await;
    }
    attempts.push(format!("{url} names no application actor"));
    None
}

async fn document<T: DeserializeOwned>(
    url: &Url,
    media_type: &str,
    data: &Data<SharedState>,
    attempts: &mut Vec<String>,
) -> Option<T> {
    let outcome = async {
        data.rules.check(url).map_err(str::to_owned)?;
        let response = data.client.get(url.as_str()).header(ACCEPT, media_type).send().await;
        let response = response.map_err(|error| describe(&error))?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status().as_u16()));
        }
        let body = read_body(response, MAXIMUM_DOCUMENT)
            .await
            .map_err(|error| match error {
                BodyError::TooLarge => "the document is too large".to_owned(),
                BodyError::Connection(error) => describe(&error),
            })?;
        // What the parser says would quote the document.
        json::parse(&body).map_err(|_| "the document has another form than expected".to_owned())
    };
    outcome
        .await
        .map_err(|reason| attempts.push(format!("{url}: {reason}")))
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn people_may_type_hosts_addresses_and_accounts() {
        let account = |host: &str| Target::Account {
            name: "shoal".to_owned(),
            host: url(host),
        };
        assert_eq!(
            parse("rec.a.example", false),
            Ok(Target::Host(url("https://rec.a.example/")))
        );
        for text in ["rec.a.example/", "REC.a.example", "rec.a.example:443"] {
            assert_eq!(
                parse(text, false),
                Ok(Target::Host(url("https://rec.a.example/"))),
                "{text}"
            );
        }
        assert_eq!(
            parse("localhost:9181", true),
            Ok(Target::Host(url("http://localhost:9181/")))
        );
        assert_eq!(
            parse("https://a.example/x", false),
            Ok(Target::Address(url("https://a.example/x")))
        );
        assert_eq!(parse("acct:shoal@a.example", false), Ok(account("https://a.example/")));
        assert_eq!(parse(" @shoal@a.example ", false), Ok(account("https://a.example/")));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for target in [
            "",
            "a b",
            "acct:shoal",
            "shoal@",
            "a.example/path",
            "*.a.example",
            "shoal@a.example/x",
            "https://",
        ] {
            assert!(parse(target, false).is_err(), "{target}");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(target in ".{0,80}", insecure: bool) {
            let _ = parse(&target, insecure);
        }
    }
}
