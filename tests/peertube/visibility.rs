//! PeerTube's rules for lists, one by one, with and without a viewer.

use std::collections::BTreeSet;

use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::{PeerTube, UserId, VideoId};

use crate::instance::{INSTANCE, Instance, OWNER, REMOTE, REMOTE_CHANNEL, REMOTE_INSTANCE, VIEWER};

/// What is visible among videos 1 to 20, to somebody without a user and to [`VIEWER`].
async fn visible(peertube: &PeerTube) -> (Vec<i32>, Vec<i32>) {
    (visible_to(peertube, false).await, visible_to(peertube, true).await)
}

async fn visible_to(peertube: &PeerTube, viewer: bool) -> Vec<i32> {
    let viewer = if viewer {
        peertube.viewer(UserId(VIEWER)).await.unwrap()
    } else {
        None
    };
    let candidates: Vec<VideoId> = (1..=20).map(VideoId).collect();
    let visible = peertube
        .visible_among(viewer.as_ref(), true, &candidates)
        .await
        .unwrap();
    // The list of recent videos obeys the same rules.
    let recent = peertube.recent(viewer.as_ref(), true, 0, 100).await.unwrap();
    assert_eq!(
        visible.iter().collect::<BTreeSet<_>>(),
        recent.iter().collect::<BTreeSet<_>>()
    );
    visible.into_iter().map(|id| id.0).collect()
}

/// The same for both.
fn both(ids: &[i32]) -> (Vec<i32>, Vec<i32>) {
    (ids.to_vec(), ids.to_vec())
}

#[tokio::test]
async fn the_order_of_candidates_is_kept() {
    let mut instance = Instance::start().await;
    for video in 1..=3 {
        instance.add_video(video, json!({})).await;
    }
    let peertube = instance.peertube().await;
    let candidates = [VideoId(3), VideoId(99), VideoId(1), VideoId(2)];
    let visible = peertube.visible_among(None, true, &candidates).await.unwrap();
    assert_eq!(visible, [VideoId(3), VideoId(1), VideoId(2)]);
    assert_eq!(peertube.visible_among(None, true, &[]).await.unwrap(), []);
}

#[tokio::test]
async fn only_public_videos_and_internal_ones_for_users() {
    let mut instance = Instance::start().await;
    for privacy in 1..=5 {
        instance.add_video(privacy, json!({ "privacy": privacy })).await;
    }
    assert_eq!(visible(&instance.peertube().await).await, (vec![1], vec![1, 4]));
}

#[tokio::test]
async fn only_published_videos() {
    let mut instance = Instance::start().await;
    for state in 1..=12 {
        instance
            .add_video(state, json!({ "state": state, "waitTranscoding": true }))
            .await;
    }
    instance
        .add_video(13, json!({ "state": 2, "waitTranscoding": false }))
        .await;
    instance
        .add_video(14, json!({ "state": 3, "waitTranscoding": false }))
        .await;
    assert_eq!(visible(&instance.peertube().await).await, both(&[1, 13]));
}

#[tokio::test]
async fn nothing_that_moderators_took_down() {
    let mut instance = Instance::start().await;
    for (video, kind) in [(1, 1), (2, 2), (3, 3)] {
        instance.add_video(video, json!({})).await;
        instance
            .insert("videoBlacklist", json!({ "videoId": video, "type": kind }))
            .await;
    }
    instance.add_video(4, json!({})).await;
    assert_eq!(visible(&instance.peertube().await).await, both(&[4]));
}

#[tokio::test]
async fn nothing_of_muted_accounts() {
    let mut instance = Instance::start().await;
    instance.add_user(10, json!({})).await;
    for (account, channel) in [(11, 61), (12, 62), (13, 63)] {
        instance
            .add_account(account, &format!("owner{account}"), json!({}), None)
            .await;
        instance.add_channel(channel, account, None).await;
        instance.add_video(account, json!({ "channelId": channel })).await;
    }
    instance
        .insert(
            "accountBlocklist",
            json!({ "accountId": INSTANCE, "targetAccountId": 11 }),
        )
        .await;
    instance
        .insert(
            "accountBlocklist",
            json!({ "accountId": VIEWER, "targetAccountId": 12 }),
        )
        .await;
    // What others mute is their own matter.
    instance
        .insert("accountBlocklist", json!({ "accountId": 10, "targetAccountId": 13 }))
        .await;
    assert_eq!(visible(&instance.peertube().await).await, (vec![12, 13], vec![13]));
}

#[tokio::test]
async fn nothing_of_muted_servers() {
    let mut instance = Instance::start().await;
    for (server, account, channel) in [(31, 11, 61), (32, 12, 62), (33, 13, 63)] {
        instance
            .insert("server", json!({ "id": server, "host": format!("s{server}.test") }))
            .await;
        instance.add_account(account, "owner", json!({}), Some(server)).await;
        instance.add_channel(channel, account, Some(server)).await;
        instance.follow(INSTANCE, channel, "accepted").await;
        instance
            .add_remote_video(account, json!({ "channelId": channel }))
            .await;
    }
    instance.add_video(1, json!({})).await;
    instance
        .insert(
            "serverBlocklist",
            json!({ "accountId": INSTANCE, "targetServerId": 31 }),
        )
        .await;
    instance
        .insert("serverBlocklist", json!({ "accountId": VIEWER, "targetServerId": 32 }))
        .await;
    instance
        .insert("serverBlocklist", json!({ "accountId": OWNER, "targetServerId": 33 }))
        .await;
    assert_eq!(
        visible(&instance.peertube().await).await,
        (vec![1, 12, 13], vec![1, 13])
    );
}

#[tokio::test]
async fn remote_videos_only_of_those_whom_the_instance_follows() {
    let mut instance = Instance::start().await;
    instance.add_remote_video(1, json!({})).await;
    instance.add_remote_video(2, json!({})).await;
    instance
        .insert("videoShare", json!({ "actorId": REMOTE_INSTANCE, "videoId": 2 }))
        .await;
    let peertube = instance.peertube().await;
    // Nobody is followed. A user's own subscription is no follow of the instance.
    instance.follow(VIEWER, REMOTE_CHANNEL, "accepted").await;
    assert_eq!(visible(&peertube).await, both(&[]));
    // Not yet, or no longer.
    for state in ["pending", "rejected"] {
        for target in [REMOTE, REMOTE_CHANNEL, REMOTE_INSTANCE] {
            instance.follow(INSTANCE, target, state).await;
        }
        assert_eq!(visible(&peertube).await, both(&[]), "{state}");
        instance
            .execute(&format!(r#"DELETE FROM "actorFollow" WHERE "actorId" = {INSTANCE}"#))
            .await;
    }
    // The account, the channel, or somebody who shared it.
    for (target, expected) in [
        (REMOTE, both(&[1, 2])),
        (REMOTE_CHANNEL, both(&[1, 2])),
        (REMOTE_INSTANCE, both(&[2])),
    ] {
        instance.follow(INSTANCE, target, "accepted").await;
        assert_eq!(visible(&peertube).await, expected, "{target}");
        instance
            .execute(&format!(r#"DELETE FROM "actorFollow" WHERE "actorId" = {INSTANCE}"#))
            .await;
    }
}

#[tokio::test]
async fn sensitive_videos_as_the_viewer_wants() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    for flags in 0..=3 {
        instance
            .add_video(10 + flags, json!({ "nsfw": true, "nsfwFlags": flags }))
            .await;
    }
    let peertube = instance.peertube().await;
    let everything = vec![1, 10, 11, 12, 13];
    for (settings, expected) in [
        (r#""nsfwPolicy" = 'display'"#, everything.clone()),
        (r#""nsfwPolicy" = 'warn'"#, everything.clone()),
        (r#""nsfwPolicy" = 'blur'"#, everything.clone()),
        (r#""nsfwPolicy" = 'do_not_list'"#, vec![1]),
        (
            r#""nsfwPolicy" = 'do_not_list', "nsfwFlagsDisplayed" = 1"#,
            vec![1, 11, 13],
        ),
        (r#""nsfwFlagsDisplayed" = 0, "nsfwFlagsWarned" = 2"#, vec![1, 12, 13]),
        (r#""nsfwFlagsWarned" = 0, "nsfwFlagsBlurred" = 1"#, vec![1, 11, 13]),
        (r#""nsfwFlagsHidden" = 2"#, vec![1, 11]),
        (r#""nsfwPolicy" = 'display', "nsfwFlagsBlurred" = 0"#, vec![1, 10, 11]),
    ] {
        instance
            .execute(&format!(r#"UPDATE "user" SET {settings} WHERE id = {VIEWER}"#))
            .await;
        assert_eq!(visible_to(&peertube, true).await, expected, "{settings}");
    }
    let candidates: Vec<VideoId> = (1..=20).map(VideoId).collect();
    let shown = peertube.visible_among(None, false, &candidates).await.unwrap();
    assert_eq!(
        shown.len(),
        everything.len(),
        "shown to visitors when the default says so"
    );
    assert_eq!(
        visible_to(&peertube, false).await,
        [1],
        "hidden from visitors otherwise"
    );
}

#[tokio::test]
async fn languages_that_the_viewer_chose() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({ "language": "fr" })).await;
    instance.add_video(2, json!({ "language": "en" })).await;
    instance.add_video(3, json!({})).await;
    instance.add_video(4, json!({ "language": "en" })).await;
    instance
        .insert("videoCaption", json!({ "videoId": 4, "language": "fr" }))
        .await;
    let peertube = instance.peertube().await;
    for (languages, expected) in [
        ("NULL", vec![1, 2, 3, 4]),
        ("'{}'", vec![1, 2, 3, 4]),
        ("'{fr}'", vec![1, 4]),
        ("'{en}'", vec![2, 4]),
        ("'{_unknown}'", vec![3]),
        ("'{fr,_unknown}'", vec![1, 3, 4]),
        ("'{de}'", vec![]),
    ] {
        instance
            .execute(&format!(
                r#"UPDATE "user" SET "videoLanguages" = {languages} WHERE id = {VIEWER}"#
            ))
            .await;
        assert_eq!(visible_to(&peertube, true).await, expected, "{languages}");
        assert_eq!(visible_to(&peertube, false).await, [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn the_rules_hold_on_every_layout() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        instance.add_video(1, json!({ "privacy": 4 })).await;
        instance.add_video(2, json!({ "nsfw": true })).await;
        instance.add_remote_video(3, json!({})).await;
        instance.add_remote_video(4, json!({ "language": "fr" })).await;
        instance
            .insert("videoShare", json!({ "actorId": REMOTE_INSTANCE, "videoId": 4 }))
            .await;
        instance.follow(INSTANCE, REMOTE_INSTANCE, "accepted").await;
        assert_eq!(
            visible(&instance.peertube().await).await,
            (vec![4], vec![1, 2, 4]),
            "{layout:?}"
        );
    }
}
