//! What the latest model made of the evidence of peers. It is kept with the model, because another process may have
//! learned that.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::{Store, StoreError};

/// How many sources a model really used, and what it left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceUse {
    /// Peers whose evidence the model used.
    pub used: usize,
    /// What was not used.
    pub refused: Vec<RefusedEvidence>,
}

/// Releases of a peer that were not used for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedEvidence {
    /// Address of the peer's actor.
    pub peer: String,
    /// How many releases.
    pub releases: usize,
    /// Why, in plain words.
    pub reason: String,
}

impl EvidenceUse {
    /// Notes one more release of `peer` that is not used.
    pub fn refuse(&mut self, peer: &str, releases: usize, reason: &str) {
        let same = |refused: &&mut RefusedEvidence| refused.peer == peer && refused.reason == reason;
        match self.refused.iter_mut().find(same) {
            Some(refused) => refused.releases += releases,
            None => self.refused.push(RefusedEvidence {
                peer: peer.to_owned(),
                releases,
                reason: reason.to_owned(),
            }),
        }
    }
}

impl Store {
    /// What the latest model made of the evidence of peers; `None` before the first model, and for models of versions that
    /// did not note it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn evidence_use(&self) -> Result<Option<EvidenceUse>, StoreError> {
        let noted = sqlx::query_scalar!(
            r#"SELECT metadata -> 'evidence' AS "evidence: Json<serde_json::Value>" FROM shoal.models
               ORDER BY id DESC LIMIT 1"#,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(noted.flatten().and_then(|noted| serde_json::from_value(noted.0).ok()))
    }

    /// Releases of followed peers that were refused when they arrived, and after which nothing usable came from that peer.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn lately_refused(&self) -> Result<Vec<RefusedEvidence>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT peer.actor_url, evidence.refusal AS "refusal!", count(*) AS "releases!"
               FROM shoal.received_evidence evidence JOIN shoal.peers peer ON peer.id = evidence.peer_id
               WHERE evidence.state = 'refused' AND peer.following = 'accepted' AND NOT EXISTS (
                   SELECT FROM shoal.received_evidence later
                   WHERE later.peer_id = evidence.peer_id AND later.id > evidence.id AND later.state = 'fetched'
               )
               GROUP BY peer.actor_url, evidence.refusal ORDER BY peer.actor_url, evidence.refusal"#,
        )
        .fetch_all(&self.pool)
        .await?;
        let refused = rows.into_iter().map(|row| RefusedEvidence {
            peer: row.actor_url,
            releases: usize::try_from(row.releases).unwrap_or(0),
            reason: row.refusal,
        });
        Ok(refused.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_with_the_same_reason_are_counted_together() {
        let mut used = EvidenceUse::default();
        for (peer, reason) in [("a", "x"), ("a", "x"), ("a", "y"), ("b", "x")] {
            used.refuse(peer, 1, reason);
        }
        let counts: Vec<_> = used
            .refused
            .iter()
            .map(|refused| (&*refused.peer, refused.releases, &*refused.reason))
            .collect();
        assert_eq!(counts, [("a", 2, "x"), ("a", 1, "y"), ("b", 1, "x")]);
    }
}
