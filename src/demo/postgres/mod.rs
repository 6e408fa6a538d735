//! A PostgreSQL server for demonstrations and integration tests: a private one that is thrown away, or the user's own.
//!
//! - `binaries` and `fetch`: where its programs come from
//! - `prepare`, `account`: a private cluster on disk
//! - `cluster`, `guard`: its server, and how both disappear
//! - `existing`: databases with random names in a server that is already there
//!
//! What is stored in the databases is the matter of [`super::schema`].

mod account;
mod binaries;
mod cluster;
mod existing;
mod fetch;
mod guard;
mod names;
mod prepare;

pub use binaries::{Binaries, BinaryPlaces, find, find_or_fetch};
pub use cluster::{Options, ThrowAwayCluster};
pub use existing::ExistingServer;

use super::DemoError;

/// The server of a demonstration.
#[derive(Debug)]
pub enum DemoServer {
    /// A private one.
    ThrowAway(ThrowAwayCluster),
    /// The user's own.
    Existing(ExistingServer),
}

impl DemoServer {
    /// Uses the server of `database_url`, or starts a private one when there is none.
    ///
    /// # Errors
    /// As [`ExistingServer::connect`] and [`ThrowAwayCluster::start`].
    pub async fn start(database_url: Option<&str>, options: &Options) -> Result<Self, DemoError> {
        match database_url {
            Some(url) => ExistingServer::connect(url).await.map(Self::Existing),
            None => ThrowAwayCluster::start(options).await.map(Self::ThrowAway),
        }
    }

    /// Creates an empty database and returns its real name, which in the user's own server has a random suffix.
    ///
    /// # Errors
    /// [`DemoError::Name`] for a name with unusual characters, [`DemoError::Database`] when the server refuses.
    pub async fn create_database(&self, name: &str) -> Result<String, DemoError> {
        match self {
            Self::ThrowAway(cluster) => cluster.create_database(name).await.map(|()| name.to_owned()),
            Self::Existing(server) => server.create_database(name).await,
        }
    }

    /// The name to use for a role, which in the user's own server has a random suffix.
    pub fn role_name(&self, name: &str) -> String {
        match self {
            Self::ThrowAway(_) => name.to_owned(),
            Self::Existing(server) => server.unique_name(name),
        }
    }

    /// Remembers a role that was created for this run, so that nothing of it stays in the user's own server.
    pub fn remove_role_at_end(&self, role: &str) {
        if let Self::Existing(server) = self {
            server.remove_role_at_end(role);
        }
    }

    /// A folder for small files, gone when this value and the result are.
    ///
    /// # Errors
    /// [`DemoError::Story`] when there is no place for it.
    pub fn temporary_folder(&self) -> Result<tempfile::TempDir, DemoError> {
        let folder = match self {
            // Inside the server's folder, so that it goes with it even after `kill -9`.
            Self::ThrowAway(cluster) => tempfile::tempdir_in(cluster.folder()),
            Self::Existing(_) => tempfile::tempdir(),
        };
        folder.map_err(|error| DemoError::Story(format!("no temporary folder: {error}")))
    }

    /// Connection string for `database` of the role that created it.
    pub fn url(&self, database: &str) -> String {
        match self {
            Self::ThrowAway(cluster) => cluster.url(database),
            Self::Existing(server) => server.url(database),
        }
    }

    /// Connection string for `database` of another role.
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        match self {
            Self::ThrowAway(cluster) => cluster.url_as(role, password, database),
            Self::Existing(server) => server.url_as(role, password, database),
        }
    }

    /// Connection string for the server's maintenance database.
    pub fn admin_url(&self) -> String {
        match self {
            Self::ThrowAway(cluster) => cluster.admin_url(),
            Self::Existing(server) => server.admin_url(),
        }
    }

    /// Leaves nothing behind: stops the private server, or drops the created databases and roles.
    ///
    /// # Errors
    /// [`DemoError::Database`] when the user's own server refuses to drop something.
    pub async fn finish(self) -> Result<(), DemoError> {
        match self {
            Self::ThrowAway(cluster) => {
                cluster.stop().await;
                Ok(())
            }
            Self::Existing(server) => server.finish().await,
        }
    }
}
