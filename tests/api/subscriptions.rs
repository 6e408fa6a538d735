//! The newest of whom a user follows.

use serde_json::json;

use crate::instance::{INSTANCE, OWNER, REMOTE, REMOTE_CHANNEL, VIEWER};
use crate::world::{NEWCOMER, World};

const QUERY: &str = "strategy=subscriptions&count=100";

#[tokio::test]
async fn followed_channels_and_accounts_newest_first() {
    let mut world = World::start().await;
    // Videos of the remote account are listed because the instance follows it.
    world.instance.follow(INSTANCE, REMOTE, "accepted").await;
    world
        .instance
        .add_remote_video(401, json!({ "publishedAt": "2026-01-25T00:00:00Z" }))
        .await;
    world.instance.follow(VIEWER, 22, "accepted").await;
    world.instance.follow(VIEWER, 23, "pending").await;
    world.instance.follow(VIEWER, REMOTE, "accepted").await;
    world.instance.follow(NEWCOMER, 23, "accepted").await;
    for video in [201, 203] {
        world.watch(VIEWER, video, 60).await;
    }

    let listed = world.list(&format!("{QUERY}&userId={VIEWER}")).await;
    assert_eq!(listed.sources(), ["subscriptions", "recent"]);
    let followed: Vec<_> = listed
        .data
        .iter()
        .filter(|video| video["recommendation"]["source"] == "subscriptions")
        .collect();
    assert_eq!(
        followed.len(),
        9,
        "eight of channel 22 that are not watched, and the remote one"
    );
    assert_eq!(followed[0]["id"], 401);
    let dates: Vec<&str> = followed
        .iter()
        .map(|video| video["publishedAt"].as_str().unwrap())
        .collect();
    assert!(dates.is_sorted_by(|one, other| one >= other));
    for video in &followed {
        let channel = video["channel"]["id"].as_i64().unwrap() as i32;
        assert!([22, REMOTE_CHANNEL].contains(&channel), "{video}");
        assert_eq!(video["recommendation"]["reasons"], json!([{ "type": "subscription" }]));
    }
    // Another user's list is made of what that one follows.
    let other = world.list(&format!("{QUERY}&userId={NEWCOMER}")).await;
    for video in &other.data {
        let followed = video["recommendation"]["source"] == "subscriptions";
        assert_eq!(followed, video["channel"]["id"] == 23, "{video}");
    }
    // What PeerTube hides from the user is hidden here as well.
    world
        .instance
        .execute("UPDATE video SET privacy = 3 WHERE \"channelId\" = 22")
        .await;
    let hidden = world.list(&format!("{QUERY}&userId={VIEWER}")).await;
    assert_eq!(
        (hidden.ids()[0], hidden.sources()),
        (401, vec!["subscriptions", "recent"])
    );
}

#[tokio::test]
async fn who_follows_nobody_gets_the_newest() {
    let mut world = World::untrained().await;
    world.instance.follow(OWNER, 22, "accepted").await;
    world.instance.follow(VIEWER, 22, "pending").await;
    let newest = world.list("strategy=recent&count=100").await;
    for caller in ["", "&userId=6", "&userId=999999"] {
        let listed = world.list(&format!("{QUERY}{caller}")).await;
        assert_eq!(listed.sources(), ["recent"], "{caller}");
        assert_eq!(listed.ids(), newest.ids(), "{caller}");
    }
    assert_eq!(
        world.list(&format!("{QUERY}&userId={VIEWER}")).await.sources(),
        ["recent"]
    );
    // No model is needed.
    let owner = world.list(&format!("{QUERY}&userId={OWNER}")).await;
    assert_eq!(owner.sources(), ["subscriptions", "recent"]);
    // At the level `off` nothing is read, not even that.
    world.set(OWNER, json!({ "level": "off" })).await;
    assert_eq!(
        world.list(&format!("{QUERY}&userId={OWNER}")).await.sources(),
        ["recent"]
    );
}
