//! Lists around one video.

use shoal::peertube::ShortUuid;
use uuid::Uuid;

use crate::instance::VIEWER;
use crate::world::{BEES, NEWCOMER, PATH, World};

#[tokio::test]
async fn similar_videos_come_first_however_the_video_is_named() {
    let mut world = World::start().await;
    let uuid: Vec<(Uuid,)> = world.instance.read("SELECT uuid FROM video WHERE id = 210").await;
    let uuid = uuid[0].0;
    let names = ["210".to_owned(), uuid.to_string(), ShortUuid::from(uuid).to_string()];
    let mut lists = Vec::new();
    for name in &names {
        let listed = world
            .list(&format!("strategy=similar&videoId={name}&userId={NEWCOMER}&count=8"))
            .await;
        let ids = listed.ids();
        assert!(!ids.contains(&210));
        assert!(ids.iter().filter(|id| BEES.contains(id)).count() >= 6, "{ids:?}");
        let reason = &listed.data[0]["recommendation"]["reasons"];
        assert!(reason.as_array().unwrap().len() <= 1, "{reason}");
        lists.push(listed.data);
    }
    assert!(lists.iter().all(|list| *list == lists[0]));
}

#[tokio::test]
async fn a_video_is_needed_and_must_be_visible() {
    let mut world = World::start().await;
    world
        .get(&format!("{PATH}?strategy=similar"))
        .await
        .assert_problem(400, "invalid_parameter");
    for unknown in [
        "777",
        "2147483647",
        "00000000-0000-0000-0000-000000000000",
        "1111111111111111111111",
    ] {
        world
            .get(&format!("{PATH}?strategy=similar&videoId={unknown}"))
            .await
            .assert_problem(404, "unknown_video");
    }
    let unknown = world.get(&format!("{PATH}?strategy=similar&videoId=777")).await.text;
    for hidden in [2, 3, 5] {
        world
            .instance
            .execute(&format!("UPDATE video SET privacy = {hidden} WHERE id = 210"))
            .await;
        for user in [String::new(), format!("&userId={VIEWER}")] {
            let answer = world.get(&format!("{PATH}?strategy=similar&videoId=210{user}")).await;
            answer.assert_problem(404, "unknown_video");
            assert_eq!(answer.text, unknown, "hidden and missing look alike");
        }
    }
    world
        .instance
        .execute("UPDATE video SET privacy = 4 WHERE id = 210")
        .await;
    world
        .get(&format!("{PATH}?strategy=similar&videoId=210"))
        .await
        .assert_problem(404, "unknown_video");
    let ids = world
        .list(&format!("strategy=similar&videoId=210&userId={VIEWER}"))
        .await
        .ids();
    assert!(!ids.is_empty());
}

#[tokio::test]
async fn a_public_video_in_a_language_that_the_user_does_not_list_can_be_asked_about() {
    let mut world = World::start().await;
    world.instance.execute("UPDATE video SET language = 'fr'").await;
    world
        .instance
        .execute("UPDATE video SET language = 'de' WHERE id = 210")
        .await;
    let choice = format!("UPDATE \"user\" SET \"videoLanguages\" = '{{fr}}' WHERE id = {VIEWER}");
    world.instance.execute(&choice).await;
    let listed = world
        .list(&format!("strategy=similar&videoId=210&userId={VIEWER}"))
        .await;
    assert_eq!(listed.sources()[0], "similar");
}
