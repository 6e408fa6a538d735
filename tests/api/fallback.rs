//! There is always a list.

use serde_json::json;

use shoal::recommend::service::Settings;
use shoal::recommend::{Recommendations, Request, Strategy};

use crate::instance::VIEWER;
use crate::world::{NEWCOMER, World, config};

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
async fn without_a_model_what_is_popular_is_what_has_the_most_views() {
    let mut world = World::untrained().await;
    let update =
        "UPDATE video SET views = 500 WHERE id = 211; UPDATE video SET privacy = 3, views = 900 WHERE id = 212";
    world.instance.execute(update).await;
    for caller in ["", "&userId=3"] {
        let listed = world.list(&format!("strategy=popular&count=100{caller}")).await;
        assert_eq!(listed.sources(), ["popular"]);
        assert_eq!(listed.ids()[0], 211, "the hidden one is not listed");
        let views: Vec<i64> = listed
            .data
            .iter()
            .map(|video| video["views"].as_i64().unwrap())
            .collect();
        assert!(views.is_sorted_by(|one, other| one >= other), "{views:?}");
        assert_eq!(
            listed.total,
            if caller.is_empty() { 39 } else { 36 },
            "what was watched is left out"
        );
        assert!(
            listed
                .data
                .iter()
                .all(|video| video["recommendation"]["score"].is_null())
        );
        assert!(listed.reasons().is_empty(), "nothing can be said yet");
    }
}

#[tokio::test]
async fn lists_are_there_from_the_first_minute_however_long_the_first_model_takes() {
    // As on an instance of very many videos: which ones are listed is read beforehand, and requests do not wait for it.
    let world = World::untrained().await;
    let settings = Settings {
        many_videos: 10,
        ..Settings::from_config(&config(&[]))
    };
    let lists = Recommendations::new(
        world.peertube.clone(),
        world.store.clone(),
        world.snapshot.clone(),
        settings,
        world.clock.clone(),
    );
    let preparing = tokio::spawn({
        let lists = lists.clone();
        async move { lists.prepare().await }
    });
    let request = |strategy| Request {
        strategy,
        count: 100,
        ..Request::default()
    };
    let mut known = None;
    while known.is_none() {
        for strategy in Strategy::ALL.into_iter().filter(|strategy| !strategy.needs_video()) {
            let page = lists.for_request(&request(strategy)).await.unwrap();
            assert_eq!(page.data.len(), 40, "{strategy}");
        }
        known = lists.presumed().known_for(None, true);
    }
    assert_eq!(known.unwrap().videos().len(), 40);
    let newest = lists.for_request(&request(Strategy::Recent)).await.unwrap();
    let asked: Vec<i32> = newest.data.iter().map(|listed| listed.video.id.0).collect();
    assert_eq!(asked, world.list("strategy=recent&count=100").await.ids());
    preparing.abort();
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
