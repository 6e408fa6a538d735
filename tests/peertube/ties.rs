//! Which channels users are tied to.

use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::{PeerTube, Tie, UserId};

use crate::instance::{Instance, LOCAL_CHANNEL, OWNER, REMOTE, REMOTE_CHANNEL, VIEWER};

/// User, channel, whether it is a subscription, and since when.
type Outline = (i32, i32, bool, String);

async fn all(peertube: &PeerTube) -> Vec<Outline> {
    let mut found = Vec::new();
    peertube
        .for_each_user_ties(|user, ties| {
            found.extend(ties.iter().map(|tie| {
                let since = tie.since.format("%Y-%m-%d").to_string();
                (user.0, tie.channel.0, tie.subscribed, since)
            }));
        })
        .await
        .unwrap();
    found
}

async fn of_user(peertube: &PeerTube, user: i32) -> Vec<Tie> {
    let mut session = peertube.session().await.unwrap();
    session.signals_and_ties(UserId(user), 10).await.unwrap().1
}

fn tie(user: i32, channel: i32, subscribed: bool, since: &str) -> Outline {
    (user, channel, subscribed, since.to_owned())
}

#[tokio::test]
async fn subscriptions_and_public_comments_on_every_layout() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        instance.add_channel(21, OWNER, None).await;
        instance.add_channel(22, OWNER, None).await;
        instance.add_video(1, json!({})).await;
        instance.add_video(2, json!({ "channelId": 21 })).await;
        instance.add_video(3, json!({ "channelId": 22, "privacy": 4 })).await;
        instance.add_video(4, json!({ "channelId": 22 })).await;
        instance.follow(VIEWER, LOCAL_CHANNEL, "accepted").await;
        instance.follow(VIEWER, 22, "pending").await;
        // Following an account is following its channels.
        instance.follow(VIEWER, REMOTE, "accepted").await;
        // Remote accounts are nobody's here.
        instance.follow(REMOTE, LOCAL_CHANNEL, "accepted").await;
        instance.comment(REMOTE, 1, json!({})).await;
        instance
            .comment(VIEWER, 2, json!({ "createdAt": "2026-02-03T00:00:00Z" }))
            .await;
        instance
            .comment(VIEWER, 2, json!({ "createdAt": "2026-02-02T00:00:00Z" }))
            .await;
        // Neither public nor there.
        instance.comment(VIEWER, 3, json!({})).await;
        instance
            .comment(VIEWER, 4, json!({ "deletedAt": "2026-02-02T00:00:00Z" }))
            .await;
        instance.comment(VIEWER, 4, json!({ "heldForReview": true })).await;
        instance.comment(OWNER, 1, json!({})).await;

        let peertube = instance.peertube().await;
        let of_viewer = [
            tie(VIEWER, 21, false, "2026-02-02"),
            tie(VIEWER, LOCAL_CHANNEL, true, "2026-01-01"),
            tie(VIEWER, REMOTE_CHANNEL, true, "2026-01-01"),
        ];
        let mut expected = vec![tie(OWNER, LOCAL_CHANNEL, false, "2026-01-01")];
        expected.extend(of_viewer.clone());
        assert_eq!(all(&peertube).await, expected, "{layout:?}");
        let own = of_user(&peertube, VIEWER).await;
        let own: Vec<(i32, bool)> = own.iter().map(|tie| (tie.channel.0, tie.subscribed)).collect();
        assert_eq!(own, of_viewer.map(|tie| (tie.1, tie.2)), "{layout:?}");
    }
}

#[tokio::test]
async fn who_switched_history_off_or_is_blocked_has_none() {
    let mut instance = Instance::start().await;
    for user in 10..14 {
        instance.add_user(user, json!({})).await;
        instance.follow(user, LOCAL_CHANNEL, "accepted").await;
    }
    instance
        .execute(r#"UPDATE "user" SET "videosHistoryEnabled" = false WHERE id = 11"#)
        .await;
    instance
        .execute(r#"UPDATE "user" SET blocked = true WHERE id = 12"#)
        .await;
    let peertube = instance.peertube().await;
    let users: Vec<i32> = all(&peertube).await.iter().map(|tie| tie.0).collect();
    assert_eq!(users, [10, 13]);
    for (user, expected) in [(10, 1), (11, 0), (12, 0), (999, 0)] {
        assert_eq!(of_user(&peertube, user).await.len(), expected, "{user}");
    }
}

#[tokio::test]
async fn batches_of_users_are_complete() {
    let mut instance = Instance::start().await;
    instance
        .execute(&format!(
            r#"
            SET session_replication_role = replica;
            CREATE TEMPORARY TABLE copies AS SELECT u.*, n FROM "user" u, generate_series(100, 1299) n WHERE u.id = 3;
            UPDATE copies SET id = n, username = 'u' || n, email = n || '@here.test';
            ALTER TABLE copies DROP COLUMN n;
            INSERT INTO "user" SELECT * FROM copies;
            INSERT INTO account (id, name, "userId", "createdAt", "updatedAt")
                SELECT id, username, id, now(), now() FROM copies;
            INSERT INTO actor (id, type, "preferredUsername", url, "followersCount", "followingCount", "inboxUrl",
                    "accountId", "createdAt", "updatedAt")
                SELECT id, 'Person', username, 'https://here.test/accounts/' || username, 0, 0, 'x', id, now(), now()
                FROM copies;
            INSERT INTO "actorFollow" (state, score, url, "actorId", "targetActorId", "createdAt", "updatedAt")
                SELECT 'accepted', 0, 'f' || id, id, {LOCAL_CHANNEL}, now(), now() FROM copies WHERE id % 3 <> 0;
            SET session_replication_role = origin;
            "#
        ))
        .await;
    let users: Vec<i32> = all(&instance.peertube().await).await.iter().map(|tie| tie.0).collect();
    let expected: Vec<i32> = (100..1_300).filter(|user| user % 3 != 0).collect();
    assert_eq!(users, expected);
}
