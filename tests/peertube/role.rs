//! The SQL that admins run.

use std::collections::BTreeSet;
use std::process::Command;

use secrecy::ExposeSecret;
use shoal::demo::schema::Layout;
use shoal::peertube::check::Access;
use shoal::peertube::{PeerTube, read_role_sql};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::instance::{Instance, cluster, fresh_name};

#[tokio::test]
async fn exactly_what_shoal_reads_is_granted() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        let granted: BTreeSet<(String, String)> = instance
            .read(&format!(
                "SELECT table_name::text, column_name::text FROM information_schema.column_privileges
                 WHERE grantee = '{}' AND privilege_type = 'SELECT'",
                instance.role
            ))
            .await
            .into_iter()
            .collect();
        let report = PeerTube::check(&instance.url().await).await.unwrap();
        let read: BTreeSet<(String, String)> = report
            .columns
            .iter()
            .filter(|column| column.access != Access::NotInThisVersion)
            .map(|column| (column.table.to_owned(), column.column.to_owned()))
            .collect();
        assert_eq!(granted, read, "{layout:?}");
        assert!(granted.len() > 50);
        let others: Vec<(String,)> = instance
            .read(&format!(
                "SELECT privilege_type::text FROM information_schema.column_privileges WHERE grantee = '{0}' AND privilege_type <> 'SELECT'
                 UNION ALL SELECT privilege_type::text FROM information_schema.table_privileges WHERE grantee = '{0}'",
                instance.role
            ))
            .await;
        assert_eq!(others, [], "{layout:?}");
    }
}

#[tokio::test]
async fn the_role_can_neither_write_nor_read_secrets() {
    let instance = Instance::start().await;
    let url = instance.url().await;
    let mut reader = PgConnection::connect(url.expose_secret()).await.unwrap();
    for statement in [
        r#"SELECT password FROM "user""#,
        r#"SELECT * FROM "user""#,
        r#"SELECT "privateKey" FROM actor"#,
        r#"SELECT "accessToken" FROM "oAuthToken""#,
        "UPDATE video SET views = 0",
        r#"DELETE FROM "userVideoHistory""#,
        "CREATE TABLE mine (id integer)",
        // Its own setting can be switched off, its rights cannot.
        "SET default_transaction_read_only = off; UPDATE video SET views = 0",
    ] {
        assert!(
            sqlx::raw_sql(statement).execute(&mut reader).await.is_err(),
            "{statement}"
        );
    }
    let (read_only, timeout): (String, String) =
        sqlx::query_as("SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout')")
            .fetch_one(&mut PgConnection::connect(url.expose_secret()).await.unwrap())
            .await
            .unwrap();
    assert_eq!((read_only.as_str(), timeout.as_str()), ("on", "1min"));
}

#[tokio::test]
async fn running_it_again_repairs_and_tightens() {
    let mut instance = Instance::start().await;
    instance
        .execute(&format!(
            r#"GRANT SELECT, UPDATE ON "user", actor TO {0}"#,
            instance.role
        ))
        .await;
    assert!(
        !PeerTube::check(&instance.url().await)
            .await
            .unwrap()
            .warnings
            .is_empty()
    );
    instance.password = r"new \ password".to_owned();
    instance.grant().await;
    let report = PeerTube::check(&instance.url().await).await.unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    assert!(report.is_usable());
}

#[tokio::test]
async fn roles_and_databases_that_it_would_harm_are_refused() {
    let mut instance = Instance::start().await;
    let refusal = instance.try_execute(&read_role_sql("shoal", "x")).await.unwrap_err();
    assert!(refusal.to_string().contains("superuser"), "{refusal}");
    instance.execute("ROLLBACK").await;

    let owner = format!("{}_owner", instance.database);
    instance
        .execute(&format!("CREATE ROLE {owner}; ALTER TABLE tag OWNER TO {owner}"))
        .await;
    let refusal = instance.try_execute(&read_role_sql(&owner, "x")).await.unwrap_err();
    assert!(refusal.to_string().contains("owns tables"), "{refusal}");
    instance.execute("ROLLBACK").await;

    let empty = fresh_name();
    cluster().await.create_database(&empty).await.unwrap();
    let mut connection = PgConnection::connect(&cluster().await.url(&empty)).await.unwrap();
    let sql = read_role_sql("anybody", "x");
    let refusal = sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert!(refusal.to_string().contains("holds no PeerTube tables"), "{refusal}");
}

#[tokio::test]
async fn psql_runs_the_same_file() {
    let instance = Instance::start().await;
    let cluster = cluster().await;
    let psql = cluster.binaries().join("psql");
    let psql = if psql.exists() { psql } else { "psql".into() };
    let role = format!("{} by psql", instance.database);
    let ran = Command::new(psql)
        .args([
            "--no-psqlrc",
            "--set",
            "ON_ERROR_STOP=1",
            "--dbname",
            &cluster.url(&instance.database),
        ])
        .args([
            "--variable",
            &format!("role={role}"),
            "--variable",
            r"password=it's \ secret",
        ])
        .args([
            "--file",
            concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql/peertube-read-role.sql"),
        ])
        .output();
    let output = match ran {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("psql is not installed here: nothing to compare with");
            return;
        }
        other => other.unwrap(),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("secret"));
    let url = cluster.url_as("ROLE", "PASSWORD", &instance.database);
    let url = url
        .replace("ROLE", &role.replace(' ', "%20"))
        .replace("PASSWORD", "it%27s%20%5C%20secret");
    assert!(PeerTube::check(&url.into()).await.unwrap().is_usable());
}
