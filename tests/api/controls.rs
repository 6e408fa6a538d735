//! Every control moves the list in the direction that it names, on the next request.

use reqwest::Method;
use serde_json::{Value, json};

use crate::instance::VIEWER;
use crate::world::{BEES, MUSIC, NEWCOMER, PATH, World};

const UNWANTED: &str = "/api/v1/users/me/not-interested";

/// The ids of a list for the user who watched 101 and 103 (channel 20) and 102 (channel 21), in order.
async fn ids(world: &World, query: &str) -> Vec<i32> {
    world.list(&format!("userId={VIEWER}&{query}")).await.ids()
}

/// Mean place of the videos that `wanted` lets pass.
fn mean_place(ids: &[i32], wanted: impl Fn(i32) -> bool) -> f64 {
    let places: Vec<usize> = (0..ids.len()).filter(|place| wanted(ids[*place])).collect();
    assert!(!places.is_empty());
    places.iter().sum::<usize>() as f64 / places.len() as f64
}

/// Mean places of `wanted` with a slider at its two ends and in the middle.
async fn places(world: &World, slider: &str, wanted: impl Fn(i32) -> bool + Copy) -> [f64; 3] {
    let mut places = [0.0; 3];
    for (place, value) in places.iter_mut().zip([-1.0, 0.0, 1.0]) {
        world.set(VIEWER, json!({ slider: value })).await;
        *place = mean_place(&ids(world, "count=100").await, wanted);
    }
    world.set(VIEWER, json!({ slider: 0 })).await;
    places
}

#[tokio::test]
async fn settings_have_defaults_and_changes_stay() {
    let world = World::start().await;
    let path = "/api/v1/users/me/settings";
    let settings = world.as_user(Method::GET, path, VIEWER, "").await;
    let expected = json!({
        "level": "local", "chosenLevel": null, "defaultLevel": "local", "historyEnabled": true, "contributing": false,
        "discover": 0.0, "fresh": 0.0, "wide": 0.0,
        "topics": { "up": { "tags": [], "categories": [] }, "down": { "tags": [], "categories": [] } },
        "historyFrom": null, "updatedAt": null,
    });
    assert_eq!(settings, expected);
    let change = json!({ "level": "contribute", "wide": -0.5, "topics": { "up": { "tags": ["Bees"] } } });
    let changed = world.set(VIEWER, change).await;
    assert_eq!(changed["contributing"], true);
    assert_eq!(changed["topics"]["up"]["tags"], json!(["bees"]));
    world.set(VIEWER, json!({ "fresh": 0.25 })).await;
    let settings = world.as_user(Method::GET, path, VIEWER, "").await;
    assert_eq!(settings["level"], "contribute");
    assert_eq!((&settings["wide"], &settings["fresh"]), (&json!(-0.5), &json!(0.25)));
    assert_eq!(settings["updatedAt"], "2026-02-01T00:00:00Z");
    let back = world.set(VIEWER, json!({ "level": null })).await;
    assert_eq!((&back["level"], &back["chosenLevel"]), (&json!("local"), &Value::Null));

    let bad = world.signed(Method::PUT, path, VIEWER, r#"{"wide":7,"fresh":-7}"#);
    let answer = world.send(bad).await;
    answer.assert_problem(400, "invalid_body");
    assert_eq!(answer.json()["invalid-params"]["wide"]["location"], "body");
    assert_eq!(world.as_user(Method::GET, path, VIEWER, "").await["wide"], -0.5);
}

#[tokio::test]
async fn the_default_of_the_instance_counts_where_nothing_was_chosen() {
    let world = World::with_settings(&[("SHOAL_PRIVACY__CONTRIBUTION", "opt-out")]).await;
    let settings = world
        .as_user(Method::GET, "/api/v1/users/me/settings", VIEWER, "")
        .await;
    assert_eq!(
        (&settings["level"], &settings["contributing"]),
        (&json!("contribute"), &json!(true))
    );
    let world = World::with_settings(&[
        ("SHOAL_PRIVACY__CONTRIBUTION", "opt-out"),
        ("SHOAL_PRIVACY__CONTRIBUTE", "false"),
    ])
    .await;
    let settings = world
        .as_user(Method::GET, "/api/v1/users/me/settings", VIEWER, "")
        .await;
    assert_eq!(
        (&settings["level"], &settings["contributing"]),
        (&json!("contribute"), &json!(false))
    );
}

#[tokio::test]
async fn familiar_and_discover_move_watched_channels() {
    let world = World::start().await;
    let [familiar, middle, discover] = places(&world, "discover", |id| MUSIC.contains(&id)).await;
    assert!(
        familiar <= middle && middle < discover,
        "{familiar} {middle} {discover}"
    );
    assert!(familiar + 3.0 < discover, "{familiar} {discover}");
}

#[tokio::test]
async fn fresh_and_timeless_move_new_videos() {
    let world = World::start().await;
    // Published on the day 1 + id % 20 of January.
    let [timeless, middle, fresh] = places(&world, "fresh", |id| id % 20 >= 15).await;
    assert!(fresh < middle && middle < timeless, "{timeless} {middle} {fresh}");
}

#[tokio::test]
async fn local_and_wide_move_videos_of_other_instances() {
    let mut world = World::start().await;
    for id in 301..=306 {
        world
            .instance
            .add_remote_video(id, json!({ "name": format!("bees and music {id}") }))
            .await;
        // Some like them, so that they are not last anyway.
        for user in [1000, 1001, 2000, 2001] {
            world.watch(user + id % 3, id, 60).await;
        }
    }
    world.instance.follow(1, 4, "accepted").await;
    world.train().await;
    let [local, middle, wide] = places(&world, "wide", |id| id > 300).await;
    assert!(wide < middle && middle < local, "{local} {middle} {wide}");
}

#[tokio::test]
async fn topics_move_their_videos_up_and_down() {
    let mut world = World::start().await;
    world
        .instance
        .execute("INSERT INTO tag (id, name) VALUES (900, 'Honey')")
        .await;
    for id in [205, 206, 207] {
        let row = json!({ "videoId": id, "tagId": 900 });
        world.instance.insert("videoTag", row).await;
    }
    world
        .instance
        .execute("UPDATE video SET category = 9 WHERE id IN (211, 212)")
        .await;
    world.train().await;
    let honey = |id| (205..=207).contains(&id);
    let comedy = |id| id == 211 || id == 212;
    let before = ids(&world, "count=100").await;
    world
        .set(VIEWER, json!({ "topics": { "up": { "tags": ["honey"] } } }))
        .await;
    let more = world.list(&format!("userId={VIEWER}&count=100")).await;
    assert!(mean_place(&more.ids(), honey) + 2.0 < mean_place(&before, honey));
    let named = more
        .reasons()
        .iter()
        .filter(|(_, reason)| reason["type"] == "topic")
        .count();
    assert_eq!(named, 3, "and says why");
    world
        .set(VIEWER, json!({ "topics": { "down": { "tags": ["HONEY"] } } }))
        .await;
    let less = ids(&world, "count=100").await;
    assert!(mean_place(&less, honey) > mean_place(&before, honey));
    world
        .set(VIEWER, json!({ "topics": { "up": { "categories": [9] } } }))
        .await;
    let category = ids(&world, "count=100").await;
    assert!(mean_place(&category, comedy) + 2.0 < mean_place(&before, comedy));
    world.set(VIEWER, json!({ "topics": {} })).await;
    assert_eq!(ids(&world, "count=100").await, before);
    // Who asks for what is popular gets what is popular.
    let popular = ids(&world, "count=100&strategy=popular").await;
    world
        .set(VIEWER, json!({ "topics": { "up": { "tags": ["honey"] } }, "fresh": 1 }))
        .await;
    assert_eq!(ids(&world, "count=100&strategy=popular").await, popular);
}

#[tokio::test]
async fn what_is_not_wanted_is_in_no_list_until_it_is_again() {
    let mut world = World::start().await;
    // Not in the model: only the database knows its channel.
    world
        .instance
        .add_video(
            400,
            json!({ "channelId": 22, "name": "new bees", "publishedAt": "2026-01-31T00:00:00Z" }),
        )
        .await;
    let before = ids(&world, "count=100").await;
    assert!(before.contains(&110) && before.contains(&400));
    world
        .as_user(Method::POST, UNWANTED, VIEWER, r#"{"videoId":110}"#)
        .await;
    world
        .as_user(Method::POST, UNWANTED, VIEWER, r#"{"videoId":"110"}"#)
        .await;
    world
        .as_user(Method::POST, UNWANTED, VIEWER, r#"{"channelId":22}"#)
        .await;
    for strategy in ["for-you", "popular", "recent", "similar&videoId=112"] {
        let ids = ids(&world, &format!("count=100&includeWatched=true&strategy={strategy}")).await;
        assert!(ids.len() > 20, "{strategy}");
        let hidden = |id: &i32| *id == 110 || *id == 400 || (BEES.contains(id) && id % 2 == 1);
        assert!(!ids.iter().any(hidden), "{strategy}: {ids:?}");
    }
    // At the level off, too: it is a wish, not a guess.
    world.set(VIEWER, json!({ "level": "off" })).await;
    assert!(!ids(&world, "count=100").await.contains(&110));
    world.set(VIEWER, json!({ "level": null })).await;
    // Nobody else is concerned.
    let others = world.list(&format!("userId={NEWCOMER}&count=100")).await.ids();
    assert!(others.contains(&110) && others.contains(&400));

    let page = world
        .as_user(Method::GET, &format!("{UNWANTED}?count=1"), VIEWER, "")
        .await;
    assert_eq!((&page["total"], page["data"].as_array().unwrap().len()), (&json!(2), 1));
    let all = world.as_user(Method::GET, UNWANTED, VIEWER, "").await;
    let entry = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["type"] == "video")
        .unwrap();
    assert_eq!(
        (&entry["id"], &entry["name"]),
        (&json!(110), &json!("music number 110"))
    );
    let channel = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["type"] == "channel")
        .unwrap();
    assert_eq!((&channel["id"], &channel["name"]), (&json!(22), &json!("Channel 22")));

    world
        .as_user(Method::DELETE, &format!("{UNWANTED}?videoId=110"), VIEWER, "")
        .await;
    world
        .as_user(Method::DELETE, &format!("{UNWANTED}?channelId=22"), VIEWER, "")
        .await;
    world
        .as_user(Method::DELETE, &format!("{UNWANTED}?channelId=22"), VIEWER, "")
        .await;
    assert_eq!(ids(&world, "count=100").await, before);

    for (body, status, code) in [
        (r#"{"videoId":999999}"#, 404, "unknown_video"),
        (r#"{"videoId":"x"}"#, 400, "invalid_body"),
        ("{}", 400, "invalid_body"),
        ("", 400, "invalid_body"),
    ] {
        let answer = world.send(world.signed(Method::POST, UNWANTED, VIEWER, body)).await;
        answer.assert_problem(status, code);
    }
    let neither = world.send(world.signed(Method::DELETE, UNWANTED, VIEWER, "")).await;
    neither.assert_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn levels_decide_what_lists_are_made_from() {
    let world = World::start().await;
    let visitor = world.list("count=100").await.ids();
    for level in ["local", "contribute"] {
        world.set(VIEWER, json!({ "level": level })).await;
        assert_eq!(
            world.list(&format!("userId={VIEWER}")).await.sources(),
            ["for-you"],
            "{level}"
        );
    }
    // Nothing is learned from the history; it only keeps what was watched out of the list.
    world.set(VIEWER, json!({ "level": "content-only" })).await;
    let listed = world.list(&format!("userId={VIEWER}&count=100")).await;
    assert_eq!(listed.sources(), ["popular"]);
    let unwatched: Vec<i32> = visitor
        .iter()
        .copied()
        .filter(|id| ![101, 102, 103].contains(id))
        .collect();
    let mut sorted = (listed.ids(), unwatched);
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1);
    assert!(listed.reasons().iter().all(|(_, reason)| reason["type"] != "watched"));
    let similar = world.list(&format!("userId={VIEWER}&videoId=210&count=8")).await;
    assert_eq!(similar.sources(), ["similar"]);
    // Channels are spread, so other channels appear, but what is alike comes first.
    let ids = similar.ids();
    assert!(ids[..2].iter().all(|id| BEES.contains(id)), "{ids:?}");
    assert!(ids.iter().filter(|id| BEES.contains(id)).count() > 4, "{ids:?}");
    // Off is as if there were no account, as far as history goes.
    world.set(VIEWER, json!({ "level": "off" })).await;
    let off = world.list(&format!("userId={VIEWER}&count=100")).await;
    assert_eq!(off.ids(), visitor);
}

#[tokio::test]
async fn without_shoals_tables_visitors_are_served_and_users_told_to_come_back() {
    let world = World::start().await;
    world.store.close().await;
    let visitor = world.send(world.request(Method::GET, PATH)).await;
    assert_eq!(visitor.status, 200);
    let user = world.get(&format!("{PATH}?userId={VIEWER}")).await;
    assert!(
        user.status.is_server_error(),
        "what the user forbade is not known: {}",
        user.text
    );
}
