//! Which PeerTube this is: the version of its tables, what differs between the supported ones, and whether the role can
//! read what Shoal needs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sqlx::{PgConnection, Row};

use super::columns::{HELPFUL, READ, SENSITIVE};
use super::error::{Doing, PeerTubeError};

/// The first supported value of `application."migrationVersion"`: PeerTube 8.0.
pub const OLDEST_MIGRATION: i32 = 970;

/// `application."migrationVersion"`: the number of the last change that PeerTube made to its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SchemaVersion(i32);

impl SchemaVersion {
    /// The number itself.
    pub fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What differs between the supported versions of PeerTube's tables. Found by looking, not derived from the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Where views per hour are.
    pub views: ViewsTable,
    /// How to tell a video's thumbnail from its preview.
    pub thumbnails: ThumbnailsTable,
    /// Whether videos say beside which others they may be recommended (`video."recommendationPolicy"`).
    pub recommendation_policy: bool,
    /// Whether playlists may be read.
    pub playlists: bool,
}

/// Where views per hour are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ViewsTable {
    /// `"videoView"`, up to PeerTube 8.1.
    VideoView,
    /// `"videoStat"`, from PeerTube 8.2 on.
    VideoStat,
}

/// How to tell a video's thumbnail from its preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ThumbnailsTable {
    /// By `type`, up to PeerTube 8.0.
    ByType,
    /// By width and aspect ratio, from PeerTube 8.1 on.
    BySize,
}

/// What can be known about a database before anything is read from it.
#[derive(Debug)]
pub(super) struct Inspection {
    pub(super) database: String,
    pub(super) role: String,
    pub(super) server_version: String,
    pub(super) superuser: bool,
    pub(super) schema_usage: bool,
    /// `None` when there is no such table or column, or when it may not be read.
    pub(super) migration: Option<i32>,
    /// Whether the role may read it, per table and column. Columns that do not exist are absent.
    pub(super) readable: BTreeMap<(String, String), bool>,
}

impl Inspection {
    /// Looks around; needs no rights but to connect.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, PeerTubeError> {
        let doing = "looking at the schema";
        let session = sqlx::query(
            "
            SELECT current_database()::text AS database, current_user::text AS role,
                   current_setting('server_version') AS server_version,
                   (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
                   has_schema_privilege('public', 'USAGE') AS schema_usage
            ",
        )
        .fetch_one(&mut *connection)
        .await
        .doing(doing)?;
        let tables: Vec<&str> = READ
            .iter()
            .chain(HELPFUL)
            .map(|entry| entry.table)
            .chain(SENSITIVE.iter().map(|(table, _)| *table))
            .collect();
        // The catalogues, not information_schema: that one hides what the role may not read.
        let columns: Vec<(String, String, bool)> = sqlx::query_as(
            "
            SELECT c.relname::text, a.attname::text, has_column_privilege(c.oid, a.attnum, 'SELECT')
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND c.relname = ANY ($1)
            ",
        )
        .bind(tables)
        .fetch_all(&mut *connection)
        .await
        .doing(doing)?;
        let mut inspection = Self {
            database: session.try_get("database").doing(doing)?,
            role: session.try_get("role").doing(doing)?,
            server_version: session.try_get("server_version").doing(doing)?,
            superuser: session.try_get("superuser").doing(doing)?,
            schema_usage: session.try_get("schema_usage").doing(doing)?,
            migration: None,
            readable: columns
                .into_iter()
                .map(|(table, column, readable)| ((table, column), readable))
                .collect(),
        };
        if inspection.schema_usage && inspection.may_read("application", "migrationVersion") == Some(true) {
            inspection.migration = sqlx::query_scalar(r#"SELECT "migrationVersion" FROM application LIMIT 1"#)
                .fetch_optional(&mut *connection)
                .await
                .doing(doing)?;
        }
        Ok(inspection)
    }

    /// Whether the role may read a column; `None` when the column does not exist.
    pub(super) fn may_read(&self, table: &str, column: &str) -> Option<bool> {
        self.readable.get(&(table.to_owned(), column.to_owned())).copied()
    }

    /// The version and layout, when everything that Shoal needs is there and may be read.
    pub(super) fn usable(&self) -> Result<(SchemaVersion, Layout), PeerTubeError> {
        if self.may_read("application", "migrationVersion").is_none() {
            return Err(PeerTubeError::NotPeerTube {
                database: self.database.clone(),
            });
        }
        if !self.schema_usage {
            return Err(PeerTubeError::MissingGrant {
                columns: vec!["the schema public".to_owned()],
            });
        }
        let unreadable = self.unreadable();
        let Some(migration) = self.migration else {
            // An empty `application` is a PeerTube that has not finished its first start.
            return Err(if unreadable.is_empty() {
                PeerTubeError::NotPeerTube {
                    database: self.database.clone(),
                }
            } else {
                PeerTubeError::MissingGrant { columns: unreadable }
            });
        };
        if migration < OLDEST_MIGRATION {
            return Err(PeerTubeError::TooOld { found: migration });
        }
        let mut missing = self.missing();
        let layout = self.layout();
        if layout.is_none() {
            missing.push("videoStat".to_owned());
        }
        match layout {
            Some(layout) if missing.is_empty() => {
                if unreadable.is_empty() {
                    Ok((SchemaVersion(migration), layout))
                } else {
                    Err(PeerTubeError::MissingGrant { columns: unreadable })
                }
            }
            _ => Err(PeerTubeError::UnknownLayout { migration, missing }),
        }
    }

    /// Columns that Shoal needs and the database does not have.
    fn missing(&self) -> Vec<String> {
        READ.iter()
            .flat_map(|entry| entry.required.iter().map(move |column| (entry.table, *column)))
            .filter(|(table, column)| self.may_read(table, column).is_none())
            .map(|(table, column)| format!("{table}.{column}"))
            .collect()
    }

    /// Columns that the database has and the role may not read.
    pub(super) fn unreadable(&self) -> Vec<String> {
        READ.iter()
            .flat_map(|entry| {
                entry
                    .required
                    .iter()
                    .chain(entry.optional)
                    .map(move |column| (entry.table, *column))
            })
            .filter(|(table, column)| self.may_read(table, column) == Some(false))
            .map(|(table, column)| format!("{table}.{column}"))
            .collect()
    }

    fn layout(&self) -> Option<Layout> {
        let has = |table, column| self.may_read(table, column).is_some();
        Some(Layout {
            views: match (has("videoStat", "views"), has("videoView", "views")) {
                (true, _) => ViewsTable::VideoStat,
                (false, true) => ViewsTable::VideoView,
                (false, false) => return None,
            },
            thumbnails: if has("thumbnail", "type") {
                ThumbnailsTable::ByType
            } else {
                ThumbnailsTable::BySize
            },
            recommendation_policy: has("video", "recommendationPolicy"),
            playlists: HELPFUL
                .iter()
                .flat_map(|entry| entry.required.iter().map(move |column| (entry.table, *column)))
                .all(|(table, column)| self.may_read(table, column) == Some(true)),
        })
    }
}
