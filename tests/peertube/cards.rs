//! Videos as lists show them.

use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::VideoId;

use crate::instance::{Instance, LOCAL_CHANNEL};

#[tokio::test]
async fn a_card_has_peertubes_names() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        let row = json!({
            "uuid": "9c9de5e8-0a1e-484a-b099-e80766180a6d", "name": "Cats", "category": 16, "language": "en", "views": 7,
            "likes": 5, "dislikes": 2, "nsfwFlags": 0, "publishedAt": "2026-03-04T05:06:07Z",
        });
        instance.add_video(1, row).await;
        let cards = instance.peertube().await.cards(&[VideoId(1)]).await.unwrap();
        assert_eq!(
            serde_json::to_value(&cards).unwrap(),
            json!([{
                "id": 1, "uuid": "9c9de5e8-0a1e-484a-b099-e80766180a6d", "shortUUID": "kkGMgK9ZtnKfYAgnEtQxbv",
                "url": "https://here.test/videos/1", "name": "Cats", "category": { "id": 16 }, "language": { "id": "en" },
                "duration": 60, "views": 7, "likes": 5, "dislikes": 2, "nsfw": false, "nsfwFlags": 0, "isLocal": true,
                "isLive": false, "publishedAt": "2026-03-04T05:06:07Z", "thumbnailPath": null,
                "channel": {
                    "id": LOCAL_CHANNEL, "name": "channel20", "displayName": "Channel 20",
                    "url": "https://here.test:9000/video-channels/channel20", "host": "here.test:9000",
                },
            }])
        );
    }
}

#[tokio::test]
async fn cards_come_in_the_order_asked_for() {
    let mut instance = Instance::start().await;
    instance.add_video(1, json!({})).await;
    instance.add_remote_video(2, json!({})).await;
    instance.add_video(3, json!({})).await;
    let peertube = instance.peertube().await;
    let cards = peertube
        .cards(&[VideoId(3), VideoId(99), VideoId(2), VideoId(1)])
        .await
        .unwrap();
    assert_eq!(cards.iter().map(|card| card.id.0).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(!cards[1].is_local);
    assert_eq!(cards[1].channel.host, "far.test");
    assert!(peertube.cards(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_thumbnail_is_the_one_for_lists() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        instance.add_video(1, json!({})).await;
        for (name, width, shape) in [
            ("large", 1920, "16:9"),
            ("list", 280, "16:9"),
            ("middle", 850, "16:9"),
            ("square", 280, "1:1"),
        ] {
            let mut row = json!({ "videoId": 1, "filename": format!("{name}.jpg"), "width": width });
            if layout == Layout::V8_0 {
                // Type 2 is the large preview, which another path serves.
                row["type"] = json!(if name == "list" { 1 } else { 2 });
            } else {
                row["aspectRatio"] = json!(shape);
            }
            instance.insert("thumbnail", row).await;
        }
        let cards = instance.peertube().await.cards(&[VideoId(1)]).await.unwrap();
        assert_eq!(
            cards[0].thumbnail_path.as_deref(),
            Some("/lazy-static/thumbnails/list.jpg"),
            "{layout:?}"
        );
    }
}
