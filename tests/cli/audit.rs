//! `shoal audit`: figures, picture, and arguments that make no sense.

use std::fs;

use crate::support::run;

#[test]
fn an_audit_is_told_in_words_in_json_and_as_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("audit.svg");
    let picture = picture.to_str().unwrap();
    let quick = ["audit", "--epsilon", "3", "--canaries", "20000", "--confidence", "0.9"];
    let said = run(&[&quick[..], &["--json", "--svg", picture]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = said.json();
    assert_eq!(report["promised_epsilon"], 3.0);
    assert_eq!((&report["confidence"], &report["delta"]), (&0.9.into(), &1e-6.into()));
    assert_eq!(
        (&report["canaries"], &report["promise_holds"]),
        (&20_000.into(), &true.into())
    );
    let lower = report["epsilon_lower_bound"].as_f64().unwrap();
    assert!(lower > 1.0 && lower <= 3.0, "neither blind nor broken: {report}");
    for attack in ["histories", "contributions"] {
        for part in ["one_run_lower_bound", "gaussian_lower_bound"] {
            assert!(
                report[attack][part].as_f64().unwrap() <= lower,
                "{attack} {part}: {report}"
            );
        }
    }
    let svg = fs::read_to_string(picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");

    let text = run(&quick);
    assert_eq!(text.code, Some(0), "{text:?}");
    for part in [
        "promised              epsilon 3 at delta 1e-6",
        &format!("shown by attack       epsilon of at least {lower:.3}, confidence 0.9"),
        "watch histories     by one-run auditing",
        "too long parts      by one-run auditing",
        "limit of the proof",
        "the promise holds against this attack",
    ] {
        assert!(text.out.contains(part), "`{part}` is not said: {text:?}");
    }
    // The same seed, the same figures.
    let again = run(&[&quick[..], &["--json"]].concat());
    assert_eq!(again.json(), report);
}

#[test]
fn promises_that_make_no_sense_are_refused() {
    for (option, value, parts) in [
        ("--epsilon", "0", ["epsilon must be a positive number", "not 0"]),
        ("--epsilon", "-1", ["epsilon must be a positive number", "not -1"]),
        ("--epsilon", "nan", ["epsilon must be a positive number", "not NaN"]),
        ("--epsilon", "inf", ["epsilon must be a positive number", "not inf"]),
        ("--delta", "1", ["delta must lie strictly between 0 and 1", "not 1"]),
        ("--delta", "0", ["delta must lie strictly between 0 and 1", "not 0"]),
        (
            "--delta",
            "-0.5",
            ["delta must lie strictly between 0 and 1", "not -0.5"],
        ),
        ("--delta", "nan", ["delta must lie strictly between 0 and 1", "not NaN"]),
        ("--confidence", "1", ["an audit needs", "a confidence between 0 and 1"]),
        (
            "--confidence",
            "nan",
            ["an audit needs", "a confidence between 0 and 1"],
        ),
    ] {
        let said = run(&["audit", option, value]);
        said.assert_failed(1, &["error: ", parts[0], parts[1]]);
        assert_eq!(said.out, "", "nothing was found out: {said:?}");
    }
    for (option, value) in [
        ("--epsilon", "much"),
        ("--canaries", "10"),
        ("--canaries", "9000000"),
        ("--seed", "x"),
    ] {
        run(&["audit", option, value]).assert_failed(2, &[option, value]);
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_told_before_the_attack() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for path in ["/nowhere/audit.svg", folder] {
        let said = run(&["audit", "--canaries", "1000", "--svg", path]);
        said.assert_failed(1, &["cannot write the picture ", path]);
        assert_eq!(said.out, "", "{said:?}");
    }
}
