//! `kill -9` around a release: budget is debited once, and only one version of the noised bytes ever exists.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, FromRow, PgConnection};

use crate::support::{PATIENCE, Running, Setup, cluster};

/// What the ledger says about a release.
#[derive(Debug, Clone, PartialEq, FromRow)]
struct Debit {
    id: i64,
    gdp_mu: f64,
    payload_sha256: Vec<u8>,
    payload: Vec<u8>,
    activity: Vec<u8>,
}

async fn ledger(connection: &mut PgConnection) -> Vec<Debit> {
    sqlx::query_as("SELECT id, gdp_mu, payload_sha256, payload, activity FROM shoal.releases ORDER BY id")
        .fetch_all(connection)
        .await
        .unwrap()
}

async fn models(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM shoal.models")
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Looks as fast as it can until it is so.
macro_rules! poll {
    ($what:literal, $condition:expr) => {
        let deadline = Instant::now() + PATIENCE;
        while !$condition {
            assert!(Instant::now() < deadline, "never: {}", $what);
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_around_a_release_neither_doubles_nor_changes_it() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    // Makes the tables.
    assert_eq!(setup.run(&config, &["peers", "list"]).code, Some(0));
    let (port, received) = setup.follower().await;
    let url = cluster().await.url(&setup.own);
    let mut connection = PgConnection::connect(&url).await.unwrap();

    // At several moments before and at the debit.
    for pause in [0, 40, 150] {
        let mut running = Running::start(setup.command(&config, &["serve"]));
        running.wait_for("serving").await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        running.kill().await;
        assert!(ledger(&mut connection).await.len() <= 1);
    }
    let running = Running::start(setup.command(&config, &["serve"]));
    poll!("a debit", !ledger(&mut connection).await.is_empty());
    running.kill().await;
    let debit = ledger(&mut connection).await;
    assert_eq!(debit.len(), 1);

    // The announcement was queued together with the debit, whether or not it could be sent.
    let queued: Vec<(Vec<u8>, String)> = sqlx::query_as("SELECT body, recipient_url FROM shoal.deliveries")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(
        queued,
        [(debit[0].activity.clone(), format!("http://localhost:{port}/actor"))]
    );

    // At the publication of the model, which comes later.
    let before = models(&mut connection).await;
    let running = Running::start(setup.command(&config, &["serve"]));
    poll!("a model", models(&mut connection).await > before);
    running.kill().await;
    assert_eq!(ledger(&mut connection).await, debit);

    // A crashed process may hold the delivery for some minutes; its lease runs out at once here.
    let lease = "UPDATE shoal.deliveries SET lease_token = NULL, lease_expires_at = NULL, next_attempt_at = now()
                 WHERE state = 'pending'";
    sqlx::query(AssertSqlSafe(lease))
        .execute(&mut connection)
        .await
        .unwrap();
    let mut running = Running::start(setup.command(&config, &["serve"]));
    running.wait_for("a new model is in use").await;
    let delivered = "SELECT count(*) FROM shoal.deliveries WHERE state = 'delivered'";
    poll!(
        "a delivery",
        sqlx::query_scalar::<_, i64>(delivered)
            .fetch_one(&mut connection)
            .await
            .unwrap()
            == 1
    );
    running.signal("TERM");
    let (status, said) = running.end(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(
        ledger(&mut connection).await,
        debit,
        "no second debit, and the same bytes"
    );
    let received = received.lock().unwrap();
    assert!(!received.is_empty());
    assert!(
        received.iter().all(|body| *body == debit[0].activity),
        "a retry sends the same bytes"
    );
}
