//! Lists that need no model, and finding the video that a caller names.

use serde_json::json;
use shoal::demo::schema::Layout;
use shoal::peertube::{ShortUuid, VideoId, VideoReference};

use crate::instance::Instance;

#[tokio::test]
async fn recent_videos_are_the_newest_first() {
    let mut instance = Instance::start().await;
    for (video, day) in [(1, 3), (2, 5), (3, 1), (4, 5), (5, 9)] {
        let row =
            json!({ "publishedAt": format!("2026-02-0{day}T00:00:00Z"), "privacy": if video == 5 { 3 } else { 1 } });
        instance.add_video(video, row).await;
    }
    let peertube = instance.peertube().await;
    let recent = async |start, count| -> Vec<i32> {
        let ids = peertube.recent(None, true, start, count).await.unwrap();
        ids.into_iter().map(|id| id.0).collect()
    };
    assert_eq!(recent(0, 100).await, [2, 4, 1, 3]);
    assert_eq!(recent(1, 2).await, [4, 1]);
    assert_eq!(recent(4, 10).await, Vec::<i32>::new());
    assert_eq!(recent(0, 0).await, Vec::<i32>::new());
}

#[tokio::test]
async fn lately_most_viewed_videos_are_counted_on_every_layout() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        let table = if layout == Layout::V8_2 {
            "videoStat"
        } else {
            "videoView"
        };
        for video in 1..=3 {
            instance.add_video(video, json!({})).await;
        }
        for (video, views, day) in [(1, 5, 1), (1, 3, 5), (2, 4, 6), (2, 3, 7), (3, 3, 5)] {
            let row = json!({ "videoId": video, "views": views, "startDate": format!("2026-02-0{day}T00:00:00Z") });
            instance.insert(table, row).await;
        }
        let peertube = instance.peertube().await;
        let since = "2026-02-02T00:00:00Z".parse().unwrap();
        let viewed = peertube.most_viewed_since(since, 10).await.unwrap();
        assert_eq!(
            viewed,
            [(VideoId(2), 7), (VideoId(1), 3), (VideoId(3), 3)],
            "{layout:?}"
        );
        assert_eq!(peertube.most_viewed_since(since, 1).await.unwrap(), [(VideoId(2), 7)]);
    }
}

#[tokio::test]
async fn a_video_is_found_by_each_of_its_names() {
    let mut instance = Instance::start().await;
    let uuid: uuid::Uuid = "9c9de5e8-0a1e-484a-b099-e80766180a6d".parse().unwrap();
    instance.add_video(7, json!({ "uuid": uuid, "privacy": 3 })).await;
    let peertube = instance.peertube().await;
    for name in ["7".to_owned(), uuid.to_string(), ShortUuid::from(uuid).to_string()] {
        let reference = VideoReference::parse(&name).unwrap();
        assert_eq!(peertube.resolve(&reference).await.unwrap(), Some(VideoId(7)), "{name}");
    }
    for reference in [VideoReference::Id(VideoId(8)), VideoReference::Uuid(uuid::Uuid::nil())] {
        assert_eq!(peertube.resolve(&reference).await.unwrap(), None);
    }
}
