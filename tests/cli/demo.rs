//! `shoal demo` as a user runs it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Running, finish, shoal};

/// A demo whose temporary files lie in a folder of their own. The folder must be open to the account under which
/// PostgreSQL runs.
fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = shoal(&[&["demo"], arguments].concat());
    command.env("TMPDIR", folder);
    command
}

fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// Entries of a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Processes whose command line names `folder`, apart from the binary under test.
fn processes(folder: &Path) -> Vec<String> {
    let name = folder.to_str().unwrap();
    let ids = entries(Path::new("/proc")).into_iter();
    ids.filter_map(|path| std::fs::read(path.join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(name))
        .collect()
}

/// Waits until neither a file nor a process is left.
fn assert_nothing_left(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !entries(folder).is_empty() || !processes(folder).is_empty() {
        let left = (entries(folder), processes(folder));
        assert!(Instant::now() < deadline, "left behind: {left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn one_small_instance_gives_one_document() {
    let folder = folder();
    let said = finish(demo(
        folder.path(),
        &["--json", "--instances", "1", "--sizes", "8", "--seed", "4"],
    ));
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = said.json();
    let instances = report["instances"].as_array().unwrap();
    assert_eq!(instances.len(), 1);
    for key in ["users", "interactions", "bytes_sent", "bytes_received", "epsilon_spent"] {
        assert!(instances[0][key].is_number(), "{key}: {report}");
    }
    for key in ["popularity", "own", "federated", "combined"] {
        let value = instances[0]["ndcg_20"][key].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{key}: {report}");
    }
    assert!(report["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(report["seed"], 4);
    // Alone, nobody follows: no budget is spent.
    assert_eq!(instances[0]["epsilon_spent"], 0.0);
    assert_nothing_left(folder.path());
}

async fn interrupted(signal: &str) {
    let folder = folder();
    let running = Running::start(demo(
        folder.path(),
        &["--instances", "2", "--sizes", "20", "--log", "info"],
    ));
    let mut running = running;
    running.wait_for("generating instances").await;
    assert!(!entries(folder.path()).is_empty() && !processes(folder.path()).is_empty());
    running.signal(signal);
    let (status, said) = running.end(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert_nothing_left(folder.path());
}

#[tokio::test]
async fn ctrl_c_leaves_nothing_behind() {
    interrupted("INT").await;
}

#[tokio::test]
async fn kill_9_leaves_nothing_behind() {
    let folder = folder();
    let mut running = Running::start(demo(
        folder.path(),
        &["--instances", "1", "--sizes", "5", "--log", "info"],
    ));
    running.wait_for("following each other").await;
    running.kill().await;
    assert_nothing_left(folder.path());
}

#[test]
fn without_postgresql_the_demo_says_what_helps() {
    let folder = folder();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let mut command = demo(folder.path(), &["--instances", "1"]);
    command.env("SHOAL_PG_BIN", &empty);
    finish(command).assert_failed(1, &["SHOAL_PG_BIN", "there is no"]);
    let mut command = demo(
        folder.path(),
        &["--database-url", "postgres://nobody:RECOGNISABLE@127.0.0.1:1/x"],
    );
    command.env_remove("SHOAL_PG_BIN");
    finish(command).assert_failed(1, &["error: "]);
}
