//! Evidence that followed peers announced, and its payload once it was fetched and checked.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use uuid::Uuid;

use super::deliveries::shorten;
use super::ledger::CountedWatches;
use super::peers::sync_soon;
use super::received_activities::{self, Received, Reception};
use super::{Isolation, Store, StoreError};

/// Announcements kept per peer, counted from the newest: two years of monthly releases.
const KEPT_PER_PEER: i64 = 24;
/// Least pause between two questions after consent that evidence without a known consent causes, in minutes.
const ASKING_PAUSE_MINUTES: i64 = 10;
/// Days for which evidence is used, and then deleted: what people liked longer ago says little.
pub(super) const USED_DAYS: i64 = 730;

/// What a peer announces.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// The evidence object as the peer sent it.
    pub announced: serde_json::Value,
    /// Where the payload is fetched.
    pub payload_url: String,
    /// Stated digest of the payload.
    pub payload_sha256: [u8; 32],
    /// Stated size of the payload, in bytes.
    pub payload_size: i64,
    /// Which watches it counts, as stated; `None`: the whole history.
    pub counted: Option<CountedWatches>,
}

/// Where a piece of evidence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceState {
    /// Its payload is still to be fetched.
    Announced,
    /// Its payload was fetched and passed every check.
    Fetched,
    /// It is not used.
    Refused,
}

/// Evidence whose payload this process may fetch now.
#[derive(Debug, Clone)]
pub struct LeasedEvidence {
    /// Number of the row.
    pub id: i64,
    /// Which attempt holds the row.
    pub lease: Uuid,
    /// Peer that announced it.
    pub actor_url: String,
    /// Id of its Create activity.
    pub activity_url: String,
    /// The evidence object as the peer sent it.
    pub announced: serde_json::Value,
    /// Where the payload is fetched.
    pub payload_url: String,
    /// Stated digest of the payload.
    pub payload_sha256: Vec<u8>,
    /// Stated size of the payload, in bytes.
    pub payload_size: i64,
    /// Attempts begun, this one included.
    pub attempts: i32,
    /// When it was announced.
    pub received_at: DateTime<Utc>,
}

/// Evidence that passed every check, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsableRelease {
    /// By which its payload is read.
    pub id: i64,
    /// Peer that released it.
    pub actor_url: String,
    /// Which watches it counts, as the peer states; `None`: the whole history.
    pub counted: Option<CountedWatches>,
}

/// Evidence that passed every check.
#[derive(Debug, Clone)]
pub struct UsableEvidence {
    /// Peer that released it.
    pub actor_url: String,
    /// Host of that peer.
    pub host: String,
    /// Id of its Create activity.
    pub activity_url: String,
    /// The evidence object as the peer sent it; it agrees with the payload.
    pub announced: serde_json::Value,
    /// The payload.
    pub payload: Vec<u8>,
    /// When it was announced.
    pub received_at: DateTime<Utc>,
}

impl Store {
    /// A followed peer announces evidence. Refused if the peer is not followed, postponed while its consent is not known. Of
    /// each peer only the newest announcements are kept, by the time up to which they count: one that was missed may arrive
    /// after newer ones.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn receive_announcement(
        &self,
        received: Received,
        announcement: Announcement,
    ) -> Result<Reception, StoreError> {
        let now = self.clock.now();
        let step = Arc::new((received, announcement));
        self.run_transaction("receive_announcement", Isolation::RepeatableRead, move |connection| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let (received, announcement) = &*step;
                let peer = sqlx::query!(
                    "SELECT id, following, synced_at FROM shoal.peers WHERE actor_url = $1 FOR UPDATE",
                    received.actor_url,
                )
                .fetch_optional(&mut *connection)
                .await?;
                let peer = match peer {
                    Some(peer) if peer.following == "accepted" => peer.id,
                    Some(peer) if peer.following != "none" => {
                        // The peer seems to have accepted, and its Accept to be lost: it is asked, but not all the time.
                        let pause = TimeDelta::minutes(ASKING_PAUSE_MINUTES);
                        let at = peer.synced_at.map_or(now, |synced| now.max(synced + pause));
                        sync_soon(connection, peer.id, at).await?;
                        return Ok(Reception::Later("the answer to this sidecar's follow is not known yet"));
                    }
                    _ => {
                        return Ok(Reception::NotFollowing(
                            "evidence is only taken from peers that are followed",
                        ));
                    }
                };
                if !received_activities::insert_first(connection, received, now).await? {
                    return Ok(Reception::Replayed);
                }
                let inserted = sqlx::query!(
                    "INSERT INTO shoal.received_evidence
                         (peer_id, activity_url, announced, payload_url, payload_sha256, payload_size, received_at,
                          next_attempt_at, counted_after, counted_until)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9) ON CONFLICT (activity_url) DO NOTHING",
                    peer,
                    received.activity_url,
                    announcement.announced,
                    announcement.payload_url,
                    &announcement.payload_sha256[..],
                    announcement.payload_size,
                    now,
                    announcement.counted.and_then(|counted| counted.after),
                    announcement.counted.map(|counted| counted.until),
                )
                .execute(&mut *connection)
                .await?
                .rows_affected();
                if inserted == 0 {
                    // Known for so long that its id was forgotten.
                    return Ok(Reception::Replayed);
                }
                sqlx::query!(
                    "DELETE FROM shoal.received_evidence WHERE peer_id = $1 AND id NOT IN (
                         SELECT id FROM shoal.received_evidence WHERE peer_id = $1
                         ORDER BY coalesce(counted_until, received_at) DESC, id DESC LIMIT $2
                     )",
                    peer,
                    KEPT_PER_PEER,
                )
                .execute(&mut *connection)
                .await?;
                Ok(Reception::Processed)
            })
        })
        .await
    }

    /// Leases up to `limit` announced payloads that are due, for `duration`; a row whose lease ran out is due again.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn lease_evidence(&self, limit: i64, duration: TimeDelta) -> Result<Vec<LeasedEvidence>, StoreError> {
        let now = self.clock.now();
        let leased = sqlx::query_as!(
            LeasedEvidence,
            r#"UPDATE shoal.received_evidence evidence
               SET attempts = evidence.attempts + 1, lease_token = gen_random_uuid(), lease_expires_at = $2
               FROM shoal.peers peer
               WHERE peer.id = evidence.peer_id AND evidence.id IN (
                   SELECT due.id FROM shoal.received_evidence due JOIN shoal.peers giver ON giver.id = due.peer_id
                   WHERE due.state = 'announced' AND due.next_attempt_at <= $1 AND giver.following = 'accepted'
                     AND (due.lease_expires_at IS NULL OR due.lease_expires_at <= $1)
                   ORDER BY due.next_attempt_at, due.id LIMIT $3
                   FOR UPDATE OF due SKIP LOCKED
               )
               RETURNING evidence.id, evidence.lease_token AS "lease!", peer.actor_url, evidence.activity_url,
                   evidence.announced, evidence.payload_url,
                   evidence.payload_sha256, evidence.payload_size, evidence.attempts, evidence.received_at"#,
            now,
            now + duration,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(leased)
    }

    /// A check of the fetched payload begins: it is counted before, so that a check that ends the process is remembered.
    /// Returns the number of checks begun, this one included; `None` if the evidence was withdrawn meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails; the check must not begin then.
    pub async fn begin_evidence_check(&self, evidence: &LeasedEvidence) -> Result<Option<i32>, StoreError> {
        let checks = sqlx::query_scalar!(
            "UPDATE shoal.received_evidence SET checks = checks + 1
             WHERE id = $1 AND lease_token = $2 AND state = 'announced' RETURNING checks",
            evidence.id,
            evidence.lease,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(checks)
    }

    /// The payload was fetched and passed every check: it is usable from now on. Returns false if the evidence was
    /// withdrawn meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn keep_evidence(&self, evidence: &LeasedEvidence, payload: &[u8]) -> Result<bool, StoreError> {
        let kept = sqlx::query!(
            "UPDATE shoal.received_evidence
             SET state = 'fetched', payload = $3, fetched_at = $4, lease_token = NULL, lease_expires_at = NULL
             WHERE id = $1 AND lease_token = $2 AND state = 'announced'",
            evidence.id,
            evidence.lease,
            payload,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// The evidence is not used, for good.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn refuse_evidence(&self, evidence: &LeasedEvidence, reason: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.received_evidence
             SET state = 'refused', refusal = $3, lease_token = NULL, lease_expires_at = NULL
             WHERE id = $1 AND lease_token = $2 AND state = 'announced'",
            evidence.id,
            evidence.lease,
            shorten(reason),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Fetching failed; it is tried again, not before `next_attempt_at`.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn postpone_evidence(
        &self,
        evidence: &LeasedEvidence,
        next_attempt_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.received_evidence SET next_attempt_at = $3, lease_token = NULL, lease_expires_at = NULL
             WHERE id = $1 AND lease_token = $2 AND state = 'announced'",
            evidence.id,
            evidence.lease,
            next_attempt_at,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What is usable now, without its payloads: peers in order of their addresses, of each the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn usable_releases(&self) -> Result<Vec<UsableRelease>, StoreError> {
        let rows = sqlx::query!(
            "SELECT evidence.id, peer.actor_url, evidence.counted_after, evidence.counted_until
               FROM shoal.received_evidence evidence JOIN shoal.peers peer ON peer.id = evidence.peer_id
               WHERE evidence.state = 'fetched' AND peer.following = 'accepted' AND evidence.received_at > $1
               ORDER BY peer.actor_url, coalesce(evidence.counted_until, evidence.received_at) DESC, evidence.id DESC",
            self.clock.now() - TimeDelta::days(USED_DAYS),
        )
        .fetch_all(&self.pool)
        .await?;
        let releases = rows.into_iter().map(|row| UsableRelease {
            id: row.id,
            actor_url: row.actor_url,
            counted: row.counted_until.map(|until| CountedWatches {
                after: row.counted_after,
                until,
            }),
        });
        Ok(releases.collect())
    }

    /// The payload of usable evidence; `None` if it was withdrawn meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn evidence_payload(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let payload = sqlx::query_scalar!(
            "SELECT payload FROM shoal.received_evidence WHERE id = $1 AND state = 'fetched'",
            id
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(payload.flatten())
    }

    /// All fetched evidence of peers that are followed now, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn usable_evidence(&self) -> Result<Vec<UsableEvidence>, StoreError> {
        let evidence = sqlx::query_as!(
            UsableEvidence,
            r#"SELECT peer.actor_url, peer.host, evidence.activity_url,
                      evidence.announced, evidence.payload AS "payload!",
                      evidence.received_at
               FROM shoal.received_evidence evidence JOIN shoal.peers peer ON peer.id = evidence.peer_id
               WHERE evidence.state = 'fetched' AND peer.following = 'accepted'
               ORDER BY evidence.id"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(evidence)
    }

    /// The state of every announcement of a peer, newest first: id of the Create, state, and why it was refused.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn evidence_states(
        &self,
        actor_url: &str,
    ) -> Result<Vec<(String, EvidenceState, Option<String>)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT evidence.activity_url, evidence.state, evidence.refusal
             FROM shoal.received_evidence evidence JOIN shoal.peers peer ON peer.id = evidence.peer_id
             WHERE peer.actor_url = $1 ORDER BY evidence.id DESC",
            actor_url,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let state = match row.state.as_str() {
                    "announced" => EvidenceState::Announced,
                    "fetched" => EvidenceState::Fetched,
                    "refused" => EvidenceState::Refused,
                    _ => return Err(StoreError::Corrupt("received_evidence.state")),
                };
                Ok((row.activity_url, state, row.refusal))
            })
            .collect()
    }
}
