//! `shoal peers`: sees and changes the peers. What must be sent is queued and leaves with the running sidecar; `sync` asks at
//! once.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde::Serialize;

use super::{ConfigArguments, output};
use crate::clock::SystemClock;
use crate::federation::{Federation, SyncReport};
use crate::store::{FollowingState, Peer, Store};
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
    /// No longer follow a sidecar, and delete its evidence. It may go on receiving ours.
    Unfollow {
        /// The sidecar.
        peer: String,
    },
    /// Ask a sidecar, or all of them, who follows whom, and fetch announcements that were missed.
    Sync {
        /// The sidecar; without it, all.
        peer: Option<String>,
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
    /// When it last confirmed that it follows this sidecar.
    follower_confirmed: Option<chrono::DateTime<chrono::Utc>>,
    /// When it last answered a synchronization.
    synced: Option<chrono::DateTime<chrono::Utc>>,
    /// Why the last synchronization failed.
    sync_error: Option<String>,
}

impl From<&Peer> for PeerReport {
    fn from(peer: &Peer) -> Self {
        Self {
            actor: peer.actor_url.clone(),
            host: peer.host.clone(),
            following: peer.following.as_str().to_owned(),
            follower: peer.follower.as_str().to_owned(),
            last_seen: peer.last_seen_at,
            follower_confirmed: peer.follower_confirmed_at,
            synced: peer.synced_at,
            sync_error: peer.sync_error.clone(),
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
        Action::Sync { peer } => {
            let reports = federation.sync(peer.as_deref()).await?;
            store.close().await;
            return told(&reports, arguments.json);
        }
        Action::Follow { peer } => {
            let found = federation.follow(peer).await?;
            if found.following == FollowingState::Accepted {
                // There is nothing to ask for; what may be missing is fetched.
                let reports = federation.sync(Some(&found.actor_url)).await?;
                let peers: Vec<Peer> = store.peer(&found.actor_url).await?.into_iter().collect();
                let done = reports
                    .first()
                    .map(|report| format!("followed already; {}", in_words(report)));
                (peers, done)
            } else {
                (
                    vec![found],
                    Some("the request leaves with the running sidecar".to_owned()),
                )
            }
        }
        Action::Unfollow { peer } => (
            vec![federation.unfollow(peer).await?],
            Some("no longer followed, its evidence is deleted; it will be told by the running sidecar".to_owned()),
        ),
        Action::Accept { peer } => (
            vec![federation.accept(peer).await?],
            Some("accepted; it will be told by the running sidecar".to_owned()),
        ),
        Action::Reject { peer } => (
            vec![federation.reject(peer).await?],
            Some("rejected; it will be told by the running sidecar".to_owned()),
        ),
        Action::Remove { peer } => (
            vec![federation.remove(peer).await?],
            Some("removed, with its evidence".to_owned()),
        ),
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
        if let Some(error) = &report.sync_error {
            output::line(&format!("  does not answer: {error}"));
        }
    }
    if let Some(done) = done {
        output::line(&done);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what synchronizing found; a failure for one peer is the failure of the command.
fn told(reports: &[SyncReport], json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::json(&reports)?;
    } else if reports.is_empty() {
        output::line("no peers yet");
    } else {
        for report in reports {
            output::line(&format!("{}  {}", report.actor, in_words(report)));
        }
    }
    let failed = reports.iter().any(|report| report.error.is_some());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn in_words(report: &SyncReport) -> String {
    if let Some(error) = &report.error {
        return format!("it could not be asked: {error}");
    }
    let states = format!(
        "following: {}  follower: {}",
        report.following.as_str(),
        report.follower.as_str()
    );
    let stated = if report.stated {
        ""
    } else {
        " (not confirmed: it runs an older version)"
    };
    let outbox = match report.following {
        FollowingState::Accepted => format!(
            "; {} announcements in its outbox, {} of them had been missed",
            report.announcements, report.missed
        ),
        _ => String::new(),
    };
    let unusable = match report.unusable {
        0 => String::new(),
        unusable => format!(", {unusable} unusable"),
    };
    format!("{states}{stated}{outbox}{unusable}")
}
