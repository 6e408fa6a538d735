//! `shoal evaluate` and `shoal simulate` on small data: what they report, and what they say about bad input.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Said, run};

/// A data set of these rows, tab-separated.
fn data_set(rows: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("user\titem\tvalue\ttimestamp\n{rows}");
    fs::write(directory.path().join("interactions.tsv"), text).unwrap();
    directory
}

/// Two tastes of 30 videos each; every one of 80 users watched 15 videos of one. Names hold spaces, quotes and accents.
fn two_tastes() -> TempDir {
    let mut rows = String::new();
    for user in 0..80 {
        for k in 0..15 {
            let item = 30 * (user % 2) + (user * 7 + k * (1 + user % 3)) % 30;
            writeln!(rows, "é \"{user}\"\tvideo '{item}'\t5\t{k}").unwrap();
        }
    }
    data_set(&rows)
}

fn path(directory: &Path) -> &str {
    directory.to_str().unwrap()
}

fn document(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn every_model_reports_quality_and_cost_and_taste_is_found() {
    let data = two_tastes();
    let evaluate = |model: &str| {
        let arguments = [
            "evaluate",
            path(data.path()),
            "--model",
            model,
            "--json",
            "--factors",
            "8",
        ];
        document(&run(&[
            &arguments[..],
            &["--validation-users", "10", "--test-users", "20"],
        ]
        .concat()))
    };
    let of = |model: &str| {
        let found = evaluate(model);
        for key in [
            "ndcg_100",
            "recall_20",
            "recall_50",
            "cpu_seconds",
            "wall_seconds",
            "peak_rss_bytes",
        ] {
            assert!(found[key].as_f64().is_some_and(f64::is_finite), "{model} {key} {found}");
        }
        found["ndcg_100"].as_f64().unwrap()
    };
    let popularity = of("popularity");
    for model in ["ials", "ease", "item-knn"] {
        let found = of(model);
        assert!(found > popularity + 0.05, "{model} {found} {popularity}");
        assert!((found - of(model)).abs() < 1e-12, "{model} is not the same twice");
    }
}

#[test]
fn a_simulation_reports_every_method_in_every_bucket() {
    let data = two_tastes();
    for aggregation in ["none", "local", "secure"] {
        let arguments = [
            "simulate",
            path(data.path()),
            "--instances",
            "4",
            "--dimensions",
            "8",
            "--factors",
            "8",
        ];
        let found = document(&run(
            &[&arguments[..], &["--aggregation", aggregation, "--json"]].concat()
        ));
        let rows = found["buckets"].as_array().unwrap();
        assert_eq!(
            rows.iter().map(|row| row["instances"].as_u64().unwrap()).sum::<u64>(),
            4
        );
        for row in rows.iter().filter(|row| row["users"] != 0).chain([&found["overall"]]) {
            assert!(row["min_users"].is_u64(), "{row}");
            for method in ["popularity", "own", "federated", "combined", "pooled"] {
                for metric in ["ndcg_20", "recall_20"] {
                    let value = row[method][metric].as_f64().unwrap();
                    assert!((0.0..=1.0).contains(&value), "{aggregation} {method} {metric} {value}");
                }
            }
        }
    }
}

#[test]
fn several_epsilons_give_several_documents_and_one_picture() {
    let data = two_tastes();
    let picture = data.path().join("epsilon.svg");
    let arguments = [
        "simulate",
        path(data.path()),
        "--instances",
        "2",
        "--dimensions",
        "8",
        "--factors",
        "8",
    ];
    let rest = [
        "--aggregation",
        "secure",
        "--epsilon",
        "1,8",
        "--json",
        "--plot",
        path(&picture),
    ];
    let found = document(&run(&[&arguments[..], &rest].concat()));
    let epsilons: Vec<_> = found["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["epsilon"].clone())
        .collect();
    assert_eq!(epsilons, [1.0, 8.0]);
    let drawn = fs::read_to_string(&picture).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n") && drawn.contains("epsilon"));
}

#[test]
fn bad_input_is_refused_with_a_reason() {
    let data = two_tastes();
    let good = path(data.path());
    let empty = data_set("");
    let lonely = data_set("a\tb\tNaN\t0\na\tb\t5\t0\n");
    for arguments in [
        &["evaluate", "/nowhere/at/all"][..],
        &["evaluate", path(empty.path())],
        &["evaluate", path(lonely.path())],
        &["simulate", path(empty.path())],
        &["simulate", good, "--epsilon", "0"],
        &["simulate", good, "--epsilon", "nan"],
        &["simulate", good, "--delta", "1"],
        &["simulate", good, "--partition", "/nowhere/at/all"],
        &["simulate", good, "--plot", "/nowhere/at/all.svg"],
    ] {
        let said = run(arguments);
        assert!(said.code.is_some_and(|code| code != 0), "{arguments:?} {said:?}");
        assert!(
            !said.err.trim().is_empty() && !said.err.contains("panicked"),
            "{arguments:?} {said:?}"
        );
    }
}

#[test]
fn a_run_that_fails_leaves_an_older_picture_as_it_was() {
    let empty = data_set("");
    let picture = empty.path().join("older.svg");
    fs::write(&picture, "<svg/>").unwrap();
    let said = run(&["simulate", path(empty.path()), "--plot", path(&picture)]);
    assert!(said.code.is_some_and(|code| code != 0), "{said:?}");
    assert_eq!(fs::read_to_string(&picture).unwrap(), "<svg/>");
}
