//! There is always a list.

use serde_json::json;

use crate::instance::VIEWER;
use crate::world::{NEWCOMER, World};

#[tokio::test]
async fn without_history_the_list_is_what_is_popular_here() {
    let world = World::start().await;
    let visitor = world.list("count=100").await;
    assert_eq!(visitor.sources(), ["popular"]);
    assert_eq!(visitor.total, 40);
    let scores: Vec<f64> = world
        .list("strategy=popular&count=100")
        .await
        .data
        .iter()
        .map(|video| video["recommendation"]["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted_by(|one, other| one >= other));
    for user in [NEWCOMER, 999_999, i32::MAX] {
        let listed = world.list(&format!("userId={user}&count=100")).await;
        assert_eq!(listed.ids(), visitor.ids(), "{user}");
    }
    let popular: Vec<i32> = visitor
        .reasons()
        .into_iter()
        .inspect(|(_, reason)| assert_eq!(**reason, json!({ "type": "popular" })))
        .map(|(id, _)| id)
        .collect();
    assert!(
        !popular.is_empty() && popular.len() < 40,
        "only what is above the average: {popular:?}"
    );
}

#[tokio::test]
async fn without_history_the_current_video_leads() {
    let world = World::start().await;
    let listed = world.list(&format!("userId={NEWCOMER}&videoId=210&count=100")).await;
    assert_eq!(listed.data[0]["recommendation"]["source"], "similar");
    assert!(!listed.ids().contains(&210));
    assert_eq!(listed.total, 39);
    // Unknown or hidden current videos are no reason to fail.
    for video in ["777", "00000000-0000-0000-0000-000000000000"] {
        let listed = world.list(&format!("userId={NEWCOMER}&videoId={video}")).await;
        assert_eq!(listed.sources(), ["popular"]);
    }
}

#[tokio::test]
async fn without_a_model_the_list_is_the_newest() {
    let mut world = World::untrained().await;
    for strategy in [
        "strategy=for-you",
        "strategy=similar&videoId=110",
        "strategy=popular",
        "strategy=recent",
        "strategy=next&videoId=110",
        "strategy=subscriptions",
        "strategy=explore",
    ] {
        let listed = world.list(&format!("userId={VIEWER}&count=100&{strategy}")).await;
        assert_eq!(listed.sources(), ["recent"], "{strategy}");
        assert!([101, 102, 103].iter().all(|id| !listed.ids().contains(id)));
        let dates: Vec<&str> = listed
            .data
            .iter()
            .map(|video| video["publishedAt"].as_str().unwrap())
            .collect();
        assert!(dates.is_sorted_by(|one, other| one >= other));
        for video in &listed.data {
            assert!(video["recommendation"]["score"].is_null());
            assert_eq!(video["recommendation"]["reasons"], json!([{ "type": "recent" }]));
        }
    }
    world.train().await;
    let listed = world.list(&format!("userId={VIEWER}")).await;
    assert_eq!(listed.sources(), ["for-you"], "published without a restart");
}

#[tokio::test]
async fn videos_newer_than_the_model_fill_the_end() {
    let mut world = World::start().await;
    world
        .instance
        .add_video(901, json!({ "publishedAt": "2026-01-31T12:00:00Z" }))
        .await;
    let listed = world.list(&format!("userId={VIEWER}&count=100")).await;
    assert_eq!(listed.total, 38);
    assert_eq!(listed.sources(), ["for-you", "recent"]);
    assert_eq!(listed.ids().last(), Some(&901));
    // Watching it says nothing to the model, but it is watched all the same.
    world.watch(VIEWER, 901, 60).await;
    assert!(
        !world
            .list(&format!("userId={VIEWER}&count=100"))
            .await
            .ids()
            .contains(&901)
    );
    // Similar to a video that the model does not know: popular.
    let listed = world
        .list(&format!("strategy=similar&videoId=901&userId={NEWCOMER}"))
        .await;
    assert_eq!(listed.sources(), ["popular"]);
}

#[tokio::test]
async fn an_empty_instance_has_an_empty_list() {
    let mut world = World::untrained().await;
    world.instance.execute("DELETE FROM video").await;
    world.train().await;
    for strategy in [
        "for-you",
        "popular",
        "recent",
        "subscriptions",
        "explore",
        "next&videoId=1",
    ] {
        let listed = world.list(&format!("userId={VIEWER}&strategy={strategy}")).await;
        assert_eq!((listed.total, listed.data.len()), (0, 0));
    }
}
