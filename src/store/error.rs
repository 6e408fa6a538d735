//! What can go wrong in Shoal's own tables, and whether trying again may help.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::pooling::AddressError;
use crate::pooling::address::without_names;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The connection string cannot be used. No part of it is ever in a message: a part may be the password.
    #[error("`database.url` {0}")]
    Address(AddressError),
    /// The server could not be reached when connecting, or refused.
    #[error(
        "cannot use PostgreSQL: {}; is it running, and are address, role, password and database in `database.url` right?",
        said(_0)
    )]
    Connect(sqlx::Error),
    /// Whatever is between Shoal and PostgreSQL hands out another session for each transaction.
    #[error(
        "a connection pooler in transaction mode (such as PgBouncer) is between Shoal and its PostgreSQL: prepared statements and settings of a session get lost in it; name PostgreSQL itself in `database.url`, or a pooler with pool_mode = session for this role"
    )]
    TransactionPooling,
    /// The database failed while it was in use.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database broke off while a transaction was committed, so it may have been.
    #[error("database, while a transaction was committed: {0}")]
    Unsettled(#[source] sqlx::Error),
    /// The wall clock shows another time than the ledger expects, so nothing that is dated may be released.
    #[error("the machine's clock shows {wall}, but {expected} was expected")]
    Clock {
        /// What it shows.
        wall: DateTime<Utc>,
        /// What was expected.
        expected: DateTime<Utc>,
    },
    /// The tables could not be brought up to date.
    #[error("migration of the schema shoal: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A transaction kept colliding with others.
    #[error("transaction {name} was given up after {attempts} attempts")]
    Contention {
        /// Name of the transaction.
        name: &'static str,
        /// How often it was tried.
        attempts: u32,
    },
    /// A release would spend more than the budget of the year allows.
    #[error(
        "the privacy budget is spent: {spent:.6} of {allowed:.6} (squared mu, last 365 days), this release needs {needed:.6}"
    )]
    BudgetSpent {
        /// Squared mu of the releases of the last 365 days.
        spent: f64,
        /// Squared mu that the release needs.
        needed: f64,
        /// Squared mu that a year may spend.
        allowed: f64,
    },
    /// Another process released in the meantime, so this release would count watches a second time.
    #[error("another process released evidence in the meantime")]
    Overtaken,
    /// Somebody who is in the release does not want to be any more.
    #[error("somebody who is in the release has withdrawn consent since the history was read")]
    ConsentWithdrawn,
    /// No follower could take the release, so no budget is spent.
    #[error("no follower has confirmed in the last days that it follows")]
    NobodyReachable,
    /// A value that must not be stored: not finite, negative, or of the wrong length.
    #[error("{0}")]
    Value(&'static str),
    /// A row holds something that this version does not understand.
    #[error("unexpected value in column {0}")]
    Corrupt(&'static str),
    /// A JSON value could not be written or read.
    #[error("JSON in the store: {0}")]
    Json(#[from] serde_json::Error),
}

impl StoreError {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Contention { .. } => true,
            Self::Connect(error)
            | Self::Database(error)
            | Self::Unsettled(error)
            | Self::Migration(sqlx::migrate::MigrateError::Execute(error)) => database_error_is_transient(error),
            _ => false,
        }
    }

    /// Whether the database refuses the value itself: it is too long for an index, out of range, holds a character that
    /// cannot be stored, or breaks a rule of the table. The same message fails each time.
    pub fn is_about_the_value(&self) -> bool {
        match self {
            Self::Value(_) | Self::Json(_) | Self::Database(sqlx::Error::Encode(_)) => true,
            Self::Database(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
                // Data exceptions, broken constraints, program limits exceeded (such as the size of an index row).
                ["22", "23", "54"].iter().any(|class| code.starts_with(class))
            }),
            _ => false,
        }
    }

    /// What a failed `COMMIT` means. An error that the server itself reports has ended the transaction; after any other one,
    /// such as a connection that broke, it may have been committed.
    pub(super) fn at_commit(error: sqlx::Error) -> Self {
        let was_refused = match &error {
            sqlx::Error::Database(said) => said.try_downcast_ref::<PgDatabaseError>().is_some_and(|said| {
                // statement_completion_unknown
                matches!(said.severity(), PgSeverity::Error) && said.code() != "40003"
            }),
            _ => false,
        };
        if was_refused {
            Self::Database(error)
        } else {
            Self::Unsettled(error)
        }
    }

    /// Whether a transaction failed only because of another one that ran at the same time.
    pub(super) fn is_collision(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else {
            return false;
        };
        // serialization_failure and deadlock_detected
        matches!(error.code().as_deref(), Some("40001" | "40P01"))
    }
}

/// What the server or the system said, without the driver's preamble and without names from the connection string.
fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => without_names(error.message()),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::PoolTimedOut => "no answer in time".to_owned(),
        other => without_names(&other.to_string()),
    }
}

fn database_error_is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Connection exceptions, rollbacks, lack of resources, and interventions such as a restart.
            ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_connections_are_transient_and_spent_budgets_are_not() {
        let lost = StoreError::Database(sqlx::Error::Io(std::io::Error::other("gone")));
        assert!(lost.is_transient());
        assert!(StoreError::Database(sqlx::Error::PoolTimedOut).is_transient());
        assert!(!StoreError::Database(sqlx::Error::RowNotFound).is_transient());
        assert!(
            !StoreError::BudgetSpent {
                spent: 1.0,
                needed: 1.0,
                allowed: 1.0
            }
            .is_transient()
        );
    }
}
