//! Something new: not the best fits, not the worst, and of channels that the user does not know.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::instance::{INSTANCE, OWNER, VIEWER};
use crate::world::{Listed, NEWCOMER, World};

const QUERY: &str = "strategy=explore&count=100";

fn explored(listed: &Listed) -> Vec<&Value> {
    let found = |video: &&Value| video["recommendation"]["source"] == "explore";
    listed.data.iter().filter(found).collect()
}

/// Ten small channels here and on three other servers.
async fn add_channels(world: &mut World) {
    for server in 70..73 {
        let host = format!("host{server}.test");
        world
            .instance
            .insert("server", json!({ "id": server, "host": host }))
            .await;
        world.instance.add_account(server, "far", json!({}), Some(server)).await;
        world.instance.follow(INSTANCE, server, "accepted").await;
    }
    for channel in 50..62 {
        let owner = if channel % 4 == 0 { OWNER } else { 69 + channel % 4 };
        let server = (owner != OWNER).then_some(owner);
        world.instance.add_channel(channel, owner, server).await;
        if let Some(server) = server {
            let url = format!("https://host{server}.test/video-channels/{channel}");
            world
                .instance
                .execute(&format!("UPDATE actor SET url = '{url}' WHERE id = {channel}"))
                .await;
        }
        for id in channel * 10..channel * 10 + 5 {
            let with = json!({
                "channelId": channel, "name": format!("music number {id}"), "views": id % 9,
                "remote": server.is_some(), "publishedAt": "2026-01-10T00:00:00Z",
            });
            world.instance.add_video(id, with).await;
        }
    }
    world.train().await;
}

fn distinct<T: Eq + std::hash::Hash>(videos: &[Value], of: impl Fn(&Value) -> T) -> usize {
    videos.iter().map(of).collect::<HashSet<T>>().len()
}

#[tokio::test]
async fn unknown_channels_the_same_all_day() {
    let mut world = World::start().await;
    add_channels(&mut world).await;
    // The channel of a video that the model does not know is known to the user all the same.
    world.instance.add_video(901, json!({ "channelId": 50 })).await;
    world.watch(VIEWER, 901, 1).await;
    let query = format!("{QUERY}&userId={VIEWER}");
    let listed = world.list(&query).await;
    let found = explored(&listed);
    assert!(found.len() > 10, "{}", found.len());
    for video in &found {
        let channel = video["channel"]["id"].as_i64().unwrap();
        assert!(![20, 21, 50].contains(&channel), "{video}");
        assert_eq!(video["recommendation"]["reasons"], json!([{ "type": "unfamiliar" }]));
    }
    let first: Vec<Value> = found[..10].iter().map(|video| (*video).clone()).collect();
    assert!(distinct(&first, |video| video["channel"]["id"].as_i64()) >= 6);
    assert!(distinct(&first, |video| video["channel"]["host"].to_string()) >= 3);

    world.clock.advance(TimeDelta::hours(23));
    assert_eq!(world.list(&query).await.ids(), listed.ids());
    world.clock.advance(TimeDelta::hours(1));
    assert_ne!(world.list(&query).await.ids(), listed.ids(), "another day");
}

#[tokio::test]
async fn visitors_and_newcomers_get_what_is_nobodys() {
    let mut world = World::start().await;
    let visitor = world.list(QUERY).await;
    assert_eq!(visitor.sources(), ["explore", "popular"]);
    assert_eq!(visitor.total, 40);
    assert!(
        explored(&visitor)
            .iter()
            .all(|video| video["recommendation"]["reasons"] == json!([]))
    );
    for user in [999_999, i32::MAX] {
        assert_eq!(world.list(&format!("{QUERY}&userId={user}")).await.ids(), visitor.ids());
    }
    let newcomer = world.list(&format!("{QUERY}&userId={NEWCOMER}")).await;
    assert_eq!(newcomer.sources(), ["explore", "popular"]);
    // Nothing of one user shows in the list of another.
    let before = newcomer.data;
    world.watch(VIEWER, 210, 60).await;
    assert_eq!(world.list(&format!("{QUERY}&userId={NEWCOMER}")).await.data, before);
    world.set(VIEWER, json!({ "level": "off" })).await;
    assert_eq!(
        world.list(&format!("{QUERY}&userId={VIEWER}")).await.ids(),
        visitor.ids()
    );
    let untrained = World::untrained().await;
    assert_eq!(
        untrained.list(&format!("{QUERY}&userId={VIEWER}")).await.sources(),
        ["recent"]
    );
}

#[tokio::test]
async fn ten_for_you_have_six_channels_and_three_instances() {
    let mut world = World::start().await;
    add_channels(&mut world).await;
    for strategy in ["for-you", "explore", "next&videoId=110"] {
        let listed = world
            .list(&format!("strategy={strategy}&userId={VIEWER}&count=10"))
            .await;
        let channels = distinct(&listed.data, |video| video["channel"]["id"].as_i64());
        let instances = distinct(&listed.data, |video| video["channel"]["host"].to_string());
        assert!(
            channels >= 6 && instances >= 3,
            "{strategy}: {channels} channels, {instances} instances"
        );
    }
}
