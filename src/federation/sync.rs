//! Synchronization: asks a peer for the state of both follows, and reads the outbox of a followed one, so that a lost message
//! is made up for. At start, after an answer to a follow, once a day, and when an administrator asks for it.

use std::time::Duration;

use activitypub_federation::config::Data;
use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{ACCEPT, DATE, HOST};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::FederationError;
use super::activities::{answer_follow, receive_listed, repeat_follow};
use super::addresses::{LONGEST_ADDRESS, authority_of};
use super::backoff::next_attempt;
use super::client::{BodyError, read_body};
use super::delivery::{describe, http_date};
use super::json;
use super::protocol::{Create, Outbox, OutboxPage};
use super::remote_actor::{self, RemoteActor};
use super::rules::same_origin;
use super::state::SharedState;
use crate::store::{
    DueSync, FollowDecision, FollowerState, FollowingState, NewPeer, Peer, PeerStatement, Reception, Replies,
};
use crate::untrusted::Untrusted;

/// Peers synchronized with at the same time.
const BATCH: i64 = 4;
/// Longer than any synchronization can take.
const LEASE_SECONDS: i64 = 300;
/// Longest time for one document.
const FETCH_TIMEOUT: Duration = Duration::from_secs(20);
/// Hours between two synchronizations that nothing else causes; up to a tenth more or less.
const PAUSE_HOURS: f64 = 24.0;
/// Largest document, in bytes.
const MAXIMUM_DOCUMENT: usize = 1024 * 1024;
/// Most JSON values in a page of an outbox: [`MAXIMUM_ITEMS`] announcements have less.
const MAXIMUM_VALUES: usize = 20_000;
/// Pages of an outbox that are read.
const MAXIMUM_PAGES: usize = 4;
/// Announcements of an outbox that are looked at: the newest, as many as are kept.
const MAXIMUM_ANNOUNCEMENTS: usize = 24;
/// Items of an outbox that are looked at to find them.
const MAXIMUM_ITEMS: usize = 200;
/// Followers that are asked before a release at most.
const FOLLOWERS_ASKED: i64 = 16;
/// Followers that confirmed so many minutes ago are not asked before a release.
const CONFIRMED_MINUTES: i64 = 60;
const ACTIVITY_JSON: &str = "application/activity+json";

/// What a synchronization with one peer found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// The peer.
    pub actor: String,
    /// Whether this sidecar follows it, as both know now.
    pub following: FollowingState,
    /// Whether it follows this sidecar, as both know now.
    pub follower: FollowerState,
    /// Whether the peer said what it knows; older versions do not.
    pub stated: bool,
    /// Announcements that its outbox lists, of those that are used.
    pub announcements: usize,
    /// Those of them that had been missed.
    pub missed: usize,
    /// Those of them that failed a check.
    pub unusable: usize,
    /// Why it failed, if so.
    pub error: Option<String>,
}

/// Synchronizes with every peer for which that is due, once. Returns their number.
///
/// # Errors
/// [`FederationError::Store`] if the tables cannot be read or written.
pub async fn sync_due(data: &Data<SharedState>) -> Result<usize, FederationError> {
    let due = data.store.lease_syncs(BATCH, TimeDelta::seconds(LEASE_SECONDS)).await?;
    let count = due.len();
    let settled = futures_util::future::join_all(due.iter().map(|due| attempt(due, data))).await;
    settled.into_iter().collect::<Result<(), FederationError>>()?;
    Ok(count)
}

async fn attempt(due: &DueSync, data: &Data<SharedState>) -> Result<(), FederationError> {
    let outcome = synchronize(&due.peer, data).await;
    finish(&due.peer, Some(due.lease), due.failures, &outcome, data).await
}

/// Synchronizes with a peer now, whether or not that is due.
///
/// # Errors
/// [`FederationError::Store`] if the tables cannot be read or written. What fails between the sidecars is in the report.
pub async fn sync_now(peer: &Peer, data: &Data<SharedState>) -> Result<SyncReport, FederationError> {
    let outcome = synchronize(peer, data).await;
    finish(peer, None, 0, &outcome, data).await?;
    match outcome {
        Err(FederationError::Store(error)) => Err(error.into()),
        Err(error) => Ok(SyncReport {
            actor: peer.actor_url.clone(),
            following: peer.following,
            follower: peer.follower,
            stated: false,
            announcements: 0,
            missed: 0,
            unusable: 0,
            error: Some(Untrusted(&error).to_string()),
        }),
        Ok(report) => Ok(report),
    }
}

async fn finish(
    peer: &Peer,
    lease: Option<DateTime<Utc>>,
    failures: i32,
    outcome: &Result<SyncReport, FederationError>,
    data: &Data<SharedState>,
) -> Result<(), FederationError> {
    let (now, jitter) = (data.now(), rand::random::<f64>());
    let name = if outcome.is_ok() { "ok" } else { "failed" };
    metrics::counter!("shoal_peer_syncs_total", "outcome" => name).increment(1);
    let actor = &peer.actor_url;
    let daily = now + TimeDelta::seconds((PAUSE_HOURS * 3_600.0 * (0.9 + jitter / 5.0)) as i64);
    match outcome {
        Ok(report) => {
            if report.missed > 0 {
                tracing::info!(%actor, missed = report.missed, "announcements that had been missed were found in the outbox");
            }
            data.store.finish_sync(peer.id, lease, daily, None).await?;
        }
        Err(error) => {
            let reason = Untrusted(error).to_string();
            tracing::info!(%actor, %reason, "the peer could not be synchronized with");
            // Begun anew each time: as long as it is a peer, it is asked.
            let soon = next_attempt(now, now, failures.saturating_add(4), jitter, None).unwrap_or(daily);
            data.store.finish_sync(peer.id, lease, soon, Some(&reason)).await?;
        }
    }
    Ok(())
}

/// Asks followers that have not confirmed lately whether they follow, until one does.
///
/// # Errors
/// [`FederationError::Store`] if the tables cannot be read or written.
pub async fn ask_followers(data: &Data<SharedState>) -> Result<(), FederationError> {
    let since = data.now() - TimeDelta::minutes(CONFIRMED_MINUTES);
    if data.store.followers_confirmed_since(since).await? > 0 {
        return Ok(());
    }
    let to_ask = data.store.followers_to_ask(FOLLOWERS_ASKED).await?;
    for batch in to_ask.chunks(BATCH as usize) {
        let asked = batch.iter().map(|peer| ask_follower(peer, since, data));
        let answers = futures_util::future::join_all(asked).await;
        for confirmed in answers {
            if confirmed? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether this follower confirmed, when asked, that it follows.
async fn ask_follower(peer: &Peer, since: DateTime<Utc>, data: &Data<SharedState>) -> Result<bool, FederationError> {
    if Url::parse(&peer.actor_url).is_ok_and(|actor| data.rules.check(&actor).is_err()) {
        // It was blocked after it had been accepted: nothing is sent to it.
        data.store.doubt_follower(&peer.actor_url).await?;
        return Ok(false);
    }
    match ask(peer, data).await {
        Ok((outbox, actor)) => {
            let Some(statement) = outbox.relation.statement() else {
                return Ok(false);
            };
            learn(peer, &actor.peer, statement, data).await?;
            let peer = data.store.peer(&peer.actor_url).await?;
            Ok(peer.is_some_and(|peer| peer.follower_confirmed_at.is_some_and(|at| at > since)))
        }
        Err(FederationError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::info!(actor = %peer.actor_url, reason = %Untrusted(&error), "a follower does not answer");
            Ok(false)
        }
    }
}

async fn synchronize(peer: &Peer, data: &Data<SharedState>) -> Result<SyncReport, FederationError> {
    let (outbox, actor) = ask(peer, data).await?;
    let statement = outbox.relation.statement();
    let stated = statement.is_some();
    if let Some(statement) = statement {
        learn(peer, &actor.peer, statement, data).await?;
    }
    let known = data.store.peer(&peer.actor_url).await?;
    let mut report = SyncReport {
        actor: peer.actor_url.clone(),
        following: known.as_ref().map_or(FollowingState::None, |peer| peer.following),
        follower: known.as_ref().map_or(FollowerState::None, |peer| peer.follower),
        stated,
        announcements: 0,
        missed: 0,
        unusable: 0,
        error: None,
    };
    if report.following == FollowingState::Accepted
        && let Ok(url) = Url::parse(&peer.actor_url)
    {
        read_announcements(&outbox, &url, &mut report, data).await?;
    }
    Ok(report)
}

/// Fetches the actor of a peer, and with it what may have changed about it, and the first document of its outbox.
async fn ask(peer: &Peer, data: &Data<SharedState>) -> Result<(Outbox, RemoteActor), FederationError> {
    let url = Url::parse(&peer.actor_url).map_err(|_| sync_error("its address cannot be read"))?;
    data.rules.check(&url).map_err(sync_error)?;
    let actor = remote_actor::fetch(&url, data).await?;
    let outbox = actor.outbox.as_ref().ok_or_else(|| sync_error("it has no outbox"))?;
    let outbox = fetch(outbox, &url, data).await?;
    Ok((outbox, actor))
}

/// What the peer stated has its effect, unless something newer was learned meanwhile.
async fn learn(
    known: &Peer,
    current: &NewPeer,
    statement: PeerStatement,
    data: &Data<SharedState>,
) -> Result<(), FederationError> {
    let theirs = statement
        .following
        .follow
        .as_deref()
        .and_then(|follow| Url::parse(follow).ok());
    if let Some(follow) = &theirs {
        let actor = Url::parse(&known.actor_url).map_err(|_| sync_error("its address cannot be read"))?;
        if !same_origin(follow, &actor) || follow.as_str().len() > LONGEST_ADDRESS {
            return Err(sync_error("it states a Follow that cannot be its own"));
        }
    }
    let answer = |decision| {
        theirs
            .as_ref()
            .map(|follow| answer_follow(data, decision, follow, current))
            .transpose()
    };
    let own = known.following_activity_url.as_deref();
    let replies = Replies {
        accept: answer(FollowDecision::Accept)?,
        reject: answer(FollowDecision::Reject)?,
        follow: own.map(|follow| repeat_follow(data, follow, current)).transpose()?,
    };
    if data.store.learn_from(known, statement, replies).await? {
        data.delivery_queued.notify_one();
    } else {
        // Something happened meanwhile; the next question gets a newer answer.
        data.store.sync_peer_soon(known.id).await?;
    }
    Ok(())
}

/// Reads the announcements of a followed peer: each passes the checks of one that was delivered.
async fn read_announcements(
    outbox: &Outbox,
    actor: &Url,
    report: &mut SyncReport,
    data: &Data<SharedState>,
) -> Result<(), FederationError> {
    let mut newest_first: Vec<Create> = Vec::new();
    let mut next = outbox.first.clone();
    let (mut pages, mut items) = (0, 0);
    while let Some(url) = next.take()
        && pages < MAXIMUM_PAGES
        && items < MAXIMUM_ITEMS
        && newest_first.len() < MAXIMUM_ANNOUNCEMENTS
    {
        let page: OutboxPage = fetch(&url, actor, data).await?;
        for item in page.ordered_items.into_iter().take(MAXIMUM_ITEMS) {
            items += 1;
            match announcement(item) {
                Some(Ok(create)) if newest_first.len() < MAXIMUM_ANNOUNCEMENTS => newest_first.push(create),
                Some(Err(error)) => {
                    tracing::debug!(%actor, error = %Untrusted(&error), "an announcement in the outbox cannot be read");
                    report.unusable += 1;
                }
                Some(Ok(_)) | None => {}
            }
        }
        pages += 1;
        next = page.next.filter(|next| *next != url);
    }
    // Oldest first, as they would have been delivered.
    for create in newest_first.into_iter().rev() {
        report.announcements += 1;
        match receive_listed(create, actor, data).await {
            Ok(Reception::Processed) => report.missed += 1,
            Ok(_) => {}
            Err(FederationError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::debug!(%actor, error = %Untrusted(&error), "an announcement in the outbox is not usable");
                report.unusable += 1;
            }
        }
    }
    Ok(())
}

/// The announcement in an item; `None` if the item is something else.
fn announcement(item: Value) -> Option<Result<Create, serde_json::Error>> {
    let is = |pointer: &str, value: &str| item.pointer(pointer).and_then(Value::as_str) == Some(value);
    (is("/type", "Create") && is("/object/type", "Evidence")).then(|| serde_json::from_value(item))
}

/// A document of the peer's origin, with a signed request.
async fn fetch<T: DeserializeOwned>(url: &Url, actor: &Url, data: &Data<SharedState>) -> Result<T, FederationError> {
    data.rules.check(url).map_err(sync_error)?;
    if !same_origin(url, actor) {
        return Err(sync_error("its outbox belongs to another server"));
    }
    let request = data
        .client
        .get(url.as_str())
        .timeout(FETCH_TIMEOUT)
        .header(HOST, authority_of(url))
        .header(DATE, http_date(data))
        .header(ACCEPT, ACTIVITY_JSON);
    let request = data.sign_request(request, Bytes::new()).await?;
    let response = data
        .client
        .execute(request)
        .await
        .map_err(|error| FederationError::Sync(describe(&error)))?;
    let status = response.status();
    if !status.is_success() {
        return Err(FederationError::Sync(format!(
            "its outbox answers with status {}",
            status.as_u16()
        )));
    }
    let body = read_body(response, MAXIMUM_DOCUMENT)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => sync_error("its outbox is too large"),
            BodyError::Connection(error) => FederationError::Sync(describe(&error)),
        })?;
    data.traffic.received(body.len());
    json::parse_up_to(&body, MAXIMUM_VALUES).map_err(|_| sync_error("its outbox cannot be read"))
}

fn sync_error(reason: &str) -> FederationError {
    FederationError::Sync(reason.to_owned())
}
