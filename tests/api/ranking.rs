//! The second stage of ranking: learned on an instance whose users watch what they follow, and served.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::instance::{OWNER, VIEWER};
use crate::world::{Listed, NEWCOMER, World, reading};

/// The channels of this instance that somebody follows.
const CHANNELS: std::ops::RangeInclusive<i32> = 50..=61;
/// Users each of whom follows one of them.
const FOLLOWERS: std::ops::Range<i32> = 3_000..3_040;

/// Twelve channels with ten videos each, and forty users who first watch anything and later what they follow.
async fn loyal() -> World {
    let mut world = World::untrained().await;
    let instance = &mut world.instance;
    instance.execute(r#"DELETE FROM "userVideoHistory""#).await;
    for channel in CHANNELS {
        instance.add_channel(channel, OWNER, None).await;
    }
    for number in 0..120 {
        let with = json!({ "channelId": 50 + number % 12, "name": format!("Plain {number}"), "publishedAt": "2025-06-01T00:00:00Z" });
        instance.add_video(4_000 + number, with).await;
    }
    for user in FOLLOWERS {
        world.instance.add_user(user, json!({})).await;
        follow(&mut world, user, 50 + user % 12).await;
        for step in 0..12 {
            let channel = if step < 9 {
                (user * 7 + step * 5) % 12
            } else {
                user % 12
            };
            let video = 4_000 + channel + 12 * ((user + step) % 10);
            let day =
                DateTime::<Utc>::from_timestamp(1_754_006_400, 0).unwrap() + TimeDelta::days(i64::from(step) * 10);
            watch(&mut world, user, video, day).await;
        }
    }
    let day = "2025-12-01T00:00:00Z".parse().unwrap();
    for video in [4_000, 4_001] {
        watch(&mut world, VIEWER, video, day).await;
    }
    world.train().await;
    world
}

async fn follow(world: &mut World, user: i32, channel: i32) {
    let row =
        json!({ "actorId": user, "targetActorId": channel, "state": "accepted", "createdAt": "2025-07-01T00:00:00Z" });
    world.instance.insert("actorFollow", row).await;
}

/// Two rows of the same user and video are one watch: the second is ignored.
async fn watch(world: &mut World, user: i32, video: i32, day: DateTime<Utc>) {
    let statement = format!(
        r#"INSERT INTO "userVideoHistory" ("userId", "videoId", "currentTime", "createdAt", "updatedAt")
           VALUES ({user}, {video}, 60, '{day}', '{day}') ON CONFLICT DO NOTHING"#
    );
    world.instance.execute(&statement).await;
}

fn of_channel(listed: &Listed, channel: i32) -> Vec<&Value> {
    let of = |video: &&Value| video["channel"]["id"] == channel;
    listed.data.iter().filter(of).collect()
}

fn says_followed(video: &Value) -> bool {
    let reasons = video["recommendation"]["reasons"].as_array().unwrap();
    reasons.iter().any(|reason| reason["type"] == "subscription")
}

#[tokio::test]
async fn what_the_caller_follows_moves_up_and_is_the_reason() {
    let mut world = loyal().await;
    assert!(world.snapshot.load().as_ref().unwrap().second_stage().is_some());
    let query = format!("userId={VIEWER}&count=10");
    let next = format!("{query}&strategy=next&videoId=4050");
    let (before, next_before) = (world.list(&query).await, world.list(&next).await);
    assert!(
        before.data.iter().all(|video| !says_followed(video)),
        "nothing is followed"
    );

    follow(&mut world, VIEWER, 55).await;
    let after = world.list(&query).await;
    assert_eq!(after.sources(), ["for-you"]);
    assert_eq!(after.data[0]["channel"]["id"], 55, "{:?}", after.ids());
    assert!(of_channel(&after, 55).len() > of_channel(&before, 55).len());
    for video in &after.data {
        assert_eq!(says_followed(video), video["channel"]["id"] == 55, "{video}");
    }
    // The scores are handed out again, so they still fall, but for what is spread over channels.
    let highest = |listed: &Listed| listed.data[0]["recommendation"]["score"].as_f64().unwrap();
    assert!((highest(&after) - highest(&before)).abs() < 1e-6);
    // What is next is like the current video first, and to the caller's taste second.
    let next_after = world.list(&next).await;
    let place = |listed: &Listed| listed.data.iter().position(|video| video["channel"]["id"] == 55);
    assert!(place(&next_after).unwrap_or(10) <= place(&next_before).unwrap_or(10));

    // Who goes away from a channel loses it at the next request.
    world
        .instance
        .execute(&format!(r#"DELETE FROM "actorFollow" WHERE "actorId" = {VIEWER}"#))
        .await;
    assert_eq!(world.list(&query).await.data, before.data);
}

#[tokio::test]
async fn nobody_sees_what_others_follow_and_levels_hold() {
    let mut world = loyal().await;
    let query = format!("userId={VIEWER}&count=20");
    let before = world.list(&query).await;
    for channel in CHANNELS {
        follow(&mut world, NEWCOMER, channel).await;
    }
    assert_eq!(world.list(&query).await.data, before.data, "another user's choice");

    // Where nothing may be learned, what is followed moves nothing.
    world.set(NEWCOMER, json!({ "level": "content-only" })).await;
    let listed = world.list(&format!("userId={NEWCOMER}&count=20")).await;
    assert_eq!(listed.sources(), ["popular"]);
    assert!(listed.data.iter().all(|video| !says_followed(video)));

    // Nor does it teach anything.
    let ties = async |world: &World| -> usize {
        let habits = reading(&world.peertube, &world.store).await.habits;
        habits.iter().map(|(_, ties)| ties.len()).sum()
    };
    assert_eq!(ties(&world).await, FOLLOWERS.len());
    world.set(FOLLOWERS.start, json!({ "level": "off" })).await;
    assert_eq!(ties(&world).await, FOLLOWERS.len() - 1);
    world.set(FOLLOWERS.start, json!({ "level": "local" })).await;
    assert_eq!(ties(&world).await, FOLLOWERS.len());
    // What was done before a reset is not learned from.
    world
        .as_user(reqwest::Method::POST, "/api/v1/users/me/reset", FOLLOWERS.start, "")
        .await;
    assert_eq!(ties(&world).await, FOLLOWERS.len() - 1);
}
