//! Randomized reports of visitors: counted, estimated, limited, and nothing else kept.

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use reqwest::Method;
use serde_json::{Value, json};
use shoal::privacy::Epsilon;
use shoal::privacy::local::UnaryEncoding;

use crate::world::{Answer, TOKEN, World};

const PARAMETERS: &str = "/api/v1/visitors/parameters";
const REPORTS: &str = "/api/v1/visitors/reports";
const TOPICS: &str = "/api/v1/visitors/topics";
const ON: (&str, &str) = ("SHOAL_VISITORS__ENABLED", "true");

async fn read(world: &World, path: &str) -> Answer {
    world.send(world.request(Method::GET, path)).await
}

async fn report(world: &World, body: &str) -> Answer {
    world
        .send(world.request(Method::POST, REPORTS).body(body.to_owned()))
        .await
}

async fn version(world: &World) -> String {
    let parameters = read(world, PARAMETERS).await.json();
    parameters["version"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_is_taken_unless_the_administrator_says_so() {
    let world = World::untrained().await;
    for path in [PARAMETERS, TOPICS] {
        read(&world, path).await.assert_problem(404, "visitors_switched_off");
    }
    report(&world, "{}").await.assert_problem(404, "visitors_switched_off");
}

#[tokio::test]
async fn estimates_are_unbiased_and_say_how_sure_they_are() {
    let world = World::with_settings(&[
        ON,
        ("SHOAL_VISITORS__EPSILON", "2.0"),
        ("SHOAL_VISITORS__REPORTS_PER_MINUTE", "100000"),
    ])
    .await;
    let parameters = read(&world, PARAMETERS).await.json();
    assert_eq!(parameters["topics"].as_array().unwrap().len(), 18);
    assert_eq!(parameters["mechanism"], "randomized-response");
    let world = World::with_settings(&[ON, ("SHOAL_VISITORS__REPORTS_PER_MINUTE", "100000")]).await;
    let parameters = read(&world, PARAMETERS).await.json();
    assert_eq!(parameters["mechanism"], "unary-encoding");
    let encoding = UnaryEncoding::new(Epsilon::new(1.0).unwrap(), 18).unwrap();
    let (own, other) = encoding.probabilities();
    assert_eq!(
        (&parameters["probabilityTrue"], &parameters["probabilityFalse"]),
        (&json!(own), &json!(other))
    );

    // 300 visitors who like music and 100 who like food, each with a randomized report.
    let mut randomness = ChaCha20Rng::seed_from_u64(5);
    let version = version(&world).await;
    for visitor in 0..400 {
        let truth = if visitor < 300 { 0 } else { 17 };
        let bits = encoding.report(truth, &mut randomness).unwrap();
        let topics: Vec<i32> = (1..)
            .zip(bits)
            .filter_map(|(topic, set)| set.then_some(topic))
            .collect();
        let answer = report(&world, &json!({ "version": version, "topics": topics }).to_string()).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
    let topics = read(&world, TOPICS).await.json();
    assert_eq!(topics["reports"], 400);
    let mut covered = 0;
    for estimate in topics["data"].as_array().unwrap() {
        let truth = match estimate["id"].as_i64().unwrap() {
            1 => 300.0,
            18 => 100.0,
            _ => 0.0,
        };
        let number = |field: &str| estimate[field].as_f64().unwrap();
        assert!(number("lower") < number("estimate") && number("estimate") < number("upper"));
        // Five standard deviations of an estimate from 400 reports at epsilon 1.
        assert!((number("estimate") - truth).abs() < 5.0 * 43.0, "{estimate}");
        covered += i32::from((number("lower")..=number("upper")).contains(&truth));
    }
    assert!(covered >= 15, "{covered} of 18");
    let music = topics["data"][0]["estimate"].as_f64().unwrap();
    assert!(
        topics["data"]
            .as_array()
            .unwrap()
            .iter()
            .skip(1)
            .all(|topic| topic["estimate"].as_f64().unwrap() < music)
    );
}

#[tokio::test]
async fn hostile_reports_count_nothing() {
    let world = World::with_settings(&[ON]).await;
    let version = version(&world).await;
    let with = |topics: Value| json!({ "version": version, "topics": topics }).to_string();
    for body in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{".to_owned(),
        "{}".to_owned(),
        with(json!([0])),
        with(json!([19])),
        with(json!([-1])),
        with(json!([1, 1])),
        with(json!([1.5])),
        with(json!(["1"])),
        with(json!([4_294_967_297u64])),
        with(json!((1..=19).collect::<Vec<i32>>())),
        json!({ "version": version, "topics": [1], "weight": 1000 }).to_string(),
        json!({ "version": version, "topics": { "1": 1000 } }).to_string(),
    ] {
        report(&world, &body).await.assert_problem(400, "invalid_body");
    }
    let outdated = json!({ "version": "unary-encoding-18-9.000000000", "topics": [1] }).to_string();
    report(&world, &outdated)
        .await
        .assert_problem(409, "outdated_parameters");
    let large = report(&world, &with(json!(vec![1; 100_000]))).await;
    large.assert_problem(413, "payload_too_large");
    for method in [Method::PUT, Method::DELETE, Method::GET] {
        world
            .send(world.request(method, REPORTS))
            .await
            .assert_problem(405, "method_not_allowed");
    }
    let topics = read(&world, TOPICS).await.json();
    assert_eq!(topics["reports"], 0);
    assert!(
        topics["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|topic| topic["estimate"] == 0.0)
    );
    // An empty report is one: the draw may name nothing.
    assert_eq!(report(&world, &with(json!([]))).await.status, 204);
    assert_eq!(read(&world, TOPICS).await.json()["reports"], 1);
}

#[tokio::test]
async fn all_visitors_together_are_limited_and_users_are_not() {
    let world = World::with_settings(&[ON, ("SHOAL_VISITORS__REPORTS_PER_MINUTE", "3")]).await;
    let body = json!({ "version": version(&world).await, "topics": [1] }).to_string();
    for _ in 0..3 {
        assert_eq!(report(&world, &body).await.status, 204);
    }
    let refused = report(&world, &body).await;
    refused.assert_problem(429, "too_many_reports");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(world.list("").await.data.len(), 15);
    world.clock.advance(chrono::TimeDelta::seconds(20));
    assert_eq!(report(&world, &body).await.status, 204);
    report(&world, &body).await.assert_problem(429, "too_many_reports");
    assert_eq!(read(&world, TOPICS).await.json()["reports"], 4);
}

#[tokio::test]
async fn only_counts_are_kept_and_old_ones_are_not_shown() {
    let world = World::with_settings(&[ON]).await;
    let body = json!({ "version": version(&world).await, "topics": [1, 3] }).to_string();
    let sent = world
        .request(Method::POST, REPORTS)
        .bearer_auth(TOKEN)
        .body(body.clone());
    assert_eq!(world.send(sent).await.status, 204);
    world.clock.advance(chrono::TimeDelta::days(29));
    assert_eq!(report(&world, &body).await.status, 204);
    assert_eq!(read(&world, TOPICS).await.json()["reports"], 2);
    world.clock.advance(chrono::TimeDelta::days(1));
    assert_eq!(read(&world, TOPICS).await.json()["reports"], 1);
    let counts = world.store.visitor_counts(&version(&world).await, 100).await.unwrap();
    assert_eq!((counts.reports, counts.topics), (2, vec![(1, 2), (3, 2)]));
    world.clock.advance(chrono::TimeDelta::days(380));
    world.store.prune_visitor_counts().await.unwrap();
    let counts = world.store.visitor_counts(&version(&world).await, 1_000).await.unwrap();
    assert_eq!(counts.reports, 1);
}
