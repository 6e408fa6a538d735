//! What owners let be recommended beside their videos is all that is listed there, whatever the strategy.

use serde_json::json;
use uuid::Uuid;

use crate::instance::VIEWER;
use crate::world::{MUSIC, NEWCOMER, PATH, World};

/// A world whose PeerTube knows policies. Video 110, of channel 21 like all music with an even number, has `policy`.
async fn world(policy: i32) -> World {
    let column = r#"ALTER TABLE video ADD COLUMN "recommendationPolicy" integer"#;
    let mut world = World::altered(column).await;
    world
        .instance
        .execute(&format!(
            r#"UPDATE video SET "recommendationPolicy" = {policy} WHERE id = 110"#
        ))
        .await;
    world
}

#[tokio::test]
async fn beside_a_video_are_only_those_that_its_owner_permits() {
    let mut world = world(4).await;
    // Newer than the model, and of the same channel.
    world
        .instance
        .add_video(999, json!({ "channelId": 21, "publishedAt": "2026-01-31T12:00:00Z" }))
        .await;
    let same_channel: Vec<i32> = MUSIC.filter(|id| id % 2 == 0 && *id != 110).chain([999]).collect();
    for strategy in ["for-you", "similar", "next", "popular", "recent", "explore"] {
        for user in [
            format!("&userId={VIEWER}"),
            format!("&userId={NEWCOMER}"),
            String::new(),
        ] {
            let query = format!("strategy={strategy}&videoId=110&count=100{user}");
            let mut ids = world.list(&query).await.ids();
            ids.sort_unstable();
            let watched: &[i32] = if user.ends_with(&VIEWER.to_string()) {
                &[102]
            } else {
                &[]
            };
            let expected: Vec<i32> = same_channel
                .iter()
                .copied()
                .filter(|id| !watched.contains(id))
                .collect();
            assert_eq!(ids, expected, "{query}");
        }
    }
    let others = world.list("strategy=similar&videoId=112&count=100").await.ids();
    assert!(others.len() > 30, "{others:?}");
}

#[tokio::test]
async fn whose_a_hidden_video_is_cannot_be_guessed() {
    let mut world = world(4).await;
    // Unlisted: it opens for whoever has its address, which holds the UUID.
    world
        .instance
        .execute("UPDATE video SET privacy = 2 WHERE id = 110")
        .await;
    let everything = world.list("count=100").await.ids().len();
    assert_eq!(world.list("videoId=110&count=100").await.ids().len(), everything);
    let uuid: Vec<(Uuid,)> = world.instance.read("SELECT uuid FROM video WHERE id = 110").await;
    let uuid = uuid[0].0;
    let restricted = world.list(&format!("videoId={uuid}&count=100")).await.ids();
    assert!(
        restricted.iter().all(|id| MUSIC.contains(id) && id % 2 == 0),
        "{restricted:?}"
    );
    assert_eq!(restricted.len(), 9);
    world
        .get(&format!("{PATH}?strategy=similar&videoId={uuid}"))
        .await
        .assert_problem(404, "unknown_video");
}
