//! Data and arguments that make no sense: what `shoal evaluate` and `shoal simulate` say about them.

use std::fs;

use crate::data_sets::{data_set, path, rows, two_tastes};
use crate::support::run;

#[test]
fn a_table_of_users_that_cannot_be_used_is_refused_with_the_reason() {
    let data = two_tastes();
    let table = data.path().join("table.tsv");
    let all = rows(80, |user| format!("é \"{user}\"\tx\n"));
    for (text, parts) in [
        (
            "user\tinstance\né \"0\"\tx\n".to_owned(),
            &[
                "table.tsv leaves out 79 of 80 users",
                "`é \"1\"`",
                "give every user a line `user<TAB>instance`",
            ][..],
        ),
        (
            "user\tinstance\n17\tx\n".to_owned(),
            &[
                "leaves out 80 of 80 users",
                "names users that the data does not have, such as `17`",
            ],
        ),
        (
            format!("user\tinstance\n{all}é \"7\"\n"),
            &["table.tsv, line 82", "expected user and instance"],
        ),
        (
            format!("user\tinstance\n{all}é \"7\"\ty\n"),
            &["table.tsv, line 82", "`é \"7\"` has another instance"],
        ),
        (all.clone(), &["table.tsv, line 1", "the first line must be a heading"]),
        (
            String::new(),
            &["table.tsv is empty", "a line `user<TAB>instance` for every user"],
        ),
    ] {
        fs::write(&table, text).unwrap();
        let said = run(&["simulate", path(data.path()), "--partition", path(&table)]);
        said.assert_failed(1, parts);
        assert!(!said.err.contains("no interactions are left"), "{said:?}");
    }
    run(&["simulate", path(data.path()), "--partition", "/nowhere/at/all"])
        .assert_failed(1, &["cannot read /nowhere/at/all", "No such file"]);
}

#[test]
fn sizes_that_are_none_are_refused_with_their_line() {
    let data = two_tastes();
    let sizes = data.path().join("sizes.txt");
    for (text, parts) in [
        (
            "10\nmany\n",
            &[
                "sizes.txt, line 2",
                "`many` is not a size",
                "a whole number of users, at least 1",
            ][..],
        ),
        ("10\n\n0\n", &["sizes.txt, line 3", "`0` is not a size"]),
        ("-3\n", &["sizes.txt, line 1", "`-3` is not a size"]),
        ("1.5\n", &["sizes.txt, line 1", "`1.5` is not a size"]),
        ("", &["sizes.txt is empty", "one size of an instance per line"]),
        ("\n\n", &["sizes.txt is empty"]),
    ] {
        fs::write(&sizes, text).unwrap();
        run(&["simulate", path(data.path()), "--sizes", path(&sizes)]).assert_failed(1, parts);
    }
    run(&["simulate", path(data.path()), "--sizes", "/nowhere/at/all"])
        .assert_failed(1, &["cannot read /nowhere/at/all", "No such file"]);
    run(&[
        "simulate",
        path(data.path()),
        "--sizes",
        path(&sizes),
        "--instances",
        "3",
    ])
    .assert_failed(2, &["cannot be used with"]);
}

#[test]
fn data_that_are_too_few_or_none_are_refused_with_what_could_help() {
    let data = two_tastes();
    let good = path(data.path());
    let empty = data_set("");
    let senseless = data_set("a\tb\tNaN\t0\na\tc\tinf\t0\n");
    let one_row = data_set("a\tb\tNaN\t0\na\tb\t5\t0\n");
    let one_user = data_set(&rows(20, |item| format!("a\t{item}\t5\t0\n")));
    let one_video = data_set(&rows(20, |user| format!("{user}\tb\t5\t0\n")));
    let negative = data_set(&rows(200, |k| format!("{}\t{k}\t-1\t0\n", k % 10)));
    let malformed = data_set("a\tb\t5\t0\na\tb\n");
    let no_number = data_set("a\tb\tmuch\t0\n");
    let nameless = data_set("a\t\t5\t0\n");
    for (arguments, parts) in [
        (
            &["evaluate", "/nowhere/at/all"][..],
            &["cannot read /nowhere/at/all", "No such file"][..],
        ),
        (
            &["simulate", "/nowhere/at/all"],
            &["cannot read /nowhere/at/all", "No such file"],
        ),
        (
            &["evaluate", path(empty.path())],
            &["no interactions are left", "interactions.tsv holds no rows"],
        ),
        (
            &["simulate", path(empty.path())],
            &["no interactions are left", "interactions.tsv holds no rows"],
        ),
        (
            &["evaluate", path(senseless.path())],
            &["none of the 2 values", "reaches 4", "a smaller threshold"],
        ),
        (
            &["simulate", path(senseless.path())],
            &["none of the 2 values", "a smaller threshold"],
        ),
        (&["evaluate", good, "--threshold", "6"], &["none of the", "reaches 6"]),
        (
            &["evaluate", path(one_row.path())],
            &[
                "1200 users are to be held out, but only 0 have 5 clicks",
                "--validation-users and --test-users",
            ],
        ),
        (
            &["evaluate", path(one_user.path())],
            &["but only 1 have 5 clicks", "--test-users"],
        ),
        (
            &["evaluate", path(one_video.path())],
            &["but only 0 have 5 clicks", "--test-users"],
        ),
        (
            &["evaluate", good],
            &["1200 users are to be held out, but only 80 have 5 clicks"],
        ),
        (
            &["evaluate", path(negative.path())],
            &["none of the 200 values", "reaches 4"],
        ),
        (
            &["evaluate", path(negative.path()), "--feedback", "graded"],
            &["but only 0 have 5 values of at least 4"],
        ),
        (
            &["simulate", path(one_row.path())],
            &["there is nobody to measure on", "--threshold"],
        ),
        (
            &["simulate", good, "--protocol", "strong"],
            &["1200 users are to be held out", "--held-out-users"],
        ),
        (
            &["evaluate", path(malformed.path())],
            &["interactions.tsv, line 3", "found 2 fields"],
        ),
        (
            &["simulate", path(no_number.path())],
            &["interactions.tsv, line 2", "`much` is not a number"],
        ),
        (
            &["simulate", path(nameless.path())],
            &["interactions.tsv, line 2", "is empty"],
        ),
        (
            &[
                "evaluate",
                good,
                "--tune",
                "--validation-users",
                "0",
                "--test-users",
                "9",
            ],
            &["tuning needs validation users", "--validation-users"],
        ),
        (
            &["evaluate", good, "--protocol", "leave-one-out"],
            &["cannot read", "ncf-test.tsv"],
        ),
        (
            &["evaluate", "generated:9", "--protocol", "leave-one-out"],
            &["use --protocol strong"],
        ),
        (
            &["evaluate", "generated:many"],
            &["`generated:many`", "from 1 to 100000"],
        ),
        (
            &[
                "evaluate",
                good,
                "--test-users",
                "9",
                "--validation-users",
                "9",
                "--export-split",
                "/proc/nowhere",
            ],
            &["cannot write /proc/nowhere"],
        ),
        (
            &["simulate", good, "--plot", "/nowhere/at/all.svg"],
            &["cannot write the picture /nowhere/at/all.svg", "in /nowhere/at"],
        ),
        (
            &["simulate", good, "--plot", "/"],
            &["cannot write the picture /", "it is a directory"],
        ),
        (
            &["simulate", good, "--delta", "1"],
            &["delta must lie strictly between 0 and 1, not 1"],
        ),
        (
            &["simulate", good, "--delta", "-1"],
            &["delta must lie strictly between 0 and 1, not -1"],
        ),
    ] {
        run(arguments).assert_failed(1, parts);
    }
    let headless = tempfile::tempdir().unwrap();
    fs::write(headless.path().join("interactions.tsv"), "a\tb\t5\t0\n").unwrap();
    run(&["evaluate", path(headless.path())])
        .assert_failed(1, &["interactions.tsv, line 1", "the first line must be a heading"]);
}

#[test]
fn arguments_out_of_range_are_refused_with_the_range() {
    for (command, flag, value, part) in [
        ("simulate", "--epsilon", "0", "must be a number above 0"),
        ("simulate", "--epsilon", "nan", "must be a number above 0"),
        ("simulate", "--epsilon", "1,-2", "must be a number above 0"),
        ("simulate", "--sweeps", "0", "must be a number above 0"),
        ("simulate", "--instances", "0", "not in 1.."),
        ("simulate", "--dimensions", "1", "not in 2..=512"),
        ("simulate", "--threshold", "nan", "must be a finite number"),
        ("evaluate", "--threshold", "inf", "must be a finite number"),
        ("evaluate", "--factors", "0", "not in 1..=2048"),
        ("evaluate", "--threads", "0", "not in 1..=1024"),
        (
            "evaluate",
            "--unobserved-weight",
            "nan",
            "must be a number of at least 0",
        ),
        ("evaluate", "--regularization", "-5", "must be a number of at least 0"),
        ("evaluate", "--exponent", "2", "must be a number from 0 to 1"),
        (
            "evaluate",
            "--ease-regularization",
            "-1",
            "must be a number of at least 0",
        ),
        ("evaluate", "--neighbours", "0", "must be a whole number of at least 1"),
        ("evaluate", "--shrinkage", "inf", "must be a number of at least 0"),
    ] {
        run(&[command, "/nowhere/at/all", flag, value]).assert_failed(2, &[flag, part]);
    }
}
