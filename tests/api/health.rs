//! Health, metrics and the description of the interface.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use reqwest::Method;
use serde_json::json;
use shoal::api::Limits;
use shoal::clock::ManualClock;
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::demo::schema::{Layout, create_schema};
use shoal::peertube::PeerTube;
use shoal::store::NewModel;
use sqlx::{Connection, PgConnection};

use crate::world::{NOW, PATH, TOKEN, World, config, serve, store};

#[tokio::test]
async fn health_tells_of_databases_and_model() {
    let mut world = World::untrained().await;
    let alive = world.send(world.request(Method::GET, "/healthz")).await;
    assert_eq!(
        (alive.status.as_u16(), alive.json()),
        (200, json!({ "status": "alive" }))
    );

    let ready = world.send(world.request(Method::GET, "/readyz")).await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.json(),
        json!({ "status": "ready", "databases": { "PeerTube": "up" }, "model": null })
    );

    world.train().await;
    let model = json!({ "model": "test", "createdAt": "2026-02-01T00:00:00Z", "ageSeconds": 0, "videos": 40 });
    assert_eq!(world.get("/readyz").await.json()["model"], model);
}

#[tokio::test]
async fn readiness_says_how_many_sources_of_evidence_are_used() {
    let world = World::untrained().await;
    let noted =
        json!({ "used": 3, "refused": [{ "peer": "https://a.example/actor", "releases": 2, "reason": "too much" }] });
    for (metadata, told) in [
        (json!({}), json!(null)),
        (
            json!({ "evidence": noted }),
            json!({ "sourcesUsed": 3, "refused": noted["refused"] }),
        ),
    ] {
        let model = NewModel {
            kind: "none".to_owned(),
            format_version: 0,
            metadata,
            bytes: Arc::from([]),
        };
        world.store.publish_model(model).await.unwrap();
        assert_eq!(world.get("/readyz").await.json()["evidence"], told);
    }
}

#[tokio::test]
async fn metrics_count_by_route_strategy_and_status() {
    let world = World::start().await;
    world.list("strategy=popular").await;
    world
        .get(&format!("{PATH}?strategy=similar"))
        .await
        .assert_problem(400, "invalid_parameter");
    world
        .get("/somewhere/private")
        .await
        .assert_problem(404, "no_such_route");
    let metrics = world.send(world.request(Method::GET, "/metrics")).await;
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    for line in [
        "shoal_http_requests_total{route=\"/api/v1/recommendations/videos\",strategy=\"popular\",status=\"200\"} ",
        "shoal_http_requests_total{route=\"/api/v1/recommendations/videos\",strategy=\"none\",status=\"400\"} ",
        "shoal_http_requests_total{route=\"unmatched\",strategy=\"none\",status=\"404\"} ",
        "shoal_http_request_duration_seconds_bucket{route=\"/api/v1/recommendations/videos\",strategy=\"popular\",le=\"0.5\"} ",
        "# TYPE shoal_http_request_duration_seconds histogram",
        "# HELP shoal_http_requests_total ",
        "shoal_model_created_timestamp_seconds ",
    ] {
        assert!(metrics.text.contains(line), "{line} is not in\n{}", metrics.text);
    }
    assert!(
        !metrics.text.contains("/somewhere"),
        "paths that callers make up are no labels"
    );
}

#[tokio::test]
async fn the_interface_describes_itself() {
    let world = World::untrained().await;
    let answer = world.send(world.request(Method::GET, "/api/v1/openapi.json")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.text, include_str!("../../docs/openapi.json"));
}

#[tokio::test]
async fn a_database_that_is_away_is_a_problem_that_passes() {
    let cluster = ThrowAwayCluster::start(&Options::default()).await.unwrap();
    cluster.create_database("away").await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url("away")).await.unwrap();
    create_schema(&mut connection, Layout::V8_2).await.unwrap();
    let application =
        r#"INSERT INTO application (id, "migrationVersion", "nodeVersion", "nodeABIVersion") VALUES (1, 1070, '', 0)"#;
    sqlx::raw_sql(application).execute(&mut connection).await.unwrap();
    let peertube = PeerTube::connect(&cluster.url("away").into(), 2).await.unwrap();
    let limits = Limits {
        deadline: Duration::from_secs(3),
        ..Limits::default()
    };
    let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
    let store = store(clock.clone()).await;
    let (address, shutdown, serving) = serve(
        &config(&[]),
        peertube,
        store,
        Arc::new(ArcSwapOption::empty()),
        clock,
        limits,
    )
    .await;
    let client = reqwest::Client::new();
    let status = async |path: &str| {
        let response = client
            .get(format!("{address}{path}"))
            .bearer_auth(TOKEN)
            .send()
            .await
            .unwrap();
        let retry = response.headers().contains_key("retry-after");
        let problem = response.headers()["content-type"] == "application/problem+json";
        (response.status().as_u16(), retry, problem)
    };
    assert_eq!(status("/readyz").await, (200, false, false));
    assert_eq!(status(PATH).await, (200, false, false));
    drop(connection);
    cluster.stop().await;
    assert_eq!(status("/readyz").await, (503, true, true));
    assert_eq!(status(PATH).await, (503, true, true));
    assert_eq!(status("/healthz").await, (200, false, false));
    shutdown.cancel();
    serving.await.unwrap().unwrap();
}
