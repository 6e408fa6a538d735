//! `shoal evaluate` on small data: what it reports, and whether another program finds the same on the exported split.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::data_sets::{evaluated, path, quality, two_tastes};

#[test]
fn every_model_reports_quality_and_cost_and_taste_is_found() {
    let data = two_tastes();
    let of = |model: &str| {
        let found = evaluated(data.path(), &["--model", model]);
        for key in [
            "ndcg_100",
            "recall_20",
            "recall_50",
            "cpu_seconds",
            "wall_seconds",
            "peak_rss_bytes",
            "threads",
        ] {
            assert!(found[key].as_f64().is_some_and(f64::is_finite), "{model} {key} {found}");
        }
        assert_eq!(found["model"], model);
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
fn the_number_of_threads_changes_no_digit() {
    let data = two_tastes();
    for arguments in [
        &["--model", "ials", "--refine", "validation"][..],
        &["--model", "ease"],
        &["--model", "item-knn"],
        &["--model", "ials", "--feedback", "graded"],
    ] {
        let with = |threads: &str| {
            let found = evaluated(data.path(), &[arguments, &["--threads", threads]].concat());
            assert_eq!(found["threads"].as_u64(), threads.parse().ok());
            quality(found)
        };
        assert_eq!(with("1"), with("3"), "{arguments:?}");
    }
}

#[test]
fn tuning_reports_every_trial_and_takes_the_best() {
    let data = two_tastes();
    let found = evaluated(data.path(), &["--model", "ease", "--tune"]);
    let trials = found["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 6);
    let values: Vec<f64> = trials.iter().map(|trial| trial["ndcg_100"].as_f64().unwrap()).collect();
    assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    assert_eq!(found["regularization"], trials[0]["regularization"]);
}

/// (User, item) rows of an exported file, in its order.
fn pairs(directory: &Path, name: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(directory.join(name)).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("user\titem"), "{name}");
    lines
        .map(|line| {
            let (user, item) = line.split_once('\t').unwrap();
            (user.to_owned(), item.to_owned())
        })
        .collect()
}

fn by_user(pairs: Vec<(String, String)>) -> BTreeMap<String, BTreeSet<String>> {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (user, item) in pairs {
        assert!(users.entry(user).or_default().insert(item), "no pair is exported twice");
    }
    users
}

/// The clicks of the data set.
fn clicks(data: &TempDir) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(data.path().join("interactions.tsv")).unwrap();
    let row = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        (fields.next().unwrap(), fields.next().unwrap())
    };
    by_user(text.lines().skip(1).map(row).collect())
}

/// Items in the order of falling popularity; of equally popular ones in the order of first occurrence.
fn most_popular(training: &[(String, String)]) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for (_, item) in training {
        match counts.iter_mut().find(|(name, _)| name == item) {
            Some((_, count)) => *count += 1,
            None => counts.push((item.clone(), 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().map(|(item, _)| item).collect()
}

fn gain(rank: usize) -> f64 {
    1.0 / ((rank + 1) as f64).log2()
}

#[test]
fn an_exported_split_of_held_out_users_is_complete_and_gives_the_same_figures() {
    let data = two_tastes();
    let files = data.path().join("new").join("split");
    let arguments = [
        "--model",
        "popularity",
        "--split-seed",
        "3",
        "--export-split",
        path(&files),
    ];
    let reported = evaluated(data.path(), &arguments);

    let clicks = clicks(&data);
    let training_rows = pairs(&files, "training.tsv");
    let training = by_user(training_rows.clone());
    let known: BTreeSet<&String> = training.values().flatten().collect();
    let mut everybody: BTreeSet<&String> = training.keys().collect();
    assert_eq!(reported["training_users"], training.len());
    assert_eq!(reported["training_items"], known.len());
    assert_eq!(reported["training_clicks"], training_rows.len());
    for (user, items) in &training {
        assert_eq!(items, &clicks[user], "training users keep all their clicks");
    }
    let mut held_out = Vec::new();
    for (name, count) in [("validation", 10), ("test", 20)] {
        let given = by_user(pairs(&files, &format!("{name}-fold-in.tsv")));
        let targets = by_user(pairs(&files, &format!("{name}-targets.tsv")));
        assert_eq!((given.len(), targets.len()), (count, count));
        for (user, given) in given {
            let targets = &targets[&user];
            assert!(given.is_disjoint(targets));
            let both: BTreeSet<&String> = given.iter().chain(targets).collect();
            let expected: BTreeSet<&String> = clicks[&user].iter().filter(|item| known.contains(item)).collect();
            assert_eq!(both, expected, "all clicks on known items are given or to be found");
            assert_eq!(targets.len(), both.len() / 5);
            held_out.push((name, user, given, targets.clone()));
        }
    }
    for (_, user, ..) in &held_out {
        assert!(everybody.insert(user), "{user} is in two places");
    }
    assert_eq!(everybody.len(), clicks.len());

    // What another program finds on these files.
    let order = most_popular(&training_rows);
    let (mut ndcg, mut recall) = (0.0, 0.0);
    for (_, _, given, targets) in held_out.iter().filter(|user| user.0 == "test") {
        let list: Vec<&String> = order.iter().filter(|item| !given.contains(*item)).collect();
        let ranks = targets
            .iter()
            .map(|target| 1 + list.iter().position(|item| *item == target).unwrap());
        let best: f64 = (1..=targets.len()).map(gain).sum();
        ndcg += ranks.clone().filter(|rank| *rank <= 100).map(gain).sum::<f64>() / best;
        recall += ranks.filter(|rank| *rank <= 20).count() as f64 / targets.len().min(20) as f64;
    }
    for (key, found) in [("ndcg_100", ndcg / 20.0), ("recall_20", recall / 20.0)] {
        let told = reported[key].as_f64().unwrap();
        assert!((told - found).abs() < 1e-9, "{key}: {told} reported, {found} found");
    }
}

/// The files of a leave-one-out test: one video of every user, against all that the user did not watch.
fn given_tests(data: &TempDir) -> (String, String) {
    let (mut tests, mut negatives) = ("user\titem\n".to_owned(), "user\titems\n".to_owned());
    let clicks = clicks(data);
    let items: BTreeSet<&String> = clicks.values().flatten().collect();
    for (place, (user, watched)) in clicks.iter().enumerate() {
        let item = watched.iter().nth(place * 5 % watched.len()).unwrap();
        writeln!(tests, "{user}\t{item}").unwrap();
        let unseen: Vec<&str> = (items.iter().filter(|item| !watched.contains(**item)))
            .map(|item| item.as_str())
            .collect();
        writeln!(negatives, "{user}\t{}", unseen.join("\t")).unwrap();
    }
    (tests, negatives)
}

#[test]
fn leave_one_out_reports_hit_rate_and_ndcg_as_another_program_finds_them_on_the_exported_split() {
    let data = two_tastes();
    let (tests, negatives) = given_tests(&data);
    fs::write(data.path().join("ncf-test.tsv"), &tests).unwrap();
    fs::write(data.path().join("ncf-negatives.tsv"), &negatives).unwrap();
    let files = data.path().join("split");
    let leave_one_out = |arguments: &[&str]| {
        let found = evaluated(data.path(), &[&["--protocol", "leave-one-out"], arguments].concat());
        assert!(
            found.get("ndcg_100").is_none() && found.get("recall_20").is_none(),
            "{found}"
        );
        let value = |key: &str| found[key].as_f64().filter(|value| (0.0..=1.0).contains(value)).unwrap();
        (value("hit_rate_10"), value("ndcg_10"))
    };
    let popularity = leave_one_out(&["--model", "popularity", "--export-split", path(&files)]);
    let ials = leave_one_out(&["--model", "ials"]);
    assert!(
        ials.0 > popularity.0 + 0.1 && ials.1 > popularity.1,
        "{ials:?} {popularity:?}"
    );

    // The same files under other names.
    let moved = data.path().join("elsewhere");
    fs::create_dir(&moved).unwrap();
    for (name, text) in [("a", &tests), ("b", &negatives)] {
        fs::write(moved.join(name), text).unwrap();
    }
    let (a, b) = (moved.join("a"), moved.join("b"));
    let again = leave_one_out(&["--model", "popularity", "--tests", path(&a), "--negatives", path(&b)]);
    assert_eq!(again, popularity);

    let clicks = clicks(&data);
    let training = by_user(pairs(&files, "training.tsv"));
    let targets = by_user(pairs(&files, "test-targets.tsv"));
    let candidates = by_user(pairs(&files, "test-candidates.tsv"));
    assert_eq!(by_user(pairs(&files, "test-fold-in.tsv")), training);
    let text = fs::read_to_string(data.path().join("interactions.tsv")).unwrap();
    let mut order: Vec<&str> = Vec::new();
    for item in text.lines().skip(1).map(|line| line.split('\t').nth(1).unwrap()) {
        if !order.contains(&item) {
            order.push(item);
        }
    }
    let count = |item: &str| training.values().filter(|items| items.contains(item)).count();
    order.sort_by_key(|item| std::cmp::Reverse(count(item)));
    let (mut hits, mut ndcg) = (0.0, 0.0);
    for (user, watched) in &clicks {
        let target = targets[user].first().unwrap();
        assert_eq!(targets[user].len(), 1);
        assert_eq!(training[user].len(), watched.len() - 1);
        assert!(watched.contains(target) && !training[user].contains(target) && candidates[user].contains(target));
        assert!(
            candidates[user]
                .iter()
                .all(|item| item == target || !watched.contains(item))
        );
        let list: Vec<&&str> = order.iter().filter(|item| candidates[user].contains(**item)).collect();
        let rank = 1 + list.iter().position(|item| **item == target).unwrap();
        if rank <= 10 {
            hits += 1.0;
            ndcg += gain(rank);
        }
    }
    let found = (hits / clicks.len() as f64, ndcg / clicks.len() as f64);
    assert!(
        (found.0 - popularity.0).abs() < 1e-9 && (found.1 - popularity.1).abs() < 1e-9,
        "{found:?} {popularity:?}"
    );
}
