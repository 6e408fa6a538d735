//! What the privacy ledger says as a whole: how much is spent, how many releases there were, which watches they counted,
//! and corrections for releases whose rows are missing. When budget returns is a matter of the ledger's own time
//! ([`super::ledger_clock`]).

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::ledger_clock::{self, LedgerTime};
use super::{Isolation, Store, StoreError};

/// Days after which a debit no longer counts.
const WINDOW: TimeDelta = TimeDelta::days(365);
/// Setting that says that a release counter was kept beside this ledger.
const COUNTER_SETTING: &str = "release_counter";
/// Relative slack for the rounding of sums.
const ROUNDING: f64 = 1e-9;

/// Which watches a release counts: those first seen after `after` (all earlier ones too when `None`) and up to `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedWatches {
    /// Where the release before this one ended.
    pub after: Option<DateTime<Utc>>,
    /// Where the next one will begin. Whole seconds.
    pub until: DateTime<Utc>,
}

/// The ledger in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LedgerTotals {
    /// Releases ever, corrections included.
    pub releases: i64,
    /// Squared mu of the last 365 days, corrections included.
    pub spent_mu_squared: f64,
    /// Releases of the last 365 days, corrections not included.
    pub releases_of_the_year: i64,
    /// Largest mu of any release or correction.
    pub largest_mu: f64,
    /// Whether a release counter was ever kept beside this ledger.
    pub has_counter: bool,
}

/// Releases that failed since the last one that was made, as far as they were debited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// How many.
    pub releases: i64,
    /// When the last of them was debited, in the ledger's own time.
    pub last: DateTime<Utc>,
}

/// Why budget is debited without a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CorrectionReason {
    /// A process died while it committed a release, and nobody knows how far it came.
    Unfinished,
    /// The administrator confirmed that an older database was restored.
    Restored,
}

/// Budget for releases whose rows are missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// Why they are missing.
    pub reason: CorrectionReason,
    /// How many.
    pub releases: i64,
    /// Gaussian differential privacy of each.
    pub gdp_mu: f64,
    /// Digest of the missing payload, if one is known. A second correction for it has no effect.
    pub payload_sha256: Option<[u8; 32]>,
    /// Basis of the missing releases and the end of the watches that they counted, where known.
    pub counted: Option<([u8; 32], DateTime<Utc>)>,
}

impl Store {
    /// The ledger in a few numbers.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn ledger_totals(&self) -> Result<LedgerTotals, StoreError> {
        let now = self.ledger_time().await?.counted;
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM shoal.releases)
                    + (SELECT coalesce(sum(releases), 0)::bigint FROM shoal.ledger_corrections) AS "releases!",
                   greatest((SELECT max(gdp_mu) FROM shoal.releases), (SELECT max(gdp_mu) FROM shoal.ledger_corrections), 0)
                     AS "largest_mu!",
                   (SELECT count(*) FROM shoal.releases WHERE debited_at > $2) AS "releases_of_the_year!",
                   EXISTS (SELECT 1 FROM shoal.settings WHERE key = $1) AS "has_counter!""#,
            COUNTER_SETTING,
            now - WINDOW,
        )
        .fetch_one(&self.pool)
        .await?;
        let mut connection = self.pool.acquire().await?;
        Ok(LedgerTotals {
            releases: row.releases,
            spent_mu_squared: spent(&mut connection, now).await?,
            releases_of_the_year: row.releases_of_the_year,
            largest_mu: row.largest_mu,
            has_counter: row.has_counter,
        })
    }

    /// From when on, by the wall clock, a release that costs `needed` is within a budget of `allowed` for any 365 days (both are
    /// squared mu): now, or the moment at which enough earlier debits are old enough. `None`: never.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn affordable_from(
        &self,
        needed: f64,
        allowed: f64,
        now: LedgerTime,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let debits = sqlx::query!(
            r#"SELECT debited_at AS "at!", gdp_mu * gdp_mu AS "cost!" FROM shoal.releases WHERE debited_at > $1
               UNION ALL SELECT debited_at, releases * gdp_mu * gdp_mu FROM shoal.ledger_corrections WHERE debited_at > $1
               ORDER BY 1"#,
            now.counted - WINDOW,
        )
        .fetch_all(&self.pool)
        .await?;
        let moments = std::iter::once(now.counted).chain(debits.iter().map(|debit| debit.at + WINDOW));
        let affordable = moments.enumerate().find(|(forgotten, _)| {
            let spent: f64 = debits.iter().skip(*forgotten).map(|debit| debit.cost).sum();
            fits(spent, needed, allowed)
        });
        Ok(affordable.map(|(_, moment)| now.on_the_wall(moment)))
    }

    /// When the newest release was debited, in the ledger's own time.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn last_debit(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let last = sqlx::query_scalar!("SELECT max(debited_at) FROM shoal.releases")
            .fetch_one(&self.pool)
            .await?;
        Ok(last)
    }

    /// The releases that were cut short since the newest one that was made; `None` when there are none.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn unfinished(&self) -> Result<Option<Unfinished>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "releases!", max(debited_at) AS last FROM shoal.ledger_corrections
               WHERE reason = 'unfinished'
                 AND debited_at >= coalesce((SELECT max(debited_at) FROM shoal.releases), '-infinity'::timestamptz)"#,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.last.map(|last| Unfinished {
            releases: row.releases,
            last,
        }))
    }

    /// Up to when watches have been counted in this basis; `None` when nothing was released in it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn counted_until(&self, basis: [u8; 32]) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        counted_until(&mut connection, basis).await
    }

    /// Remembers in the database that a release counter is kept beside it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn note_counter(&self) -> Result<(), StoreError> {
        self.set_setting(COUNTER_SETTING, &true).await
    }

    /// Debits budget for releases whose rows are missing. Returns false, and does nothing, if the ledger has a release
    /// or a correction for the same payload.
    ///
    /// # Errors
    /// [`StoreError::Value`] if the price is not a usable number, [`StoreError::Database`] if the database fails.
    pub async fn correct_ledger(&self, correction: Correction) -> Result<bool, StoreError> {
        if !(correction.gdp_mu.is_finite() && correction.gdp_mu >= 0.0 && correction.releases >= 0) {
            return Err(StoreError::Value(
                "a correction must have a finite price and a number of releases",
            ));
        }
        let clock = self.clock.clone();
        self.run_transaction("correct_ledger", Isolation::Serializable, move |connection| {
            let (correction, clock) = (correction.clone(), clock.clone());
            Box::pin(async move {
                let digest = correction.payload_sha256.as_ref().map(|digest| &digest[..]);
                let known = sqlx::query_scalar!(
                    r#"SELECT EXISTS (SELECT 1 FROM shoal.releases WHERE payload_sha256 = $1)
                           OR EXISTS (SELECT 1 FROM shoal.ledger_corrections WHERE payload_sha256 = $1) AS "known!""#,
                    digest,
                )
                .fetch_one(&mut *connection)
                .await?;
                if known {
                    return Ok(false);
                }
                // Also when the wall clock is not believed: a debit must never wait.
                let now = ledger_clock::advance(connection, &*clock).await?;
                let reason = match correction.reason {
                    CorrectionReason::Unfinished => "unfinished",
                    CorrectionReason::Restored => "restored",
                };
                sqlx::query!(
                    "INSERT INTO shoal.ledger_corrections
                         (created_at, reason, releases, gdp_mu, payload_sha256, basis_id, counted_until, debited_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    now.wall,
                    reason,
                    correction.releases,
                    correction.gdp_mu,
                    digest,
                    correction.counted.as_ref().map(|(basis, _)| &basis[..]),
                    correction.counted.map(|(_, until)| until),
                    now.counted,
                )
                .execute(&mut *connection)
                .await?;
                note_counter(connection, now.wall).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Whether the payload with this digest was debited, as a release or as a correction.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn is_debited(&self, sha256: [u8; 32]) -> Result<bool, StoreError> {
        let debited = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM shoal.releases WHERE payload_sha256 = $1)
                   OR EXISTS (SELECT 1 FROM shoal.ledger_corrections WHERE payload_sha256 = $1) AS "debited!""#,
            &sha256[..],
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(debited)
    }
}

/// Whether a release that costs `needed` is within the budget. All are squared mu.
pub(super) fn fits(spent: f64, needed: f64, allowed: f64) -> bool {
    spent + needed <= allowed * (1.0 + ROUNDING)
}

/// Squared mu of the releases and corrections of the 365 days before `now`, which is in the ledger's own time.
pub(super) async fn spent(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<f64, StoreError> {
    let spent = sqlx::query_scalar!(
        r#"SELECT coalesce((SELECT sum(gdp_mu * gdp_mu) FROM shoal.releases WHERE debited_at > $1), 0)
                + coalesce((SELECT sum(releases * gdp_mu * gdp_mu) FROM shoal.ledger_corrections WHERE debited_at > $1), 0)
                AS "spent!""#,
        now - WINDOW,
    )
    .fetch_one(connection)
    .await?;
    Ok(spent)
}

/// Up to when watches have been counted in this basis. A release of an older version counted all that there was.
pub(super) async fn counted_until(
    connection: &mut PgConnection,
    basis: [u8; 32],
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let until = sqlx::query_scalar!(
        "SELECT greatest(
             (SELECT max(coalesce(counted_until, created_at)) FROM shoal.releases WHERE basis_id = $1),
             (SELECT max(counted_until) FROM shoal.ledger_corrections WHERE basis_id = $1)
         )",
        &basis[..],
    )
    .fetch_one(connection)
    .await?;
    Ok(until)
}

/// Remembers that a release counter is kept beside this database.
pub(super) async fn note_counter(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO shoal.settings (key, value, updated_at) VALUES ($1, 'true', $2) ON CONFLICT DO NOTHING",
        COUNTER_SETTING,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of squares lose a little; nothing that anybody would notice may be spent beyond the year.
    #[test]
    fn the_last_release_of_a_year_fits_and_no_other() {
        let mu_squared = 0.1f64.powi(2);
        let spent: f64 = (0..11).map(|_| mu_squared).sum();
        assert!(fits(spent, mu_squared, 12.0 * mu_squared));
        assert!(!fits(spent, mu_squared * 1.000_001, 12.0 * mu_squared));
        assert!(!fits(12.0 * mu_squared, mu_squared * 1e-6, 12.0 * mu_squared));
    }
}
