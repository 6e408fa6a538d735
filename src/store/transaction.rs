//! Named transactions that are tried again when they collide.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::{Store, StoreError};

/// How often a colliding transaction is tried.
const ATTEMPTS: u32 = 8;
/// Pause after the first collision; it grows with every further one.
const PAUSE: Duration = Duration::from_millis(10);

/// What a transaction sees of others that run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// One snapshot for the whole transaction.
    RepeatableRead,
    /// As if transactions ran one after the other: for decisions that rest on rows other transactions may add.
    Serializable,
}

impl Isolation {
    fn begin(self) -> &'static str {
        match self {
            Self::RepeatableRead => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            Self::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        }
    }
}

impl Store {
    /// Runs `work` in one transaction and commits it if `work` succeeds. When it collides with another transaction it
    /// is rolled back and run again from the start, so `work` must have no effect outside the database.
    ///
    /// Counts `shoal_transactions_total{name, outcome}` with the outcomes `committed`, `retried` and `failed`.
    ///
    /// # Errors
    /// What `work` returns, [`StoreError::Contention`] after too many collisions, [`StoreError::Database`] otherwise: nothing
    /// was committed then. [`StoreError::Unsettled`] if the connection broke during the commit.
    pub async fn run_transaction<T, F>(
        &self,
        name: &'static str,
        isolation: Isolation,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + Sync,
    {
        for attempt in 1..=ATTEMPTS {
            match self.try_transaction(isolation, &work).await {
                Ok(value) => {
                    count(name, "committed");
                    return Ok(value);
                }
                Err(error) if error.is_collision() => {
                    count(name, "retried");
                    tokio::time::sleep(PAUSE * attempt).await;
                }
                Err(error) => {
                    count(name, "failed");
                    return Err(error);
                }
            }
        }
        count(name, "failed");
        Err(StoreError::Contention {
            name,
            attempts: ATTEMPTS,
        })
    }

    async fn try_transaction<T, F>(&self, isolation: Isolation, work: &F) -> Result<T, StoreError>
    where
        T: Send,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + Sync,
    {
        let mut transaction = self.pool.begin_with(isolation.begin()).await?;
        let value = work(&mut transaction).await?;
        transaction.commit().await.map_err(StoreError::at_commit)?;
        Ok(value)
    }
}

fn count(name: &'static str, outcome: &'static str) {
    metrics::counter!("shoal_transactions_total", "name" => name, "outcome" => outcome).increment(1);
}
