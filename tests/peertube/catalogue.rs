//! The catalogue.

use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::{AccountId, CataloguePrivacy, CatalogueVideo, ChannelId, PeerTube, ServerId, VideoId};

use crate::instance::{INSTANCE, Instance, LOCAL_CHANNEL, OWNER, REMOTE, REMOTE_CHANNEL, REMOTE_INSTANCE, VIEWER};

async fn catalogue(peertube: &PeerTube) -> Vec<CatalogueVideo> {
    peertube.catalogue().try_collect().await.unwrap()
}

async fn ids(peertube: &PeerTube) -> Vec<i32> {
    catalogue(peertube).await.into_iter().map(|video| video.id.0).collect()
}

#[tokio::test]
async fn a_video_comes_with_its_public_metadata() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        let uuid = "9c9de5e8-0a1e-484a-b099-e80766180a6d";
        let row = json!({
            "uuid": uuid, "name": "Cats", "category": 16, "language": "en", "nsfw": true, "nsfwFlags": 3, "views": 7,
            "likes": 5, "dislikes": 2, "publishedAt": "2026-03-04T05:06:07Z",
        });
        instance.add_remote_video(1, row).await;
        for (id, name) in [(1, "zebra"), (2, "apple"), (3, "unused")] {
            instance.insert("tag", json!({ "id": id, "name": name })).await;
        }
        for tag in [1, 2] {
            instance.insert("videoTag", json!({ "videoId": 1, "tagId": tag })).await;
        }
        instance
            .add_video(2, json!({ "isLive": true, "duration": 0, "privacy": 4 }))
            .await;
        let videos = catalogue(&instance.peertube().await).await;
        let [remote, local] = &videos[..] else {
            panic!("{videos:?}")
        };

        assert_eq!(remote.id, VideoId(1));
        assert_eq!(remote.uuid.to_string(), uuid);
        assert_eq!(remote.url, "https://far.test/videos/1");
        assert_eq!(remote.name, "Cats");
        assert_eq!((remote.category, remote.language.as_deref()), (Some(16), Some("en")));
        assert_eq!((remote.nsfw, remote.nsfw_flags), (true, 3));
        assert_eq!(
            (remote.duration, remote.views, remote.likes, remote.dislikes),
            (60, 7, 5, 2)
        );
        assert_eq!((remote.is_live, remote.remote), (false, true));
        assert_eq!(remote.published_at.to_rfc3339(), "2026-03-04T05:06:07+00:00");
        assert_eq!(remote.tags, ["apple", "zebra"]);
        assert_eq!(remote.channel.id, ChannelId(REMOTE_CHANNEL));
        assert_eq!(remote.channel.url, "https://far.test/video-channels/channel40");
        assert_eq!(remote.channel.name, "channel40");
        assert_eq!(remote.channel.display_name, "Channel 40");
        assert_eq!(remote.channel.host, "far.test");
        assert_eq!(
            (remote.owner, remote.owner_server),
            (AccountId(REMOTE), Some(ServerId(REMOTE)))
        );
        assert_eq!(remote.privacy, CataloguePrivacy::Public);

        assert_eq!((local.is_live, local.duration, local.remote), (true, 0, false));
        assert_eq!((local.category, local.language.as_deref()), (None, None));
        assert_eq!(local.tags, Vec::<String>::new());
        assert_eq!(
            (local.channel.id, local.channel.host.as_str()),
            (ChannelId(LOCAL_CHANNEL), "here.test:9000")
        );
        assert_eq!((local.owner, local.owner_server), (AccountId(OWNER), None));
        assert_eq!(local.privacy, CataloguePrivacy::Internal);
    }
}

#[tokio::test]
async fn what_nobody_may_be_shown_is_not_in_it() {
    let mut instance = Instance::start().await;
    for privacy in 1..=5 {
        instance.add_video(privacy, json!({ "privacy": privacy })).await;
    }
    instance
        .add_video(10, json!({ "state": 2, "waitTranscoding": true }))
        .await;
    instance.add_video(11, json!({ "state": 2 })).await;
    instance.add_video(12, json!({})).await;
    instance.insert("videoBlacklist", json!({ "videoId": 12 })).await;
    instance.add_remote_video(13, json!({})).await;
    let peertube = instance.peertube().await;
    assert_eq!(ids(&peertube).await, [1, 4, 11, 13]);
    // What one user mutes stays in it, what the instance mutes does not.
    instance
        .insert(
            "serverBlocklist",
            json!({ "accountId": VIEWER, "targetServerId": REMOTE }),
        )
        .await;
    instance
        .insert(
            "accountBlocklist",
            json!({ "accountId": VIEWER, "targetAccountId": OWNER }),
        )
        .await;
    assert_eq!(ids(&peertube).await, [1, 4, 11, 13]);
    instance
        .insert(
            "serverBlocklist",
            json!({ "accountId": INSTANCE, "targetServerId": REMOTE }),
        )
        .await;
    assert_eq!(ids(&peertube).await, [1, 4, 11]);
    instance
        .insert(
            "accountBlocklist",
            json!({ "accountId": INSTANCE, "targetAccountId": OWNER }),
        )
        .await;
    assert_eq!(ids(&peertube).await, Vec::<i32>::new());
}

#[tokio::test]
async fn only_what_the_instance_shows_to_everybody_is_publicly_listed() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    instance.add_video(2, json!({ "privacy": 4 })).await;
    instance.add_remote_video(3, json!({})).await;
    instance.add_remote_video(4, json!({})).await;
    instance
        .insert("videoShare", json!({ "actorId": REMOTE_INSTANCE, "videoId": 4 }))
        .await;
    let peertube = instance.peertube().await;
    let listed = async || -> Vec<i32> {
        let all = catalogue(&peertube).await;
        assert_eq!(all.len(), 4);
        all.into_iter()
            .filter(|video| video.publicly_listed)
            .map(|video| video.id.0)
            .collect()
    };
    assert_eq!(listed().await, [1]);
    instance.follow(INSTANCE, REMOTE_INSTANCE, "accepted").await;
    assert_eq!(listed().await, [1, 4]);
    instance.follow(INSTANCE, REMOTE, "accepted").await;
    assert_eq!(listed().await, [1, 3, 4]);
    instance.execute(r#"UPDATE "actorFollow" SET state = 'rejected'"#).await;
    assert_eq!(listed().await, [1]);
}

#[tokio::test]
async fn a_large_catalogue_comes_in_pages_from_one_picture() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    // Every third one is unlisted, and there are gaps between the ids.
    instance
        .execute(
            "CREATE TEMPORARY TABLE copies AS SELECT v.*, n FROM video v, generate_series(2, 18000) n;
               UPDATE copies SET id = n * 2, uuid = gen_random_uuid(), url = 'https://here.test/' || n,
                   privacy = CASE WHEN n % 3 = 1 THEN 2 ELSE 1 END;
               ALTER TABLE copies DROP COLUMN n;
               INSERT INTO video SELECT * FROM copies",
        )
        .await;
    let expected: Vec<i32> = std::iter::once(1)
        .chain((2..=18000).filter(|n| n % 3 != 1).map(|n| n * 2))
        .collect();
    let peertube = instance.peertube().await;
    let mut stream = std::pin::pin!(peertube.catalogue());
    let mut seen = vec![stream.next().await.unwrap().unwrap().id.0];
    instance.execute("DELETE FROM video").await;
    while let Some(video) = stream.next().await {
        seen.push(video.unwrap().id.0);
    }
    assert_eq!(seen, expected);
    assert_eq!(ids(&peertube).await, Vec::<i32>::new());
}
