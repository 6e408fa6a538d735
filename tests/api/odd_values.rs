//! Odd values in PeerTube's tables: every list is answered, and a date that cannot be true moves nothing up.

use serde_json::json;

use crate::instance::{INSTANCE, REMOTE, REMOTE_CHANNEL, VIEWER};
use crate::world::{NEWCOMER, World};

/// The same video three times: said to be of next year, published when the first one was first seen, and really new.
const FUTURE: i32 = 901;
const TWIN: i32 = 902;
const NEW: i32 = 903;
/// Videos with dates that no type holds.
const ENDLESS: [i32; 2] = [904, 905];

async fn world() -> World {
    let mut world = World::untrained().await;
    let instance = &mut world.instance;
    instance.follow(INSTANCE, REMOTE, "accepted").await;
    instance.follow(VIEWER, REMOTE_CHANNEL, "accepted").await;
    for (video, published) in [
        (FUTURE, "2027-02-01T00:00:00Z"),
        (TWIN, "2026-01-01T00:00:00Z"),
        (NEW, "2026-01-31T00:00:00Z"),
        (ENDLESS[0], "2026-01-01T00:00:00Z"),
        (ENDLESS[1], "2026-01-01T00:00:00Z"),
    ] {
        // Of different lengths: otherwise a list would have one of these copies.
        let with = json!({ "name": "music and bees", "publishedAt": published, "duration": 100 * (video - 900) });
        instance.add_remote_video(video, with).await;
    }
    instance
        .execute(
            r#"UPDATE video SET "publishedAt" = 'infinity' WHERE id = 904;
               UPDATE video SET "publishedAt" = '262143-06-01', "createdAt" = 'infinity' WHERE id = 905;
               UPDATE "userVideoHistory" SET "updatedAt" = 'infinity' WHERE "userId" = 3 AND "videoId" = 103;
               UPDATE "actorFollow" SET "createdAt" = 'infinity' WHERE "actorId" = 3"#,
        )
        .await;
    world
}

#[tokio::test]
async fn every_list_is_answered_with_and_without_a_model() {
    let mut world = world().await;
    for trained in [false, true] {
        if trained {
            world.train().await;
        }
        for strategy in [
            "recent",
            "subscriptions",
            "popular",
            "for-you",
            "explore",
            "next&videoId=904",
            "similar&videoId=901",
        ] {
            for caller in ["", "&userId=3", "&userId=6"] {
                world.list(&format!("strategy={strategy}{caller}&count=100")).await;
            }
        }
        let newest = world.list("strategy=recent&count=100").await;
        assert_eq!(newest.total, 44, "all but the one without any date");
        assert_eq!(newest.ids()[0], NEW);
        let dates: Vec<&str> = newest
            .data
            .iter()
            .map(|video| video["publishedAt"].as_str().unwrap())
            .collect();
        assert!(dates.is_sorted_by(|one, other| one >= other), "{dates:?}");
        for video in [FUTURE, TWIN, ENDLESS[0]] {
            let place = newest.ids().iter().position(|id| *id == video).unwrap();
            assert_eq!(dates[place], "2026-01-01T00:00:00Z", "{video}");
        }
        let followed = world
            .list(&format!("strategy=subscriptions&count=4&userId={VIEWER}"))
            .await;
        assert_eq!(followed.ids(), [NEW, FUTURE, TWIN, ENDLESS[0]]);
    }
    let metrics = world.get("/metrics").await.text;
    for table in ["video", "userVideoHistory", "actorFollow, videoComment"] {
        let counted = format!("shoal_unusable_rows_total{{table=\"{table}\"}} ");
        assert!(metrics.contains(&counted), "{counted} is missing: {metrics}");
    }
}

#[tokio::test]
async fn a_date_in_the_future_makes_no_video_fresh() {
    let mut world = world().await;
    world.train().await;
    world.set(NEWCOMER, json!({ "fresh": 1.0 })).await;
    let listed = world.list(&format!("userId={NEWCOMER}&count=100")).await;
    let score = |wanted: i32| {
        let video = listed.data.iter().find(|video| video["id"] == wanted).unwrap();
        video["recommendation"]["score"].as_f64().unwrap()
    };
    assert!(
        (score(FUTURE) - score(TWIN)).abs() < 1e-3,
        "{} {}",
        score(FUTURE),
        score(TWIN)
    );
    assert!(score(NEW) > score(TWIN) + 0.1, "{} {}", score(NEW), score(TWIN));
}
