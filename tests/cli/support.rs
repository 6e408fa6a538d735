//! Runs the binary, and makes the databases and configuration files that it needs.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use chrono::Utc;
use shoal::demo::fill::fill;
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::demo::schema::Layout;
use shoal::demo::world::{World, WorldParameters};
use shoal::peertube::read_role_sql;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Every secret of the test configurations contains this.
pub const SECRET: &str = "RECOGNISABLE";
/// Longest wait for something that must happen.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// One server for all tests of this process; it disappears with the process.
pub async fn cluster() -> &'static ThrowAwayCluster {
    static CLUSTER: OnceCell<ThrowAwayCluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async { ThrowAwayCluster::start(&Options::default()).await.unwrap() })
        .await
}

/// The binary, in an environment without any setting.
pub fn shoal(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shoal"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SHOAL_") && name != "SHOAL_PG_BIN") {
        command.env_remove(name);
    }
    command.env_remove("DATABASE_URL").args(arguments).stdin(Stdio::null());
    command
}

/// What a run of the binary said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the binary to its end. No output of it may ever contain a secret.
pub fn run(arguments: &[&str]) -> Said {
    finish(shoal(arguments))
}

/// Runs a prepared command to its end.
pub fn finish(mut command: Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = Said {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    };
    assert!(
        !said.out.contains(SECRET) && !said.err.contains(SECRET),
        "a secret was printed: {said:?}"
    );
    assert!(!said.err.contains("panicked"), "{said:?}");
    said
}

impl Said {
    /// The one JSON document on standard output.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not one JSON document: {error}: {self:?}"))
    }

    /// Checks the exit code and that standard error says all of this.
    pub fn assert_failed(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not said: {self:?}");
        }
    }
}

/// A PeerTube, an empty database for Shoal, and a configuration file.
pub struct Setup {
    pub peertube: String,
    pub own: String,
    pub role: String,
    pub password: String,
    pub folder: TempDir,
    pub api: u16,
    pub federation: u16,
}

impl Setup {
    /// A generated instance with 40 users.
    pub async fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let setup = Self {
            peertube: format!("peertube_{number}"),
            own: format!("shoal_{number}"),
            role: format!("reader_{number}"),
            password: format!("{SECRET}{number}"),
            folder: tempfile::tempdir().unwrap(),
            api: free_port(),
            federation: free_port(),
        };
        cluster().await.create_database(&setup.peertube).await.unwrap();
        cluster().await.create_database(&setup.own).await.unwrap();
        let parameters = WorldParameters {
            videos: 120,
            channels: 15,
            mean_watches: 12.0,
            ..WorldParameters::new(3, vec![40], Utc::now())
        };
        let world = World::generate(&parameters).instances.swap_remove(0);
        let mut connection = PgConnection::connect(&cluster().await.url(&setup.peertube))
            .await
            .unwrap();
        fill(&mut connection, Layout::V8_2, &world).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(read_role_sql(&setup.role, &setup.password)))
            .execute(&mut connection)
            .await
            .unwrap();
        // Shoal's own role, as an administrator would make it: it owns its database and nothing else.
        let own_role = format!(
            "CREATE ROLE {own} LOGIN PASSWORD '{password}'; ALTER DATABASE {own} OWNER TO {own}",
            own = setup.own,
            password = setup.password
        );
        sqlx::raw_sql(AssertSqlSafe(own_role))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        setup
    }

    /// Connection string of the reading role.
    pub async fn peertube_url(&self) -> String {
        cluster().await.url_as(&self.role, &self.password, &self.peertube)
    }

    /// Connection string of Shoal's role.
    pub async fn own_url(&self) -> String {
        cluster().await.url_as(&self.own, &self.password, &self.own)
    }

    /// The configuration file with everything as it should be.
    pub async fn config(&self) -> PathBuf {
        self.config_with(&self.peertube_url().await, &self.own_url().await)
    }

    /// The configuration file with these databases.
    pub fn config_with(&self, peertube: &str, own: &str) -> PathBuf {
        let mut text = String::new();
        writeln!(
            text,
            "[peertube]\nurl = 'https://tube1.test'\ndatabase_url = '{peertube}'"
        )
        .unwrap();
        writeln!(text, "[database]\nurl = '{own}'").unwrap();
        writeln!(text, "[api]\nlisten = '127.0.0.1:{}'", self.api).unwrap();
        writeln!(text, "service_token = '{SECRET}-service-token'").unwrap();
        writeln!(text, "[federation]\nlisten = '127.0.0.1:{}'", self.federation).unwrap();
        writeln!(
            text,
            "public_url = 'http://localhost:{}'\ninsecure_development = true",
            self.federation
        )
        .unwrap();
        writeln!(
            text,
            "[training]\nfactors = 8\nsweeps = 2\n[privacy]\ncontribution = 'opt-out'\ndimensions = 8"
        )
        .unwrap();
        writeln!(text, "counter_file = '{}'", self.counter().display()).unwrap();
        writeln!(text, "[logging]\nfilter = 'debug'").unwrap();
        let path = self.folder.path().join("shoal.toml");
        fs::write(&path, text).unwrap();
        path
    }

    /// An accepted follower, whose inbox keeps every body: its port, and what it received. The tables must exist.
    pub async fn follower(&self) -> (u16, Arc<Mutex<Vec<Vec<u8>>>>) {
        let received: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&received);
        let keep = move |body: Bytes| async move {
            kept.lock().unwrap().push(body.to_vec());
            StatusCode::ACCEPTED
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/inbox", post(keep))).await });
        let peer = format!(
            "INSERT INTO shoal.peers (actor_url, inbox_url, public_key_pem, host, name, fetched_at, follower,
                 follower_confirmed_at)
             VALUES ('http://localhost:{port}/actor', 'http://localhost:{port}/inbox', 'key', 'localhost:{port}',
                 'follower', now(), 'accepted', '2200-01-01')"
        );
        self.execute(&self.own, &peer).await;
        (port, received)
    }

    /// The file that counts releases.
    pub fn counter(&self) -> PathBuf {
        self.folder.path().join("release-counter.json")
    }

    /// Runs statements as superuser in one of the databases.
    pub async fn execute(&self, database: &str, statements: &str) {
        let mut connection = PgConnection::connect(&cluster().await.url(database)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// Runs a command of the binary with `config`.
    pub fn run(&self, config: &std::path::Path, arguments: &[&str]) -> Said {
        finish(self.command(config, arguments))
    }

    /// A command of the binary with `config`.
    #[expect(clippy::unused_self, reason = "the set-up wrote the file")]
    pub fn command(&self, config: &std::path::Path, arguments: &[&str]) -> Command {
        let mut command = shoal(arguments);
        command.arg("--config").arg(config);
        command
    }
}

/// A process in the background whose words are collected.
pub struct Running {
    child: Child,
    words: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a prepared command.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let words = Arc::new(Mutex::new(String::new()));
        let out: Box<dyn Read + Send> = Box::new(child.stdout.take().unwrap());
        let err: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
        let readers = [out, err].map(|pipe| {
            let words = Arc::clone(&words);
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines() {
                    let Ok(line) = line else { return };
                    let mut words = words.lock().unwrap();
                    words.push_str(&line);
                    words.push('\n');
                }
            })
        });
        Self {
            child,
            words,
            readers: readers.into(),
        }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything said so far.
    pub fn said(&self) -> String {
        self.words.lock().unwrap().clone()
    }

    /// Waits until `part` was said.
    pub async fn wait_for(&mut self, part: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.said().contains(part) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "ended before saying `{part}`: {ended:?}\n{}",
                self.said()
            );
            assert!(Instant::now() < deadline, "`{part}` was not said:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends a signal such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end, for a few seconds. Returns how it ended and all that was said.
    pub async fn end(mut self, within: Duration) -> (ExitStatus, String) {
        let deadline = Instant::now() + within;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "still running after {within:?}:\n{}",
                self.said()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let said = self.said();
        assert!(!said.contains(SECRET), "a secret was printed:\n{said}");
        assert!(!said.contains("panicked"), "{said}");
        (status, said)
    }

    /// Ends the process as a power cut would.
    pub async fn kill(self) {
        self.signal("KILL");
        let (status, _) = self.end(PATIENCE).await;
        assert_eq!(status.code(), None, "killed by a signal");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that stays free until the test uses it: of no other test of this process, and below the ports that systems give
/// to connections and to listeners that ask for any (32768 and up on Linux).
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 20_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Other runs at the same time begin elsewhere.
        let turn = std::process::id()
            .wrapping_mul(127)
            .wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + turn % PORTS).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
