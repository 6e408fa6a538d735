//! Every error is a problem in the standard's shape.

use reqwest::Method;
use reqwest::header::AUTHORIZATION;

use crate::world::{PATH, TOKEN, World};

#[tokio::test]
async fn a_wrong_token_is_refused_and_opens_nothing() {
    let world = World::untrained().await;
    let presented = [
        "",
        "Bearer",
        "Bearer wrong",
        &format!("Basic {TOKEN}"),
        &format!("Bearer {TOKEN}x"),
        TOKEN,
    ];
    for value in presented {
        let request = world.request(Method::GET, PATH).header(AUTHORIZATION, value);
        let answer = world.send(request).await;
        answer.assert_problem(401, "invalid_token");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    // The query is not even looked at.
    let request = world.request(Method::GET, &format!("{PATH}?count=0"));
    let answer = world.send(request.bearer_auth("wrong")).await;
    answer.assert_problem(401, "invalid_token");
    // Nor does a token in the query open anything.
    let in_query = world.request(Method::GET, &format!("{PATH}?token={TOKEN}"));
    world.send(in_query).await.assert_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let world = World::untrained().await;
    for (query, parameter) in [
        ("userId=0", "userId"),
        ("userId=-1", "userId"),
        ("userId=2147483648", "userId"),
        ("userId=1%3B%20DROP%20TABLE%20video", "userId"),
        ("count=0", "count"),
        ("count=101", "count"),
        ("count=99999999999999999999999999", "count"),
        ("start=-1", "start"),
        ("start=1001", "start"),
        ("strategy=best", "strategy"),
        ("strategy=recent'--", "strategy"),
        ("videoId=%27%20OR%201%3D1", "videoId"),
        ("includeWatched=perhaps", "includeWatched"),
        ("sort=-views", "sort"),
        ("count=1&count=2", "count"),
        ("%FF=1", "\u{fffd}"),
    ] {
        let answer = world.get(&format!("{PATH}?{query}")).await;
        answer.assert_problem(400, "invalid_parameter");
        let problem = answer.json();
        let invalid = problem["invalid-params"].as_object().unwrap();
        assert_eq!(invalid.len(), 1, "{query}: {problem}");
        assert_eq!(invalid[parameter]["location"], "query", "{query}: {problem}");
    }
    let both = world.get(&format!("{PATH}?count=0&start=x")).await.json();
    assert_eq!(both["invalid-params"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn wrong_addresses_methods_and_bodies_are_problems_too() {
    let world = World::untrained().await;
    for path in [
        "/",
        "/api/v1/recommendations",
        "/api/v1/recommendations/videos/",
        "/%00",
        "/../etc/passwd",
    ] {
        world.get(path).await.assert_problem(404, "no_such_route");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        for path in [PATH, "/healthz", "/metrics"] {
            let answer = world.send(world.request(method.clone(), path).bearer_auth(TOKEN)).await;
            answer.assert_problem(405, "method_not_allowed");
            assert!(
                answer.headers["allow"].to_str().unwrap().contains("GET"),
                "{method} {path}"
            );
        }
    }
    let large = world
        .request(Method::GET, PATH)
        .bearer_auth(TOKEN)
        .body(vec![b'x'; 1024 * 1024]);
    world.send(large).await.assert_problem(413, "payload_too_large");
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let world = World::untrained().await;
    let mut ids = Vec::new();
    for path in [PATH, "/healthz", "/nowhere"] {
        let answer = world.get(path).await;
        ids.push(answer.headers["x-request-id"].to_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
