//! Who is asking, and that nobody can ask for somebody else.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use shoal::peertube::UserId;

use crate::instance::{OWNER, VIEWER};
use crate::world::{NOW, PATH, TOKEN, World, plugin};

const SETTINGS: &str = "/api/v1/users/me/settings";
/// Everything about "me" that can be read.
const READABLE: [&str; 5] = [
    SETTINGS,
    "/api/v1/users/me/profile",
    "/api/v1/users/me/contributions",
    "/api/v1/users/me/export",
    "/api/v1/users/me/not-interested",
];

fn now() -> i64 {
    NOW.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp()
}

/// A request with these three headers, whatever they say.
fn with_headers(world: &World, method: Method, path: &str, headers: [&str; 3]) -> reqwest::RequestBuilder {
    let [user, time, signature] = headers;
    world
        .request(method, path)
        .header("Shoal-User", user)
        .header("Shoal-Timestamp", time)
        .header("Shoal-Signature", signature)
}

#[tokio::test]
async fn visitors_get_lists_for_visitors_and_nothing_of_anybody() {
    let world = World::start().await;
    let answer = world
        .send(world.request(Method::GET, &format!("{PATH}?count=100")))
        .await;
    assert_eq!(answer.status, 200);
    let page = answer.json();
    let videos = page["data"].as_array().unwrap();
    assert_eq!(videos.len(), 40);
    assert!(
        videos
            .iter()
            .all(|video| video["recommendation"]["source"] != "for-you")
    );
    assert!(!answer.text.contains("\"watched\""));
    let named = world.request(Method::GET, &format!("{PATH}?userId={VIEWER}"));
    world.send(named).await.assert_problem(401, "not_authenticated");
    for path in READABLE {
        world
            .send(world.request(Method::GET, path))
            .await
            .assert_problem(401, "not_authenticated");
        let named = world.request(Method::GET, &format!("{path}?userId={VIEWER}"));
        world.send(named).await.assert_problem(401, "not_authenticated");
    }
    for (method, path) in [
        (Method::PUT, SETTINGS),
        (Method::POST, "/api/v1/users/me/not-interested"),
        (Method::DELETE, "/api/v1/users/me/not-interested"),
        (Method::POST, "/api/v1/users/me/reset"),
        (Method::DELETE, "/api/v1/users/me"),
    ] {
        let request = world.request(method, path).body("{}");
        world.send(request).await.assert_problem(401, "not_authenticated");
    }
}

#[tokio::test]
async fn the_plugin_vouches_for_exactly_one_user() {
    let world = World::start().await;
    let path = format!("{PATH}?count=10");
    let signed = world.as_user(Method::GET, &path, VIEWER, "").await;
    let trusted = world.get(&format!("{PATH}?count=10&userId={VIEWER}")).await.json();
    assert_eq!(signed, trusted);
    assert_eq!(signed["data"][0]["recommendation"]["source"], "for-you");

    // Naming oneself is allowed, naming somebody else is not.
    for path in READABLE.iter().chain([&PATH]) {
        let own = world.signed(Method::GET, &format!("{path}?userId={VIEWER}"), VIEWER, "");
        assert_eq!(world.send(own).await.status, 200, "{path}");
        let other = world.signed(Method::GET, &format!("{path}?userId={OWNER}"), VIEWER, "");
        world.send(other).await.assert_problem(403, "other_user");
    }
}

#[tokio::test]
async fn a_signature_is_good_for_one_request_of_one_user_for_a_short_time() {
    let world = World::start().await;
    let time = now().to_string();
    let signature = plugin().sign("GET", SETTINGS, UserId(VIEWER), now(), b"");
    let viewer = VIEWER.to_string();
    let send = async |method, path: &str, headers| {
        let answer = world.send(with_headers(&world, method, path, headers)).await;
        (answer.status.as_u16(), answer)
    };
    let (status, _) = send(Method::GET, SETTINGS, [&viewer, &time, &signature]).await;
    assert_eq!(status, 200);

    // Another user, another path, another query, another method, another time, another signature.
    let owner = OWNER.to_string();
    let later = (now() + 1).to_string();
    let (zeros, nonsense) = ("00".repeat(32), "not hexadecimal".to_owned());
    let export = "/api/v1/users/me/export";
    for (method, path, headers) in [
        (Method::GET, SETTINGS, [&owner, &time, &signature]),
        (Method::GET, export, [&viewer, &time, &signature]),
        (
            Method::GET,
            "/api/v1/users/me/settings?userId=2",
            [&viewer, &time, &signature],
        ),
        (Method::DELETE, "/api/v1/users/me", [&viewer, &time, &signature]),
        (Method::PUT, SETTINGS, [&viewer, &time, &signature]),
        (Method::GET, SETTINGS, [&viewer, &later, &signature]),
        (Method::GET, SETTINGS, [&viewer, &time, &zeros]),
        (Method::GET, SETTINGS, [&viewer, &time, &nonsense]),
    ] {
        let headers = headers.map(String::as_str);
        let (_, answer) = send(method.clone(), path, headers).await;
        answer.assert_problem(401, "invalid_signature");
    }
    // A missing and a repeated header.
    let missing = world.request(Method::GET, SETTINGS).header("Shoal-User", &viewer);
    world.send(missing).await.assert_problem(401, "invalid_signature");
    let twice = with_headers(&world, Method::GET, SETTINGS, [&viewer, &time, &signature]).header("Shoal-User", &owner);
    world.send(twice).await.assert_problem(401, "invalid_signature");
    // Beside a token it is not clear who asks.
    let both = with_headers(&world, Method::GET, SETTINGS, [&viewer, &time, &signature]).bearer_auth(TOKEN);
    world.send(both).await.assert_problem(401, "invalid_signature");

    world.clock.advance(TimeDelta::seconds(300));
    assert_eq!(send(Method::GET, SETTINGS, [&viewer, &time, &signature]).await.0, 200);
    world.clock.advance(TimeDelta::seconds(1));
    let (_, answer) = send(Method::GET, SETTINGS, [&viewer, &time, &signature]).await;
    answer.assert_problem(401, "signature_expired");
    world.clock.advance(TimeDelta::seconds(-602));
    let (_, answer) = send(Method::GET, SETTINGS, [&viewer, &time, &signature]).await;
    answer.assert_problem(401, "signature_expired");
}

#[tokio::test]
async fn the_body_is_part_of_the_signature() {
    let world = World::start().await;
    let body = json!({ "level": "off" }).to_string();
    let forged = world
        .signed(Method::PUT, SETTINGS, VIEWER, &body)
        .body(r#"{"level":"contribute"}"#);
    world.send(forged).await.assert_problem(401, "invalid_signature");
    let settings = world.as_user(Method::PUT, SETTINGS, VIEWER, &body).await;
    assert_eq!(settings["level"], "off");
    let large = world.signed(Method::PUT, SETTINGS, VIEWER, &" ".repeat(20_000));
    world.send(large).await.assert_problem(413, "payload_too_large");
}

#[tokio::test]
async fn without_a_shared_secret_nobody_is_vouched_for() {
    let world = World::with_settings(&[("SHOAL_API__PLUGIN_SECRET", "")]).await;
    let signed = world.signed(Method::GET, SETTINGS, VIEWER, "");
    world.send(signed).await.assert_problem(401, "plugin_secret_unset");
}

#[tokio::test]
async fn tokens_of_peertube_are_those_of_their_owners() {
    let world = World::start().await;
    let with_token = |path: &str, token: &str| world.request(Method::GET, path).bearer_auth(token);
    let own = world
        .send(with_token(&format!("{PATH}?count=5"), &format!("token-of-{VIEWER}")))
        .await;
    assert_eq!(own.json()["data"][0]["recommendation"]["source"], "for-you");
    let other = with_token(&format!("{SETTINGS}?userId={VIEWER}"), &format!("token-of-{OWNER}"));
    world.send(other).await.assert_problem(403, "other_user");
    for token in ["unknown", "token-of-", "token-of-x", "a b"] {
        world
            .send(with_token(SETTINGS, token))
            .await
            .assert_problem(401, "invalid_token");
    }
    for token in ["broken", "failing", "token-of-0", "token-of--1"] {
        world
            .send(with_token(SETTINGS, token))
            .await
            .assert_problem(503, "peertube_unavailable");
    }
    // PeerTube may say that there is such a user a moment before the user is gone from the database.
    world
        .send(with_token(SETTINGS, "token-of-7654"))
        .await
        .assert_problem(404, "unknown_user");
}

#[tokio::test]
async fn answers_about_tokens_are_remembered_for_a_minute() {
    let world = World::start().await;
    let ask = async |token: &str| {
        let answer = world
            .send(world.request(Method::GET, SETTINGS).bearer_auth(token))
            .await;
        (answer.status.as_u16(), world.fake.asked.load(Ordering::SeqCst))
    };
    let token = format!("token-of-{VIEWER}");
    assert_eq!(ask(&token).await, (200, 1));
    assert_eq!(ask(&token).await, (200, 1));
    assert_eq!(ask("unknown").await, (401, 2));
    assert_eq!(ask("unknown").await, (401, 2));
    // Failures are asked again.
    assert_eq!(ask("failing").await, (503, 3));
    assert_eq!(ask("failing").await, (503, 4));
    world.clock.advance(TimeDelta::seconds(60));
    assert_eq!(ask(&token).await, (200, 5));
    // The service token is never shown to PeerTube.
    let answer = world.get(&format!("{SETTINGS}?userId={VIEWER}")).await;
    assert_eq!(
        (answer.status.as_u16(), world.fake.asked.load(Ordering::SeqCst)),
        (200, 5)
    );
}

#[tokio::test]
async fn the_service_token_must_say_whose() {
    let world = World::start().await;
    world.get(SETTINGS).await.assert_problem(400, "invalid_parameter");
    world
        .get(&format!("{SETTINGS}?userId=7654"))
        .await
        .assert_problem(404, "unknown_user");
    assert_eq!(world.get(&format!("{SETTINGS}?userId={VIEWER}")).await.status, 200);
}
