//! Dates in Shoal's tables that lie in the future, because the wall clock was ahead when they were written.
//!
//! Such a date keeps doing harm after the clock was corrected: a reset hides the history until then, a delivery waits until
//! then, the next release counts nothing before then. The moment at which it was really written is not known, but lies before
//! the present, so each of these dates is set to the present: nothing that a user hid comes back, no watch counts twice, and
//! no budget returns early.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::StoreError;
use super::ledger_clock::TOLERANCE;

/// What was set to the present.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repaired {
    /// Users of whose rows at least one was changed, ascending.
    pub users: Vec<i32>,
    /// Rows of the ledger: releases and corrections.
    pub ledger: u64,
    /// All other rows: deliveries, received evidence, peers, models, levels of the instance.
    pub others: u64,
}

impl Repaired {
    /// Whether anything was changed.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.ledger == 0 && self.others == 0
    }
}

/// Sets all dates that lie further ahead than a small tolerance to `now`, which must be right.
pub(super) async fn repair(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Repaired, StoreError> {
    let Some(limit) = now.checked_add_signed(TOLERANCE) else {
        return Ok(Repaired::default());
    };
    Ok(Repaired {
        users: users(connection, now, limit).await?,
        ledger: ledger(connection, now, limit).await?,
        others: work(connection, now, limit).await? + records(connection, now, limit).await?,
    })
}

/// What users decided.
async fn users(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: DateTime<Utc>,
) -> Result<Vec<i32>, StoreError> {
    let mut users = sqlx::query_scalar!(
        "UPDATE shoal.user_settings
         SET history_from = least(history_from, $1), forgotten_at = least(forgotten_at, $1), updated_at = least(updated_at, $1)
         WHERE history_from > $2 OR forgotten_at > $2 OR updated_at > $2 RETURNING user_id",
        now,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    // Of several changes of a level in the future the last one counts, and there is one change at a time.
    users.extend(
        sqlx::query_scalar!(
            r#"WITH future AS (DELETE FROM shoal.user_levels WHERE since > $2 RETURNING user_id, since, level)
               INSERT INTO shoal.user_levels (user_id, since, level)
               SELECT DISTINCT ON (user_id) user_id, $1::timestamptz, level FROM future ORDER BY user_id, since DESC
               ON CONFLICT (user_id, since) DO UPDATE SET level = excluded.level RETURNING user_id"#,
            now,
            limit,
        )
        .fetch_all(&mut *connection)
        .await?,
    );
    users.extend(
        sqlx::query_scalar!(
            "UPDATE shoal.not_interested SET created_at = $1 WHERE created_at > $2 RETURNING user_id",
            now,
            limit,
        )
        .fetch_all(connection)
        .await?,
    );
    users.sort_unstable();
    users.dedup();
    Ok(users)
}

/// Releases and corrections. A release dated in the future counted what there was, which is at most everything until now.
async fn ledger(connection: &mut PgConnection, now: DateTime<Utc>, limit: DateTime<Utc>) -> Result<u64, StoreError> {
    let releases = sqlx::query!(
        "UPDATE shoal.releases
         SET created_at = least(created_at, $1), counted_until = least(counted_until, $1),
             counted_after = least(counted_after, $1 - interval '1 second')
         WHERE created_at > $2 OR counted_until > $2 OR counted_after > $2",
        now,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    let corrections = sqlx::query!(
        "UPDATE shoal.ledger_corrections SET created_at = least(created_at, $1), counted_until = least(counted_until, $1)
         WHERE created_at > $2 OR counted_until > $2",
        now,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    // Debits in the future of the ledger's own time, as versions without one wrote them.
    let debits = sqlx::query!(
        "UPDATE shoal.releases SET debited_at = counted FROM shoal.ledger_clock WHERE debited_at > counted",
    )
    .execute(&mut *connection)
    .await?;
    let debited_corrections = sqlx::query!(
        "UPDATE shoal.ledger_corrections SET debited_at = counted FROM shoal.ledger_clock WHERE debited_at > counted",
    )
    .execute(connection)
    .await?;
    Ok([releases, corrections, debits, debited_corrections]
        .iter()
        .map(sqlx::postgres::PgQueryResult::rows_affected)
        .sum())
}

/// What waits for a moment: deliveries and payloads, which may be tried at once, and leases, which end.
async fn work(connection: &mut PgConnection, now: DateTime<Utc>, limit: DateTime<Utc>) -> Result<u64, StoreError> {
    // No pause between two attempts is longer than a day.
    let deliveries = sqlx::query!(
        "UPDATE shoal.deliveries
         SET created_at = least(created_at, $1), next_attempt_at = least(next_attempt_at, $1),
             lease_expires_at = least(lease_expires_at, $1), finished_at = least(finished_at, $1)
         WHERE created_at > $2 OR finished_at > $2 OR lease_expires_at > $2 + interval '1 day'
            OR next_attempt_at > $2 + interval '2 days'",
        now,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    let evidence = sqlx::query!(
        "UPDATE shoal.received_evidence
         SET received_at = least(received_at, $1), fetched_at = least(fetched_at, $1),
             next_attempt_at = least(next_attempt_at, $1), lease_expires_at = least(lease_expires_at, $1)
         WHERE received_at > $2 OR fetched_at > $2 OR lease_expires_at > $2 + interval '1 day'
            OR next_attempt_at > $2 + interval '2 days'",
        now,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(deliveries.rows_affected() + evidence.rows_affected())
}

/// What is only looked at: when peers were seen, models made, levels of the instance changed.
async fn records(connection: &mut PgConnection, now: DateTime<Utc>, limit: DateTime<Utc>) -> Result<u64, StoreError> {
    let peers = sqlx::query!(
        "UPDATE shoal.peers
         SET fetched_at = least(fetched_at, $1), last_seen_at = least(last_seen_at, $1), synced_at = least(synced_at, $1),
             follower_confirmed_at = least(follower_confirmed_at, $1),
             sync_due_at = CASE WHEN sync_due_at > $2 + interval '2 days' THEN $1 ELSE sync_due_at END
         WHERE fetched_at > $2 OR last_seen_at > $2 OR synced_at > $2 OR follower_confirmed_at > $2
            OR sync_due_at > $2 + interval '2 days'",
        now,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    let origins = sqlx::query!(
        "UPDATE shoal.follower_origins SET asked_at = $1 WHERE asked_at > $2",
        now,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    let activities = sqlx::query!(
        "UPDATE shoal.received_activities SET received_at = $1 WHERE received_at > $2",
        now,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    let models = sqlx::query!(
        "UPDATE shoal.models SET created_at = $1 WHERE created_at > $2",
        now,
        limit,
    )
    .execute(&mut *connection)
    .await?;
    let levels = sqlx::query!(
        "WITH future AS (DELETE FROM shoal.default_levels WHERE since > $2 RETURNING since, level)
         INSERT INTO shoal.default_levels (since, level)
         SELECT $1::timestamptz, level FROM future ORDER BY since DESC LIMIT 1
         ON CONFLICT (since) DO UPDATE SET level = excluded.level",
        now,
        limit,
    )
    .execute(connection)
    .await?;
    Ok([peers, origins, activities, models, levels]
        .iter()
        .map(sqlx::postgres::PgQueryResult::rows_affected)
        .sum())
}
