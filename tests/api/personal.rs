//! Lists made from what one user did.

use crate::instance::VIEWER;
use crate::world::{BEES, MUSIC, NEWCOMER, World};

#[tokio::test]
async fn a_music_lover_gets_music_that_is_not_watched_yet() {
    let world = World::start().await;
    let listed = world.list(&format!("userId={VIEWER}&count=10")).await;
    assert_eq!(listed.sources(), ["for-you"]);
    assert_eq!(listed.total, 37, "all but the three watched ones");
    let ids = listed.ids();
    assert!(ids.iter().all(|id| ![101, 102, 103].contains(id)), "{ids:?}");
    let music = ids[..8].iter().filter(|id| MUSIC.contains(id)).count();
    assert!(music >= 6, "{ids:?}");
}

#[tokio::test]
async fn cards_have_peertubes_fields() {
    let world = World::start().await;
    let listed = world.list(&format!("userId={VIEWER}&count=1")).await;
    let video = &listed.data[0];
    for field in [
        "id",
        "uuid",
        "shortUUID",
        "url",
        "name",
        "duration",
        "views",
        "publishedAt",
        "channel",
        "isLocal",
        "nsfw",
    ] {
        assert!(!video[field].is_null(), "{field}: {video}");
    }
    assert!(video["recommendation"]["score"].is_number());
}

#[tokio::test]
async fn watched_videos_come_back_on_demand_and_disliked_ones_never() {
    let mut world = World::start().await;
    world
        .instance
        .rate(VIEWER, 104, "dislike", "2026-01-31T00:00:00Z")
        .await;
    world
        .instance
        .rate(VIEWER, 101, "dislike", "2026-01-31T00:00:00Z")
        .await;
    world.instance.rate(VIEWER, 105, "like", "2026-01-31T00:00:00Z").await;

    let ids = world.list(&format!("userId={VIEWER}&count=100")).await.ids();
    assert_eq!(ids.len(), 35);
    assert!([101, 102, 103, 104, 105].iter().all(|id| !ids.contains(id)), "{ids:?}");

    let ids = world
        .list(&format!("userId={VIEWER}&count=100&includeWatched=true"))
        .await
        .ids();
    assert_eq!(ids.len(), 38);
    assert!([102, 103, 105].iter().all(|id| ids.contains(id)), "{ids:?}");
    assert!([101, 104].iter().all(|id| !ids.contains(id)), "{ids:?}");
}

#[tokio::test]
async fn every_strategy_leaves_out_what_was_watched() {
    let world = World::start().await;
    for strategy in [
        "strategy=for-you",
        "strategy=similar&videoId=110",
        "strategy=popular",
        "strategy=recent",
        "strategy=next&videoId=110",
        "strategy=subscriptions",
        "strategy=explore",
    ] {
        let ids = world.list(&format!("userId={VIEWER}&count=100&{strategy}")).await.ids();
        assert!(ids.len() >= 36, "{strategy}: {ids:?}");
        assert!(
            [101, 102, 103].iter().all(|id| !ids.contains(id)),
            "{strategy}: {ids:?}"
        );
    }
}

#[tokio::test]
async fn nobody_is_told_of_their_own_videos() {
    let mut world = World::start().await;
    let own = [110, 111, 205];
    world.instance.add_channel(70, VIEWER, None).await;
    world
        .instance
        .execute(r#"UPDATE video SET "channelId" = 70 WHERE id IN (110, 111, 205)"#)
        .await;
    world.train().await;
    let listed = async |world: &World, user: i32, query: &str| {
        let list = world.list(&format!("userId={user}&count=100&{query}")).await;
        own.iter().filter(|id| list.ids().contains(id)).count()
    };
    for query in ["strategy=for-you", "strategy=next&videoId=112", "strategy=explore"] {
        assert_eq!(listed(&world, VIEWER, query).await, 0, "{query}");
        assert_eq!(listed(&world, NEWCOMER, query).await, 3, "{query}");
    }
    // What is the same for everybody stays so.
    for query in ["strategy=popular", "strategy=recent", "strategy=similar&videoId=112"] {
        assert_eq!(listed(&world, VIEWER, query).await, 3, "{query}");
    }
    world
        .set_at_service(VIEWER, serde_json::json!({ "level": "off" }))
        .await;
    assert_eq!(listed(&world, VIEWER, "strategy=for-you").await, 3);
}

#[tokio::test]
async fn a_new_watch_counts_at_the_next_request_and_a_deleted_one_no_more() {
    let mut world = World::start().await;
    let query = format!("userId={NEWCOMER}&count=10");
    let before = world.list(&query).await;
    assert_eq!(before.sources(), ["popular"]);

    for video in [201, 202, 203] {
        world.watch(NEWCOMER, video, 60).await;
    }
    let after = world.list(&query).await;
    assert_eq!(after.sources(), ["for-you"]);
    let ids = after.ids();
    assert!([201, 202, 203].iter().all(|id| !ids.contains(id)), "{ids:?}");
    assert!(ids[..8].iter().filter(|id| BEES.contains(id)).count() >= 6, "{ids:?}");

    world
        .instance
        .execute(&format!(
            r#"DELETE FROM "userVideoHistory" WHERE "userId" = {NEWCOMER}"#
        ))
        .await;
    let deleted = world.list(&query).await;
    assert_eq!(deleted.data, before.data);
}

#[tokio::test]
async fn nobody_sees_anything_of_another_user() {
    let mut world = World::start().await;
    let query = format!("userId={NEWCOMER}&count=100");
    world.watch(NEWCOMER, 210, 60).await;
    let before = world.list(&query).await;
    // Another user's new watches, likes and dislikes change nothing for this one before the next training.
    for video in BEES.take(9) {
        world.watch(VIEWER, video, 60).await;
    }
    world
        .instance
        .rate(VIEWER, 215, "dislike", "2026-01-31T00:00:00Z")
        .await;
    let after = world.list(&query).await;
    assert_eq!(before.data, after.data);
    let named = after
        .reasons()
        .into_iter()
        .filter_map(|(_, reason)| reason["videoId"].as_i64());
    assert!(named.into_iter().all(|id| id == 210));
}
