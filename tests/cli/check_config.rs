//! `shoal check-config` with every kind of database.

use serde_json::Value;
use shoal::federation::{FORMER_USERNAME, USERNAME};
use sqlx::{Connection, PgConnection};

use crate::support::{SECRET, Setup, cluster, finish, free_port};

#[tokio::test]
async fn a_good_set_up_is_told_as_text_and_as_json() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    let said = setup.run(&config, &["check-config"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for part in [
        "migration version",
        "1070",
        "everything that `shoal serve` needs is there",
        &setup.role,
    ] {
        assert!(said.out.contains(part), "`{part}` is missing: {said:?}");
    }
    let said = setup.run(&config, &["check-config", "--json"]);
    let report = said.json();
    assert_eq!(said.code, Some(0));
    assert_eq!(report["usable"], true);
    assert_eq!(report["problems"], serde_json::json!([]));
    assert_eq!(report["actor"], format!("http://localhost:{}/actor", setup.federation));
    assert_eq!(report["peertube"]["migration"], 1070);
    assert_eq!(report["peertube"]["counts"]["users"], 40);
    // The development switch is on, and said to be.
    assert!(
        report["warnings"].to_string().contains("insecure_development"),
        "{report}"
    );
}

#[tokio::test]
async fn an_account_with_the_name_of_the_actor_on_the_same_host_is_a_problem() {
    let setup = Setup::new().await;
    let mut connection = PgConnection::connect(&cluster().await.url(&setup.peertube))
        .await
        .unwrap();
    let mut rename = async |name: &str| {
        let statement = r#"UPDATE actor SET "preferredUsername" = $1 WHERE id = (SELECT min("id") FROM actor WHERE "serverId" IS NULL AND "accountId" IS NOT NULL)"#;
        sqlx::query(statement)
            .bind(name)
            .execute(&mut connection)
            .await
            .unwrap();
    };
    let config = setup.config().await;
    let text = std::fs::read_to_string(&config).unwrap();
    let here = format!("url = 'http://localhost:{}'", setup.federation);
    let same_host = text.replacen("url = 'https://tube1.test'", &here, 1);
    rename(USERNAME).await;
    assert_eq!(
        setup.run(&config, &["check-config"]).code,
        Some(0),
        "on another host it is no problem"
    );
    std::fs::write(&config, same_host).unwrap();
    assert_problem(&setup, &config, &[USERNAME, "federation.public_url"]);
    rename(FORMER_USERNAME).await;
    let said = setup.run(&config, &["check-config"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("called shoal"), "{said:?}");
}

/// Runs the check, which must find a problem that says all of this, as text and as JSON.
fn assert_problem(setup: &Setup, config: &std::path::Path, parts: &[&str]) -> Value {
    let said = setup.run(config, &["check-config"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("not usable yet"), "{said:?}");
    let json = setup.run(config, &["check-config", "--json"]);
    assert_eq!(json.code, Some(1), "{json:?}");
    let report = json.json();
    assert_eq!(report["usable"], false);
    let problems = report["problems"].to_string();
    for part in parts {
        assert!(said.out.contains(part), "`{part}` is not said: {said:?}");
        assert!(problems.contains(part), "`{part}` is not said: {problems}");
    }
    report
}

#[tokio::test]
async fn databases_that_are_down_or_refuse_are_told_apart() {
    let setup = Setup::new().await;
    let (peertube, own) = (setup.peertube_url().await, setup.own_url().await);
    let port = free_port();
    let nobody = format!("postgres://reader:{SECRET}@127.0.0.1:{port}/peertube?sslmode=disable");

    let report = assert_problem(&setup, &setup.config_with(&nobody, &own), &["PeerTube", "refused"]);
    assert_eq!(report["peertube"], Value::Null);
    assert_eq!(report["problems"].as_array().unwrap().len(), 1);
    let report = assert_problem(&setup, &setup.config_with(&peertube, &nobody), &["Shoal's database"]);
    assert_eq!(report["problems"].as_array().unwrap().len(), 1);
    let report = assert_problem(
        &setup,
        &setup.config_with(&nobody, &nobody),
        &["Shoal's database", "PeerTube"],
    );
    assert_eq!(report["problems"].as_array().unwrap().len(), 2);

    let wrong_password = cluster()
        .await
        .url_as(&setup.role, &format!("{SECRET}-wrong"), &setup.peertube);
    let advice = ["refuses the role", "docs/sql/peertube-read-role.sql"];
    assert_problem(&setup, &setup.config_with(&wrong_password, &own), &advice);
    let no_database = cluster().await.url_as(&setup.role, &setup.password, "nowhere");
    assert_problem(
        &setup,
        &setup.config_with(&no_database, &own),
        &["does not exist", "database.name"],
    );
    // Shoal's own database is no PeerTube.
    assert_problem(&setup, &setup.config_with(&own, &own), &["is not PeerTube's"]);
    let not_a_url = format!("postgres://reader:{SECRET}@host:port/peertube");
    assert_problem(&setup, &setup.config_with(&not_a_url, &own), &["peertube.database_url"]);
    assert_problem(&setup, &setup.config_with(&peertube, &not_a_url), &["Shoal's database"]);
}

#[tokio::test]
async fn a_configuration_file_that_everybody_can_read_is_mentioned() {
    use std::os::unix::fs::PermissionsExt;

    let setup = Setup::new().await;
    let config = setup.config().await;
    let mentioned = |mode| {
        std::fs::set_permissions(&config, std::fs::Permissions::from_mode(mode)).unwrap();
        let said = setup.run(&config, &["check-config"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out.contains("everybody on this machine can read") && said.out.contains("chmod o-rwx")
    };
    assert!(mentioned(0o644));
    assert!(!mentioned(0o640));
    assert!(!mentioned(0o600));
}

#[tokio::test]
async fn an_old_peertube_and_missing_rights_get_advice() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    setup
        .execute(&setup.peertube, r#"UPDATE application SET "migrationVersion" = 965"#)
        .await;
    let report = assert_problem(&setup, &config, &["PeerTube 8.0 or newer is needed", "965"]);
    assert_eq!(report["peertube"]["migration"], 965);
    setup
        .execute(&setup.peertube, r#"UPDATE application SET "migrationVersion" = 1070"#)
        .await;

    let revoke = format!(r#"REVOKE SELECT ON "userVideoHistory" FROM {}"#, setup.role);
    setup.execute(&setup.peertube, &revoke).await;
    let parts = ["userVideoHistory", "docs/sql/peertube-read-role.sql"];
    assert_problem(&setup, &config, &parts);
    for command in [&["train"][..], &["recommend"]] {
        setup.run(&config, command).assert_failed(1, &parts);
    }
}

#[tokio::test]
async fn a_role_that_may_not_create_shoals_tables_is_told_so() {
    let setup = Setup::new().await;
    let stranger = format!("{}_stranger", setup.own);
    let create = format!("CREATE ROLE {stranger} LOGIN PASSWORD '{}'", setup.password);
    setup.execute(&setup.own, &create).await;
    let own = cluster().await.url_as(&stranger, &setup.password, &setup.own);
    let config = setup.config_with(&setup.peertube_url().await, &own);
    assert_problem(&setup, &config, &["Shoal's database", "permission denied"]);
    // The reading role is not meant for this either.
    let reading = cluster().await.url_as(&setup.role, &setup.password, &setup.own);
    let config = setup.config_with(&setup.peertube_url().await, &reading);
    assert_problem(&setup, &config, &["Shoal's database", "read-only"]);
}

#[tokio::test]
async fn a_budget_with_which_nothing_could_ever_be_released_is_refused_with_one_that_could() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    let with = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = setup.command(&config, arguments);
        command.envs(variables.iter().copied());
        finish(command)
    };
    let epsilon = "SHOAL_PRIVACY__EPSILON_PER_YEAR";
    for far_off in ["1e-9", "1e300"] {
        let said = with(&["check-config"], &[(epsilon, far_off)]);
        assert_eq!(said.code, Some(1), "{said:?}");
        let parts = [
            "`privacy.epsilon_per_year` is ",
            "`privacy.releases_per_year` 12",
            "not usable yet",
        ];
        assert!(parts.iter().all(|part| said.out.contains(part)), "{said:?}");
        for command in ["serve", "train"] {
            let said = with(&[command], &[(epsilon, far_off)]);
            said.assert_failed(1, &["`privacy.epsilon_per_year` is ", "it must be from "]);
        }
        // Who releases nothing needs no budget.
        let receiving = [(epsilon, far_off), ("SHOAL_PRIVACY__CONTRIBUTE", "false")];
        let said = with(&["check-config"], &receiving);
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    // What it recommends does work.
    let said = with(&["check-config", "--json"], &[(epsilon, "1e-9")]).json();
    let problem = said["problems"][0].as_str().unwrap();
    let (_, range) = problem.split_once("it must be from ").unwrap();
    let (smallest, _) = range.split_once(" to ").unwrap();
    assert_eq!(with(&["check-config"], &[(epsilon, smallest)]).code, Some(0));
    setup.follower().await;
    let trained = with(&["train", "--json"], &[(epsilon, smallest)]).json();
    assert_eq!(trained["release"]["outcome"], "released", "{trained}");
}
