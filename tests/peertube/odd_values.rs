//! Values in PeerTube's tables that no decoder, no conversion and no calculation with dates can hold.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::{CatalogueVideo, PeerTube, UserId, VideoId};

use crate::instance::{INSTANCE, Instance, LOCAL_CHANNEL, NOW, OWNER, REMOTE_CHANNEL, VIEWER};

/// When the instance first saw every video here.
const FIRST_SEEN: &str = "2026-01-01T00:00:00Z";
const VIDEO: VideoId = VideoId(1);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn catalogue(peertube: &PeerTube) -> Vec<CatalogueVideo> {
    peertube.catalogue().try_collect().await.unwrap()
}

fn numbers(videos: &[VideoId]) -> Vec<i32> {
    videos.iter().map(|video| video.0).collect()
}

/// Videos of another server that state odd dates, beside three with plain ones.
async fn oddly_dated(layout: Layout) -> Instance {
    let mut instance = Instance::with_layout(layout).await;
    instance.follow(INSTANCE, REMOTE_CHANNEL, "accepted").await;
    for video in 1..=9 {
        instance.add_remote_video(video, json!({ "views": video })).await;
    }
    for (video, published) in [
        (1, "2025-12-31"),
        (2, "2026-01-02"),
        (3, "infinity"),
        (4, "-infinity"),
        (5, "262143-01-01"),
        (6, "294276-12-31"),
        (7, "4713-01-01 BC"),
        (8, "2026-12-02"),
        (9, "infinity"),
    ] {
        let update = format!(r#"UPDATE video SET "publishedAt" = '{published}' WHERE id = {video}"#);
        instance.execute(&update).await;
    }
    instance
        .execute(r#"UPDATE video SET "createdAt" = '-infinity' WHERE id = 9"#)
        .await;
    instance
}

#[tokio::test]
async fn a_video_whose_date_cannot_be_true_was_published_when_it_was_first_seen() {
    for layout in Layout::ALL {
        let instance = oddly_dated(layout).await;
        let peertube = instance.peertube().await;
        let dates: Vec<(i32, DateTime<Utc>)> = catalogue(&peertube)
            .await
            .iter()
            .map(|video| (video.id.0, video.published_at))
            .collect();
        let seen = at(FIRST_SEEN);
        let expected = [
            (1, at("2025-12-31T00:00:00Z")),
            (2, at("2026-01-02T00:00:00Z")),
            (3, seen),
            (4, seen),
            (5, seen),
            (6, seen),
            (7, seen),
            (8, seen),
        ];
        assert_eq!(dates, expected, "the last one has no date at all: it is skipped");

        let newest = [2, 3, 4, 5, 6, 7, 8, 1];
        let recent = peertube.recent(None, true, 0, 100).await.unwrap();
        assert_eq!(numbers(&recent), newest, "nobody is first by a date in the future");
        assert_eq!(numbers(&peertube.recent(None, true, 1, 3).await.unwrap()), newest[1..4]);
        let all: Vec<VideoId> = (1..=9).map(VideoId).collect();
        for cards in [
            peertube.cards(&all).await.unwrap(),
            peertube.visible_cards(None, true, &all).await.unwrap(),
        ] {
            let dates: Vec<_> = cards.iter().map(|card| (card.id.0, card.published_at)).collect();
            assert_eq!(dates, expected);
        }
        let most_viewed = peertube.most_viewed(None, true, 0, 100).await.unwrap();
        assert_eq!(numbers(&most_viewed), [8, 7, 6, 5, 4, 3, 2, 1]);
    }
}

#[tokio::test]
async fn the_newest_of_whom_somebody_follows_are_in_the_same_order() {
    let mut instance = oddly_dated(Layout::V8_2).await;
    instance.follow(VIEWER, REMOTE_CHANNEL, "accepted").await;
    let peertube = instance.peertube().await;
    let viewer = peertube.viewer(UserId(VIEWER)).await.unwrap().unwrap();
    let newest = [2, 3, 4, 5, 6, 7, 8, 1];
    let listed = peertube.recent_of_followed(&viewer, 0, 100).await.unwrap();
    assert_eq!(numbers(&listed), newest);
    let mut any = numbers(&peertube.any_of_followed(&viewer, 0, 100).await.unwrap());
    any.retain(|video| *video != 9);
    assert_eq!(any, newest);
}

#[tokio::test]
async fn only_what_the_owner_permits_is_in_the_same_order() {
    let mut instance = oddly_dated(Layout::V8_2).await;
    instance
        .execute(r#"ALTER TABLE video ADD COLUMN "recommendationPolicy" integer; UPDATE video SET "recommendationPolicy" = 4"#)
        .await;
    instance.grant().await;
    let permitted = instance.peertube().await.permitted_beside(VIDEO, 100).await.unwrap();
    let mut permitted = numbers(&permitted.unwrap());
    permitted.retain(|video| *video != 9);
    assert_eq!(permitted, [2, 8, 7, 6, 5, 4, 3, 1]);
}

#[tokio::test]
async fn one_line_of_a_history_that_cannot_be_used_is_skipped() {
    let mut instance = Instance::start().await;
    for video in 1..=6 {
        instance.add_video(video, json!({})).await;
        instance.watch(VIEWER, video, 30, "2026-01-03T00:00:00Z").await;
        instance.rate(VIEWER, video, "like", "2026-01-04T00:00:00Z").await;
    }
    instance.follow(VIEWER, LOCAL_CHANNEL, "accepted").await;
    instance.comment(VIEWER, 1, json!({})).await;
    instance.comment(OWNER, 1, json!({})).await;
    instance
        .execute(
            r#"UPDATE "userVideoHistory" SET "updatedAt" = 'infinity' WHERE "videoId" = 2;
               UPDATE "userVideoHistory" SET "createdAt" = '294276-01-01' WHERE "videoId" = 3;
               UPDATE "userVideoHistory" SET "currentTime" = -2147483648 WHERE "videoId" = 4;
               UPDATE "accountVideoRate" SET "createdAt" = '-infinity' WHERE "videoId" IN (2, 5);
               UPDATE "actorFollow" SET "createdAt" = 'infinity';
               UPDATE "videoComment" SET "createdAt" = 'infinity' WHERE "accountId" = 2"#,
        )
        .await;
    let peertube = instance.peertube().await;
    let mut seen = Vec::new();
    let summary = peertube
        .for_each_user(|user| {
            for signal in &user.signals {
                seen.push((signal.video.0, signal.watched.is_some(), signal.rated.is_some()));
            }
        })
        .await
        .unwrap();
    let expected = [
        (1, true, true),
        (3, false, true),
        (4, true, true),
        (5, true, false),
        (6, true, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!((summary.users, summary.watches, summary.ratings), (1, 4, 4));

    let mut ties = Vec::new();
    let visitor = |user: UserId, of: Vec<shoal::peertube::Tie>| ties.push((user.0, of.len()));
    peertube.for_each_user_ties(visitor).await.unwrap();
    assert_eq!(
        ties,
        [(VIEWER, 1)],
        "the comment is left, the subscription and the other's comment are not"
    );

    // Read for one user, a video of which one line cannot be used is left out whole.
    let mut session = peertube.session().await.unwrap();
    let signals = session.user_signals(UserId(VIEWER), 100).await.unwrap();
    let mut videos: Vec<i32> = signals.iter().map(|signal| signal.video.0).collect();
    videos.sort_unstable();
    assert_eq!(videos, [1, 4, 6]);
    let (signals, ties) = session.signals_and_ties(UserId(VIEWER), 100).await.unwrap();
    assert_eq!((signals.len(), ties.len()), (3, 1));
}

#[tokio::test]
async fn counters_that_cannot_be_are_zero() {
    let mut instance = Instance::start().await;
    let odd =
        json!({ "duration": -7, "views": i32::MIN, "likes": -1, "dislikes": -1, "nsfwFlags": -1, "category": -9 });
    instance.add_video(1, odd).await;
    let peertube = instance.peertube().await;
    let [video] = &catalogue(&peertube).await[..] else {
        panic!("one video")
    };
    let [card] = &peertube.cards(&[VIDEO]).await.unwrap()[..] else {
        panic!("one card")
    };
    assert_eq!((video.duration, video.views, video.likes, video.dislikes), (0, 0, 0, 0));
    assert_eq!((card.duration, card.views, card.likes, card.dislikes), (0, 0, 0, 0));
}

#[tokio::test]
async fn views_counted_in_the_future_are_not_of_late() {
    let mut instance = Instance::start().await;
    for (video, start) in [(1, "2026-11-30T00:00:00Z"), (2, "2026-12-02T00:00:00Z")] {
        instance.add_video(video, json!({})).await;
        instance
            .insert("videoStat", json!({ "videoId": video, "views": 5, "startDate": start }))
            .await;
    }
    instance
        .execute(r#"INSERT INTO "videoStat" ("videoId", views, downloads, "startDate", "endDate", "createdAt") SELECT "videoId", 2147483647, 0, 'infinity', 'infinity', now() FROM "videoStat""#)
        .await;
    let peertube = instance.peertube().await;
    let since = at(NOW) - chrono::TimeDelta::days(7);
    assert_eq!(peertube.most_viewed_since(since, 10).await.unwrap(), [(VIDEO, 5)]);
}
