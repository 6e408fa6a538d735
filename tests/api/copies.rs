//! Of the same video in several channels, one is enough.

use serde_json::json;

use crate::instance::{OWNER, REMOTE_CHANNEL, VIEWER};
use crate::world::World;

/// The same video about music six times, in as many channels; the fourth is the one to keep: local and the most viewed.
const COPIES: std::ops::RangeInclusive<i32> = 501..=506;
const KEPT: i32 = 504;

async fn world() -> World {
    let mut world = World::start().await;
    world
        .instance
        .follow(crate::instance::INSTANCE, REMOTE_CHANNEL, "accepted")
        .await;
    for id in COPIES {
        let channel = 60 + id - COPIES.start();
        world.instance.add_channel(channel, OWNER, None).await;
        let with = json!({
            "name": if id % 2 == 0 { "The music of the sea" } else { "The Music of the Sea (re-upload)" },
            "duration": 1_800 + id % 3, "views": if id == KEPT { 900 } else { 10 },
            "channelId": if id == 506 { REMOTE_CHANNEL } else { channel }, "remote": id == 506,
            "publishedAt": format!("2026-01-{:02}T00:00:00Z", id - 490),
        });
        world.instance.add_video(id, with).await;
    }
    world.train().await;
    world
}

fn copies(ids: &[i32]) -> Vec<i32> {
    ids.iter().copied().filter(|id| COPIES.contains(id)).collect()
}

#[tokio::test]
async fn a_list_has_one_copy_and_always_the_same_one() {
    let world = world().await;
    for query in [
        "strategy=similar&videoId=110".to_owned(),
        "strategy=next&videoId=110&played=".to_owned(),
        "strategy=for-you".to_owned(),
        format!("strategy=for-you&userId={VIEWER}"),
        "strategy=explore".to_owned(),
    ] {
        let listed = world.list(&format!("{query}&count=100")).await;
        let found = copies(&listed.ids());
        assert!(found.len() <= 1, "{query}: {found:?}");
        assert!(found.is_empty() || found == [KEPT], "{query}: {found:?}");
        assert!(!query.contains("for-you") || !found.is_empty(), "{query}");
    }
    // What is newest or most watched is what it is.
    for strategy in ["popular", "recent"] {
        let listed = world.list(&format!("strategy={strategy}&count=100")).await;
        assert_eq!(copies(&listed.ids()).len(), 6, "{strategy}");
    }
}

#[tokio::test]
async fn beside_a_copy_one_other_is_enough_and_autoplay_plays_none() {
    let world = world().await;
    for copy in COPIES {
        let similar = world.list(&format!("strategy=similar&videoId={copy}&count=100")).await;
        let found = copies(&similar.ids());
        assert_eq!(
            found,
            [if copy == KEPT { 501 } else { KEPT }],
            "{copy}: the kept one, or the oldest"
        );
        let next = world
            .list(&format!("strategy=next&videoId={copy}&count=100&played="))
            .await;
        assert_eq!(copies(&next.ids()), [0; 0], "{copy}");
    }
}

#[tokio::test]
async fn who_watched_a_copy_has_watched_the_video_and_another_copy_stands_in_for_a_hidden_one() {
    let mut world = world().await;
    let for_you = format!("strategy=for-you&userId={VIEWER}&count=100");
    world
        .instance
        .execute(&format!("UPDATE video SET privacy = 3 WHERE id = {KEPT}"))
        .await;
    assert_eq!(copies(&world.list(&for_you).await.ids()), [501]);
    world.watch(VIEWER, 506, 60).await;
    assert_eq!(copies(&world.list(&for_you).await.ids()), [0; 0]);
}
