//! `shoal privacy report`: what it says in every state of an instance.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::{Said, Setup, finish, run};

/// What each statement is about.
const STATEMENTS: [&str; 9] = [
    "trust",
    "used",
    "agreed",
    "kept",
    "access",
    "leaves",
    "promised",
    "not covered",
    "visitors",
];

/// The report under these variables: as text and as JSON.
fn report(setup: &Setup, config: &Path, variables: &[(&str, &str)]) -> (String, Value) {
    let said = |arguments: &[&str]| -> Said {
        let mut command = setup.command(config, arguments);
        command.envs(variables.iter().copied());
        let said = finish(command);
        assert_eq!(said.code, Some(0), "{said:?}");
        said
    };
    (
        said(&["privacy", "report"]).out,
        said(&["privacy", "report", "--json"]).json(),
    )
}

/// Whether anything leaves next, and why not; the same in both forms.
fn assert_next(setup: &Setup, config: &Path, variables: &[(&str, &str)], due: bool, why: &str) {
    let (text, json) = report(setup, config, variables);
    assert_eq!(json["contributing"]["due"], due, "{json}");
    let explanation = json["contributing"]["explanation"].as_str().unwrap();
    assert!(explanation.contains(why), "{explanation}");
    assert!(joined(&text).contains(&format!("next release {explanation}")), "{text}");
}

/// The text with one space instead of every gap and line break.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn every_question_is_answered_in_words_and_in_json() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    let (text, json) = report(&setup, &config, &[]);

    assert_eq!(
        keys(&json),
        BTreeSet::from(["accounts", "contributing", "releases", "statements", "year"])
    );
    let statements = json["statements"].as_array().unwrap();
    let about: Vec<&str> = statements.iter().map(|one| one["about"].as_str().unwrap()).collect();
    assert_eq!(about, STATEMENTS);
    for statement in statements {
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let (about, words) = (
            statement["about"].as_str().unwrap(),
            statement["text"].as_str().unwrap(),
        );
        assert!(words.len() > 40 && words.ends_with('.'), "{about}: {words}");
        assert!(
            joined(&text).contains(&format!("{about} {words}")),
            "{about} is not in {text}"
        );
    }

    let accounts = &json["accounts"];
    assert_eq!(
        keys(accounts),
        BTreeSet::from(["contributing", "defaultLevel", "eligible", "perLevel", "total"])
    );
    assert_eq!(accounts["total"], 40);
    let eligible = accounts["eligible"].as_u64().unwrap();
    assert!(eligible > 0 && eligible < 40, "{accounts}");
    // The set-up says opt-out, and nobody chose anything.
    assert_eq!(
        (&accounts["defaultLevel"], &accounts["contributing"]),
        (&"contribute".into(), &eligible.into())
    );
    let levels = serde_json::json!({ "off": 0, "content-only": 0, "local": 0, "contribute": 40 });
    assert_eq!(accounts["perLevel"], levels);
    for line in [
        format!(
            "accounts     40; with the watch history switched on: {eligible}; who makes no choice is at `contribute`"
        ),
        format!("  {:<13}{:>8}", "contribute", 40),
        format!("contributing {eligible} accounts; 0 followers"),
        "budget       epsilon 4 and delta 1e-6 for any 365 days, in 12 releases".to_owned(),
        "  spent      0 % of it, in 0 releases of the last 365 days (together epsilon 0.000)".to_owned(),
        "releases     none: nothing about anybody has left this instance".to_owned(),
    ] {
        assert!(text.lines().any(|told| told == line), "`{line}` is not in\n{text}");
    }
    let year = serde_json::json!({
        "epsilonAllowed": 4.0, "delta": 1e-6, "shareSpent": 0.0, "epsilonSpent": 0.0, "releases": 0
    });
    assert_eq!(json["year"], year);
    assert_eq!(json["releases"], serde_json::json!([]));

    // What the administrator chose otherwise is told.
    let opt_in = [("SHOAL_PRIVACY__CONTRIBUTION", "opt-in")];
    let (text, json) = report(&setup, &config, &opt_in);
    assert_eq!(json["accounts"]["defaultLevel"], "local");
    assert_eq!(
        (
            &json["accounts"]["perLevel"]["local"],
            &json["accounts"]["contributing"]
        ),
        (&40.into(), &0.into())
    );
    assert!(text.contains("contributing 0 accounts"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_of_the_releases_is_told() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    assert_next(
        &setup,
        &config,
        &[],
        false,
        "none: no accepted follower, so no budget is spent",
    );
    let off = [("SHOAL_PRIVACY__CONTRIBUTE", "false")];
    assert_next(&setup, &config, &off, false, "none: privacy.contribute is false");

    setup.follower().await;
    assert_next(
        &setup,
        &config,
        &[],
        true,
        "if enough contributing accounts, at least 5,",
    );
    let many = [("SHOAL_PRIVACY__MINIMUM_CONTRIBUTORS", "1000")];
    assert_next(&setup, &config, &many, false, "of at least 1000");

    assert_eq!(setup.run(&config, &["train"]).code, Some(0));
    assert_next(&setup, &config, &[], false, "none: the next one is due 20");
    let (text, json) = report(&setup, &config, &[]);
    assert_eq!(
        (&json["contributing"]["followers"], &json["year"]["releases"]),
        (&1.into(), &1.into())
    );
    // One of twelve releases: a twelfth of the budget, although its epsilon is a quarter of the year's.
    let (spent, share) = (
        json["year"]["epsilonSpent"].as_f64().unwrap(),
        json["year"]["shareSpent"].as_f64().unwrap(),
    );
    assert!(spent > 0.9 && spent < 1.1, "{json}");
    assert!((share - 1.0 / 12.0).abs() < 1e-6, "{json}");
    assert!(
        text.contains(&format!(
            "8 % of it, in 1 release of the last 365 days (together epsilon {spent:.3})"
        )),
        "{text}"
    );
    let release = &json["releases"][0];
    assert_eq!(
        keys(release),
        BTreeSet::from([
            "bytes",
            "contributors",
            "date",
            "delta",
            "epsilon",
            "noiseMultiplier",
            "payloadSha256",
            "share"
        ])
    );
    assert_eq!(release["payloadSha256"].as_str().unwrap().len(), 64);
    let line = text.lines().last().unwrap();
    for part in [
        "UTC",
        &release["contributors"].to_string(),
        &release["bytes"].to_string(),
        "1e-6",
    ] {
        assert!(line.contains(part), "`{part}` is not in `{line}`");
    }

    // An older database was restored; what is debited for it is spent, too.
    let restore = "DELETE FROM shoal.deliveries; DELETE FROM shoal.releases";
    setup.execute(&setup.own, restore).await;
    assert_next(&setup, &config, &[], false, "an older database was restored");
    assert_eq!(setup.run(&config, &["ledger", "confirm-restore"]).code, Some(0));
    assert_next(&setup, &config, &[], true, "by the next learning cycle");
    let (text, json) = report(&setup, &config, &[]);
    assert!(
        (json["year"]["epsilonSpent"].as_f64().unwrap() - spent).abs() < 1e-6,
        "{json}"
    );
    assert!(text.contains("8 % of it, in 0 releases"), "{text}");

    // Had it been a dear one, nothing would be left.
    setup
        .execute(&setup.own, "UPDATE shoal.ledger_corrections SET gdp_mu = 5")
        .await;
    assert_next(
        &setup,
        &config,
        &[],
        false,
        "none: the privacy budget of the last 365 days is spent",
    );
    let (text, json) = report(&setup, &config, &[]);
    assert!(json["year"]["shareSpent"].as_f64().unwrap() > 1.0, "{json}");
    assert!(text.contains("  spent      "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_peertube_is_a_problem_until_it_is_adopted() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    let key = async |key: &str| {
        let set = format!(
            r#"UPDATE actor SET "publicKey" = '{key}' FROM account
               WHERE account.id = actor."accountId" AND account."applicationId" IS NOT NULL"#
        );
        setup.execute(&setup.peertube, &set).await;
    };
    key("first").await;
    assert_eq!(setup.run(&config, &["check-config"]).code, Some(0));
    let choice = "INSERT INTO shoal.user_settings (user_id, level, updated_at) VALUES (1, 'contribute', now())";
    setup.execute(&setup.own, choice).await;
    key("second").await;
    let checked = setup.run(&config, &["check-config"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.out.contains("belongs to another PeerTube"), "{checked:?}");
    for command in ["train", "serve"] {
        setup
            .run(&config, &[command])
            .assert_failed(1, &["belongs to another PeerTube", "adopt-peertube"]);
    }
    let adopted = setup.run(&config, &["privacy", "adopt-peertube", "--json"]);
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    // Nobody knows when the account of that user was created, so the choice goes.
    assert_eq!(adopted.json()["forgotten"], 1);
    assert_eq!(setup.run(&config, &["check-config"]).code, Some(0));
}

#[tokio::test]
async fn what_cannot_be_reported_is_said() {
    run(&["privacy", "report", "--config", "/nowhere/shoal.toml"])
        .assert_failed(1, &["/nowhere/shoal.toml", "cannot read the configuration file"]);
    run(&["privacy"]).assert_failed(2, &["Usage", "report"]);
    run(&["privacy", "explain"]).assert_failed(2, &["explain"]);
    let setup = Setup::new().await;
    let config = setup.config().await;
    for (variable, value, key) in [
        ("SHOAL_PRIVACY__EPSILON_PER_YEAR", "0", "privacy.epsilon_per_year"),
        ("SHOAL_PRIVACY__EPSILON_PER_YEAR", "nan", "privacy.epsilon_per_year"),
        ("SHOAL_PRIVACY__DELTA", "1", "privacy.delta"),
        ("SHOAL_PRIVACY__RELEASES_PER_YEAR", "0", "privacy.releases_per_year"),
    ] {
        let mut command = setup.command(&config, &["privacy", "report"]);
        command.env(variable, value);
        finish(command).assert_failed(1, &["error: ", key]);
    }
    let away = setup.config_with(&setup.peertube_url().await, "postgres://shoal:x@127.0.0.1:1/shoal");
    setup
        .run(&away, &["privacy", "report"])
        .assert_failed(1, &["error: cannot use PostgreSQL", "`database.url`"]);
}
