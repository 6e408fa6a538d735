//! Writes a generated instance into a database with PeerTube's tables. What the rows are is decided in
//! [`super::world`], what the tables are in [`super::schema`].
//!
//! - `copy`: PostgreSQL's text format for bulk loading
//! - `people`: who there is: servers, users, accounts, channels, actors, follows, mutes
//! - `videos`: what there is to watch, and what shows it: videos, tags, thumbnails, announces, playlists
//! - `activity`: what people did: history, ratings, comments, view counts

mod activity;
mod copy;
mod people;
mod videos;

use copy::Rows;
use sqlx::{Connection, PgConnection};

use super::DemoError;
use super::schema::{Layout, create_schema};
use super::world::InstanceWorld;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Rows in all tables together.
    pub rows: u64,
    /// Whether the server could have PeerTube's trigram indexes.
    pub trigram_indexes: bool,
}

/// Creates PeerTube's tables of `layout` in the connected database and writes `world` into them, all or nothing.
///
/// # Errors
/// [`DemoError::Database`] when a statement fails, as when there are tables of these names.
pub async fn fill(connection: &mut PgConnection, layout: Layout, world: &InstanceWorld) -> Result<Filled, DemoError> {
    let doing = || DemoError::database(format!("fill the database of {}", world.host));
    let mut transaction = connection.begin().await.map_err(doing())?;
    let created = create_schema(&mut transaction, layout).await?;
    sqlx::query(
        r#"INSERT INTO application ("migrationVersion", "latestPeerTubeVersion", "nodeVersion", "nodeABIVersion")
           VALUES ($1, $2, 'v22.12.0', '127')"#,
    )
    .bind(layout.migration_version())
    .bind(layout.release())
    .execute(&mut *transaction)
    .await
    .map_err(doing())?;
    let mut rows = 1;
    // Tables come after those that they refer to.
    let tables = people::tables(world)
        .into_iter()
        .chain(videos::tables(world, layout))
        .chain(activity::tables(world, layout));
    for table in tables {
        rows += write(&mut transaction, &table)
            .await
            .map_err(DemoError::database(format!("fill {}", table.name())))?;
    }
    sqlx::raw_sql(SEQUENCES)
        .execute(&mut *transaction)
        .await
        .map_err(doing())?;
    transaction.commit().await.map_err(doing())?;
    // Without statistics the first queries would be planned for empty tables.
    sqlx::query("ANALYZE").execute(connection).await.map_err(doing())?;
    Ok(Filled {
        rows,
        trigram_indexes: created.trigram_indexes,
    })
}

/// Sends the rows of one table.
async fn write(connection: &mut PgConnection, table: &Rows) -> Result<u64, sqlx::Error> {
    let mut copy = connection.copy_in_raw(&table.statement()).await?;
    for chunk in table.text().as_bytes().chunks(1 << 16) {
        copy.send(chunk).await?;
    }
    copy.finish().await
}

/// Lets every `id` that PeerTube would draw next be a free one.
const SEQUENCES: &str = r"
DO $sequences$
DECLARE
    sequence record;
BEGIN
    FOR sequence IN
        SELECT format('%I', table_name) AS name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'id' AND column_default LIKE 'nextval%'
    LOOP
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), coalesce(max(id), 0) + 1, false) FROM %s',
            sequence.name, sequence.name);
    END LOOP;
END
$sequences$;
";
