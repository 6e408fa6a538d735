//! `shoal evaluate --cold-start` on small data: what it reports, and that what is planted is found.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::data_sets::{document, path, quality, rows, two_tastes};
use crate::support::run;

/// Two tastes of 30 videos each, which the tags tell apart.
fn described() -> TempDir {
    let data = two_tastes();
    let line = |item: usize| format!("video '{item}'\tfilm {item}\ttaste {}|film\n", item / 30);
    let items = format!("item\ttitle\ttags\n{}", rows(60, line));
    fs::write(data.path().join("items.tsv"), items).unwrap();
    data
}

fn measured(data: &TempDir, arguments: &[&str]) -> Value {
    let small = ["--cold-start", "--factors", "8", "--test-users", "20", "--json"];
    document(&run(&[&["evaluate", path(data.path())], &small[..], arguments].concat()))
}

/// The row of `part` with so much known.
fn row<'a>(found: &'a Value, part: &str, name: &str, known: u64) -> &'a Value {
    let rows = found[part].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{part}");
    rows.iter().find(|row| row[name] == known).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().filter(|value| (0.0..=1.0).contains(value)).unwrap()
}

#[test]
fn one_watch_tells_a_taste_and_none_is_served_what_is_popular() {
    let found = measured(&described(), &[]);
    let of = |watches: u64, way: &str| number(&row(&found, "users", "watches", watches)[way]);
    assert!(of(0, "served") > 0.9 * of(0, "popularity"), "{found}");
    for watches in [1, 3, 5] {
        assert!(of(watches, "served") > of(watches, "popularity") + 0.1, "{found}");
        assert!(of(watches, "content") > of(watches, "popularity"), "{found}");
    }
    assert_eq!(row(&found, "users", "watches", 5)["users"], 20);
}

#[test]
fn a_new_video_is_placed_by_its_content_alone() {
    // With this seed the new videos are of both tastes.
    let found = measured(&described(), &["--split-seed", "2"]);
    let at = |watches: u64, way: &str, part: &str| number(&row(&found, "videos", "watches", watches)[way][part]);
    for part in ["ahead", "ndcg_20", "shown"] {
        for watches in [0, 5] {
            number(&row(&found, "videos", "watches", watches)["chance"][part]);
        }
    }
    assert!(at(0, "content", "ahead") > at(0, "chance", "ahead") + 0.2, "{found}");
    assert!(at(5, "served", "ahead") > at(5, "chance", "ahead") + 0.2, "{found}");
    // Nobody watched it: counters know nothing, own factors what content told them.
    let chance = at(0, "chance", "ahead");
    assert!((at(0, "popularity", "ahead") - chance).abs() < 1e-12, "{found}");
    assert!(at(0, "own", "ahead") > chance + 0.2, "{found}");
    assert_eq!(row(&found, "videos", "watches", 0)["videos"], 6);
    assert!((number(&row(&found, "videos", "watches", 0)["share"]) - 0.1).abs() < 1e-12);
}

#[test]
fn a_new_instance_learns_from_its_peers() {
    let found = measured(&described(), &[]);
    for users in [0, 1, 3, 5] {
        let row = row(&found, "instances", "own_users", users);
        assert!(number(&row["served"]) > number(&row["popularity"]), "{row}");
    }
    let nobody = row(&found, "instances", "own_users", 0);
    assert_eq!(nobody["own"], nobody["popularity"]);
}

#[test]
fn the_same_seed_gives_the_same_figures_on_any_number_of_threads() {
    let data = described();
    let with = |arguments: &[&str]| quality(measured(&data, arguments));
    assert_eq!(with(&["--threads", "1"]), with(&["--threads", "3"]));
    assert_ne!(with(&[])["users"], with(&["--split-seed", "1"])["users"]);
}

#[test]
fn people_get_tables_and_other_measurements_are_refused() {
    let data = described();
    let arguments = [
        "evaluate",
        path(data.path()),
        "--cold-start",
        "--factors",
        "8",
        "--test-users",
        "20",
    ];
    let said = run(&arguments);
    assert_eq!(said.code, Some(0), "{said:?}");
    for heading in ["new users", "new videos", "new instances"] {
        assert!(said.out.contains(heading), "{said:?}");
    }
    let both = run(&[&arguments[..], &["--tune"]].concat());
    assert_eq!(both.code, Some(2), "{both:?}");
    assert!(both.err.contains("--tune"), "{both:?}");
    let many = run(&["evaluate", path(data.path()), "--cold-start", "--test-users", "500"]);
    assert_eq!(many.code, Some(1), "{many:?}");
    assert!(many.err.contains("--test-users"), "{many:?}");
}
