//! Sends what is queued. The ActivityPub library's own queue lives in memory and hides refusals; this one survives
//! crashes, sends the same bytes on every attempt, and looks at the answer.

use std::time::Duration;

use activitypub_federation::config::Data;
use axum::body::Bytes;
use axum::http::StatusCode;
use chrono::TimeDelta;
use reqwest::header::{CONTENT_TYPE, DATE, HOST, RETRY_AFTER};
use url::Url;

use super::FederationError;
use super::addresses::authority_of;
use super::backoff::{next_attempt, parse_retry_after};
use super::client::read_body;
use super::protocol::problem;
use super::state::SharedState;
use crate::failpoints;
use crate::store::LeasedDelivery;
use crate::untrusted::Untrusted;

/// Deliveries attempted at the same time.
const BATCH: i64 = 16;
/// Longer than any attempt can take.
const LEASE_SECONDS: i64 = 120;
/// Bytes of a refusal that are read for the log.
const MAXIMUM_ANSWER: usize = 4_096;
/// Causes of a failure that are named.
const MAXIMUM_CAUSES: usize = 6;

/// How an attempt ended.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The receiver took it.
    Delivered,
    /// The receiver will never take it.
    Refused {
        reason: String,
        /// It says that it does not follow.
        not_following: bool,
    },
    /// It may take it later.
    Failed {
        reason: String,
        retry_after: Option<Duration>,
    },
}

/// Attempts everything that is due, once. Returns the number of attempts.
///
/// # Errors
/// [`FederationError::Store`] if the queue cannot be read or written.
pub async fn deliver_due(data: &Data<SharedState>) -> Result<usize, FederationError> {
    let leased = data
        .store
        .lease_deliveries(BATCH, TimeDelta::seconds(LEASE_SECONDS))
        .await?;
    let attempts = leased.len();
    if attempts > 0 {
        failpoints::reach("delivery-leased");
    }
    let settled = futures_util::future::join_all(leased.iter().map(|delivery| attempt(delivery, data))).await;
    settled.into_iter().collect::<Result<(), FederationError>>()?;
    Ok(attempts)
}

async fn attempt(delivery: &LeasedDelivery, data: &Data<SharedState>) -> Result<(), FederationError> {
    let outcome = match send(delivery, data).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed {
            reason: error.to_string(),
            retry_after: None,
        },
    };
    let inbox = Untrusted(&delivery.inbox_url);
    let activity = &delivery.activity_url;
    match outcome {
        Outcome::Delivered => {
            tracing::info!(%inbox, %activity, attempts = delivery.attempts, "activity delivered");
            failpoints::reach("delivery-sent");
            data.store.finish_delivery(delivery).await?;
            data.store.confirm_follower(delivery).await?;
            failpoints::reach("delivery-finished");
        }
        Outcome::Refused { reason, not_following } => {
            tracing::warn!(%inbox, %activity, %reason, "activity refused by the receiver, given up");
            data.store.fail_delivery(delivery, &reason).await?;
            if not_following && delivery.follow_url.is_some() {
                data.store.doubt_follower(&delivery.recipient_url).await?;
                data.sync_due.notify_one();
            }
            // If it was this sidecar's own Follow.
            data.store
                .note_refused_follow(&delivery.recipient_url, activity)
                .await?;
        }
        Outcome::Failed { reason, retry_after } => {
            let jitter = rand::random();
            let next = next_attempt(delivery.created_at, data.now(), delivery.attempts, jitter, retry_after);
            if let Some(next) = next {
                tracing::info!(%inbox, %activity, %reason, %next, "activity not delivered, trying again");
                data.store.postpone_delivery(delivery, next, &reason).await?;
            } else {
                tracing::warn!(%inbox, %activity, %reason, "activity not delivered for a week, given up");
                data.store.fail_delivery(delivery, &reason).await?;
            }
        }
    }
    Ok(())
}

async fn send(delivery: &LeasedDelivery, data: &Data<SharedState>) -> Result<Outcome, FederationError> {
    let Ok(inbox) = Url::parse(&delivery.inbox_url) else {
        return Ok(Outcome::refused("the inbox is not an address"));
    };
    if let Err(problem) = data.rules.check(&inbox) {
        return Ok(Outcome::refused(problem));
    }
    let request = data
        .client
        .post(inbox.as_str())
        .header(HOST, authority_of(&inbox))
        .header(DATE, http_date(data))
        .header(CONTENT_TYPE, "application/activity+json");
    let request = data.sign_request(request, Bytes::from(delivery.body.clone())).await?;
    let response = match data.client.execute(request).await {
        Ok(response) => response,
        Err(error) => {
            return Ok(Outcome::Failed {
                reason: describe(&error),
                retry_after: None,
            });
        }
    };
    data.traffic.sent(delivery.body.len());
    let status = response.status();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let retry_after = retry_after.and_then(|value| parse_retry_after(&value, data.now()));
    let answer = if status.is_success() {
        Vec::new()
    } else {
        read_body(response, MAXIMUM_ANSWER).await.unwrap_or_default()
    };
    Ok(classify(status, &String::from_utf8_lossy(&answer), retry_after))
}

/// What an answer means. Only a clear refusal is final: one that a sidecar itself gives in a problem document of a type that says
/// so, or "gone". Whatever else is answered may pass: a proxy answers 404 while PeerTube starts, clocks are set right.
fn classify(status: StatusCode, answer: &str, retry_after: Option<Duration>) -> Outcome {
    if status.is_success() {
        return Outcome::Delivered;
    }
    let document = serde_json::from_str::<serde_json::Value>(answer).unwrap_or_default();
    let text = |property: &str| document.get(property).and_then(serde_json::Value::as_str);
    let reason = refusal(status, text("detail"));
    let kind = text("type").unwrap_or(problem::UNSPECIFIC);
    if status == StatusCode::GONE || (status.is_client_error() && problem::is_final(kind)) {
        Outcome::Refused {
            reason,
            not_following: kind == problem::NOT_FOLLOWING,
        }
    } else {
        Outcome::Failed { reason, retry_after }
    }
}

/// Status and `detail` of a problem document. Any other answer is not quoted: who answers there need not be a sidecar.
fn refusal(status: StatusCode, detail: Option<&str>) -> String {
    match detail {
        Some(detail) => format!("status {}: {}", status.as_u16(), Untrusted(detail)),
        None => format!("status {}", status.as_u16()),
    }
}

impl Outcome {
    fn refused(reason: &str) -> Self {
        Self::Refused {
            reason: reason.to_owned(),
            not_following: false,
        }
    }
}

/// The present in the form of a `Date` header.
pub(super) fn http_date(data: &Data<SharedState>) -> String {
    data.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The whole chain of causes: the outermost alone says nothing. Each is cut, and safe to log.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source()).take(MAXIMUM_CAUSES);
    let causes: Vec<String> = causes.map(|cause| Untrusted(cause).to_string()).collect();
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_refusal_is_final() {
        let outcome = |status: u16, kind: &str| {
            let answer = format!(r#"{{"type":"{kind}","detail":"no"}}"#);
            classify(StatusCode::from_u16(status).unwrap(), &answer, None)
        };
        for status in [200, 202, 204] {
            assert_eq!(outcome(status, problem::UNSPECIFIC), Outcome::Delivered);
        }
        for status in [302, 400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 502, 503] {
            for kind in [problem::UNSPECIFIC, "urn:ietf:params:unknown"] {
                assert!(matches!(outcome(status, kind), Outcome::Failed { .. }), "{status}");
            }
        }
        assert!(matches!(outcome(410, ""), Outcome::Refused { .. }));
        for (status, kind) in [
            (400, problem::MALFORMED),
            (403, problem::REFUSED),
            (403, problem::NOT_FOLLOWING),
            (413, problem::TOO_LARGE),
            (415, problem::MEDIA_TYPE),
        ] {
            let Outcome::Refused { not_following, .. } = outcome(status, kind) else {
                panic!("{status} {kind}");
            };
            assert_eq!(not_following, kind == problem::NOT_FOLLOWING);
        }
        // A server that cannot answer is not believed, whatever it says.
        assert!(matches!(outcome(503, problem::REFUSED), Outcome::Failed { .. }));
    }

    #[test]
    fn the_reason_is_taken_from_a_problem_document_and_from_nothing_else() {
        let reason = |answer| match classify(StatusCode::FORBIDDEN, answer, None) {
            Outcome::Refused { reason, .. } | Outcome::Failed { reason, .. } => reason,
            Outcome::Delivered => panic!("403 is no success"),
        };
        let problem = r#"{"title":"Forbidden","detail":"the host is blocked here"}"#;
        assert_eq!(reason(problem), "status 403: the host is blocked here");
        assert_eq!(reason("go\naway"), "status 403");
        assert_eq!(
            reason(r#"{"detail":"a\nINFO forged\u001b[2J"}"#),
            r"status 403: a\nINFO forged\u{1b}[2J"
        );
    }
}
