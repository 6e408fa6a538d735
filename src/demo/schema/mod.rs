//! PeerTube's tables, empty, as three of its releases lay them out. What is written into them is not decided here.
//!
//! The 8.2 layout is spelled out (`tables.sql`, `indexes.sql`, `search.sql`); the older ones follow from it by undoing
//! what the releases changed.

use sqlx::PgConnection;

use super::DemoError;

const TABLES: &str = include_str!("tables.sql");
const INDEXES: &str = include_str!("indexes.sql");
const SEARCH: &str = include_str!("search.sql");
const BACK_TO_8_1: &str = include_str!("back_to_8_1.sql");
const BACK_TO_8_0: &str = include_str!("back_to_8_0.sql");

/// A release of PeerTube, as far as its tables are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Migration 970: thumbnails have a type, view counts lie in `videoView`.
    V8_0,
    /// Migration 1000: thumbnails have an aspect ratio, view counts lie in `videoView`.
    V8_1,
    /// Migration 1070: view counts lie in `videoStat`.
    V8_2,
}

impl Layout {
    /// Every layout, oldest first.
    pub const ALL: [Self; 3] = [Self::V8_0, Self::V8_1, Self::V8_2];

    /// The number that PeerTube keeps in `application."migrationVersion"`.
    pub fn migration_version(self) -> i32 {
        match self {
            Self::V8_0 => 970,
            Self::V8_1 => 1000,
            Self::V8_2 => 1070,
        }
    }

    /// The release that last had this layout.
    pub fn release(self) -> &'static str {
        match self {
            Self::V8_0 => "8.0.2",
            Self::V8_1 => "8.1.5",
            Self::V8_2 => "8.2.1",
        }
    }
}

/// The statements that create the empty tables and indexes of `layout`, for one call of a multi-statement query.
pub fn schema_sql(layout: Layout) -> String {
    let mut parts = vec![TABLES, INDEXES, SEARCH];
    if layout != Layout::V8_2 {
        parts.push(BACK_TO_8_1);
    }
    if layout == Layout::V8_0 {
        parts.push(BACK_TO_8_0);
    }
    parts.join("\n")
}

/// Whether PeerTube's trigram indexes could be created too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedSchema {
    /// False when the server lacks the extensions `pg_trgm` and `unaccent`, or forbids to create them.
    pub trigram_indexes: bool,
}

/// Creates the empty tables and indexes of `layout` in the connected database.
///
/// # Errors
/// [`DemoError::Database`] when a statement fails, as when the tables exist.
pub async fn create_schema(connection: &mut PgConnection, layout: Layout) -> Result<CreatedSchema, DemoError> {
    let doing = || DemoError::database(format!("create PeerTube's tables of release {}", layout.release()));
    sqlx::raw_sql(sqlx::AssertSqlSafe(schema_sql(layout)))
        .execute(&mut *connection)
        .await
        .map_err(doing())?;
    let trigram_indexes: bool = sqlx::query_scalar("SELECT to_regproc('immutable_unaccent') IS NOT NULL")
        .fetch_one(connection)
        .await
        .map_err(doing())?;
    if !trigram_indexes {
        tracing::info!("this server has no pg_trgm and unaccent for us: PeerTube's trigram indexes are left out");
    }
    Ok(CreatedSchema { trigram_indexes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layout_is_one_list_of_statements() {
        for layout in Layout::ALL {
            let sql = schema_sql(layout);
            assert!(sql.contains("CREATE TABLE \"userVideoHistory\""));
            assert_eq!(sql.contains("RENAME TO \"videoView\""), layout != Layout::V8_2);
            assert_eq!(sql.contains("\"onDisk\""), layout == Layout::V8_0);
        }
    }
}
