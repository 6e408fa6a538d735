//! Help, and arguments that make no sense.

use crate::support::run;

#[test]
fn every_command_has_help_that_names_its_options() {
    for (arguments, parts) in [
        (
            &["--help"][..],
            &["demo", "serve", "train", "peers", "recommend", "check-config", "AGPL"][..6],
        ),
        (
            &["demo", "--help"],
            &[
                "--instances",
                "--sizes",
                "--seed",
                "--database-url",
                "--json",
                "--serve",
            ],
        ),
        (&["serve", "--help"], &["--config", "SHOAL_CONFIG"]),
        (&["train", "--help"], &["--config", "--json"]),
        (
            &["peers", "--help"],
            &["list", "follow", "unfollow", "sync", "accept", "reject", "remove"],
        ),
        (&["peers", "follow", "--help"], &["<PEER>"]),
        (
            &["recommend", "--help"],
            &["--user", "--strategy", "--video", "--count", "--json"],
        ),
        (&["check-config", "--help"], &["--config", "--json"]),
        (
            &["evaluate", "--help"],
            &[
                "--protocol",
                "leave-one-out",
                "--model",
                "item-knn",
                "--split-seed",
                "--threshold",
                "--factors",
                "--tune",
                "--export-split",
                "--json",
            ],
        ),
        (
            &["simulate", "--help"],
            &[
                "--instances",
                "--partition",
                "--sizes",
                "--epsilon",
                "--delta",
                "--aggregation",
                "--protocol",
                "--plot",
                "--json",
            ],
        ),
    ] {
        let said = run(arguments);
        assert_eq!(said.code, Some(0), "{said:?}");
        for part in parts {
            assert!(said.out.contains(part), "`{part}` is missing: {said:?}");
        }
    }
    assert!(run(&["--version"]).out.starts_with("shoal "));
}

#[test]
fn arguments_that_make_no_sense_are_refused_at_once() {
    for (arguments, part) in [
        (&[][..], "Usage"),
        (&["fly"], "fly"),
        (&["demo", "--instances", "0"], "1..=20"),
        (&["demo", "--instances", "21"], "1..=20"),
        (&["demo", "--instances", "three"], "three"),
        (&["demo", "--sizes", "x"], "invalid value 'x'"),
        (&["demo", "--sizes", "12,-5"], "--sizes"),
        (&["demo", "--sizes", ""], "--sizes"),
        (&["demo", "--seed", "x"], "--seed"),
        (&["peers"], "Usage"),
        (&["peers", "follow"], "<PEER>"),
        (&["recommend", "--user", "somebody"], "somebody"),
        (&["train", "--fast"], "--fast"),
    ] {
        run(arguments).assert_failed(2, &[part]);
    }
}
