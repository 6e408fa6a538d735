//! `shoal simulate` on small data: the document, the protocols, where users live, pictures, and Ctrl-C.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::data_sets::{document, path, quality, simulated, simulation, two_tastes};
use crate::support::{PATIENCE, Running, finish, run, shoal};

const METHODS: [&str; 5] = ["popularity", "own", "federated", "combined", "pooled"];

/// Checks that every row holds every key, and that the buckets are those that are documented.
fn check(found: &Value, metrics: &[&str]) {
    let buckets: Vec<(u64, Option<u64>)> = (found["buckets"].as_array().unwrap().iter())
        .map(|row| (row["min_users"].as_u64().unwrap(), row["max_users"].as_u64()))
        .collect();
    let expected = [
        (1, Some(1)),
        (2, Some(10)),
        (11, Some(30)),
        (31, Some(100)),
        (101, Some(300)),
        (301, None),
    ];
    assert_eq!(buckets, expected);
    for row in found["buckets"].as_array().unwrap().iter().chain([&found["overall"]]) {
        assert!(row["instances"].is_u64() && row["users"].is_u64(), "{row}");
        assert!(row["max_users"].is_u64() || row["max_users"].is_null(), "{row}");
        for method in METHODS {
            for metric in metrics.iter().filter(|_| row["users"] != 0) {
                let value = row[method][metric].as_f64().unwrap();
                assert!((0.0..=1.0).contains(&value), "{method} {metric} {value}");
            }
        }
    }
    for method in METHODS {
        let gini = found["exposure_gini"][method].as_f64().unwrap();
        assert!((0.0..1.0).contains(&gini), "{method} {gini}");
    }
    for key in ["worse_than_alone", "bytes", "peak_rss_bytes"] {
        assert!(found[key].is_u64(), "{key}: {found}");
    }
    for key in ["epsilon", "delta", "cpu_seconds", "wall_seconds"] {
        assert!(found[key].as_f64().is_some_and(f64::is_finite), "{key}: {found}");
    }
    assert!(found["gap_closed"].is_f64() || found["gap_closed"].is_null());
}

fn sum(found: &Value, key: &str) -> u64 {
    let rows = found["buckets"].as_array().unwrap().iter();
    rows.map(|row| row[key].as_u64().unwrap()).sum()
}

fn instances(found: &Value) -> Vec<u64> {
    let rows = found["buckets"].as_array().unwrap().iter();
    rows.map(|row| row["instances"].as_u64().unwrap()).collect()
}

#[test]
fn every_method_is_reported_in_every_bucket_under_every_protection() {
    let data = two_tastes();
    for aggregation in ["none", "local", "secure"] {
        let found = simulated(data.path(), &["--instances", "4", "--aggregation", aggregation]);
        check(&found, &["ndcg_20", "recall_20"]);
        assert_eq!(instances(&found), [0, 0, 4, 0, 0, 0]);
        assert_eq!(found["overall"]["users"], sum(&found, "users"));
        assert_eq!(found["aggregation"], aggregation);
        assert_eq!(
            found["bytes"] == 0,
            aggregation == "none",
            "only what is protected is sent"
        );
    }
}

#[test]
fn held_out_users_are_measured_with_the_metrics_of_their_protocol() {
    let data = two_tastes();
    let strong = |arguments: &[&str]| {
        let common = [
            "--protocol",
            "strong",
            "--held-out-users",
            "15",
            "--instances",
            "4",
            "--aggregation",
            "secure",
        ];
        simulated(data.path(), &[&common, arguments].concat())
    };
    let found = strong(&[]);
    check(&found, &["ndcg_100", "recall_20", "recall_50"]);
    assert_eq!(found["overall"]["users"], 15);
    assert!(found["overall"]["own"].get("ndcg_20").is_none(), "{found}");
    let validation = strong(&["--on-validation"]);
    assert_ne!(quality(found), quality(validation), "these are other users");
}

#[test]
fn users_live_where_the_files_say() {
    let data = two_tastes();
    let file = |name: &str, text: &str| {
        let place = data.path().join(name);
        fs::write(&place, text).unwrap();
        place
    };
    // One user alone, five, and the rest; of a user whom nobody knows nothing follows.
    let mut table = "user\tinstance\nnobody\tnowhere\n".to_owned();
    for user in 0..80 {
        let instance = match user {
            0 => "alone.example",
            1..=5 => "drop ' table",
            _ => "日本",
        };
        writeln!(table, "é \"{user}\"\t{instance}").unwrap();
    }
    let table = file("partition.tsv", &table);
    let found = simulated(data.path(), &["--partition", path(&table)]);
    check(&found, &["ndcg_20", "recall_20"]);
    assert_eq!(instances(&found), [1, 1, 0, 1, 0, 0]);

    let sizes = file("sizes.txt", "20\n\n20\n");
    let found = simulated(data.path(), &["--sizes", path(&sizes)]);
    check(&found, &["ndcg_20", "recall_20"]);
    assert_eq!(instances(&found), [0, 0, 4, 0, 0, 0]);
    let large = file("large.txt", "1000000\n");
    assert_eq!(
        instances(&simulated(data.path(), &["--sizes", path(&large)])),
        [0, 0, 0, 1, 0, 0]
    );
}

#[test]
fn the_number_of_threads_changes_no_digit() {
    let data = two_tastes();
    for aggregation in ["local", "secure"] {
        let with = |threads: &str| {
            let mut command = shoal(&simulation(
                data.path(),
                &["--instances", "3", "--aggregation", aggregation],
            ));
            command.env("RAYON_NUM_THREADS", threads);
            quality(document(&finish(command)))
        };
        assert_eq!(with("1"), with("3"), "{aggregation}");
    }
}

/// The text of a picture, which must be well formed as far as its brackets go.
fn picture(place: &Path) -> String {
    let drawn = fs::read_to_string(place).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n") && !drawn.contains("NaN"));
    assert_eq!(drawn.matches('<').count(), drawn.matches('>').count());
    for name in [
        "combined",
        "federated",
        "own instance alone",
        "content",
        "popularity",
        "all in one place",
    ] {
        assert!(drawn.contains(name), "{name}");
    }
    assert!(drawn.contains("NDCG@20, mean over users"));
    drawn
}

#[test]
fn one_epsilon_is_drawn_against_sizes_with_the_names_of_the_table() {
    let data = two_tastes();
    let (sizes, place) = (data.path().join("sizes.txt"), data.path().join("size.svg"));
    fs::write(&sizes, "1\n8\n20\n").unwrap();
    let arguments = [
        "--sizes",
        path(&sizes),
        "--plot",
        path(&place),
        "--dimensions",
        "8",
        "--factors",
        "8",
    ];
    let said = run(&[&["simulate", path(data.path())], &arguments[..]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let drawn = picture(&place);
    assert!(drawn.contains("users of an instance") && drawn.contains("epsilon 4"));
    for name in ["1", "2-10", "11-30"] {
        assert!(drawn.contains(&format!(">{name}</text>")), "{name}");
        assert!(
            said.out
                .lines()
                .any(|line| line.split_whitespace().next() == Some(name)),
            "{name}: {}",
            said.out
        );
    }
    assert!(!drawn.contains("31-100"), "there is no such instance");
}

#[test]
fn several_epsilons_give_several_documents_and_one_picture() {
    let data = two_tastes();
    let place = data.path().join("epsilon.svg");
    let rest = [
        "--instances",
        "2",
        "--aggregation",
        "secure",
        "--epsilon",
        "8,1",
        "--plot",
        path(&place),
    ];
    let found = simulated(data.path(), &rest);
    let runs = found["runs"].as_array().unwrap();
    runs.iter().for_each(|run| check(run, &["ndcg_20", "recall_20"]));
    assert_eq!(
        runs.iter().map(|run| run["epsilon"].clone()).collect::<Vec<_>>(),
        [8.0, 1.0]
    );
    let drawn = picture(&place);
    assert!(drawn.contains("epsilon of everything that is released"));
    let place_of = |tick: &str| drawn.find(&format!(">{tick}</text>")).unwrap();
    assert!(
        place_of("1") < place_of("8"),
        "from left to right, however they were given"
    );
}

#[test]
fn a_run_that_fails_leaves_an_older_picture_as_it_was_and_makes_no_new_one() {
    let empty = crate::data_sets::data_set("");
    let (older, new) = (empty.path().join("older.svg"), empty.path().join("new.svg"));
    fs::write(&older, "<svg/>").unwrap();
    for place in [&older, &new] {
        let said = run(&simulation(empty.path(), &["--plot", path(place)]));
        said.assert_failed(1, &["no interactions are left"]);
    }
    assert_eq!(fs::read_to_string(&older).unwrap(), "<svg/>");
    assert_eq!(
        fs::read_dir(empty.path()).unwrap().count(),
        2,
        "the data and the older picture"
    );
}

#[tokio::test]
async fn one_interruption_ends_it_soon_and_leaves_nothing() {
    let data = two_tastes();
    let place = data.path().join("new.svg");
    let epsilons = (1..200)
        .map(|epsilon| epsilon.to_string())
        .collect::<Vec<_>>()
        .join(",");
    let mut running = Running::start(shoal(&simulation(
        data.path(),
        &["--epsilon", &epsilons, "--plot", path(&place)],
    )));
    running.wait_for("epsilon 1: done").await;
    running.signal("INT");
    let (status, said) = running.end(PATIENCE).await;
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted") && !said.contains("\"runs\""), "{said}");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "only the data");
}
