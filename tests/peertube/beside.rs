//! What owners let be recommended beside their videos.

use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::VideoId;

use crate::instance::{Instance, LOCAL_CHANNEL, OWNER, REMOTE_CHANNEL};

#[tokio::test]
async fn each_policy_permits_its_own_videos_newest_first_on_every_layout() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        instance
            .execute(r#"ALTER TABLE video ADD COLUMN "recommendationPolicy" integer"#)
            .await;
        instance.grant().await;
        instance.add_channel(60, OWNER, None).await;
        for (video, channel) in [
            (1, LOCAL_CHANNEL),
            (2, LOCAL_CHANNEL),
            (3, 60),
            (4, REMOTE_CHANNEL),
            (5, LOCAL_CHANNEL),
        ] {
            let row = json!({
                "channelId": channel, "remote": channel == REMOTE_CHANNEL,
                "publishedAt": format!("2026-02-0{video}T00:00:00Z"),
            });
            instance.add_video(video, row).await;
        }
        let peertube = instance.peertube().await;
        for (policy, permitted) in [
            ("NULL", None),
            ("1", None),
            ("2", Some(vec![5, 3, 2, 1])),
            ("3", Some(vec![5, 3, 2, 1])),
            ("4", Some(vec![5, 2, 1])),
            // Of a later PeerTube.
            ("5", None),
        ] {
            let statement = format!(r#"UPDATE video SET "recommendationPolicy" = {policy} WHERE id = 1"#);
            instance.execute(&statement).await;
            let found = peertube.permitted_beside(VideoId(1), 10).await.unwrap();
            let ids = found.map(|videos| videos.into_iter().map(|video| video.0).collect::<Vec<_>>());
            assert_eq!(ids, permitted, "{layout:?} {policy}");
        }
        instance
            .execute(r#"UPDATE video SET "recommendationPolicy" = 4 WHERE id = 1"#)
            .await;
        let two = peertube.permitted_beside(VideoId(1), 2).await.unwrap().unwrap();
        assert_eq!(two, [VideoId(5), VideoId(2)]);
        instance.execute("UPDATE video SET privacy = 3 WHERE id = 1").await;
        assert_eq!(peertube.permitted_beside(VideoId(1), 10).await.unwrap(), None);
        assert_eq!(peertube.permitted_beside(VideoId(99), 10).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_owner_is_not_another_account() {
    let mut instance = Instance::start().await;
    instance
        .execute(r#"ALTER TABLE video ADD COLUMN "recommendationPolicy" integer"#)
        .await;
    instance.grant().await;
    for (video, channel) in [(1, REMOTE_CHANNEL), (2, REMOTE_CHANNEL), (3, LOCAL_CHANNEL)] {
        let row = json!({ "channelId": channel, "remote": channel == REMOTE_CHANNEL });
        instance.add_video(video, row).await;
    }
    instance.execute(r#"UPDATE video SET "recommendationPolicy" = 3"#).await;
    let permitted = instance
        .peertube()
        .await
        .permitted_beside(VideoId(1), 10)
        .await
        .unwrap();
    assert_eq!(permitted, Some(vec![VideoId(2), VideoId(1)]));
}

#[tokio::test]
async fn a_peertube_without_policies_permits_everything() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    assert_eq!(
        instance
            .peertube()
            .await
            .permitted_beside(VideoId(1), 10)
            .await
            .unwrap(),
        None
    );
}
