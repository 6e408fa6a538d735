//! Small data sets on disk, and what `shoal evaluate` and `shoal simulate` say about them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Said, run};

/// A data set of these rows, tab-separated.
pub fn data_set(rows: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("user\titem\tvalue\ttimestamp\n{rows}");
    fs::write(directory.path().join("interactions.tsv"), text).unwrap();
    directory
}

/// `count` rows put together.
pub fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect()
}

/// Two tastes of 30 videos each; every one of 80 users watched up to 15 videos of one. Names hold spaces, quotes and accents.
pub fn rows_of_two_tastes() -> String {
    let mut rows = String::new();
    for user in 0..80 {
        let mut watched = BTreeSet::new();
        for k in 0..15 {
            let item = 30 * (user % 2) + (user * 7 + k * (1 + user % 3)) % 30;
            if watched.insert(item) {
                writeln!(rows, "é \"{user}\"\tvideo '{item}'\t5\t{k}").unwrap();
            }
        }
    }
    rows
}

/// The data set of [`rows_of_two_tastes`].
pub fn two_tastes() -> TempDir {
    data_set(&rows_of_two_tastes())
}

/// The place as an argument.
pub fn path(place: &Path) -> &str {
    place.to_str().unwrap()
}

/// The one JSON document of a run that succeeded.
pub fn document(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    said.json()
}

/// The document without what differs from run to run: time, memory, place.
pub fn quality(mut document: Value) -> Value {
    if let Some(fields) = document.as_object_mut() {
        for name in ["cpu_seconds", "wall_seconds", "peak_rss_bytes", "threads", "dataset"] {
            fields.remove(name);
        }
    }
    document
}

/// What `shoal evaluate` reports, with few held-out users.
pub fn evaluated(data: &Path, arguments: &[&str]) -> Value {
    let few = [
        "--factors",
        "8",
        "--validation-users",
        "10",
        "--test-users",
        "20",
        "--json",
    ];
    document(&run(&[&["evaluate", path(data)], &few[..], arguments].concat()))
}

/// The arguments of a small simulation.
pub fn simulation<'a>(data: &'a Path, arguments: &[&'a str]) -> Vec<&'a str> {
    let small = ["--dimensions", "8", "--factors", "8", "--json"];
    [&["simulate", path(data)], &small[..], arguments].concat()
}

/// What `shoal simulate` reports.
pub fn simulated(data: &Path, arguments: &[&str]) -> Value {
    document(&run(&simulation(data, arguments)))
}
