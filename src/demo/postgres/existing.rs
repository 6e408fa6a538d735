//! A server that the user already has: databases with random names are created in it and dropped at the end.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use url::Url;

use super::names::{checked_name, with_database, with_role};
use crate::demo::DemoError;

/// A running server, given by a connection string.
pub struct ExistingServer {
    url: Url,
    suffix: String,
    created: Mutex<Created>,
}

impl fmt::Debug for ExistingServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ExistingServer")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// What must be removed at the end.
#[derive(Debug, Default)]
struct Created {
    databases: Vec<String>,
    roles: Vec<String>,
}

impl ExistingServer {
    /// Connects, and checks that databases may be created.
    ///
    /// # Errors
    /// [`DemoError::Database`] when the server cannot be reached, [`DemoError::MissingRight`] when its role may not
    /// create databases and roles.
    pub async fn connect(url: &str) -> Result<Self, DemoError> {
        let doing = || DemoError::database("use the server of --database-url");
        // sqlx first: its message is about connection strings, not about web addresses.
        let _: PgConnectOptions = url.parse().map_err(doing())?;
        let url = Url::parse(url).map_err(|error| doing()(sqlx::Error::Configuration(error.into())))?;
        let mut connection = PgConnection::connect(url.as_str()).await.map_err(doing())?;
        let (role, databases, roles): (String, bool, bool) = sqlx::query_as(
            "SELECT rolname::text, rolsuper OR rolcreatedb, rolsuper OR rolcreaterole
             FROM pg_roles WHERE rolname = current_user",
        )
        .fetch_one(&mut connection)
        .await
        .map_err(doing())?;
        connection.close().await.map_err(doing())?;
        for (granted, right) in [(databases, "CREATEDB"), (roles, "CREATEROLE")] {
            if !granted {
                return Err(DemoError::MissingRight { role, right });
            }
        }
        let suffix = format!("{:08x}", rand::random::<u32>());
        Ok(Self {
            url,
            suffix,
            created: Mutex::default(),
        })
    }

    /// `name` with this run's random suffix, so that two runs do not meet.
    pub fn unique_name(&self, name: &str) -> String {
        format!("{name}_{}", self.suffix)
    }

    /// Connection string of the given role for `database`.
    pub fn url(&self, database: &str) -> String {
        with_database(&self.url, database).into()
    }

    /// Connection string of another role for `database`.
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        with_role(&with_database(&self.url, database), role, password).into()
    }

    /// Connection string as it was given.
    pub fn admin_url(&self) -> String {
        self.url.to_string()
    }

    /// Creates an empty database called `name` with this run's suffix, and returns that name.
    ///
    /// # Errors
    /// [`DemoError::Name`] for a name with unusual characters, [`DemoError::Database`] when the server refuses.
    pub async fn create_database(&self, name: &str) -> Result<String, DemoError> {
        let name = self.unique_name(name);
        let doing = || DemoError::database(format!("create the database {name}"));
        let statement = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
            checked_name(&name)?
        );
        let mut connection = PgConnection::connect(self.url.as_str()).await.map_err(doing())?;
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .map_err(doing())?;
        self.created
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .databases
            .push(name.clone());
        connection.close().await.map_err(doing())?;
        Ok(name)
    }

    /// Remembers a role that was created for this run, so that it is dropped with the databases.
    pub fn remove_role_at_end(&self, role: &str) {
        self.created
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .roles
            .push(role.to_owned());
    }

    /// Drops everything that was created, whoever is still connected to it.
    ///
    /// # Errors
    /// [`DemoError::Database`] with the first refusal; the rest is dropped all the same.
    pub async fn finish(self) -> Result<(), DemoError> {
        self.remove_created().await
    }

    /// Drops what is still on the list.
    async fn remove_created(&self) -> Result<(), DemoError> {
        let created = std::mem::take(&mut *self.created.lock().unwrap_or_else(PoisonError::into_inner));
        if created.databases.is_empty() && created.roles.is_empty() {
            return Ok(());
        }
        let doing = "drop what was created in the server of --database-url";
        let mut connection = PgConnection::connect(self.url.as_str())
            .await
            .map_err(DemoError::database(doing))?;
        let mut first_problem = None;
        for name in created.databases {
            first_problem = first_problem.or(drop_database(&mut connection, &name).await.err());
        }
        for name in created.roles {
            let statement = format!("DROP ROLE IF EXISTS {}", checked_name(&name)?);
            let dropped = sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(&mut connection)
                .await;
            first_problem = first_problem.or(dropped.map_err(DemoError::database(doing)).err());
        }
        first_problem.map_or(Ok(()), Err)
    }
}

/// Drops a database after ending the connections to it.
async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<(), DemoError> {
    let doing = || DemoError::database(format!("drop the database {name}"));
    let statement = format!("DROP DATABASE IF EXISTS {}", checked_name(name)?);
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
        .bind(name)
        .execute(&mut *connection)
        .await
        .map_err(doing())?;
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map_err(doing())?;
    Ok(())
}

impl Drop for ExistingServer {
    /// Drops what [`ExistingServer::finish`] did not, as after an early return or a panic.
    fn drop(&mut self) {
        let server = &*self;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let removed = runtime.map(|runtime| runtime.block_on(server.remove_created()));
                if let Ok(Err(error)) = removed {
                    tracing::warn!(%error, "databases of the demonstration are left behind");
                }
            });
        });
    }
}
