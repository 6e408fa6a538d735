//! A private PostgreSQL server in a temporary folder, gone without a trace when its owner is gone.

use std::fmt;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use super::binaries::{Binaries, BinaryPlaces};
use super::guard::Guard;
use super::names::{address, checked_name};
use super::prepare::{Prepared, SUPERUSER};
use crate::demo::DemoError;

/// How often another port is tried when one is taken between choosing and using it.
const PORT_ATTEMPTS: u32 = 8;
/// How long a server may take to answer its first connection.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long a server may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How to run a private server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections that the server accepts at most.
    pub max_connections: u16,
    /// Size of the server's own cache in mebibytes.
    pub shared_buffers_mebibytes: u32,
    /// Where to look for the server's programs.
    pub places: BinaryPlaces,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 250,
            shared_buffers_mebibytes: 64,
            places: BinaryPlaces::from_environment(),
        }
    }
}

/// A private PostgreSQL server on a free port of 127.0.0.1, with a random password.
///
/// It is stopped and its folder is removed when this value is dropped, and also when the process ends by a panic, by
/// Ctrl-C or by `kill -9`. Nothing in it survives a crash of the machine: it never waits for the disk.
pub struct ThrowAwayCluster {
    // Declared in the order in which they must go: the server is reaped in `drop`, then the guard, then the folder.
    server: Option<Child>,
    guard: Guard,
    folder: TempDir,
    binaries: Binaries,
    port: u16,
    password: String,
}

impl fmt::Debug for ThrowAwayCluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("ThrowAwayCluster");
        shown
            .field("folder", &self.folder.path())
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl ThrowAwayCluster {
    /// Finds or fetches the programs, creates a cluster and waits until its server answers.
    ///
    /// # Errors
    /// [`DemoError::NoPostgres`] or [`DemoError::BinaryFolder`] when there are no programs, [`DemoError::Start`] when
    /// they do not run, [`DemoError::Io`] when the temporary folder cannot be made.
    pub async fn start(options: &Options) -> Result<Self, DemoError> {
        let places = options.places.clone();
        let prepared = tokio::task::spawn_blocking(move || Prepared::new(&places)).await;
        let prepared = prepared.map_err(|error| DemoError::Start {
            reason: error.to_string(),
        })??;
        prepared.launch(options).await
    }

    /// Connection string of the superuser for `database`.
    pub fn url(&self, database: &str) -> String {
        self.url_as(SUPERUSER, &self.password, database)
    }

    /// Connection string of another role for `database`.
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        address(self.port, role, password, database)
    }

    /// Connection string of the superuser for the database `postgres`.
    pub fn admin_url(&self) -> String {
        self.url("postgres")
    }

    /// Creates an empty database.
    ///
    /// # Errors
    /// [`DemoError::Name`] for a name with unusual characters, [`DemoError::Database`] when the server refuses.
    pub async fn create_database(&self, name: &str) -> Result<(), DemoError> {
        let doing = || format!("create the database {name}");
        let statement = format!("CREATE DATABASE {}", checked_name(name)?);
        let mut connection = PgConnection::connect(&self.admin_url())
            .await
            .map_err(DemoError::database(doing()))?;
        let created = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await;
        created.map_err(DemoError::database(doing()))?;
        connection.close().await.map_err(DemoError::database(doing()))
    }

    /// The temporary folder that holds everything of this server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the programs that this server runs.
    pub fn binaries(&self) -> &Path {
        self.binaries.folder()
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server and removes its folder, without blocking the caller's thread as dropping does.
    pub async fn stop(self) {
        // A failed join means that dropping panicked; there is nothing left to stop then.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for ThrowAwayCluster {
    fn drop(&mut self) {
        self.guard.release();
        if let Some(server) = self.server.take() {
            reap(server);
        }
        self.guard.finish();
    }
}

impl Prepared {
    /// Starts the server on a free port, on another one when that is taken meanwhile.
    async fn launch(mut self, options: &Options) -> Result<ThrowAwayCluster, DemoError> {
        let mut last = String::new();
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port().map_err(DemoError::io("find a free port on 127.0.0.1"))?;
            let mut server = self.spawn(port, options)?;
            self.guard
                .watch(Some(server.id()))
                .map_err(DemoError::io("reach the guard of the private server"))?;
            match self.wait_until_ready(&mut server, port).await {
                Ok(()) => {
                    let Self {
                        guard,
                        folder,
                        binaries,
                        password,
                        ..
                    } = self;
                    return Ok(ThrowAwayCluster {
                        server: Some(server),
                        guard,
                        folder,
                        binaries,
                        port,
                        password,
                    });
                }
                Err(reason) => {
                    // It may run still, behind a port that another server answers.
                    let _ = server.kill();
                    let _ = server.wait();
                    self.guard
                        .watch(None)
                        .map_err(DemoError::io("reach the guard of the private server"))?;
                    let taken = reason.contains("could not bind") || reason.contains("another server");
                    last = reason;
                    if !taken {
                        break;
                    }
                }
            }
        }
        Err(DemoError::Start { reason: last })
    }

    /// Starts the server process.
    fn spawn(&self, port: u16, options: &Options) -> Result<Child, DemoError> {
        let log = File::create(self.log()).map_err(DemoError::io("create the server's log file"))?;
        let errors = log.try_clone().map_err(DemoError::io("create the server's log file"))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).stdout(log).stderr(errors);
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "unix_socket_directories=".to_owned(),
            format!("max_connections={}", options.max_connections),
            format!("shared_buffers={}MB", options.shared_buffers_mebibytes),
            // A file below the data directory, so that nothing stays in shared memory after a kill.
            "dynamic_shared_memory_type=mmap".to_owned(),
            "fsync=off".to_owned(),
            "synchronous_commit=off".to_owned(),
            "full_page_writes=off".to_owned(),
            "wal_level=minimal".to_owned(),
            "max_wal_senders=0".to_owned(),
            "jit=off".to_owned(),
            "password_encryption=scram-sha-256".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        command.spawn().map_err(DemoError::io(format!(
            "run {}",
            self.binaries.program("postgres").display()
        )))
    }

    /// Waits until this very server answers; else says why not.
    async fn wait_until_ready(&self, server: &mut Child, port: u16) -> Result<(), String> {
        let wanted = fs::canonicalize(self.data()).map_err(|error| error.to_string())?;
        let url = address(port, SUPERUSER, &self.password, "postgres");
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Ok(Some(status)) = server.try_wait() {
                let log = fs::read_to_string(self.log()).unwrap_or_default();
                return Err(format!("{status}: {}", log.trim()));
            }
            let answer = timeout(Duration::from_secs(5), async {
                let mut connection = PgConnection::connect(&url).await?;
                let folder: String = sqlx::query_scalar("SHOW data_directory")
                    .fetch_one(&mut connection)
                    .await?;
                connection.close().await?;
                Ok::<String, sqlx::Error>(folder)
            });
            let problem = match answer.await {
                Ok(Ok(folder)) if fs::canonicalize(&folder).is_ok_and(|folder| folder == wanted) => return Ok(()),
                Ok(Ok(folder)) => return Err(format!("another server, of {folder}, answers on port {port}")),
                // Only a stranger refuses a password that was set a moment ago.
                Ok(Err(sqlx::Error::Database(error))) if error.code().as_deref() == Some("28P01") => {
                    return Err(format!("another server answers on port {port}: {error}"));
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer within 5 s".to_owned(),
            };
            if Instant::now() > deadline {
                return Err(format!(
                    "it does not answer after {} s: {problem}",
                    START_LIMIT.as_secs()
                ));
            }
            sleep(Duration::from_millis(25)).await;
        }
    }
}

/// Waits for the end of a server that the guard stops, so that it does not stay behind as a zombie; should the guard
/// have been killed, stops the server after a while.
fn reap(mut server: Child) {
    let deadline = std::time::Instant::now() + STOP_LIMIT;
    while let Ok(None) = server.try_wait() {
        if std::time::Instant::now() > deadline {
            let _ = server.kill();
            let _ = server.wait();
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port that is free at this moment.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
