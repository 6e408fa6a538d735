//! `shoal peers`: sees and changes the peers. What must be sent is queued and leaves with the running sidecar.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde::Serialize;

use super::{ConfigArguments, output};
use crate::clock::SystemClock;
use crate::federation::Federation;
use crate::store::{Peer, Store};
use crate::untrusted::Untrusted;

/// Arguments of `shoal peers`.
#[derive(Debug, clap::Args)]
pub struct PeersArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All known peers and the state of both directions.
    List,
    /// Ask a sidecar for its evidence: a host, an address of an actor, or acct:name@host.
    Follow {
        /// The sidecar.
        peer: String,
    },
    /// Let a sidecar that asked receive evidence.
    Accept {
        /// The sidecar.
        peer: String,
    },
    /// Do not let a sidecar receive evidence, or no longer.
    Reject {
        /// The sidecar.
        peer: String,
    },
    /// End both directions and delete the evidence received from a sidecar.
    Remove {
        /// The sidecar.
        peer: String,
    },
}

/// A peer as it is printed.
#[derive(Serialize)]
struct PeerReport {
    actor: String,
    host: String,
    following: String,
    follower: String,
    last_seen: Option<chrono::DateTime<chrono::Utc>>,
}

impl From<&Peer> for PeerReport {
    fn from(peer: &Peer) -> Self {
        Self {
            actor: peer.actor_url.clone(),
            host: peer.host.clone(),
            following: format!("{:?}", peer.following).to_lowercase(),
            follower: format!("{:?}", peer.follower).to_lowercase(),
            last_seen: peer.last_seen_at,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the database or the peer does not answer, or the peer is not known.
pub async fn run(arguments: PeersArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let clock = Arc::new(SystemClock);
    let store = Store::connect(&config.database, clock.clone()).await?;
    store.migrate().await?;
    let federation = Federation::start(&config.federation, store.clone(), clock).await?;
    let (peers, done) = match &arguments.action {
        Action::List => (federation.peers().await?, None),
        Action::Follow { peer } => (
            vec![federation.follow(peer).await?],
            Some("the request leaves with the running sidecar"),
        ),
        Action::Accept { peer } => (
            vec![federation.accept(peer).await?],
            Some("accepted; it will be told by the running sidecar"),
        ),
        Action::Reject { peer } => (
            vec![federation.reject(peer).await?],
            Some("rejected; it will be told by the running sidecar"),
        ),
        Action::Remove { peer } => (vec![federation.remove(peer).await?], Some("removed, with its evidence")),
    };
    store.close().await;
    let reports: Vec<PeerReport> = peers.iter().map(PeerReport::from).collect();
    if arguments.json {
        output::json(&reports)?;
        return Ok(ExitCode::SUCCESS);
    }
    if reports.is_empty() {
        output::line("no peers yet; `shoal peers follow HOST` asks one for its evidence");
    }
    for report in &reports {
        output::line(&format!(
            "{}  following: {}  follower: {}  last seen: {}",
            Untrusted(&report.actor),
            report.following,
            report.follower,
            report.last_seen.map_or_else(
                || "never".to_owned(),
                |time| time.format("%Y-%m-%d %H:%M UTC").to_string()
            ),
        ));
    }
    if let Some(done) = done {
        output::line(done);
    }
    Ok(ExitCode::SUCCESS)
}
