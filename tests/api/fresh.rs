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
    world.train().await;
    let with = json!({ "name": "bees number 999", "channelId": 22, "publishedAt": "2026-02-01T00:00:00Z" });
    world.instance.add_video(999, with).await;
    // The place of the new video, its source, and its score.
    let placed = async |world: &World| {
        let listed = world.list(&format!("userId={NEWCOMER}&count=100")).await;
        let place = listed.ids().iter().position(|id| *id == 999).unwrap();
        let recommendation = listed.data[place]["recommendation"].clone();
        (
            place,
            recommendation["source"].clone(),
            recommendation["score"].as_f64(),
        )
    };
    let before = placed(&world).await;
    assert_eq!(
        before,
        (34, json!("recent"), None),
        "at the end of what the model knows"
    );
    assert_eq!(place_new_videos(&world.peertube, &world.snapshot).await.unwrap(), 1);
    assert_eq!(
        place_new_videos(&world.peertube, &world.snapshot).await.unwrap(),
        0,
        "once"
    );
    let at_once = placed(&world).await;
    assert_eq!(at_once.1, "for-you");
    // And what is like it: videos about bees.
    let similar = world.list("strategy=similar&videoId=999&count=5").await;
    assert_eq!(similar.sources(), ["similar"]);
    let bees = similar.ids().iter().filter(|id| BEES.contains(id)).count();
    assert!(bees >= 4, "no channel fills the list: {:?}", similar.ids());
    // The next cycle, which learns from it, puts it about where it was put at once.
    world.train().await;
    let learned = placed(&world).await;
    let difference = (learned.2.unwrap() - at_once.2.unwrap()).abs();
    assert!(difference < 0.6, "{at_once:?} {learned:?}");
    assert!(learned.0.abs_diff(at_once.0) <= 3, "{at_once:?} {learned:?}");
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
