//! Fetches announced payloads with signed GETs, and believes them only when everything fits.

use std::time::Duration;

use activitypub_federation::config::Data;
use axum::body::Bytes;
use chrono::TimeDelta;
use reqwest::header::{ACCEPT, DATE, HOST};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;

use super::FederationError;
use super::addresses::authority_of;
use super::backoff::next_attempt;
use super::client::{BodyError, read_body};
use super::delivery::{describe, http_date};
use super::protocol::{Evidence, PAYLOAD_MEDIA_TYPE};
use super::rules::same_origin;
use super::state::SharedState;
use crate::privacy::inspect_payload;
use crate::store::LeasedEvidence;
use crate::untrusted::Untrusted;

/// Payloads fetched at the same time. They are checked and stored one after the other: a payload is in memory three times
/// while it is stored (here, as an argument, and as a message to the database).
const BATCH: i64 = 2;
/// Checks of one payload at most. Each is written down before it begins, and a check that ends settles the matter: if the
/// process ended so often while it was checking, it was not by chance.
const MOST_CHECKS: i32 = 5;
/// Longest time for one payload.
const FETCH_TIMEOUT: Duration = Duration::from_mins(2);
/// Longer than any attempt can take.
const LEASE_SECONDS: i64 = 300;

/// How an attempt ended.
enum Outcome {
    /// The payload passed every check.
    Usable(Vec<u8>),
    /// The payload is not what was announced, or makes no sense.
    Refused(String),
    /// It could not be had now.
    Failed(String),
}

/// What came of fetching.
enum Fetched {
    /// Bytes of the announced length, not yet looked at.
    Payload(Vec<u8>),
    /// None.
    Not(Outcome),
}

/// Fetches every payload that is due, once. Returns the number of attempts.
///
/// # Errors
/// [`FederationError::Store`] if the table cannot be read or written.
pub async fn fetch_due(data: &Data<SharedState>) -> Result<usize, FederationError> {
    let leased = data
        .store
        .lease_evidence(BATCH, TimeDelta::seconds(LEASE_SECONDS))
        .await?;
    let attempts = leased.len();
    let turn = Mutex::new(());
    let settled = futures_util::future::join_all(leased.iter().map(|evidence| attempt(evidence, &turn, data))).await;
    settled.into_iter().collect::<Result<(), FederationError>>()?;
    Ok(attempts)
}

/// Fetches, checks and stores one payload. Only whoever holds `turn` checks and stores.
async fn attempt(evidence: &LeasedEvidence, turn: &Mutex<()>, data: &Data<SharedState>) -> Result<(), FederationError> {
    let fetched = match fetch(evidence, data).await {
        Ok(fetched) => fetched,
        Err(error) => Fetched::Not(Outcome::Failed(error.to_string())),
    };
    let _turn = turn.lock().await;
    let outcome = match fetched {
        Fetched::Payload(payload) => match check(evidence, payload, data).await? {
            Some(outcome) => outcome,
            None => return Ok(()),
        },
        Fetched::Not(outcome) => outcome,
    };
    let (peer, url) = (Untrusted(&evidence.actor_url), Untrusted(&evidence.payload_url));
    match outcome {
        Outcome::Usable(payload) => {
            if data.store.keep_evidence(evidence, &payload).await? {
                tracing::info!(%peer, %url, bytes = payload.len(), "evidence fetched and checked");
            }
        }
        Outcome::Refused(reason) => {
            tracing::warn!(%peer, %url, reason = %Untrusted(&reason), "evidence refused");
            data.store.refuse_evidence(evidence, &reason).await?;
        }
        Outcome::Failed(reason) => {
            let jitter = rand::random();
            if let Some(next) = next_attempt(evidence.received_at, data.now(), evidence.attempts, jitter, None) {
                tracing::info!(%peer, %url, reason = %Untrusted(&reason), %next, "evidence not fetched, trying again");
                data.store.postpone_evidence(evidence, next).await?;
            } else {
                tracing::warn!(%peer, %url, reason = %Untrusted(&reason), "evidence not fetched for a week, given up");
                data.store
                    .refuse_evidence(evidence, &format!("it could not be fetched for a week: {reason}"))
                    .await?;
            }
        }
    }
    Ok(())
}

async fn fetch(evidence: &LeasedEvidence, data: &Data<SharedState>) -> Result<Fetched, FederationError> {
    let (Ok(url), Ok(actor)) = (Url::parse(&evidence.payload_url), Url::parse(&evidence.actor_url)) else {
        return Ok(refused("its address cannot be read"));
    };
    // Checked when it was announced; checked again because the rules may have changed since.
    if let Err(problem) = data.rules.check(&url) {
        return Ok(refused(problem));
    }
    if !same_origin(&url, &actor) {
        return Ok(refused("its payload belongs to another server"));
    }
    let announced = u64::try_from(evidence.payload_size).unwrap_or(0);
    if announced > data.config.maximum_payload_bytes {
        return Ok(refused("its payload is larger than this sidecar accepts"));
    }
    let request = data
        .client
        .get(url.as_str())
        .timeout(FETCH_TIMEOUT)
        .header(HOST, authority_of(&url))
        .header(DATE, http_date(data))
        .header(ACCEPT, PAYLOAD_MEDIA_TYPE);
    let request = data.sign_request(request, Bytes::new()).await?;
    let response = match data.client.execute(request).await {
        Ok(response) => response,
        Err(error) => return Ok(failed(describe(&error))),
    };
    if !response.status().is_success() {
        return Ok(failed(format!("status {}", response.status().as_u16())));
    }
    let payload = match read_body(response, usize::try_from(announced).unwrap_or(0)).await {
        Ok(payload) => payload,
        Err(BodyError::TooLarge) => return Ok(refused("its payload is larger than announced")),
        Err(BodyError::Connection(error)) => return Ok(failed(describe(&error))),
    };
    data.traffic.received(payload.len());
    Ok(Fetched::Payload(payload))
}

fn refused(reason: &str) -> Fetched {
    Fetched::Not(Outcome::Refused(reason.to_owned()))
}

fn failed(reason: String) -> Fetched {
    Fetched::Not(Outcome::Failed(reason))
}

/// Checks a fetched payload. `None` when the evidence was withdrawn meanwhile.
async fn check(
    evidence: &LeasedEvidence,
    payload: Vec<u8>,
    data: &Data<SharedState>,
) -> Result<Option<Outcome>, FederationError> {
    let Some(checks) = data.store.begin_evidence_check(evidence).await? else {
        return Ok(None);
    };
    if checks > MOST_CHECKS {
        let reason = format!("checking its payload was begun {MOST_CHECKS} times and never ended");
        return Ok(Some(Outcome::Refused(reason)));
    }
    let announcement = PayloadAnnouncement {
        sha256: evidence.payload_sha256.clone(),
        size: u64::try_from(evidence.payload_size).unwrap_or(0),
        announced: evidence.announced.clone(),
    };
    // Work for a processor, not for the network's threads.
    let checked = tokio::task::spawn_blocking(move || announcement.check(&payload).map(|()| payload)).await;
    Ok(Some(match checked {
        Ok(Ok(payload)) => Outcome::Usable(payload),
        Ok(Err(reason)) => Outcome::Refused(reason),
        Err(_) => Outcome::Refused("checking its payload failed".to_owned()),
    }))
}

/// What was announced about a payload.
struct PayloadAnnouncement {
    sha256: Vec<u8>,
    size: u64,
    announced: serde_json::Value,
}

impl PayloadAnnouncement {
    /// Checks that `payload` is exactly what was announced, and that it can be used.
    fn check(&self, payload: &[u8]) -> Result<(), String> {
        if payload.len() as u64 != self.size {
            return Err("its payload is smaller than announced".to_owned());
        }
        if Sha256::digest(payload).as_slice() != self.sha256 {
            return Err("its payload has another digest than announced".to_owned());
        }
        let found = inspect_payload(payload).map_err(|error| error.to_string())?;
        let announced: Evidence = serde_json::from_value(self.announced.clone())
            .map_err(|_| "its announcement cannot be read any more".to_owned())?;
        if found != announced.summary()? {
            return Err("its payload says something else than its announcement".to_owned());
        }
        Ok(())
    }
}
