//! The private PostgreSQL server: it works, and nothing of it remains however its owner ends.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use shoal::demo::postgres::{DemoServer, ExistingServer, Options, ThrowAwayCluster};
use sqlx::{Connection, PgConnection};

/// Tells the copy of this program that [`killed_while_holding_a_cluster`] starts what it is.
const HOLDER: &str = "SHOAL_TEST_HOLDS_A_CLUSTER";

/// Whether any process has `folder` on its command line.
fn someone_uses(folder: &Path) -> bool {
    let wanted = folder.to_string_lossy().into_owned();
    let command_lines = fs::read_dir("/proc")
        .unwrap()
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("cmdline"));
    command_lines.filter_map(|path| fs::read(path).ok()).any(|line| {
        String::from_utf8_lossy(&line)
            .split('\0')
            .any(|word| word.starts_with(&wanted))
    })
}

/// Whether folder, processes and listener are gone.
fn gone(folder: &Path, port: u16) -> bool {
    !folder.exists() && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() && !someone_uses(folder)
}

/// Waits, with a limit, for what happens in other processes.
fn eventually_gone(folder: &Path, port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !gone(folder, port) {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[tokio::test]
async fn a_dropped_cluster_leaves_nothing() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    let (folder, port) = (cluster.folder().to_path_buf(), cluster.port());
    assert!(someone_uses(&folder), "the check below must be able to fail");
    cluster.create_database("one").await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url("one")).await.unwrap();
    let (database, limit): (String, String) =
        sqlx::query_as("SELECT current_database()::text, current_setting('max_connections')")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!((database.as_str(), limit.as_str()), ("one", "250"));
    assert!(
        cluster.create_database("one").await.is_err(),
        "a second database of that name"
    );
    assert!(!format!("{cluster:?}").contains("password"));
    // The open connection must not hold anything up.
    drop(cluster);
    assert!(gone(&folder, port));
    assert!(sqlx::query("SELECT 1").execute(&mut connection).await.is_err());
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    let url = cluster.url_as("shoal", "wrong", "postgres");
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.stop().await;
}

#[test]
fn a_panicking_owner_leaves_nothing() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let owner = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let cluster = runtime.block_on(ThrowAwayCluster::start(&Options::default())).unwrap();
        sender.send((cluster.folder().to_path_buf(), cluster.port())).unwrap();
        panic!("on purpose");
    });
    assert!(owner.join().is_err());
    let (folder, port) = receiver.recv().unwrap();
    assert!(gone(&folder, port));
}

/// Not a test of its own: holds a cluster until it is killed, in the process that the tests below start.
#[tokio::test]
async fn holder() {
    if std::env::var_os(HOLDER).is_none() {
        return;
    }
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    println!("\nholding {} {}", cluster.port(), cluster.folder().display());
    std::future::pending::<()>().await;
}

/// Starts a holder, sends it a signal that it cannot or does not handle, and looks at what remains.
fn killed_while_holding_a_cluster(signal: &str) {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holder", "--nocapture"])
        .env(HOLDER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let said = lines
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix("holding ").map(str::to_owned))
        .unwrap();
    let (port, folder) = said.split_once(' ').unwrap();
    let (port, folder) = (port.parse().unwrap(), PathBuf::from(folder));
    assert!(!gone(&folder, port), "the cluster runs");
    let sent = Command::new("kill")
        .args([signal, &holder.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success() && !holder.wait().unwrap().success());
    assert!(eventually_gone(&folder, port));
}

#[test]
fn kill_9_of_the_owner_leaves_nothing() {
    killed_while_holding_a_cluster("-KILL");
}

#[test]
fn ctrl_c_of_the_owner_leaves_nothing() {
    killed_while_holding_a_cluster("-INT");
}

/// The names of databases and roles that this module's tests create in a server.
async fn names(url: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let query = "SELECT datname::text FROM pg_database WHERE datname LIKE 'world%'
                 UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'reader%'";
    sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap()
}

#[tokio::test]
async fn databases_in_a_given_server_are_dropped_at_the_end() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    let url = cluster.admin_url();

    let server = DemoServer::start(Some(&url), &Options::default()).await.unwrap();
    let name = server.create_database("world").await.unwrap();
    assert!(name.starts_with("world_"));
    let mut open = PgConnection::connect(&server.url(&name)).await.unwrap();
    let role = server.role_name("reader");
    let statement = format!("CREATE ROLE {role} LOGIN PASSWORD 'word'");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut open)
        .await
        .unwrap();
    server.remove_role_at_end(&role);
    PgConnection::connect(&server.url_as(&role, "word", &name))
        .await
        .unwrap();
    assert_eq!(names(&url).await.len(), 2);
    server.finish().await.unwrap();
    assert_eq!(names(&url).await, Vec::<String>::new());

    // Without a proper end, as after an error, it is the same.
    let server = ExistingServer::connect(&url).await.unwrap();
    server.create_database("world").await.unwrap();
    assert_eq!(names(&url).await.len(), 1);
    drop(server);
    assert_eq!(names(&url).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_role_without_the_right_to_create_databases_is_told_so() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    let mut connection = PgConnection::connect(&cluster.admin_url()).await.unwrap();
    sqlx::query("CREATE ROLE small LOGIN PASSWORD 'word'")
        .execute(&mut connection)
        .await
        .unwrap();
    let url = cluster.url_as("small", "word", "postgres");
    let message = ExistingServer::connect(&url).await.unwrap_err().to_string();
    assert!(message.contains("ALTER ROLE \"small\" CREATEDB"), "{message}");
}
