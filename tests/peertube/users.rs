//! One user: settings, latest signals, subscriptions.

use std::collections::HashSet;

use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::{AccountId, ChannelId, NsfwPolicy, PeerTube, Rating, UserId, VideoId};

use crate::instance::{Instance, LOCAL_CHANNEL, OWNER, REMOTE_CHANNEL, VIEWER};

async fn signals(peertube: &PeerTube, limit: u32) -> Vec<i32> {
    let signals = peertube.user_signals(UserId(VIEWER), limit).await.unwrap();
    let mut session = peertube.session().await.unwrap();
    let (together, _) = session.signals_and_ties(UserId(VIEWER), limit).await.unwrap();
    assert!(together == signals, "the same as alone");
    signals.iter().map(|signal| signal.video.0).collect()
}

#[tokio::test]
async fn the_settings_of_a_user_are_read() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        let settings = json!({
            "nsfwPolicy": "blur", "nsfwFlagsDisplayed": 1, "nsfwFlagsBlurred": 2, "nsfwFlagsWarned": 4, "nsfwFlagsHidden": 8,
            "videoLanguages": ["fr", "_unknown"], "videosHistoryEnabled": false, "blocked": true,
        });
        instance.add_user(10, settings).await;
        let peertube = instance.peertube().await;
        let viewer = peertube.viewer(UserId(10)).await.unwrap().unwrap();
        assert_eq!(viewer.id, UserId(10));
        assert_eq!(viewer.account_id, Some(AccountId(10)));
        assert_eq!(viewer.nsfw_policy, NsfwPolicy::Blur);
        assert_eq!((viewer.nsfw_flags_shown, viewer.nsfw_flags_hidden), (7, 8));
        assert_eq!(viewer.languages, Some(vec!["fr".to_owned(), "_unknown".to_owned()]));
        assert!(!viewer.history_enabled);
        assert!(viewer.blocked);

        let viewer = peertube.viewer(UserId(VIEWER)).await.unwrap().unwrap();
        assert_eq!(viewer.nsfw_policy, NsfwPolicy::Display);
        assert_eq!(viewer.languages, None);
        assert!(viewer.history_enabled && !viewer.blocked);

        assert!(peertube.viewer(UserId(999)).await.unwrap().is_none());
        assert!(peertube.user_exists(UserId(10)).await.unwrap());
        assert!(!peertube.user_exists(UserId(999)).await.unwrap());
    }
}

#[tokio::test]
async fn typical_users_have_the_most_common_settings() {
    let mut instance = Instance::start().await;
    for user in 110..115 {
        let settings = json!({ "nsfwPolicy": "blur", "videoLanguages": ["fr"], "blocked": user == 110 });
        instance.add_user(user, settings).await;
    }
    instance.add_user(120, json!({ "nsfwFlagsHidden": 1 })).await;
    let peertube = instance.peertube().await;
    let all = peertube.typical_users(10).await.unwrap();
    assert_eq!(all, [UserId(111), UserId(OWNER.min(VIEWER)), UserId(120)]);
    assert_eq!(peertube.typical_users(1).await.unwrap(), all[..1]);
}

#[tokio::test]
async fn the_latest_signals_come_first() {
    let mut instance = Instance::start().await;
    for video in 1..=5 {
        instance.add_video(video, json!({})).await;
    }
    instance.watch(VIEWER, 1, 10, "2026-02-01T00:00:00Z").await;
    instance.watch(VIEWER, 2, 20, "2026-02-05T00:00:00Z").await;
    instance.watch(VIEWER, 3, 30, "2026-02-03T00:00:00Z").await;
    instance.rate(VIEWER, 1, "dislike", "2026-02-06T00:00:00Z").await;
    instance.rate(VIEWER, 4, "like", "2026-02-04T00:00:00Z").await;
    instance.watch(OWNER, 5, 30, "2026-02-07T00:00:00Z").await;
    instance.rate(OWNER, 2, "like", "2026-02-07T00:00:00Z").await;
    let peertube = instance.peertube().await;
    assert_eq!(signals(&peertube, 100).await, [1, 2, 4, 3]);
    assert_eq!(signals(&peertube, 2).await, [1, 2]);
    assert_eq!(signals(&peertube, 0).await, Vec::<i32>::new());

    let all = peertube.user_signals(UserId(VIEWER), 100).await.unwrap();
    let first = all.first().unwrap();
    assert_eq!(first.watched.unwrap().seconds, 10);
    assert_eq!(first.rated.unwrap().rating, Rating::Dislike);
    assert_eq!(first.latest().unwrap().to_rfc3339(), "2026-02-06T00:00:00+00:00");
    assert!(all[1].rated.is_none());
    assert!(all[2].watched.is_none());
}

#[tokio::test]
async fn nothing_is_read_of_who_switched_history_off_or_is_blocked() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    instance.add_video(2, json!({})).await;
    instance.watch(VIEWER, 1, 10, "2026-02-01T00:00:00Z").await;
    instance.rate(VIEWER, 2, "like", "2026-02-01T00:00:00Z").await;
    let peertube = instance.peertube().await;
    let candidates = [VideoId(1), VideoId(2), VideoId(3)];
    assert_eq!(signals(&peertube, 10).await.len(), 2);
    assert_eq!(
        peertube.watched_among(UserId(VIEWER), &candidates).await.unwrap(),
        HashSet::from([VideoId(1)]),
        "watched, not merely rated"
    );
    for change in ["blocked = true", r#"blocked = false, "videosHistoryEnabled" = false"#] {
        instance
            .execute(&format!(r#"UPDATE "user" SET {change} WHERE id = {VIEWER}"#))
            .await;
        assert_eq!(signals(&peertube, 10).await, Vec::<i32>::new());
        assert!(
            peertube
                .watched_among(UserId(VIEWER), &candidates)
                .await
                .unwrap()
                .is_empty()
        );
    }
    assert!(peertube.user_signals(UserId(999), 10).await.unwrap().is_empty());
    assert!(peertube.watched_among(UserId(VIEWER), &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn subscriptions_are_accepted_follows_of_channels() {
    let mut instance = Instance::start().await;
    instance.add_channel(60, OWNER, None).await;
    instance.follow(VIEWER, REMOTE_CHANNEL, "accepted").await;
    instance.follow(VIEWER, LOCAL_CHANNEL, "accepted").await;
    instance.follow(VIEWER, 60, "pending").await;
    instance.follow(VIEWER, OWNER, "accepted").await;
    instance.follow(OWNER, 60, "accepted").await;
    let peertube = instance.peertube().await;
    assert_eq!(
        peertube.subscribed_channels(UserId(VIEWER)).await.unwrap(),
        [ChannelId(LOCAL_CHANNEL), ChannelId(REMOTE_CHANNEL)]
    );
    assert_eq!(
        peertube.subscribed_channels(UserId(OWNER)).await.unwrap(),
        [ChannelId(60)]
    );
    assert_eq!(peertube.subscribed_channels(UserId(999)).await.unwrap(), []);
}
