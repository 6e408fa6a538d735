//! Settings of every session, and whether sessions are kept.
//!
//! Settings are made by statements and not by parameters at the start, which connection poolers refuse or ignore.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use uuid::Uuid;

/// What every session of a database begins with.
#[derive(Debug, Clone)]
pub struct SessionSettings(Arc<str>);

impl SessionSettings {
    /// Names and values are this program's own. Compilation just in time is switched off in any case: PostgreSQL overrates what
    /// statements over large tables take, and then compiles for seconds what runs for milliseconds.
    pub fn new<'a>(settings: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let statements = std::iter::once(("jit", "off".to_owned()))
            .chain(settings)
            .map(|(name, value)| format!("SET {name} = '{value}';"));
        Self(statements.collect::<String>().into())
    }

    /// Makes the settings in one round trip.
    ///
    /// # Errors
    /// What the driver says when the server does not answer or does not know a setting.
    pub async fn apply(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let statements = AssertSqlSafe(self.0.to_string());
        connection.execute(sqlx::raw_sql(statements)).await.map(|_| ())
    }
}

/// Whether sessions are kept: what `one` sets stays with it and is not seen by `other`. It is not so behind a connection pooler
/// that hands out a connection for each transaction. Nothing is prepared for the question, since that fails there, too.
///
/// # Errors
/// What the driver says when the server does not answer.
pub async fn are_kept(one: &mut PgConnection, other: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mark = Uuid::new_v4().to_string();
    set_mark(one, &mark).await?;
    let kept = mark_of(one).await? == mark;
    let mixed = mark_of(other).await? == mark;
    set_mark(one, "").await?;
    Ok(kept && !mixed)
}

async fn set_mark(connection: &mut PgConnection, mark: &str) -> Result<(), sqlx::Error> {
    let statement = AssertSqlSafe(format!("SET shoal.session = '{mark}'"));
    connection.execute(sqlx::raw_sql(statement)).await.map(|_| ())
}

async fn mark_of(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let row = connection
        .fetch_one(sqlx::raw_sql(
            "SELECT coalesce(current_setting('shoal.session', true), '')",
        ))
        .await?;
    row.try_get(0)
}
