//! The privacy ledger and the releases it pays for. The debit, the payload, its announcement and the deliveries are
//! committed together: nothing can leave that was not paid for, and a crash can waste budget but never spend it twice.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::deliveries::{self, NewDelivery};
use super::ledger::{self, CountedWatches};
use super::ledger_clock::{self, LedgerTime};
use super::{Isolation, Level, Store, StoreError, peers};
use crate::failpoints;

/// Releases of this many days are announced to a new follower: receivers use no older ones.
const ANNOUNCED_DAYS: i64 = 730;
/// Of those at most so many, the newest ones.
const ANNOUNCED_RELEASES: i64 = 24;

/// Noised evidence that is about to leave, with its price.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// Epsilon of this release alone, at `delta`.
    pub epsilon: f64,
    /// Delta at which epsilon is stated.
    pub delta: f64,
    /// Gaussian differential privacy of this release.
    pub gdp_mu: f64,
    /// Standard deviation of the noise divided by the sensitivity.
    pub noise_multiplier: f64,
    /// Accounts that contributed; stays here.
    pub contributors: Option<u32>,
    /// Digest of the public basis.
    pub basis_id: [u8; 32],
    /// Which watches it counts; `None`: the whole history.
    pub counted: Option<CountedWatches>,
    /// The noised evidence as it is sent.
    pub payload: Arc<[u8]>,
    /// Id of the Create activity that announces it.
    pub activity_url: String,
    /// The exact bytes of that activity.
    pub activity: Arc<[u8]>,
}

impl NewRelease {
    /// Name under which peers fetch the payload.
    pub fn payload_sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.payload).into()
    }
}

/// The users who are in a release, and what was asked before they were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Participants {
    /// Their numbers.
    pub users: Vec<i32>,
    /// The level of those who made no choice; without one, they do not contribute.
    pub default_level: Option<Level>,
    /// When their choices were read. A reset since then counts too.
    pub asked_at: DateTime<Utc>,
}

/// A line of the privacy ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// Order of the releases.
    pub id: i64,
    /// When it was made, by the wall clock.
    pub created_at: DateTime<Utc>,
    /// When the budget was debited, in the ledger's own time.
    pub debited_at: DateTime<Utc>,
    /// Epsilon of this release alone, at `delta`.
    pub epsilon: f64,
    /// Delta at which epsilon is stated.
    pub delta: f64,
    /// Gaussian differential privacy of this release; squares add up.
    pub gdp_mu: f64,
    /// Standard deviation of the noise divided by the sensitivity.
    pub noise_multiplier: f64,
    /// Accounts that contributed; never sent.
    pub contributors: Option<i64>,
    /// Digest of the public basis.
    pub basis_id: Vec<u8>,
    /// Digest of what was sent.
    pub payload_sha256: Vec<u8>,
    /// Size of what was sent, in bytes.
    pub payload_size: i32,
    /// Id of the announcing activity.
    pub activity_url: String,
    /// Only watches first seen after this are in it; `None`: all earlier ones too.
    pub counted_after: Option<DateTime<Utc>>,
    /// Only watches first seen up to this are in it; `None`: the whole history.
    pub counted_until: Option<DateTime<Utc>>,
}

/// A release with its bytes.
#[derive(Debug, Clone)]
pub struct Release {
    /// Order of the releases.
    pub id: i64,
    /// When it was made, by the wall clock.
    pub created_at: DateTime<Utc>,
    /// Name under which peers fetch the payload.
    pub payload_sha256: Vec<u8>,
    /// The noised evidence as it is sent.
    pub payload: Vec<u8>,
    /// Id of the announcing activity.
    pub activity_url: String,
    /// The exact bytes of that activity.
    pub activity: Vec<u8>,
}

/// Queues the announcements of the releases that receivers still use, oldest first, for a follower that was just
/// accepted with `accept`: each counts other watches.
pub(super) async fn queue_recent(
    connection: &mut PgConnection,
    accept: &NewDelivery,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let recent = sqlx::query!(
        "SELECT id, activity_url, activity FROM shoal.releases WHERE created_at > $1 ORDER BY id DESC LIMIT $2",
        now - TimeDelta::days(ANNOUNCED_DAYS),
        ANNOUNCED_RELEASES,
    )
    .fetch_all(&mut *connection)
    .await?;
    for release in recent.into_iter().rev() {
        let delivery = NewDelivery {
            activity_url: release.activity_url,
            recipient_url: accept.recipient_url.clone(),
            inbox_url: accept.inbox_url.clone(),
            body: release.activity,
            follow_url: accept.follow_url.clone(),
        };
        deliveries::insert(connection, &delivery, now).await?;
    }
    Ok(())
}

impl Store {
    /// Debits the budget and queues the announcement for every accepted follower, all or nothing. The releases of the
    /// last 365 days together with this one may spend at most `allowed_mu_squared`, and must have counted watches
    /// exactly up to where this one begins.
    ///
    /// # Errors
    /// [`StoreError::BudgetSpent`] if the budget does not allow it, [`StoreError::Overtaken`] if it would count watches
    /// again or leave some out, [`StoreError::Clock`] if the wall clock is not believed, [`StoreError::Value`] if the price is
    /// not a usable number, [`StoreError::Database`] if the database fails: then nothing was debited and nothing will leave.
    /// [`StoreError::Unsettled`] if it broke off while the transaction was committed: then nobody knows.
    pub async fn commit_release(&self, release: NewRelease, allowed_mu_squared: f64) -> Result<i64, StoreError> {
        let nobody = Participants::default();
        self.commit_release_of(release, allowed_mu_squared, nobody).await
    }

    /// The same, unless one of the users who are in the release has withdrawn consent since.
    ///
    /// # Errors
    /// As [`Store::commit_release`], [`StoreError::ConsentWithdrawn`], and [`StoreError::NobodyReachable`] if no follower can
    /// be reached: nothing was debited and nothing will leave.
    pub async fn commit_release_of(
        &self,
        release: NewRelease,
        allowed_mu_squared: f64,
        participants: Participants,
    ) -> Result<i64, StoreError> {
        check(&release, allowed_mu_squared)?;
        let clock = self.clock.clone();
        let digest = release.payload_sha256();
        let (release, participants) = (Arc::new(release), Arc::new(participants));
        self.run_transaction("commit_release", Isolation::Serializable, move |connection| {
            let (release, participants, clock) = (Arc::clone(&release), Arc::clone(&participants), clock.clone());
            Box::pin(async move {
                let now = ledger_clock::debit_time(connection, &*clock).await?;
                if has_withdrawn(connection, &participants).await? {
                    return Err(StoreError::ConsentWithdrawn);
                }
                if !participants.users.is_empty() && !peers::has_reachable_follower(connection, now.wall).await? {
                    return Err(StoreError::NobodyReachable);
                }
                if let Some(counted) = release.counted
                    && counted.after != ledger::counted_until(connection, release.basis_id).await?
                {
                    return Err(StoreError::Overtaken);
                }
                let spent = ledger::spent(connection, now.counted).await?;
                let needed = release.gdp_mu * release.gdp_mu;
                if !ledger::fits(spent, needed, allowed_mu_squared) {
                    return Err(StoreError::BudgetSpent {
                        spent,
                        needed,
                        allowed: allowed_mu_squared,
                    });
                }
                let id = insert(connection, &release, digest, now).await?;
                announce(connection, &release, now.wall).await?;
                ledger::note_counter(connection, now.wall).await?;
                failpoints::reach("ledger-written");
                Ok(id)
            })
        })
        .await
    }

    /// The debits since `start`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn ledger_since(&self, start: DateTime<Utc>) -> Result<Vec<LedgerEntry>, StoreError> {
        let entries = sqlx::query_as!(
            LedgerEntry,
            r#"SELECT id, created_at, debited_at, epsilon, delta, gdp_mu, noise_multiplier, contributors, basis_id, payload_sha256,
                      octet_length(payload) AS "payload_size!", activity_url, counted_after, counted_until
               FROM shoal.releases WHERE created_at >= $1 ORDER BY id"#,
            start,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(entries)
    }

    /// The newest release.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn latest_release(&self) -> Result<Option<Release>, StoreError> {
        let release = sqlx::query_as!(
            Release,
            "SELECT id, created_at, payload_sha256, payload, activity_url, activity
             FROM shoal.releases ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(release)
    }

    /// The release whose payload has this digest.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn release_by_digest(&self, sha256: [u8; 32]) -> Result<Option<Release>, StoreError> {
        let release = sqlx::query_as!(
            Release,
            "SELECT id, created_at, payload_sha256, payload, activity_url, activity
             FROM shoal.releases WHERE payload_sha256 = $1",
            &sha256[..],
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(release)
    }

    /// The payload with this digest.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn payload_by_digest(&self, sha256: [u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let payload = sqlx::query_scalar!(
            "SELECT payload FROM shoal.releases WHERE payload_sha256 = $1",
            &sha256[..]
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(payload)
    }

    /// The announcements of the releases that receivers still use, newest first, as they were sent.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn announced_releases(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let announced = sqlx::query_scalar!(
            "SELECT activity FROM shoal.releases WHERE created_at > $1 ORDER BY id DESC LIMIT $2",
            self.clock.now() - TimeDelta::days(ANNOUNCED_DAYS),
            ANNOUNCED_RELEASES,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(announced)
    }

    /// Number of releases, and one page of the ids of their announcements, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn release_activity_urls(&self, offset: i64, limit: i64) -> Result<(i64, Vec<String>), StoreError> {
        let total = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM shoal.releases"#)
            .fetch_one(&self.pool)
            .await?;
        let urls = sqlx::query_scalar!(
            "SELECT activity_url FROM shoal.releases ORDER BY id DESC OFFSET $1 LIMIT $2",
            offset,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok((total, urls))
    }
}

/// Whether one of them may not be in a release any more.
async fn has_withdrawn(connection: &mut PgConnection, participants: &Participants) -> Result<bool, StoreError> {
    let withdrawn = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM shoal.user_settings
             WHERE user_id = ANY ($1)
               AND (coalesce(level, $2, 'local') <> 'contribute' OR history_from > $3)
           ) AS "withdrawn!""#,
        &participants.users,
        participants.default_level.map(Level::as_str),
        participants.asked_at,
    )
    .fetch_one(connection)
    .await?;
    Ok(withdrawn)
}

fn check(release: &NewRelease, allowed_mu_squared: f64) -> Result<(), StoreError> {
    let price = [
        release.epsilon,
        release.delta,
        release.gdp_mu,
        release.noise_multiplier,
        allowed_mu_squared,
    ];
    if price.iter().any(|value| !value.is_finite() || *value < 0.0) {
        return Err(StoreError::Value(
            "the price of a release must consist of finite numbers that are not negative",
        ));
    }
    if release.payload.is_empty() {
        return Err(StoreError::Value("a release needs a payload"));
    }
    Ok(())
}

async fn insert(
    connection: &mut PgConnection,
    release: &NewRelease,
    digest: [u8; 32],
    now: LedgerTime,
) -> Result<i64, StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO shoal.releases (created_at, epsilon, delta, gdp_mu, noise_multiplier, contributors, basis_id,
             payload_sha256, payload, activity_url, activity, counted_after, counted_until, debited_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
        now.wall,
        release.epsilon,
        release.delta,
        release.gdp_mu,
        release.noise_multiplier,
        release.contributors.map(i64::from),
        &release.basis_id[..],
        &digest[..],
        &*release.payload,
        release.activity_url,
        &*release.activity,
        release.counted.and_then(|counted| counted.after),
        release.counted.map(|counted| counted.until),
        now.counted,
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

async fn announce(connection: &mut PgConnection, release: &NewRelease, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO shoal.deliveries
             (activity_url, recipient_url, inbox_url, body, created_at, next_attempt_at, follow_url)
         SELECT DISTINCT ON (coalesce(shared_inbox_url, inbox_url))
                $1::text, actor_url, coalesce(shared_inbox_url, inbox_url), $2::bytea, $3::timestamptz, $3::timestamptz,
                follower_activity_url
         FROM shoal.peers WHERE follower = 'accepted'
         ORDER BY coalesce(shared_inbox_url, inbox_url), id",
        release.activity_url,
        &*release.activity,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
