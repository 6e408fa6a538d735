//! What can go wrong between Shoal and PeerTube's database: what happened, why, and what to do.

use std::time::Duration;

use sqlx::error::DatabaseError;

use crate::pooling::AddressError;
use crate::pooling::address::without_names;

/// The file that every grant comes from.
const GRANT_FILE: &str = "docs/sql/peertube-read-role.sql";

/// Why PeerTube's database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PeerTubeError {
    /// The connection string cannot be used. No part of it is ever in a message: a part may be the password.
    #[error("`peertube.database_url` {0}")]
    InvalidUrl(AddressError),
    /// Nobody answers, or the server is starting or stopping.
    #[error(
        "cannot reach PeerTube's PostgreSQL: {reason}; is it running, and is the address in `peertube.database_url` right?"
    )]
    Unreachable {
        /// What the system or the server said.
        reason: String,
    },
    /// The server refuses the role: wrong password, no such role, or no line for it in `pg_hba.conf`.
    #[error(
        "PeerTube's PostgreSQL refuses the role: {reason}; check the role and password in `peertube.database_url`, or make the role with {GRANT_FILE}"
    )]
    Refused {
        /// What the server said.
        reason: String,
    },
    /// The server has no such database.
    #[error("{reason}; check the database name in `peertube.database_url` (PeerTube calls it `database.name`)")]
    NoDatabase {
        /// What the server said.
        reason: String,
    },
    /// The connection could not be encrypted as the connection string demands.
    #[error(
        "cannot encrypt the connection to PeerTube's PostgreSQL: {reason}; see `sslmode` in `peertube.database_url`"
    )]
    Encryption {
        /// What the TLS library said.
        reason: String,
    },
    /// Whatever is between Shoal and PostgreSQL hands out another session for each transaction.
    #[error(
        "a connection pooler in transaction mode (such as PgBouncer) is between Shoal and PeerTube's PostgreSQL: prepared statements and settings of a session get lost in it; name PostgreSQL itself in `peertube.database_url`, or a pooler with pool_mode = session for this role"
    )]
    TransactionPooling,
    /// The database holds no PeerTube.
    #[error(
        "the database `{database}` is not PeerTube's: its table `application` is missing or empty; check the database name in `peertube.database_url`, and start PeerTube once before Shoal"
    )]
    NotPeerTube {
        /// Name of the database.
        database: String,
    },
    /// PeerTube is older than what Shoal can read.
    #[error("PeerTube 8.0 or newer is needed; this database is at migration {found}; upgrade PeerTube first")]
    TooOld {
        /// `application."migrationVersion"`.
        found: i32,
    },
    /// A table or column that every supported PeerTube has is not there.
    #[error(
        "PeerTube's database (migration {migration}) has no {}; this Shoal does not know such a PeerTube: look for a newer Shoal", missing.join(", ")
    )]
    UnknownLayout {
        /// `application."migrationVersion"`.
        migration: i32,
        /// As `table.column`.
        missing: Vec<String>,
    },
    /// The role may not read something that Shoal needs.
    #[error("the role may not read {}; run {GRANT_FILE} again", columns.join(", "))]
    MissingGrant {
        /// As `table.column`, or what the server said.
        columns: Vec<String>,
    },
    /// A statement took longer than [`super::connection::STATEMENT_TIMEOUT`].
    #[error(
        "PeerTube's PostgreSQL did not finish {doing} within {} s; it is overloaded or needs ANALYZE", limit.as_secs()
    )]
    Timeout {
        /// What Shoal was doing.
        doing: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// No connection of the pool became free, and none could be added.
    #[error(
        "no connection to PeerTube's PostgreSQL could be had within {} s while {doing}: it is down, or all connections are busy (`peertube.max_connections`)",
        limit.as_secs()
    )]
    NoConnection {
        /// What Shoal was doing.
        doing: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// A table or column that was there at the start is gone: PeerTube was upgraded meanwhile.
    #[error("PeerTube's tables changed while Shoal was running ({reason}); restart Shoal")]
    LayoutChanged {
        /// What the server said.
        reason: String,
    },
    /// Anything else that the database or the driver says.
    #[error("PeerTube's database failed while {doing}: {source}")]
    Query {
        /// What Shoal was doing.
        doing: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
}

impl PeerTubeError {
    /// Whether waiting and trying again can help: the server is away, starting, stopping or overloaded.
    /// Everything else needs somebody to change something.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::NoConnection { .. } => true,
            Self::Query { source, .. } => matches!(source, sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed),
            _ => false,
        }
    }

    /// Sorts an error of a statement.
    pub(super) fn from_statement(error: sqlx::Error, doing: &'static str) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::NoConnection {
                doing,
                limit: super::connection::ACQUIRE_TIMEOUT,
            },
            sqlx::Error::Io(reason) => Self::unreachable(reason),
            sqlx::Error::Database(reason) => {
                Self::from_server(reason.as_ref(), doing).unwrap_or(Self::Query { doing, source: error })
            }
            _ => Self::Query { doing, source: error },
        }
    }

    /// Sorts an error of the attempt to connect. What the server quotes are names from the connection string.
    pub(super) fn from_connecting(error: sqlx::Error) -> Self {
        let doing = "connecting";
        match error {
            sqlx::Error::Io(reason) => Self::unreachable(&reason),
            sqlx::Error::Tls(reason) => Self::Encryption {
                reason: without_names(&reason.to_string()),
            },
            sqlx::Error::Configuration(_) => Self::InvalidUrl(AddressError::Parameter),
            sqlx::Error::Database(reason) => {
                let said = without_names(reason.message());
                match Self::from_server(reason.as_ref(), doing) {
                    Some(Self::Unreachable { .. }) => Self::Unreachable { reason: said },
                    Some(Self::NoDatabase { .. }) => Self::NoDatabase { reason: said },
                    _ => Self::Refused { reason: said },
                }
            }
            other => Self::Query { doing, source: other },
        }
    }

    fn unreachable(reason: &std::io::Error) -> Self {
        Self::Unreachable {
            reason: reason.to_string(),
        }
    }

    /// What an SQLSTATE means for Shoal. `None` for the ones that have no meaning of their own here.
    fn from_server(error: &dyn DatabaseError, doing: &'static str) -> Option<Self> {
        let code = error.code()?;
        let reason = || error.message().to_owned();
        Some(match code.as_ref() {
            "28P01" | "28000" => Self::Refused { reason: reason() },
            "3D000" => Self::NoDatabase { reason: reason() },
            "42501" => Self::MissingGrant {
                columns: vec![reason()],
            },
            // Undefined table, undefined column.
            "42P01" | "42703" => Self::LayoutChanged { reason: reason() },
            "57014" => Self::Timeout {
                doing,
                limit: super::connection::STATEMENT_TIMEOUT,
            },
            // Classes 08 connection exception, 53 insufficient resources, 57P operator intervention.
            code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
                Self::Unreachable { reason: reason() }
            }
            _ => return None,
        })
    }
}

/// Says what was being done when a statement failed.
pub(super) trait Doing<T> {
    /// Turns the driver's error into one of this room.
    fn doing(self, what: &'static str) -> Result<T, PeerTubeError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, what: &'static str) -> Result<T, PeerTubeError> {
        self.map_err(|error| PeerTubeError::from_statement(error, what))
    }
}
