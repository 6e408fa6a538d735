//! The connection to PeerTube's database: what it may do and for how long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres, Transaction};

use super::error::{Doing, PeerTubeError};
use super::schema::{Inspection, Layout, SchemaVersion};
use super::skipped::SkippedRows;
use crate::clock::{SharedClock, SystemClock};
use crate::pooling::{SessionSettings, connect_options, pool_options, session};

/// The longest that one statement may take.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_mins(1);

/// The longest pause between two statements of a transaction: an open snapshot keeps PeerTube's tables from being cleaned.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_mins(5);

/// The longest wait for the server to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest wait for a connection of the pool, which includes making one.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// PeerTube's database, read-only. Cheap to clone: clones share the connections.
#[derive(Clone)]
pub struct PeerTube {
    pub(super) pool: PgPool,
    version: SchemaVersion,
    pub(super) layout: Layout,
    pub(super) skipped: SkippedRows,
    clock: SharedClock,
}

impl PeerTube {
    /// Connects once, checks that this is a PeerTube that Shoal can read with all the columns it needs, and prepares a
    /// pool of at most `max_connections`.
    ///
    /// # Errors
    /// Any [`PeerTubeError`] but `NoConnection`. Waiting and trying again is left to the caller: see
    /// [`PeerTubeError::is_transient`].
    pub async fn connect(url: &SecretString, max_connections: u32) -> Result<Self, PeerTubeError> {
        let options = options(url)?;
        let mut connection = open(&options).await?;
        let inspection = Inspection::read(&mut connection).await?;
        connection.close().await.doing("closing the first connection")?;
        let (version, layout) = inspection.usable()?;
        let pool = pool_options(max_connections, ACQUIRE_TIMEOUT, settings()).connect_lazy_with(options);
        Ok(Self {
            pool,
            version,
            layout,
            skipped: SkippedRows::default(),
            clock: Arc::new(SystemClock),
        })
    }

    /// Takes the present from `clock` instead of the machine's clock: what is dated later than that is not believed, see
    /// [`super::timestamp`].
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self { clock, ..self }
    }

    /// The present.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The version of PeerTube's tables.
    pub fn version(&self) -> SchemaVersion {
        self.version
    }

    /// What differs between the supported versions.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Asks the database for nothing, to see whether it answers.
    ///
    /// # Errors
    /// [`PeerTubeError`] when it does not.
    pub async fn ping(&self) -> Result<(), PeerTubeError> {
        sqlx::query("SELECT 1")
            .execute(&self.pool)
            .await
            .doing("asking whether it answers")?;
        Ok(())
    }

    /// Closes all connections, waiting for the ones in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction in which every statement sees the same picture.
    pub(super) async fn snapshot(&self, doing: &'static str) -> Result<Transaction<'static, Postgres>, PeerTubeError> {
        self.pool
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .doing(doing)
    }
}

impl fmt::Debug for PeerTube {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PeerTube")
            .field("connections", &self.pool.size())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What every session is told, whatever the role's own settings are.
fn settings() -> SessionSettings {
    SessionSettings::new([
        ("default_transaction_read_only", "on".to_owned()),
        ("search_path", "public".to_owned()),
        // Planning a statement anew takes longer than most of them run: all look rows up by their number.
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        ("statement_timeout", format!("{}s", STATEMENT_TIMEOUT.as_secs())),
        (
            "idle_in_transaction_session_timeout",
            format!("{}s", IDLE_IN_TRANSACTION_TIMEOUT.as_secs()),
        ),
    ])
}

/// The driver's options for `url`.
pub(super) fn options(url: &SecretString) -> Result<PgConnectOptions, PeerTubeError> {
    connect_options(url).map_err(PeerTubeError::InvalidUrl)
}

/// One connection outside any pool, which says why it cannot connect, unlike a pool. That sessions are kept was checked.
///
/// # Errors
/// [`PeerTubeError`], [`PeerTubeError::TransactionPooling`] among them.
pub(super) async fn open(options: &PgConnectOptions) -> Result<PgConnection, PeerTubeError> {
    let mut connection = dial(options).await?;
    let mut other = dial(options).await?;
    let kept = session::are_kept(&mut connection, &mut other).await;
    if !kept.doing("looking for a connection pooler")? {
        return Err(PeerTubeError::TransactionPooling);
    }
    other.close().await.doing("closing a connection")?;
    settings().apply(&mut connection).await.doing("connecting")?;
    Ok(connection)
}

async fn dial(options: &PgConnectOptions) -> Result<PgConnection, PeerTubeError> {
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => connected.map_err(PeerTubeError::from_connecting),
        Err(_) => Err(PeerTubeError::Unreachable {
            reason: format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        }),
    }
}
