//! What happens when PeerTube's database is changed, stopped or slow while Shoal uses it.

use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use serde_json::json;
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::demo::schema::{Layout, create_schema};
use shoal::peertube::{PeerTube, PeerTubeError, VideoId};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::instance::Instance;

/// Makes Shoal wait for a lock, does `signal` to its connection, and returns what Shoal then says.
async fn while_waiting(instance: &mut Instance, signal: &str) -> PeerTubeError {
    let peertube = instance.peertube().await;
    instance
        .execute("BEGIN; LOCK TABLE video IN ACCESS EXCLUSIVE MODE")
        .await;
    let waiting = tokio::spawn(async move { peertube.visible_among(None, true, &[VideoId(1)]).await });
    let statement = format!(
        "SELECT {signal}(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'shoal' AND wait_event_type = 'Lock'"
    );
    // Another connection: within a transaction the view never changes.
    let mut observer = PgConnection::connect(instance.superuser_url().await.expose_secret())
        .await
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let reached: Vec<bool> = sqlx::query_scalar(AssertSqlSafe(statement.as_str()))
            .fetch_all(&mut observer)
            .await
            .unwrap();
        if !reached.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "Shoal never waited for the lock");
        tokio::task::yield_now().await;
    }
    let error = waiting.await.unwrap().unwrap_err();
    instance.execute("ROLLBACK").await;
    error
}

#[tokio::test]
async fn a_cancelled_statement_may_be_tried_again() {
    let mut instance = Instance::start().await;
    let error = while_waiting(&mut instance, "pg_cancel_backend").await;
    assert!(
        matches!(
            error,
            PeerTubeError::Timeout {
                doing: "filtering candidates",
                ..
            }
        ),
        "{error}"
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_terminated_connection_is_replaced() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    let peertube = instance.peertube().await;
    let error = while_waiting(&mut instance, "pg_terminate_backend").await;
    assert!(matches!(error, PeerTubeError::Unreachable { .. }), "{error}");
    assert!(error.is_transient());
    assert_eq!(
        peertube.visible_among(None, true, &[VideoId(1)]).await.unwrap(),
        [VideoId(1)]
    );
}

#[tokio::test]
async fn an_upgrade_of_peertube_is_recognized() {
    let mut instance = Instance::with_layout(Layout::V8_1).await;
    let peertube = instance.peertube().await;
    instance
        .execute(r#"ALTER TABLE "videoView" RENAME TO "videoStat""#)
        .await;
    let error = peertube
        .most_viewed_since("2026-01-01T00:00:00Z".parse().unwrap(), 10)
        .await
        .unwrap_err();
    assert!(matches!(error, PeerTubeError::LayoutChanged { .. }), "{error}");
    assert!(error.to_string().contains("restart"), "{error}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_stopped_server_is_worth_waiting_for() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    cluster.create_database("peertube").await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url("peertube")).await.unwrap();
    create_schema(&mut connection, Layout::V8_2).await.unwrap();
    sqlx::raw_sql(
        r#"INSERT INTO application ("migrationVersion", "nodeVersion", "nodeABIVersion") VALUES (1070, '22', '127')"#,
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let peertube = PeerTube::connect(&cluster.url("peertube").into(), 1).await.unwrap();
    peertube.ping().await.unwrap();
    cluster.stop().await;
    let error = peertube.ping().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}
