//! Outgoing activities: queued in the transaction that decides on them, sent by a worker that leases rows.
//!
//! Deliveries to one inbox leave strictly one after the other: an Accept arrives before the evidence that it permits.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Store, StoreError};

/// Longest error text that is kept, in characters.
const MAXIMUM_ERROR: usize = 500;

/// An activity for one inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Id of the activity.
    pub activity_url: String,
    /// Actor for whom it is meant.
    pub recipient_url: String,
    /// Where it is posted.
    pub inbox_url: String,
    /// The exact JSON bytes that every attempt sends.
    pub body: Vec<u8>,
    /// Id of the recipient's Follow on which it rests: set for announcements and for the Accept. A recipient that takes the
    /// delivery confirms that it follows.
    pub follow_url: Option<String>,
}

/// A delivery that this process may attempt now.
#[derive(Debug, Clone)]
pub struct LeasedDelivery {
    /// Number of the row.
    pub id: i64,
    /// Which attempt holds the row.
    pub lease: Uuid,
    /// Id of the activity.
    pub activity_url: String,
    /// Actor for whom it is meant.
    pub recipient_url: String,
    /// Where it is posted.
    pub inbox_url: String,
    /// The exact JSON bytes to send.
    pub body: Vec<u8>,
    /// Id of the recipient's Follow on which it rests.
    pub follow_url: Option<String>,
    /// Attempts begun, this one included.
    pub attempts: i32,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It will be attempted, or is being attempted.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was given up for good.
    Failed,
}

impl DeliveryState {
    fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "pending" => Ok(Self::Pending),
            "delivered" => Ok(Self::Delivered),
            "failed" => Ok(Self::Failed),
            _ => Err(StoreError::Corrupt("deliveries.state")),
        }
    }
}

/// A row of the queue, without its body.
#[derive(Debug, Clone)]
pub struct QueuedDelivery {
    /// Order of sending within an inbox.
    pub id: i64,
    /// Id of the activity.
    pub activity_url: String,
    /// Actor for whom it is meant.
    pub recipient_url: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: i32,
    /// Not to be tried before.
    pub next_attempt_at: DateTime<Utc>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Queues a delivery. One for the same activity and inbox is replaced, so that it leaves after what was queued before.
pub(super) async fn insert(
    connection: &mut PgConnection,
    delivery: &NewDelivery,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM shoal.deliveries WHERE activity_url = $1 AND inbox_url = $2",
        delivery.activity_url,
        delivery.inbox_url,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO shoal.deliveries
             (activity_url, recipient_url, inbox_url, body, created_at, next_attempt_at, follow_url)
         VALUES ($1, $2, $3, $4, $5, $5, $6)",
        delivery.activity_url,
        delivery.recipient_url,
        delivery.inbox_url,
        delivery.body,
        now,
        delivery.follow_url,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether something is still to be delivered to this recipient.
pub(super) async fn is_pending_for(connection: &mut PgConnection, recipient_url: &str) -> Result<bool, StoreError> {
    let pending = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM shoal.deliveries WHERE recipient_url = $1 AND state = 'pending') AS "pending!""#,
        recipient_url,
    )
    .fetch_one(connection)
    .await?;
    Ok(pending)
}

/// Where the delivery of an activity to this recipient stands; `None` if nothing is known about it any more.
pub(super) async fn state_of(
    connection: &mut PgConnection,
    activity_url: &str,
    recipient_url: &str,
) -> Result<Option<DeliveryState>, StoreError> {
    let state = sqlx::query_scalar!(
        "SELECT state FROM shoal.deliveries WHERE activity_url = $1 AND recipient_url = $2 ORDER BY id DESC LIMIT 1",
        activity_url,
        recipient_url,
    )
    .fetch_optional(connection)
    .await?;
    state.as_deref().map(DeliveryState::parse).transpose()
}

/// Gives up what is pending of one activity, because a newer one takes its place.
pub(super) async fn cancel_activity(
    connection: &mut PgConnection,
    activity_url: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE shoal.deliveries SET state = 'failed', finished_at = $2, last_error = 'a newer activity took its place'
         WHERE activity_url = $1 AND state = 'pending'",
        activity_url,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives up everything that is pending for one recipient.
pub(super) async fn cancel_recipient(
    connection: &mut PgConnection,
    recipient_url: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE shoal.deliveries SET state = 'failed', finished_at = $2, last_error = 'the recipient was removed'
         WHERE recipient_url = $1 AND state = 'pending'",
        recipient_url,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives up the announcements of releases that are pending for one recipient.
pub(super) async fn cancel_announcements(
    connection: &mut PgConnection,
    recipient_url: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE shoal.deliveries SET state = 'failed', finished_at = $2, last_error = 'the recipient no longer follows'
         WHERE recipient_url = $1 AND state = 'pending'
           AND activity_url IN (SELECT activity_url FROM shoal.releases)",
        recipient_url,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Leases up to `limit` deliveries that are due, for `duration`; a row whose lease ran out is due again. Never
    /// returns two for the same inbox.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn lease_deliveries(&self, limit: i64, duration: TimeDelta) -> Result<Vec<LeasedDelivery>, StoreError> {
        let now = self.clock.now();
        let leased = sqlx::query_as!(
            LeasedDelivery,
            r#"UPDATE shoal.deliveries
               SET attempts = attempts + 1, lease_token = gen_random_uuid(), lease_expires_at = $2
               WHERE id IN (
                   SELECT due.id FROM shoal.deliveries due
                   WHERE due.state = 'pending' AND due.next_attempt_at <= $1
                     AND (due.lease_expires_at IS NULL OR due.lease_expires_at <= $1)
                     AND NOT EXISTS (
                         SELECT 1 FROM shoal.deliveries earlier
                         WHERE earlier.state = 'pending' AND earlier.inbox_url = due.inbox_url AND earlier.id < due.id
                     )
                   ORDER BY due.next_attempt_at, due.id LIMIT $3
                   FOR UPDATE SKIP LOCKED
               )
               RETURNING id, lease_token AS "lease!", activity_url, recipient_url, inbox_url, body, follow_url, attempts,
                   created_at"#,
            now,
            now + duration,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(leased)
    }

    /// The receiver took the delivery.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn finish_delivery(&self, delivery: &LeasedDelivery) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.deliveries
             SET state = 'delivered', finished_at = $3, lease_token = NULL, lease_expires_at = NULL, last_error = NULL
             WHERE id = $1 AND lease_token = $2 AND state = 'pending'",
            delivery.id,
            delivery.lease,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The delivery is given up for good.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn fail_delivery(&self, delivery: &LeasedDelivery, error: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.deliveries
             SET state = 'failed', finished_at = $3, lease_token = NULL, lease_expires_at = NULL, last_error = $4
             WHERE id = $1 AND lease_token = $2 AND state = 'pending'",
            delivery.id,
            delivery.lease,
            self.clock.now(),
            shorten(error),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The attempt failed; the delivery is tried again, not before `next_attempt_at`.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn postpone_delivery(
        &self,
        delivery: &LeasedDelivery,
        next_attempt_at: DateTime<Utc>,
        error: &str,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE shoal.deliveries
             SET next_attempt_at = $3, lease_token = NULL, lease_expires_at = NULL, last_error = $4
             WHERE id = $1 AND lease_token = $2 AND state = 'pending'",
            delivery.id,
            delivery.lease,
            next_attempt_at,
            shorten(error),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The newest rows of the queue, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn recent_deliveries(&self, limit: i64) -> Result<Vec<QueuedDelivery>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, activity_url, recipient_url, state, attempts, next_attempt_at, last_error
             FROM shoal.deliveries ORDER BY id DESC LIMIT $1",
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(QueuedDelivery {
                    id: row.id,
                    activity_url: row.activity_url,
                    recipient_url: row.recipient_url,
                    state: DeliveryState::parse(&row.state)?,
                    attempts: row.attempts,
                    next_attempt_at: row.next_attempt_at,
                    last_error: row.last_error,
                })
            })
            .collect()
    }
}

/// The first [`MAXIMUM_ERROR`] characters, without the NUL that PostgreSQL refuses.
pub(super) fn shorten(error: &str) -> String {
    error
        .chars()
        .filter(|&character| character != '\0')
        .take(MAXIMUM_ERROR)
        .collect()
}
