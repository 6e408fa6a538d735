//! Reading what all users did.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::{HistorySummary, PeerTube, Rating, Signal, UserSignals};

use crate::instance::{Instance, OWNER, REMOTE, VIEWER};

async fn read(peertube: &PeerTube) -> (Vec<UserSignals>, HistorySummary) {
    let mut users = Vec::new();
    let summary = peertube.for_each_user(|signals| users.push(signals)).await.unwrap();
    (users, summary)
}

/// Who has signals about what: user, then videos.
async fn outline(peertube: &PeerTube) -> Vec<(i32, Vec<i32>)> {
    let (users, _) = read(peertube).await;
    users
        .iter()
        .map(|user| (user.user.0, user.signals.iter().map(|signal| signal.video.0).collect()))
        .collect()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn watches_and_ratings_are_joined_by_user_and_video() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        for video in 1..=4 {
            instance.add_video(video, json!({})).await;
        }
        instance.watch(VIEWER, 1, 30, "2026-02-01T00:00:00Z").await;
        instance.watch(VIEWER, 3, 60, "2026-02-03T00:00:00Z").await;
        instance.rate(VIEWER, 3, "like", "2026-02-04T00:00:00Z").await;
        instance.rate(VIEWER, 2, "dislike", "2026-02-02T00:00:00Z").await;
        instance.rate(OWNER, 4, "like", "2026-02-02T00:00:00Z").await;
        // Ratings also come from other servers; those accounts are nobody's here.
        instance.rate(REMOTE, 1, "like", "2026-02-02T00:00:00Z").await;
        let (users, summary) = read(&instance.peertube().await).await;
        assert_eq!(
            summary,
            HistorySummary {
                eligible_users: 2,
                users: 2,
                watches: 2,
                ratings: 3
            }
        );
        let [owner, viewer] = &users[..] else {
            panic!("{} users", users.len())
        };
        assert_eq!((owner.user.0, viewer.user.0), (OWNER, VIEWER));
        assert_eq!(owner.signals.len(), 1);
        let [first, second, third] = &viewer.signals[..] else {
            panic!("{} signals", viewer.signals.len())
        };

        assert_eq!(first.video.0, 1);
        let watched = first.watched.unwrap();
        assert_eq!(watched.seconds, 30);
        assert_eq!(watched.at, time("2026-02-01T00:00:00Z"));
        assert_eq!(watched.first_at, time("2026-01-02T00:00:00Z"));
        assert!(first.rated.is_none());

        assert_eq!(second.video.0, 2);
        assert!(second.watched.is_none());
        assert_eq!(second.rated.unwrap().rating, Rating::Dislike);
        assert_eq!(second.rated.unwrap().at, time("2026-02-02T00:00:00Z"));

        assert_eq!(third.video.0, 3);
        assert_eq!(third.watched.unwrap().seconds, 60);
        assert_eq!(third.rated.unwrap().rating, Rating::Like);
        assert_eq!(third.latest(), Some(time("2026-02-04T00:00:00Z")));
    }
}

#[tokio::test]
async fn an_instance_without_history_has_none() {
    let instance = Instance::start().await;
    let (users, summary) = read(&instance.peertube().await).await;
    assert!(users.is_empty());
    assert_eq!(
        summary,
        HistorySummary {
            eligible_users: 2,
            ..HistorySummary::default()
        }
    );
}

#[tokio::test]
async fn who_switched_history_off_or_is_blocked_is_left_out_whole() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    for user in [10, 11, 12, 13] {
        instance.add_user(user, json!({})).await;
        instance.watch(user, 1, 30, "2026-02-01T00:00:00Z").await;
        instance.rate(user, 1, "like", "2026-02-01T00:00:00Z").await;
    }
    let peertube = instance.peertube().await;
    assert_eq!(outline(&peertube).await.len(), 4);
    assert_eq!(peertube.eligible_users().await.unwrap(), 6);
    instance
        .execute(r#"UPDATE "user" SET "videosHistoryEnabled" = false WHERE id = 11"#)
        .await;
    instance
        .execute(r#"UPDATE "user" SET blocked = true WHERE id = 12"#)
        .await;
    assert_eq!(outline(&peertube).await, [(10, vec![1]), (13, vec![1])]);
    assert_eq!(peertube.eligible_users().await.unwrap(), 4);
}

#[tokio::test]
async fn what_is_deleted_is_gone_at_the_next_read() {
    let mut instance = Instance::start().await;
    for video in [1, 2, 3] {
        instance.add_video(video, json!({})).await;
        instance.watch(VIEWER, video, 30, "2026-02-01T00:00:00Z").await;
        instance.rate(VIEWER, video, "like", "2026-02-01T00:00:00Z").await;
    }
    instance.add_user(10, json!({})).await;
    instance.watch(10, 3, 30, "2026-02-01T00:00:00Z").await;
    let peertube = instance.peertube().await;
    assert_eq!(outline(&peertube).await, [(VIEWER, vec![1, 2, 3]), (10, vec![3])]);
    instance
        .execute(
            r#"DELETE FROM "userVideoHistory" WHERE "videoId" = 1; DELETE FROM "accountVideoRate" WHERE "videoId" = 1"#,
        )
        .await;
    assert_eq!(outline(&peertube).await, [(VIEWER, vec![2, 3]), (10, vec![3])]);
    instance.execute("DELETE FROM video WHERE id = 2").await;
    assert_eq!(outline(&peertube).await, [(VIEWER, vec![3]), (10, vec![3])]);
    instance
        .execute(&format!(r#"DELETE FROM "user" WHERE id = {VIEWER}"#))
        .await;
    assert_eq!(outline(&peertube).await, [(10, vec![3])]);
}

/// Number of signals, of watches and of likes; sums of video ids and of seconds.
type Checksum = (i64, i64, i64, i64, i64);

fn checksum(signals: &[Signal]) -> Checksum {
    let count = |holds: fn(&Signal) -> bool| signals.iter().filter(|signal| holds(signal)).count() as i64;
    (
        signals.len() as i64,
        count(|signal| signal.watched.is_some()),
        count(|signal| signal.rated.is_some_and(|rated| rated.rating == Rating::Like)),
        signals.iter().map(|signal| i64::from(signal.video.0)).sum(),
        signals
            .iter()
            .filter_map(|signal| signal.watched)
            .map(|watch| i64::from(watch.seconds))
            .sum(),
    )
}

#[tokio::test]
async fn three_hundred_thousand_rows_pass_through_pages_complete_and_in_order() {
    let mut instance = Instance::start().await;
    // 1,300 users make three batches. User 700 alone fills more than two pages of watches and one of ratings; the
    // others have none to some hundreds. References are not checked here, so that no videos are needed.
    instance
        .execute(
            r#"
            SET session_replication_role = replica;
            CREATE TEMPORARY TABLE copies AS SELECT u.*, n FROM "user" u, generate_series(100, 1399) n WHERE u.id = 3;
            UPDATE copies SET id = n, username = 'u' || n, email = n || '@here.test', blocked = n % 50 = 1,
                "videosHistoryEnabled" = n % 50 <> 2;
            ALTER TABLE copies DROP COLUMN n;
            INSERT INTO "user" SELECT * FROM copies;
            INSERT INTO account (id, name, "userId", "createdAt", "updatedAt")
                SELECT 100000 - id, username, id, now(), now() FROM copies;
            INSERT INTO "userVideoHistory" ("userId", "videoId", "currentTime", "createdAt", "updatedAt")
                SELECT u.id, v, (u.id * 7 + v) % 600, now(), now()
                FROM copies u, LATERAL generate_series(u.id % 5, CASE u.id WHEN 700 THEN 60000 ELSE u.id % 400 END) v;
            INSERT INTO "accountVideoRate" ("accountId", "videoId", type, url, "createdAt", "updatedAt")
                SELECT 100000 - u.id, v, CASE WHEN v % 4 = 0 THEN 'dislike'::"enum_accountVideoRate_type" ELSE 'like' END,
                       u.id || '/' || v, now(), now()
                FROM copies u, LATERAL generate_series(u.id % 7, CASE u.id WHEN 700 THEN 75000 ELSE u.id % 90 END, 3) v;
            SET session_replication_role = origin;
            ANALYZE;
            "#,
        )
        .await;
    let rows: Vec<(i64,)> = instance.read(r#"SELECT count(*) FROM "userVideoHistory""#).await;
    assert!(rows[0].0 > 300_000, "{rows:?}");
    let expected: Vec<(i32, i64, i64, i64, i64, i64)> = instance
        .read(
            r#"
            SELECT u.id, count(*), count(h."currentTime"), count(*) FILTER (WHERE r.type = 'like'),
                   sum(coalesce(h."videoId", r."videoId"))::bigint, coalesce(sum(h."currentTime"), 0)::bigint
            FROM "userVideoHistory" h
            FULL JOIN (
                SELECT a."userId", r."videoId", r.type FROM "accountVideoRate" r JOIN account a ON a.id = r."accountId"
            ) r ON r."userId" = h."userId" AND r."videoId" = h."videoId"
            JOIN "user" u ON u.id = coalesce(h."userId", r."userId")
            WHERE u."videosHistoryEnabled" AND NOT u.blocked
            GROUP BY u.id ORDER BY u.id
            "#,
        )
        .await;
    let mut order = Vec::new();
    let mut sums = BTreeMap::new();
    let summary = instance
        .peertube()
        .await
        .for_each_user(|user| {
            order.push(user.user.0);
            assert!(user.signals.is_sorted_by(|one, next| one.video < next.video));
            sums.insert(user.user.0, checksum(&user.signals));
        })
        .await
        .unwrap();
    assert_eq!(order, expected.iter().map(|row| row.0).collect::<Vec<_>>());
    for (user, signals, watches, likes, videos, seconds) in &expected {
        assert_eq!(
            sums[user],
            (*signals, *watches, *likes, *videos, *seconds),
            "user {user}"
        );
    }
    assert_eq!(summary.users, expected.len() as u64);
    assert_eq!(summary.watches, expected.iter().map(|row| row.2).sum::<i64>() as u64);
    assert_eq!(sums[&700].1, 60_001);
}
