//! Configurations that cannot be used: one clear error, exit code 1, and never a secret.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::{SECRET, finish, run, shoal};

/// A whole configuration that nothing listens to.
const GOOD: &str = "
[peertube]
url = 'https://tube.test'
database_url = 'postgres://reader:RECOGNISABLE@localhost:1/peertube'
[database]
url = 'postgres://shoal:RECOGNISABLE@localhost:1/shoal'
[api]
service_token = 'RECOGNISABLE-token'
[federation]
public_url = 'https://shoal.test'
";

/// Every command that reads a configuration.
const COMMANDS: [&[&str]; 5] = [
    &["check-config"],
    &["serve"],
    &["train", "--json"],
    &["peers", "list"],
    &["recommend"],
];

#[test]
fn a_configuration_that_cannot_be_used_gets_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shoal.toml");
    let replaced = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1)
    };
    let cases = [
        (replaced("[api]", "[api]\nservise_token = 'x'"), "servise_token"),
        (replaced("[api]", "[apy]"), "apy"),
        (replaced("[api]", "[api]\nlisten = 'RECOGNISABLE'"), "api.listen"),
        (replaced("'https://tube.test'", "'RECOGNISABLE'"), "peertube.url"),
        (
            replaced("'RECOGNISABLE-token'", "['RECOGNISABLE']"),
            "api.service_token",
        ),
        (
            replaced("'RECOGNISABLE-token'", "{ a = 'RECOGNISABLE' }"),
            "api.service_token",
        ),
        (replaced("'RECOGNISABLE-token'", "'short'"), "api.service_token"),
        (replaced("service_token = 'RECOGNISABLE-token'", ""), "service_token"),
        (replaced("'RECOGNISABLE-token'", "'RECOGNISABLE"), "TOML"),
        (replaced("postgres://reader", "mysql://reader"), "peertube.database_url"),
        (replaced("postgres://shoal", "shoal"), "database.url"),
        (
            replaced("https://shoal.test", "http://shoal.test"),
            "federation.public_url",
        ),
        (
            replaced("https://shoal.test", "https://shoal.test:8443"),
            "federation.public_url",
        ),
        (
            format!("{GOOD}\n[privacy]\nepsilon_per_year = 'RECOGNISABLE'"),
            "privacy.epsilon_per_year",
        ),
        (
            format!("{GOOD}\n[privacy]\nepsilon_per_year = -1"),
            "privacy.epsilon_per_year",
        ),
        (
            format!("{GOOD}\n[privacy]\nepsilon_per_year = nan"),
            "privacy.epsilon_per_year",
        ),
        (format!("{GOOD}\n[training]\nfactors = 1000000"), "training.factors"),
        (format!("{GOOD}\n[logging]\nfilter = '=[='"), "logging.filter"),
        (format!("{GOOD}\n[logging]\nformat = 'loud'"), "logging.format"),
        (String::new(), "peertube"),
    ];
    for (text, key) in cases {
        fs::write(&path, &text).unwrap();
        let said = run(&["check-config", "--config", path.to_str().unwrap()]);
        said.assert_failed(1, &["error: ", key]);
        assert_eq!(said.out, "");
        assert!(said.err.lines().count() <= 3, "one error, not a story: {said:?}");
    }
}

#[test]
fn values_that_are_nearly_right_work_or_get_advice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shoal.toml");
    let check = |more: &str| {
        fs::write(&path, GOOD.replacen("[api]", &format!("{more}\n[api]"), 1)).unwrap();
        run(&["check-config", "--config", path.to_str().unwrap()])
    };
    for accepted in [
        "[logging]\nformat = 'JSON'",
        "[logging]\nformat = ' Human '",
        "[privacy]\ncontribution = 'Opt-Out'",
        "[privacy]\ncontribution = 'opt_in'",
    ] {
        let said = check(accepted);
        assert!(said.out.contains("https://shoal.test/actor"), "{accepted}: {said:?}");
    }
    for (refused, key, advice) in [
        (
            "[logging]\nformat = 'RECOGNISABLE'",
            "logging.format",
            "must be one of the words human, json",
        ),
        (
            "[privacy]\ncontribution = 'yes'",
            "privacy.contribution",
            "must be one of the words opt-in, opt-out",
        ),
    ] {
        check(refused).assert_failed(1, &[key, advice]);
    }
    for (right, nearly, key) in [
        ("https://tube.test", "tube.test", "peertube.url"),
        ("https://tube.test", "localhost:9000", "peertube.url"),
        ("https://shoal.test", "shoal.test", "federation.public_url"),
    ] {
        fs::write(&path, GOOD.replacen(right, nearly, 1)).unwrap();
        let said = run(&["check-config", "--config", path.to_str().unwrap()]);
        said.assert_failed(1, &[key, "must be a whole address, such as https://tube.example"]);
    }
    let listen = |listen: &str| {
        fs::write(&path, GOOD.replacen("[api]", &format!("[api]\nlisten = '{listen}'"), 1)).unwrap();
        run(&["check-config", "--config", path.to_str().unwrap()])
    };
    assert!(listen("localhost:9180").out.contains("https://shoal.test/actor"));
    listen("RECOGNISABLE:9180").assert_failed(
        1,
        &[
            "api.listen",
            "must be an IP address with a port, such as 127.0.0.1:9180",
        ],
    );
    listen("127.0.0.1").assert_failed(1, &["api.listen", "needs a port too"]);
}

#[test]
fn every_command_says_which_file_is_missing() {
    for command in COMMANDS {
        let said = run(&[command, &["--config", "/nowhere/shoal.toml"]].concat());
        said.assert_failed(1, &["/nowhere/shoal.toml"]);
        let said = run(command);
        said.assert_failed(1, &["--config", "SHOAL_"]);
    }
}

#[test]
fn variables_can_replace_the_whole_file_and_mistakes_in_them_are_named() {
    let base = [
        ("SHOAL_PEERTUBE__URL", "https://tube.test"),
        (
            "SHOAL_PEERTUBE__DATABASE_URL",
            "postgres://r:RECOGNISABLE@127.0.0.1:1/p",
        ),
        ("SHOAL_DATABASE__URL", "postgres://s:RECOGNISABLE@127.0.0.1:1/s"),
        ("SHOAL_API__SERVICE_TOKEN", "RECOGNISABLE-token"),
        ("SHOAL_FEDERATION__PUBLIC_URL", "https://shoal.test"),
    ];
    let mut command = shoal(&["check-config"]);
    let said = finish({
        command.envs(base);
        command
    });
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("https://shoal.test/actor"), "{said:?}");
    assert!(
        said.out.contains("Connection refused") && !said.out.contains("127.0.0.1:1"),
        "a part of the address may be a part of the password: {said:?}"
    );
    for (name, value, key) in [
        ("SHOAL_API__SERVICE_TOKEM", SECRET, "service_tokem"),
        ("SHOAL_API__LISTEN", SECRET, "api.listen"),
        ("SHOAL_TRAINING__SWEEPS", SECRET, "training.sweeps"),
        (
            "SHOAL_FEDERATION__INSECURE_DEVELOPMENT",
            SECRET,
            "federation.insecure_development",
        ),
    ] {
        let mut command = shoal(&["serve"]);
        command.envs(base).env(name, value);
        finish(command).assert_failed(1, &[key]);
    }
}

#[test]
fn variables_that_are_not_utf8_are_named_when_they_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shoal.toml");
    fs::write(&path, GOOD).unwrap();
    let odd = OsStr::from_bytes(b"RECOGNISABLE\xff");
    let with = |name: &OsStr| {
        let mut command = shoal(&["check-config", "--config", path.to_str().unwrap()]);
        command.env(name, odd);
        finish(command)
    };
    with(OsStr::new("SHOAL_API__SERVICE_TOKEN"))
        .assert_failed(1, &["the variable SHOAL_API__SERVICE_TOKEN is not UTF-8"]);
    for other in [&b"LESSOPEN"[..], b"SHOAL_PG_BIN", b"SHOAL_\xff__TOKEN", b"\xff"] {
        let said = with(OsStr::from_bytes(other));
        assert_eq!(said.code, Some(1));
        assert!(said.out.contains("not usable yet"), "the databases are away: {said:?}");
    }
}

#[test]
fn a_password_that_is_not_escaped_is_told_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shoal.toml");
    for password in [
        "1/RECOGNISABLE",
        "RECOGNISABLE@x/1",
        "1?RECOGNISABLE",
        "1#RECOGNISABLE",
        "RECOGNISABLE/",
    ] {
        fs::write(&path, GOOD.replace("RECOGNISABLE@", &format!("{password}@"))).unwrap();
        for command in COMMANDS {
            let mut arguments = command.to_vec();
            arguments.extend(["--config", path.to_str().unwrap()]);
            // Whatever is said, no secret is in it.
            let said = run(&arguments);
            assert_eq!(said.code, Some(1), "{said:?}");
            let all = format!("{}{}", said.out, said.err);
            assert!(all.contains("percent-encoded"), "{command:?}: {said:?}");
        }
    }
}
