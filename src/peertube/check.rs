//! What an admin wants to know about the connection to PeerTube: what is there, what may be read, and what should not be
//! readable.

use secrecy::SecretString;
use serde::Serialize;
use sqlx::{Connection, PgConnection};

use super::columns::{HELPFUL, READ, SENSITIVE};
use super::connection::{PeerTube, open, options};
use super::error::{Doing, PeerTubeError};
use super::schema::{Inspection, Layout};

/// The outcome of [`PeerTube::check`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Version of PostgreSQL.
    pub postgresql: String,
    /// Name of the database.
    pub database: String,
    /// The role that Shoal connects as.
    pub role: String,
    /// `application."migrationVersion"`, when it can be read.
    pub migration: Option<i32>,
    /// What differs between the supported versions of PeerTube, when this is one of them.
    pub layout: Option<Layout>,
    /// How much there is, when it can be read.
    pub counts: Option<Counts>,
    /// Every column that Shoal reads.
    pub columns: Vec<ColumnAccess>,
    /// Why Shoal cannot work with this database; empty when it can.
    pub problems: Vec<String>,
    /// What works, but should not be so.
    pub warnings: Vec<String>,
}

impl CheckReport {
    /// Whether Shoal can work with this database.
    pub fn is_usable(&self) -> bool {
        self.problems.is_empty()
    }
}

/// How much there is in PeerTube's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Registered users.
    pub users: i64,
    /// Users whose history may be used: switched on, and not blocked.
    pub eligible_users: i64,
    /// Videos, local and remote.
    pub videos: i64,
    /// Videos watched, summed over users, as PostgreSQL estimates it; `None` when it never counted them.
    pub history_rows_estimate: Option<i64>,
}

/// Whether one column can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnAccess {
    /// Name of the table.
    pub table: &'static str,
    /// Name of the column.
    pub column: &'static str,
    /// Whether it is there and can be read.
    pub access: Access,
}

/// Whether a column is there and can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// It can be read.
    Readable,
    /// It exists, but the role may not read it.
    Forbidden,
    /// This PeerTube has no such column, and Shoal does not need it.
    NotInThisVersion,
    /// This PeerTube has no such column, but Shoal needs it.
    Missing,
}

impl PeerTube {
    /// Looks at a database without needing it to be usable: only a connection that cannot be made is an error, all else
    /// is in the report.
    ///
    /// # Errors
    /// [`PeerTubeError`] when there is no connection, or it breaks.
    pub async fn check(url: &SecretString) -> Result<CheckReport, PeerTubeError> {
        let options = options(url)?;
        let mut connection = open(&options).await?;
        let inspection = Inspection::read(&mut connection).await?;
        let mut problems = Vec::new();
        let layout = match inspection.usable() {
            Ok((_, layout)) => Some(layout),
            Err(problem) => {
                problems.push(problem.to_string());
                None
            }
        };
        let counts = if layout.is_some() {
            Some(count(&mut connection).await?)
        } else {
            None
        };
        let mut warnings = sensitive(&inspection);
        if inspection.superuser {
            warnings.insert(
                0,
                format!(
                    "the role {} is a superuser; give Shoal a role of its own",
                    inspection.role
                ),
            );
        } else {
            warnings.extend(writable(&mut connection).await?);
        }
        if layout.is_some_and(|layout| !layout.playlists) {
            warnings.push(format!(
                "the role {} may not read playlists, so what follows in them is not known; run peertube-read-role.sql again",
                inspection.role
            ));
        }
        connection.close().await.doing("closing the connection")?;
        Ok(CheckReport {
            columns: columns(&inspection),
            postgresql: inspection.server_version,
            database: inspection.database,
            role: inspection.role,
            migration: inspection.migration,
            layout,
            counts,
            problems,
            warnings,
        })
    }
}

fn columns(inspection: &Inspection) -> Vec<ColumnAccess> {
    let access = |table: &'static str, column: &'static str, absent: Access| ColumnAccess {
        table,
        column,
        access: match inspection.may_read(table, column) {
            Some(true) => Access::Readable,
            Some(false) => Access::Forbidden,
            None => absent,
        },
    };
    READ.iter()
        .flat_map(|entry| {
            let required = entry
                .required
                .iter()
                .map(move |column| (entry.table, *column, Access::Missing));
            let optional = entry
                .optional
                .iter()
                .map(move |column| (entry.table, *column, Access::NotInThisVersion));
            required.chain(optional)
        })
        .chain(HELPFUL.iter().flat_map(|entry| {
            let columns = entry.required.iter();
            columns.map(move |column| (entry.table, *column, Access::NotInThisVersion))
        }))
        .map(|(table, column, absent)| access(table, column, absent))
        .collect()
}

fn sensitive(inspection: &Inspection) -> Vec<String> {
    SENSITIVE
        .iter()
        .filter_map(|(table, columns)| {
            let readable: Vec<&str> = columns
                .iter()
                .copied()
                .filter(|column| inspection.may_read(table, column) == Some(true))
                .collect();
            (!readable.is_empty()).then(|| {
                format!(
                    "the role {} can read {table}: {}; it should not",
                    inspection.role,
                    readable.join(", ")
                )
            })
        })
        .collect()
}

async fn writable(connection: &mut PgConnection) -> Result<Option<String>, PeerTubeError> {
    let tables: Vec<String> = sqlx::query_scalar(
        "
        SELECT c.relname::text
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
        WHERE c.relkind IN ('r', 'p') AND (
            has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')
        )
        ORDER BY 1
        ",
    )
    .fetch_all(connection)
    .await
    .doing("looking for tables that can be written")?;
    let some: Vec<&str> = tables.iter().take(5).map(String::as_str).collect();
    let more = tables.len() - some.len();
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    Ok((!tables.is_empty()).then(|| format!("the role can write {}{more}; it should not", some.join(", "))))
}

async fn count(connection: &mut PgConnection) -> Result<Counts, PeerTubeError> {
    let (users, eligible_users, videos, history): (i64, i64, i64, i64) = sqlx::query_as(
        r#"
        SELECT (SELECT count(id) FROM "user"),
               (SELECT count(id) FROM "user" WHERE "videosHistoryEnabled" IS TRUE AND blocked IS FALSE),
               (SELECT count(id) FROM video),
               (SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass('public."userVideoHistory"'))
        "#,
    )
    .fetch_one(connection)
    .await
    .doing("counting users and videos")?;
    Ok(Counts {
        users,
        eligible_users,
        videos,
        history_rows_estimate: (history >= 0).then_some(history),
    })
}
