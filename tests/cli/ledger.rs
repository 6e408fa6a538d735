//! `shoal ledger`: what is spent, and the way out after an older database was restored.

use std::fs;
use std::time::Duration;

use crate::support::{Running, Said, Setup};

/// An instance with one release and a way to take it back, as a back-up would.
async fn released() -> (Setup, std::path::PathBuf) {
    let setup = Setup::new().await;
    let config = setup.config().await;
    assert_eq!(setup.run(&config, &["peers", "list"]).code, Some(0));
    setup.follower().await;
    let trained = setup.run(&config, &["train", "--json"]);
    assert_eq!(trained.code, Some(0), "{trained:?}");
    assert_eq!(trained.json()["release"]["outcome"], "released", "{trained:?}");
    (setup, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spent_is_shown() {
    let (setup, config) = released().await;
    let shown = setup.run(&config, &["ledger", "show", "--json"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let shown = shown.json();
    assert_eq!(
        (&shown["releases"], &shown["problem"]),
        (&1.into(), &serde_json::Value::Null)
    );
    let share = shown["shareSpent"].as_f64().unwrap();
    assert!((share - 1.0 / 12.0).abs() < 1e-6, "one of twelve: {share}");
    assert_eq!(
        (shown["epsilonPerYear"].as_f64(), shown["delta"].as_f64()),
        (Some(4.0), Some(1e-6))
    );
    let epsilon = shown["epsilonSpent"].as_f64().unwrap();
    assert!(epsilon > 0.9 && epsilon < 1.1, "{epsilon}");
    let plain = setup.run(&config, &["ledger", "show"]);
    assert!(
        plain
            .out
            .contains("\nbudget     8 % of what 365 days may spend is spent (epsilon 4 at delta 1e-6)\n"),
        "{plain:?}"
    );
    assert!(!plain.out.contains("again on"), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_is_told_and_confirmed() {
    let (setup, config) = released().await;
    setup
        .execute(&setup.own, "DELETE FROM shoal.deliveries; DELETE FROM shoal.releases")
        .await;
    let trained = setup.run(&config, &["train", "--json"]);
    assert_eq!(trained.code, Some(0), "learning goes on: {trained:?}");
    assert_eq!(trained.json()["release"]["outcome"], "withheld", "{trained:?}");
    assert!(trained.err.contains("an older database was restored"), "{trained:?}");
    let checked = setup.run(&config, &["check-config"]);
    assert!(checked.out.contains("confirm-restore"), "{checked:?}");
    assert_eq!(setup.run(&config, &["ledger", "show"]).code, Some(1));

    let confirmed = setup.run(&config, &["ledger", "confirm-restore", "--json"]);
    assert_eq!(confirmed.code, Some(0), "{confirmed:?}");
    assert_eq!(confirmed.json()["debited"]["releases"], 1);
    let shown = setup.run(&config, &["ledger", "show", "--json"]);
    assert_eq!((shown.code, &shown.json()["releases"]), (Some(0), &1.into()));
    let again = setup.run(&config, &["ledger", "confirm-restore"]);
    assert!(again.out.contains("nothing to confirm"), "{again:?}");
    let checked = setup.run(&config, &["check-config"]);
    assert!(!checked.out.contains("confirm-restore"), "{checked:?}");

    // Without the file, only the administrator can say how much is missing.
    fs::remove_file(setup.counter()).unwrap();
    let refused = setup.run(&config, &["ledger", "confirm-restore"]);
    refused.assert_failed(1, &["--missing N"]);
    let confirmed = setup.run(&config, &["ledger", "confirm-restore", "--missing", "0"]);
    assert_eq!(confirmed.code, Some(0), "{confirmed:?}");
    assert_eq!(setup.run(&config, &["ledger", "show"]).code, Some(0));
}

/// What a sidecar says of itself after its first cycle.
struct SaysOfItself {
    metrics: String,
    log: String,
    health: Said,
    health_json: Said,
}

/// Serves until the first model, asks for metrics and health, and ends.
async fn serve_once(setup: &Setup, config: &std::path::Path) -> SaysOfItself {
    let mut running = Running::start(setup.command(config, &["serve"]));
    running.wait_for("a new model is in use").await;
    let address = format!("http://127.0.0.1:{}/metrics", setup.api);
    let metrics = reqwest::get(address).await.unwrap().text().await.unwrap();
    let (health, health_json) = (setup.run(config, &["health"]), setup.run(config, &["health", "--json"]));
    assert_eq!((health.code, health_json.code), (Some(0), Some(0)), "serving goes on");
    running.signal("TERM");
    let (status, log) = running.end(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "{log}");
    SaysOfItself {
        metrics,
        log,
        health,
        health_json,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spent_budget_and_withheld_releases_are_logged_and_measured() {
    let (setup, config) = released().await;
    let before = serve_once(&setup, &config).await;
    for line in [
        "shoal_release_withheld 0",
        "shoal_release_outcomes_total{outcome=\"not-due\"} 1",
        "shoal_privacy_budget_spent_ratio 0.083",
    ] {
        assert!(before.metrics.contains(line), "{line} is not in {}", before.metrics);
    }
    assert_eq!(before.health_json.json().get("releases"), None);
    assert!(!before.health.out.contains("released"), "{:?}", before.health);

    // A dear release two months ago, and watches since then.
    setup
        .execute(
            &setup.own,
            "UPDATE shoal.releases SET gdp_mu = 5, created_at = now() - interval '60 days', debited_at = now() - interval '60 days',
                 counted_until = now() - interval '2 days'",
        )
        .await;
    setup
        .execute(
            &setup.peertube,
            r#"UPDATE "userVideoHistory" SET "createdAt" = now() - interval '1 day'"#,
        )
        .await;
    let spent = serve_once(&setup, &config).await;
    let releases = &spent.health_json.json()["releases"];
    assert_eq!(releases["status"], "budget-spent", "{releases}");
    let detail = releases["detail"].as_str().unwrap();
    assert!(detail.contains("there is enough for a release again on 20"), "{detail}");
    assert!(
        spent
            .health
            .out
            .ends_with(&format!("\nnothing is released: {detail}\n")),
        "{:?}",
        spent.health
    );
    let shown = setup.run(&config, &["ledger", "show"]);
    assert!(shown.out.contains(&format!("\nspent      {detail}\n")), "{shown:?}");
    let checked = setup.run(&config, &["check-config"]);
    assert!(checked.out.contains(&format!("warning: {detail}\n")), "{checked:?}");
    let from = setup.run(&config, &["ledger", "show", "--json"]).json()["affordableFrom"].clone();
    assert!(detail.ends_with(&from.as_str().unwrap()[..10]), "{from}");
    assert!(
        spent
            .metrics
            .contains("shoal_release_outcomes_total{outcome=\"budget-spent\"} 1"),
        "{}",
        spent.metrics
    );
    assert!(
        spent.log.contains("budget of the last 365 days is spent"),
        "{}",
        spent.log
    );

    setup
        .execute(&setup.own, "DELETE FROM shoal.deliveries; DELETE FROM shoal.releases")
        .await;
    let withheld = serve_once(&setup, &config).await;
    for line in [
        "shoal_release_withheld 1",
        "shoal_release_outcomes_total{outcome=\"withheld\"} 1",
    ] {
        assert!(withheld.metrics.contains(line), "{line} is not in {}", withheld.metrics);
    }
    assert!(withheld.log.contains("nothing is released"), "{}", withheld.log);
    let releases = &withheld.health_json.json()["releases"];
    assert_eq!(releases["status"], "withheld");
    let detail = releases["detail"].as_str().unwrap();
    assert!(detail.contains("an older database was restored"), "{detail}");
    let told = format!("\nnothing is released: {detail}\n");
    assert!(withheld.health.out.ends_with(&told), "{:?}", withheld.health);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumped_is_told_everywhere_and_confirmed() {
    let (setup, config) = released().await;
    // As if the clock had been far ahead while Shoal ran before.
    let ahead = "UPDATE shoal.ledger_clock SET seen = seen + interval '400 days';
                 INSERT INTO shoal.user_settings (user_id, history_from, updated_at)
                 VALUES (1, now() + interval '1 year', now())";
    setup.execute(&setup.own, ahead).await;
    let shown = setup.run(&config, &["ledger", "show"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(
        shown.out.contains("days earlier than a time that was seen already"),
        "{shown:?}"
    );
    let trained = setup.run(&config, &["train", "--json"]).json();
    assert_eq!(trained["release"]["outcome"], "withheld");
    assert_eq!(trained["release"]["problem"], "clock-behind");
    let served = serve_once(&setup, &config).await;
    assert!(served.log.contains("the machine's clock jumped"), "{}", served.log);
    for line in ["shoal_release_withheld 1", "shoal_clock_step_seconds -345"] {
        assert!(served.metrics.contains(line), "{line} is not in {}", served.metrics);
    }
    let detail = served.health_json.json()["releases"]["detail"].clone();
    assert!(
        detail.as_str().unwrap().contains("shoal ledger confirm-clock"),
        "{detail}"
    );
    let checked = setup.run(&config, &["check-config"]);
    assert!(
        checked.out.contains("warning: the machine's clock shows"),
        "{checked:?}"
    );

    let confirmed = setup.run(&config, &["ledger", "confirm-clock", "--json"]);
    assert_eq!(confirmed.code, Some(0), "{confirmed:?}");
    let confirmed = confirmed.json();
    assert_eq!(confirmed["repairedUsers"], 1, "{confirmed}");
    assert!(confirmed["expected"].is_string(), "{confirmed}");
    let again = setup.run(&config, &["ledger", "confirm-clock"]);
    assert!(again.out.contains("nothing to confirm"), "{again:?}");
    assert_eq!(setup.run(&config, &["ledger", "show"]).code, Some(0));
}
