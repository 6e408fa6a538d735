//! Fetches announced payloads with signed GETs, and believes them only when everything fits.

use std::time::Duration;

use activitypub_federation::config::Data;
use axum::body::Bytes;
use chrono::TimeDelta;
use reqwest::header::{ACCEPT, DATE, HOST};
use sha2::{Digest, Sha256};
use url::Url;

use super::FederationError;
use super::addresses::authority_of;
use super::backoff::next_attempt;
use super::client::{BodyError, read_body};
use super::delivery::{describe, http_date};
use super::protocol::{Evidence, PAYLOAD_MEDIA_TYPE};
use super::rules::same_origin;
use super::state::SharedState;
use crate::privacy::{DecodeLimits, EvidenceGrid, Noised};
use crate::store::LeasedEvidence;
use crate::untrusted::Untrusted;

/// Payloads fetched at the same time; each may be held in memory twice.
const BATCH: i64 = 2;
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
    let settled = futures_util::future::join_all(leased.iter().map(|evidence| attempt(evidence, data))).await;
    settled.into_iter().collect::<Result<(), FederationError>>()?;
    Ok(attempts)
}

async fn attempt(evidence: &LeasedEvidence, data: &Data<SharedState>) -> Result<(), FederationError> {
    let outcome = match fetch(evidence, data).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(error.to_string()),
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

async fn fetch(evidence: &LeasedEvidence, data: &Data<SharedState>) -> Result<Outcome, FederationError> {
    let (Ok(url), Ok(actor)) = (Url::parse(&evidence.payload_url), Url::parse(&evidence.actor_url)) else {
        return Ok(Outcome::Refused("its address cannot be read".to_owned()));
    };
    // Checked when it was announced; checked again because the rules may have changed since.
    if let Err(problem) = data.rules.check(&url) {
        return Ok(Outcome::Refused(problem.to_owned()));
    }
    if !same_origin(&url, &actor) {
        return Ok(Outcome::Refused("its payload belongs to another server".to_owned()));
    }
    let announced = u64::try_from(evidence.payload_size).unwrap_or(0);
    if announced > data.config.maximum_payload_bytes {
        return Ok(Outcome::Refused(
            "its payload is larger than this sidecar accepts".to_owned(),
        ));
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
        Err(error) => return Ok(Outcome::Failed(describe(&error))),
    };
    if !response.status().is_success() {
        return Ok(Outcome::Failed(format!("status {}", response.status().as_u16())));
    }
    let payload = match read_body(response, usize::try_from(announced).unwrap_or(0)).await {
        Ok(payload) => payload,
        Err(BodyError::TooLarge) => return Ok(Outcome::Refused("its payload is larger than announced".to_owned())),
        Err(BodyError::Connection(error)) => return Ok(Outcome::Failed(describe(&error))),
    };
    data.traffic.received(payload.len());
    let announcement = PayloadAnnouncement {
        sha256: evidence.payload_sha256.clone(),
        size: announced,
        announced: evidence.announced.clone(),
    };
    // Decoding is work for a processor, not for the network's threads.
    let checked = tokio::task::spawn_blocking(move || announcement.check(&payload).map(|()| payload)).await;
    Ok(match checked {
        Ok(Ok(payload)) => Outcome::Usable(payload),
        Ok(Err(reason)) => Outcome::Refused(reason),
        Err(_) => Outcome::Refused("checking its payload failed".to_owned()),
    })
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
        let evidence =
            Noised::<EvidenceGrid>::decode(payload, DecodeLimits::default()).map_err(|error| error.to_string())?;
        let announced: Evidence = serde_json::from_value(self.announced.clone())
            .map_err(|_| "its announcement cannot be read any more".to_owned())?;
        if evidence.summary() != announced.summary()? {
            return Err("its payload says something else than its announcement".to_owned());
        }
        Ok(())
    }
}
