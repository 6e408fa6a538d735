//! What plays after a video, and that it goes in no circle.

use std::collections::HashSet;

use serde_json::json;

use crate::instance::{OWNER, VIEWER};
use crate::world::{BEES, MUSIC, NEWCOMER, PATH, World};

/// Videos in one language, about something else, and sensitive ones.
async fn add_more(world: &mut World) {
    world.instance.execute("UPDATE video SET language = 'fr'").await;
    for channel in 24..=27 {
        world.instance.add_channel(channel, OWNER, None).await;
    }
    for id in 301..=350 {
        let with = json!({
            "channelId": 24 + id % 4, "name": format!("music and bees number {id}"), "views": id % 5 * 10,
            "publishedAt": format!("2026-01-{:02}T00:00:00Z", 1 + id % 20),
            "language": if id % 5 == 0 { "de" } else { "fr" }, "nsfw": id % 7 == 0,
        });
        world.instance.add_video(id, with).await;
    }
    world.train().await;
}

#[tokio::test]
async fn what_is_next_is_like_the_video_and_not_yet_watched() {
    let mut world = World::start().await;
    let query = format!("strategy=next&videoId=110&userId={VIEWER}&includeWatched=true&count=100");
    let listed = world.list(&query).await;
    assert_eq!(listed.sources()[0], "next");
    let ids = listed.ids();
    assert!(ids[..8].iter().filter(|id| MUSIC.contains(id)).count() >= 6, "{ids:?}");
    for never in [101, 102, 103, 110] {
        assert!(!ids.contains(&never), "{never}");
    }
    // It is blended with the own taste: another user gets another list.
    for video in BEES.take(4) {
        world.watch(NEWCOMER, video, 60).await;
    }
    let other = world
        .list(&format!("strategy=next&videoId=110&userId={NEWCOMER}&count=100"))
        .await;
    assert_ne!(other.ids(), ids);
    assert!([101, 102, 103].iter().all(|id| other.ids().contains(id)));
    for (_, reason) in other.reasons() {
        let named = reason["videoId"].as_i64();
        assert!(
            named.is_none_or(|id| id == 110 || (201..=204).contains(&id)),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn what_is_next_needs_a_video_but_goes_on_after_any() {
    let mut world = World::start().await;
    for query in [
        "strategy=next",
        "strategy=next&videoId=",
        "strategy=next&videoId=1%20OR%201=1",
    ] {
        let answer = world.get(&format!("{PATH}?{query}")).await;
        answer.assert_problem(400, "invalid_parameter");
    }
    world
        .instance
        .execute("UPDATE video SET privacy = 3 WHERE id = 210")
        .await;
    for video in ["777", "2147483647", "00000000-0000-0000-0000-000000000000", "210"] {
        let visitor = world.list(&format!("strategy=next&videoId={video}&count=100")).await;
        assert_eq!(visitor.sources()[0], "popular", "{video}");
        assert!(visitor.reasons().iter().all(|(_, reason)| reason["type"] != "similar"));
        let user = world
            .list(&format!("strategy=next&videoId={video}&userId={VIEWER}"))
            .await;
        assert_eq!(user.sources(), ["for-you"], "{video}");
    }
}

#[tokio::test]
async fn a_visitors_next_ones_are_older() {
    let world = World::start().await;
    let mut video = 119;
    let mut played = HashSet::from([video]);
    let mut date = String::from("2026-01-20T00:00:00Z");
    loop {
        let listed = world.list(&format!("strategy=next&videoId={video}&count=1")).await;
        let first = &listed.data[0];
        if first["recommendation"]["source"] != "next" {
            break;
        }
        let published = first["publishedAt"].as_str().unwrap().to_owned();
        assert!(published <= date, "{published} after {date}");
        (video, date) = (listed.ids()[0], published);
        assert!(played.insert(video), "{video} again");
    }
    assert!(played.len() > 1);
}

#[tokio::test]
async fn fifty_next_ones_stay_within_the_users_choices_and_never_repeat() {
    let mut world = World::start().await;
    add_more(&mut world).await;
    world
        .instance
        .execute(&format!(
            "UPDATE \"user\" SET \"videoLanguages\" = '{{fr}}', \"nsfwPolicy\" = 'do_not_list' WHERE id = {VIEWER}"
        ))
        .await;
    let mut video = 110;
    let mut played = HashSet::from([101, 102, 103, video]);
    world.watch(VIEWER, video, 60).await;
    for step in 0..50 {
        let query = format!("strategy=next&videoId={video}&userId={VIEWER}&count=1");
        video = world.list(&query).await.ids()[0];
        assert!(played.insert(video), "{video} again at step {step}");
        assert!(video < 300 || (video % 5 != 0 && video % 7 != 0), "{video} is hidden");
        world.watch(VIEWER, video, 60).await;
    }
}

/// Plays what comes next fifty times, telling what was played so far.
async fn never_repeats(world: &World, who: &str) {
    let mut played = vec![110];
    for step in 0..50 {
        let names: Vec<String> = played.iter().map(ToString::to_string).collect();
        let video = played.last().unwrap();
        let query = format!("strategy=next&videoId={video}{who}&count=1&played={}", names.join(","));
        let next = world.list(&query).await.ids()[0];
        assert!(!played.contains(&next), "{who}: {next} again at step {step}");
        played.push(next);
    }
}

#[tokio::test]
async fn who_says_what_was_played_gets_nothing_twice() {
    let mut world = World::start().await;
    add_more(&mut world).await;
    never_repeats(&world, "").await;
    world
        .instance
        .execute(&format!(
            "UPDATE \"user\" SET \"videosHistoryEnabled\" = false WHERE id = {VIEWER}"
        ))
        .await;
    never_repeats(&world, &format!("&userId={VIEWER}")).await;
    // Whatever the strategy, and however the video is named.
    let uuid = world.list("strategy=popular&count=1").await.data[0]["uuid"].clone();
    for strategy in ["for-you", "popular", "recent", "explore"] {
        let first = world.list(&format!("strategy={strategy}&count=1")).await.ids()[0];
        let without = world
            .list(&format!(
                "strategy={strategy}&count=100&played={first},{}",
                uuid.as_str().unwrap()
            ))
            .await;
        assert!(!without.ids().contains(&first), "{strategy}");
        assert!(without.data.iter().all(|video| video["uuid"] != uuid), "{strategy}");
    }
    let nothing_yet = world.list("strategy=next&videoId=101&played=&count=5").await;
    assert_eq!(
        nothing_yet.sources(),
        ["next"],
        "newer ones too: {:?}",
        nothing_yet.ids()
    );
}

#[tokio::test]
async fn somebody_who_guesses_numbers_learns_no_channel() {
    let mut world = World::start().await;
    world
        .instance
        .execute("UPDATE video SET privacy = 4 WHERE id = 120")
        .await;
    world.train().await;
    let list = async |played: &str| {
        let query = format!("strategy=next&videoId=110&count=30&played={played}");
        world.list(&query).await.ids()
    };
    assert_eq!(list("120,120").await, list("").await, "an internal video moves nothing");
    assert_ne!(list("118,118").await, list("").await);
}
