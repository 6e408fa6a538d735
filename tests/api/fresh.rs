//! Videos that are newer than the model are ranked by their content, and a list says why it has nothing of what was asked for.

use serde_json::json;
use shoal::recommend::fresh::place_new_videos;

use crate::instance::{OWNER, VIEWER};
use crate::world::{BEES, NEWCOMER, World};

#[tokio::test]
async fn a_new_video_is_ranked_before_the_next_cycle() {
    let mut world = World::start().await;
    for video in BEES.take(6) {
        world.watch(NEWCOMER, video, 60).await;
    }
    let with = json!({ "name": "bees number 999", "channelId": 22, "publishedAt": "2026-02-01T00:00:00Z" });
    world.instance.add_video(999, with).await;
    let place = async |world: &World| {
        let query = format!("userId={NEWCOMER}&count=100");
        let listed = world.list(&query).await;
        let place = listed.ids().iter().position(|id| *id == 999).unwrap();
        (place, listed.data[place]["recommendation"]["source"].clone())
    };
    let (before, source) = place(&world).await;
    assert_eq!(
        (before, source),
        (34, json!("recent")),
        "at the end of what the model knows"
    );
    assert_eq!(place_new_videos(&world.peertube, &world.snapshot).await.unwrap(), 1);
    let (after, source) = place(&world).await;
    world.train().await;
    println!("{after} {:?}", place(&world).await);
    let scores: Vec<(i64, f64)> = world.list(&format!("userId={NEWCOMER}&count=100")).await.data.iter().map(|v| (v["id"].as_i64().unwrap(), v["recommendation"]["score"].as_f64().unwrap_or(0.0))).collect();
    println!("{scores:?}");
    assert!(after < 10 && source == "for-you", "{after} {source}");
    // And what is like it: videos about bees.
    let similar = world.list("strategy=similar&videoId=999&count=5").await;
    assert_eq!(similar.sources(), ["similar"]);
    assert!(similar.ids().iter().all(|id| BEES.contains(id)), "{:?}", similar.ids());
    assert_eq!(
        place_new_videos(&world.peertube, &world.snapshot).await.unwrap(),
        0,
        "once"
    );
}

#[tokio::test]
async fn a_list_without_what_was_asked_for_says_why() {
    let mut world = World::untrained().await;
    let fallback = async |world: &World, query: &str| {
        let answer = world.get(&format!("{}?{query}", crate::world::PATH)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["fallback"].clone()
    };
    let viewer = format!("userId={VIEWER}");
    let subscriptions = format!("{viewer}&strategy=subscriptions");
    assert_eq!(fallback(&world, "").await, "visitor");
    assert_eq!(fallback(&world, &viewer).await, "no-model");
    assert_eq!(fallback(&world, "strategy=next&videoId=110").await, "no-model");
    world.train().await;
    assert_eq!(fallback(&world, &viewer).await, json!(null));
    assert_eq!(fallback(&world, &format!("userId={NEWCOMER}")).await, "no-history");
    assert_eq!(fallback(&world, "strategy=next&videoId=777").await, "unknown-video");
    assert_eq!(fallback(&world, "strategy=recent").await, json!(null));
    assert_eq!(fallback(&world, "strategy=subscriptions").await, "visitor");
    assert_eq!(fallback(&world, &subscriptions).await, "no-subscriptions");
    world.instance.follow(VIEWER, 20, "accepted").await;
    assert_eq!(fallback(&world, &subscriptions).await, json!(null));
    world.instance.add_channel(80, OWNER, None).await;
    world
        .instance
        .execute(&format!(
            r#"UPDATE "actorFollow" SET "targetActorId" = 80 WHERE "actorId" = {VIEWER}"#
        ))
        .await;
    assert_eq!(
        fallback(&world, &subscriptions).await,
        "nothing-left",
        "an empty channel"
    );
    world.set_at_service(VIEWER, json!({ "level": "content-only" })).await;
    assert_eq!(fallback(&world, &viewer).await, "level");
    world
        .instance
        .execute(r#"UPDATE "user" SET "videosHistoryEnabled" = false"#)
        .await;
    assert_eq!(fallback(&world, &viewer).await, "history-off");
    world
        .instance
        .execute(r#"UPDATE "user" SET "videosHistoryEnabled" = true"#)
        .await;
    world.set_at_service(VIEWER, json!({ "level": "local" })).await;
    world
        .instance
        .execute(&format!(
            r#"INSERT INTO "userVideoHistory" ("userId", "videoId", "currentTime", "createdAt", "updatedAt")
               SELECT {VIEWER}, id, 60, '2026-01-30', '2026-01-30' FROM video WHERE id NOT IN (101, 102, 103)"#
        ))
        .await;
    assert_eq!(fallback(&world, &viewer).await, "nothing-left");
}
