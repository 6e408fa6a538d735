//! Reasons say what stands out, and nothing that chance gives as well.

use serde_json::json;

use crate::instance::{OWNER, VIEWER};
use crate::world::{Listed, MUSIC, NEWCOMER, World};

const WORDS: [&str; 20] = [
    "anchors",
    "bridges",
    "candles",
    "deserts",
    "engines",
    "feathers",
    "glaciers",
    "harbours",
    "islands",
    "jewels",
    "kites",
    "lanterns",
    "mountains",
    "needles",
    "orchards",
    "pottery",
    "quilts",
    "rivers",
    "saddles",
    "telescopes",
];

/// Besides music and bees, ten videos each about twenty other things: so few videos are like any other.
async fn varied() -> World {
    let mut world = World::start().await;
    for (topic, word) in WORDS.into_iter().enumerate() {
        let channel = 100 + topic as i32;
        world.instance.add_channel(channel, OWNER, None).await;
        for (other, verb) in ["making", "finding", "painting", "mending", "counting"]
            .into_iter()
            .enumerate()
        {
            for (third, place) in ["at home", "abroad"].into_iter().enumerate() {
                let id = 1_000 + 10 * topic as i32 + 2 * other as i32 + third as i32;
                let with = json!({
                    "name": format!("{verb} {word} {place}"), "channelId": channel, "duration": 60 + id % 97, "views": id % 5,
                    "publishedAt": format!("2026-01-{:02}T00:00:00Z", 1 + id % 20),
                });
                world.instance.add_video(id, with).await;
            }
        }
    }
    world.train().await;
    world
}

fn types(listed: &Listed) -> Vec<String> {
    let reasons = listed.reasons();
    reasons
        .iter()
        .map(|(_, reason)| reason["type"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn reasons_are_about_the_users_own_watches() {
    let mut world = varied().await;
    let query = format!("userId={VIEWER}&count=100");
    let listed = world.list(&query).await;
    let reasons = listed.reasons();
    let watched: Vec<(i32, i64)> = reasons
        .iter()
        .filter(|(_, reason)| reason["type"] == "watched")
        .map(|(id, reason)| (*id, reason["videoId"].as_i64().unwrap()))
        .collect();
    assert!(!watched.is_empty());
    assert!(
        watched.iter().all(|(_, id)| [101, 102, 103].contains(id)),
        "{watched:?}"
    );
    assert!(watched.iter().all(|(id, _)| MUSIC.contains(id)), "{watched:?}");
    for (_, reason) in &reasons {
        match reason["type"].as_str().unwrap() {
            "watched" => {
                let name = format!("music number {}", reason["videoId"]);
                assert_eq!(reason["name"], name);
                assert_eq!(reason["uuid"].as_str().unwrap().len(), 36);
            }
            "channel" | "popular" | "recent" | "chance" => assert_eq!(reason.as_object().unwrap().len(), 1),
            other => panic!("nothing else is true here: {other}"),
        }
    }
    let mut from_channel = reasons.iter().filter(|(_, reason)| reason["type"] == "channel");
    assert!(
        from_channel.all(|(id, _)| MUSIC.contains(id)),
        "channels of the watched videos have only music"
    );
    // One that was hidden since is not named.
    let named = watched[0].1;
    world
        .instance
        .execute(&format!("UPDATE video SET privacy = 3 WHERE id = {named}"))
        .await;
    let listed = world.list(&query).await;
    assert!(listed.reasons().iter().all(|(_, reason)| reason["videoId"] != named));
}

#[tokio::test]
async fn what_is_similar_is_so_more_than_chance_gives() {
    let world = varied().await;
    for strategy in ["similar", "next"] {
        let listed = world
            .list(&format!("strategy={strategy}&videoId=110&count=100&played="))
            .await;
        let (first, reason) = (&listed.data[0], &listed.data[0]["recommendation"]["reasons"][0]);
        assert!(MUSIC.contains(&(first["id"].as_i64().unwrap() as i32)));
        assert_eq!(reason["type"], "similar");
        assert_eq!(
            (&reason["videoId"], &reason["name"]),
            (&json!(110), &json!("music number 110"))
        );
        let similar = listed
            .reasons()
            .into_iter()
            .filter(|(_, reason)| reason["type"] == "similar");
        let (music, others): (Vec<i32>, Vec<i32>) = similar.map(|(id, _)| id).partition(|id| MUSIC.contains(id));
        assert!(others.len() * 4 <= music.len(), "{music:?} {others:?}");
    }
}

/// Twelve videos that have nothing in common, and three users who watched some of them.
#[tokio::test]
async fn on_a_tiny_instance_chance_is_no_reason() {
    let mut world = World::untrained().await;
    world.instance.execute("DELETE FROM video").await;
    for (number, word) in WORDS.into_iter().take(12).enumerate() {
        let channel = 100 + number as i32;
        world.instance.add_channel(channel, OWNER, None).await;
        let with = json!({
            "name": format!("A look at {word}"), "channelId": channel, "duration": 60, "views": number % 4,
            "publishedAt": format!("2026-01-{:02}T00:00:00Z", 1 + number),
        });
        world.instance.add_video(1 + number as i32, with).await;
    }
    for (user, videos) in [(VIEWER, [1, 2, 3]), (NEWCOMER, [3, 5, 8]), (1_000, [2, 7, 9])] {
        for video in videos {
            world.watch(user, video, 60).await;
        }
    }
    world.train().await;
    for query in [
        format!("userId={VIEWER}&count=100"),
        format!("userId={NEWCOMER}&count=100"),
        "strategy=similar&videoId=1&count=100".to_owned(),
        format!("strategy=next&videoId=4&userId={VIEWER}&count=100"),
    ] {
        let said = types(&world.list(&query).await);
        let silly = said
            .iter()
            .filter(|kind| ["watched", "similar", "federation"].contains(&kind.as_str()));
        assert_eq!(silly.count(), 0, "{query}: {said:?}");
        assert!(
            said.iter().any(|kind| kind == "recent" || kind == "popular"),
            "{query}: {said:?}"
        );
    }
}
