//! The next part of a course comes first beside the part that is being watched.

use serde_json::{Value, json};

use crate::instance::{OWNER, VIEWER};
use crate::world::{NEWCOMER, World};

/// Parts of each generated course.
const PARTS: i32 = 12;
/// Titles of parts, as channels write them; `{}` is the number, in Roman where the last entry says so.
const TITLES: [(&str, bool); 10] = [
    ("Rust course – Lesson {}: {topic}", false),
    ("Lesson {} – {topic}", false),
    ("{topic} (Gardening {}/12)", false),
    ("History of the sea, Part {}", true),
    ("Leçon {} : {topic}", false),
    ("Folge {} – {topic}", false),
    ("The harbour S01E{}", false),
    ("Урок {}. {topic}", false),
    ("Podcast #{} {topic}", false),
    ("{} - {topic}", false),
];
const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
const TOPICS: [&str; 12] = [
    "soil", "water", "light", "frost", "seeds", "tools", "paths", "walls", "trees", "fruit", "bread", "salt",
];

/// The video of a part, from 1 on, of a course.
fn id(course: usize, part: i32) -> i32 {
    1_000 + 100 * course as i32 + part
}

/// Ten courses in channels of their own, each with a trailer, some published in another order than that of the parts.
async fn add_courses(world: &mut World) {
    for (course, (title, roman)) in TITLES.into_iter().enumerate() {
        let channel = 100 + course as i32;
        world.instance.add_channel(channel, OWNER, None).await;
        for part in 0..=PARTS {
            let topic = TOPICS[(part as usize + 5 * course) % TOPICS.len()];
            let number = if roman {
                ROMAN[(part.max(1) - 1) as usize].to_owned()
            } else {
                part.to_string()
            };
            let name = match part {
                0 => format!("Welcome to channel {topic}"),
                _ => title.replace("{}", &number).replace("{topic}", topic),
            };
            let day = if course % 3 == 0 { 28 - part } else { 1 + part };
            let with = json!({
                "name": name, "channelId": channel, "duration": 300 + 7 * part,
                "publishedAt": format!("2026-01-{day:02}T00:00:00Z"),
            });
            world.instance.add_video(id(course, part), with).await;
        }
    }
    world.train().await;
}

fn first(listed: &[Value]) -> (i32, &Value) {
    let video = &listed[0];
    (
        video["id"].as_i64().unwrap() as i32,
        &video["recommendation"]["reasons"][0]["type"],
    )
}

/// What `docs/ranking.md` says of generated series is printed by this test.
#[tokio::test]
async fn the_next_part_comes_first_in_generated_courses() {
    let mut world = World::start().await;
    add_courses(&mut world).await;
    let snapshot = world.snapshot.load_full().unwrap();
    let (mut asked, mut followed, mut most_similar) = (0, 0, 0);
    for course in 0..TITLES.len() {
        for part in 1..PARTS {
            let next = id(course, part + 1);
            asked += 1;
            for strategy in ["next", "similar"] {
                let query = format!("strategy={strategy}&videoId={}&count=5", id(course, part));
                let listed = world.list(&query).await;
                let (video, reason) = first(&listed.data);
                let is_next = video == next && reason == "next-part";
                followed += i32::from(is_next && strategy == "next");
                assert!(
                    is_next,
                    "{strategy} after {}: {video} because {reason}",
                    id(course, part)
                );
            }
            let item = snapshot.item(shoal::peertube::VideoId(id(course, part))).unwrap();
            let mut similar = snapshot.recommender().similar(item);
            similar[item as usize] = f32::NEG_INFINITY;
            let best = (0..similar.len()).max_by(|one, other| similar[*one].total_cmp(&similar[*other]));
            most_similar += i32::from(snapshot.videos()[best.unwrap()].id.0 == next);
        }
        let last = world
            .list(&format!("strategy=next&videoId={}&count=5", id(course, PARTS)))
            .await;
        assert!(last.reasons().iter().all(|(_, reason)| reason["type"] != "next-part"));
    }
    println!("{followed} of {asked} next parts come first; by similarity alone {most_similar}");
    assert!(most_similar < asked / 2);
}

#[tokio::test]
async fn what_was_watched_or_is_hidden_is_skipped() {
    let mut world = World::start().await;
    add_courses(&mut world).await;
    world.watch(VIEWER, id(1, 2), 60).await;
    let query = format!("strategy=next&videoId={}&count=5&userId={VIEWER}", id(1, 1));
    assert_eq!(first(&world.list(&query).await.data).0, id(1, 3));
    let hide = format!("UPDATE video SET privacy = 3 WHERE id = {}", id(1, 3));
    world.instance.execute(&hide).await;
    assert_eq!(first(&world.list(&query).await.data).0, id(1, 4));
    let played = format!(
        "strategy=next&videoId={}&count=5&played={},{}",
        id(1, 1),
        id(1, 2),
        id(1, 4)
    );
    assert_eq!(first(&world.list(&played).await.data).0, id(1, 5));
}

/// Callers who say nothing of what was played go forward through a course, then back in time, and in no circle.
#[tokio::test]
async fn nobody_goes_in_circles_through_courses() {
    let mut world = World::start().await;
    add_courses(&mut world).await;
    for start in [id(0, 5), id(1, 1), id(6, 3)] {
        let mut seen = vec![start];
        loop {
            let query = format!("strategy=next&videoId={}&count=1", seen.last().unwrap());
            let listed = world.list(&query).await;
            if listed.data[0]["recommendation"]["source"] != "next" {
                break;
            }
            let next = listed.ids()[0];
            assert!(!seen.contains(&next), "{next} again after {seen:?}");
            seen.push(next);
        }
        assert!(seen.len() > 5, "{seen:?}");
    }
}

#[tokio::test]
async fn the_owners_playlists_come_before_numbers() {
    let mut world = World::start().await;
    add_courses(&mut world).await;
    let order = [id(1, 1), id(1, 7), id(2, 3)];
    for (playlist, privacy, owner, videos) in [
        (1, 1, OWNER, order),
        // Neither somebody else's nor a private one says what follows.
        (2, 1, VIEWER, [id(1, 1), 101, 102]),
        (3, 3, OWNER, [id(1, 1), 103, 104]),
    ] {
        let row = json!({ "id": playlist, "privacy": privacy, "type": 1, "ownerAccountId": owner });
        world.instance.insert("videoPlaylist", row).await;
        for (position, video) in videos.into_iter().enumerate() {
            let row = json!({ "videoPlaylistId": playlist, "videoId": video, "position": position + 1 });
            world.instance.insert("videoPlaylistElement", row).await;
        }
    }
    let next = async |video: i32, who: &str| {
        let query = format!("strategy=next&videoId={video}&count=5{who}");
        first(&world.list(&query).await.data).0
    };
    let user = format!("&userId={NEWCOMER}");
    for who in ["&played=", user.as_str()] {
        assert_eq!(next(order[0], who).await, order[1], "{who}");
        assert_eq!(next(order[1], who).await, order[2], "{who}");
        // After the end of the playlist, the numbers count.
        assert_eq!(next(order[2], who).await, id(2, 4), "{who}");
    }
    // Who does not say what was played might go in circles by playlists.
    assert_eq!(next(order[0], "").await, id(1, 2));
}
