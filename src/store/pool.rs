//! The connection pool and the migrations.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, PgPool};

use super::StoreError;
use super::remembered::Remembered;
use crate::clock::SharedClock;
use crate::config::DatabaseConfig;
use crate::pooling::{SessionSettings, connect_options, pool_options, session};

/// How long a request waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// What every session is told: upper bounds, so that no statement of ours can stay for ever, and how much to say.
const SERVER_SETTINGS: [(&str, &str); 4] = [
    ("statement_timeout", "60s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "60s"),
    // Without this, logs would tell at every start what exists already, and of every transaction that collided and runs
    // again that there is nothing to roll back.
    ("client_min_messages", "error"),
];

static MIGRATOR: Migrator = sqlx::migrate!();

/// Shoal's own tables. Cheap to clone: clones share one pool, and what they remember.
#[derive(Clone)]
pub struct Store {
    pub(super) pool: PgPool,
    pub(super) clock: SharedClock,
    pub(super) remembered: Remembered,
}

impl Store {
    /// Connects to the database; the tables are brought up to date by [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Address`] if the connection string cannot be read, [`StoreError::Connect`] if the server cannot
    /// be reached or refuses, [`StoreError::TransactionPooling`] if a pooler in between mixes sessions.
    pub async fn connect(config: &DatabaseConfig, clock: SharedClock) -> Result<Self, StoreError> {
        let options = connect_options(&config.url).map_err(StoreError::Address)?;
        // The pool would try for the whole acquire timeout and then only say that it timed out.
        let mut connection = dial(&options).await?;
        let mut other = dial(&options).await?;
        if !session::are_kept(&mut connection, &mut other).await? {
            return Err(StoreError::TransactionPooling);
        }
        other.close().await?;
        connection.close().await?;
        let settings = SERVER_SETTINGS.map(|(name, value)| (name, value.to_owned()));
        let pool = pool_options(config.max_connections, ACQUIRE_TIMEOUT, SessionSettings::new(settings))
            .connect_with(options)
            .await?;
        Ok(Self {
            pool,
            clock,
            remembered: Remembered::default(),
        })
    }

    /// Creates the schema `shoal` if needed and applies the migrations that are missing.
    ///
    /// # Errors
    /// [`StoreError::Migration`] if a migration fails or the database holds one that this version does not know.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATOR.run(&self.pool).await?;
        Ok(())
    }

    /// Takes every migration back. All of Shoal's data is lost.
    ///
    /// # Errors
    /// [`StoreError::Migration`] if a migration cannot be undone.
    pub async fn undo_migrations(&self) -> Result<(), StoreError> {
        MIGRATOR.undo(&self.pool, 0).await?;
        Ok(())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Database`] with the reason if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query!("SELECT 1 AS one").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Closes all connections; calls in progress finish first.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// One connection outside the pool, for a limited time.
async fn dial(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(options))
        .await
        .map_err(|_| StoreError::Connect(sqlx::Error::PoolTimedOut))?
        .map_err(StoreError::Connect)
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("connections", &self.pool.size())
            .finish_non_exhaustive()
    }
}
