//! Data that look senseless and are not: repeated rows, odd names, unwatched videos, equal values, dislikes.

use std::fmt::Write as _;
use std::fs;

use crate::data_sets::{data_set, evaluated, quality, rows, rows_of_two_tastes, simulated, two_tastes};

#[test]
fn of_repeated_rows_the_largest_value_counts_and_senseless_values_not_at_all() {
    let (once, more) = (data_set(&rows_of_two_tastes()), {
        let mut rows = String::new();
        for (place, row) in rows_of_two_tastes().lines().enumerate() {
            writeln!(rows, "{row}").unwrap();
            let (user, item) = row.split_once('\t').unwrap();
            let item = item.split('\t').next().unwrap();
            let again = ["5", "1", "NaN", "inf", "-inf", "4.5", "-1"][place % 7];
            writeln!(rows, "{user}\t{item}\t{again}\t{place}").unwrap();
            writeln!(rows, "{user}\tnever watched {place}\tnan\t0").unwrap();
        }
        data_set(&rows)
    });
    for arguments in [
        &["--model", "ials"][..],
        &["--model", "ease"],
        &["--model", "item-knn"],
        &["--feedback", "liked"],
        &["--feedback", "clicks"],
        &["--feedback", "graded"],
    ] {
        let of = |data: &tempfile::TempDir| quality(evaluated(data.path(), arguments));
        assert_eq!(of(&once), of(&more), "{arguments:?}");
    }
    for aggregation in ["local", "secure"] {
        let of = |data: &tempfile::TempDir| {
            quality(simulated(
                data.path(),
                &["--instances", "3", "--aggregation", aggregation],
            ))
        };
        assert_eq!(of(&once), of(&more), "{aggregation}");
    }
}

#[test]
fn names_are_only_names() {
    let plain = two_tastes();
    let odd = [
        "'; DROP TABLE users; --",
        "Ж 王 👩‍👩‍👧",
        "e\u{301}",
        "%s {} \\0 ../..",
        "<b>&amp;\"",
        "NaN",
    ];
    let renamed = rows_of_two_tastes().lines().fold(String::new(), |rows, row| {
        let (user, rest) = row.split_once('\t').unwrap();
        let (item, rest) = rest.split_once('\t').unwrap();
        let name = |text: &str| format!("{} {text}", odd[text.len() % odd.len()]);
        rows + &format!("{}\t{}\t{rest}\n", name(user), name(item))
    });
    let renamed = data_set(&renamed);
    let of = |data: &tempfile::TempDir| quality(evaluated(data.path(), &[]));
    assert_eq!(of(&plain), of(&renamed));
    let found = simulated(renamed.path(), &["--instances", "3"]);
    assert!(found["overall"]["users"].as_u64().unwrap() > 60);
}

#[test]
fn videos_without_interactions_change_nothing() {
    let (few, many) = (two_tastes(), two_tastes());
    let described = rows(100_000, |item| format!("unwatched {item}\ttitle {item}\ttag\n"));
    fs::write(many.path().join("items.tsv"), format!("item\ttitle\ttags\n{described}")).unwrap();
    let of = |data: &tempfile::TempDir| quality(evaluated(data.path(), &[]));
    assert_eq!(of(&few), of(&many));
    let of = |data: &tempfile::TempDir| quality(simulated(data.path(), &["--instances", "3"]));
    assert_eq!(of(&few), of(&many));
}

#[test]
fn equal_values_one_video_and_users_who_only_disliked_are_measured() {
    let equal = two_tastes();
    let graded = quality(evaluated(equal.path(), &["--feedback", "graded"]));
    assert_eq!(
        graded,
        quality(evaluated(equal.path(), &["--feedback", "clicks"])),
        "5 of 5 is a whole video"
    );
    // Beside the two tastes, users who disliked and nothing else: not known with a threshold, and never held out.
    let mut with_haters = rows_of_two_tastes();
    for user in 0..30 {
        for item in 0..8 {
            writeln!(with_haters, "hater {user}\tvideo '{item}'\t-1\t0").unwrap();
        }
    }
    let haters = data_set(&with_haters);
    assert_eq!(
        quality(evaluated(haters.path(), &[])),
        quality(evaluated(equal.path(), &[]))
    );
    let found = evaluated(haters.path(), &["--feedback", "graded"]);
    assert_eq!(found["training_users"], 50);

    let one_video = data_set(&rows(40, |user| format!("{user}\tb\t5\t0\n")));
    let found = simulated(one_video.path(), &["--instances", "2"]);
    for method in ["popularity", "own", "federated", "combined", "pooled"] {
        assert_eq!(
            found["overall"][method]["ndcg_20"], 1.0,
            "the only video is always first"
        );
    }
}
