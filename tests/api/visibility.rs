//! What a user may not see, or does not want to see, is in no list, whatever the model has learned of it before.

use serde_json::json;

use crate::instance::{INSTANCE, REMOTE, REMOTE_CHANNEL, VIEWER};
use crate::world::{NEWCOMER, World};

const STRATEGIES: [&str; 7] = [
    "strategy=for-you",
    "strategy=similar&videoId=110",
    "strategy=popular",
    "strategy=recent",
    "strategy=next&videoId=110",
    "strategy=subscriptions",
    "strategy=explore",
];

/// Whether `video` is in any list: a list with one video missing where `expected` says so.
async fn assert_listed(world: &World, user: Option<i32>, video: i32, expected: bool, why: &str) {
    let user = user.map(|user| format!("&userId={user}")).unwrap_or_default();
    for strategy in STRATEGIES {
        let ids = world.list(&format!("count=100&{strategy}{user}")).await.ids();
        assert!(ids.len() > 20, "{why}, {strategy}: {ids:?}");
        assert_eq!(ids.contains(&video), expected, "{why}, {strategy}: {ids:?}");
    }
}

#[tokio::test]
async fn hidden_videos_are_in_no_list() {
    let mut world = World::start().await;
    let hidden = [
        (
            "unlisted",
            "UPDATE video SET privacy = 2 WHERE id = 115",
            "UPDATE video SET privacy = 1 WHERE id = 115",
        ),
        (
            "private",
            "UPDATE video SET privacy = 3 WHERE id = 115",
            "UPDATE video SET privacy = 1 WHERE id = 115",
        ),
        (
            "password",
            "UPDATE video SET privacy = 5 WHERE id = 115",
            "UPDATE video SET privacy = 1 WHERE id = 115",
        ),
        (
            "in transcoding",
            "UPDATE video SET state = 2, \"waitTranscoding\" = true WHERE id = 115",
            "UPDATE video SET state = 1 WHERE id = 115",
        ),
    ];
    assert_listed(&world, Some(VIEWER), 115, true, "at first").await;
    for (why, hide, show) in hidden {
        world.instance.execute(hide).await;
        assert_listed(&world, Some(VIEWER), 115, false, why).await;
        assert_listed(&world, None, 115, false, why).await;
        world.instance.execute(show).await;
    }
    world
        .instance
        .insert("videoBlacklist", json!({ "videoId": 115, "type": 1 }))
        .await;
    assert_listed(&world, Some(VIEWER), 115, false, "taken down").await;
    world
        .instance
        .execute("DELETE FROM \"videoBlacklist\"; DELETE FROM video WHERE id = 116")
        .await;
    assert_listed(&world, Some(VIEWER), 115, true, "at last").await;
    assert_listed(&world, Some(VIEWER), 116, false, "deleted").await;
}

#[tokio::test]
async fn internal_videos_are_for_users_only() {
    let mut world = World::start().await;
    world
        .instance
        .execute("UPDATE video SET privacy = 4 WHERE id = 115")
        .await;
    assert_listed(&world, Some(VIEWER), 115, true, "internal, for a user").await;
    assert_listed(&world, None, 115, false, "internal, for a visitor").await;
    assert_listed(&world, Some(999_999), 115, false, "internal, for nobody we know").await;
    world
        .instance
        .execute(&format!("UPDATE \"user\" SET blocked = true WHERE id = {VIEWER}"))
        .await;
    assert_listed(&world, Some(VIEWER), 115, false, "internal, for a blocked user").await;
}

#[tokio::test]
async fn sensitive_videos_follow_the_users_wish() {
    let mut world = World::start().await;
    world
        .instance
        .execute("UPDATE video SET nsfw = true WHERE id = 115")
        .await;
    assert_listed(&world, Some(VIEWER), 115, true, "the user wants them").await;
    assert_listed(&world, None, 115, false, "hidden from visitors by default").await;
    let policy = format!("UPDATE \"user\" SET \"nsfwPolicy\" = 'do_not_list' WHERE id = {VIEWER}");
    world.instance.execute(&policy).await;
    assert_listed(&world, Some(VIEWER), 115, false, "the user does not want them").await;
}

#[tokio::test]
async fn languages_follow_the_users_choice() {
    let mut world = World::start().await;
    world.instance.execute("UPDATE video SET language = 'fr'").await;
    world
        .instance
        .execute("UPDATE video SET language = 'de' WHERE id = 115")
        .await;
    let choice = format!("UPDATE \"user\" SET \"videoLanguages\" = '{{fr}}' WHERE id = {VIEWER}");
    world.instance.execute(&choice).await;
    assert_listed(&world, Some(VIEWER), 115, false, "German").await;
    assert_listed(&world, Some(VIEWER), 117, true, "French").await;
}

#[tokio::test]
async fn muted_accounts_and_servers_are_left_out() {
    let mut world = World::untrained().await;
    world.instance.add_channel(30, 1001, None).await;
    world.instance.add_video(301, json!({ "channelId": 30 })).await;
    world.instance.add_remote_video(401, json!({})).await;
    world.instance.follow(INSTANCE, REMOTE_CHANNEL, "accepted").await;
    world.train().await;
    for video in [301, 401] {
        assert_listed(&world, Some(VIEWER), video, true, "not muted").await;
    }
    let account = json!({ "accountId": VIEWER, "targetAccountId": 1001 });
    world.instance.insert("accountBlocklist", account).await;
    let server = json!({ "accountId": VIEWER, "targetServerId": REMOTE });
    world.instance.insert("serverBlocklist", server).await;
    for video in [301, 401] {
        assert_listed(&world, Some(VIEWER), video, false, "muted by the user").await;
        assert_listed(&world, Some(NEWCOMER), video, true, "muted by somebody else").await;
    }
    let instance = json!({ "accountId": INSTANCE, "targetAccountId": 1001 });
    world.instance.insert("accountBlocklist", instance).await;
    assert_listed(&world, Some(NEWCOMER), 301, false, "muted by the instance").await;
}

#[tokio::test]
async fn remote_videos_need_a_follow() {
    let mut world = World::untrained().await;
    world.instance.add_remote_video(401, json!({})).await;
    world.train().await;
    assert_listed(&world, Some(VIEWER), 401, false, "nobody follows").await;
    world.instance.follow(INSTANCE, REMOTE_CHANNEL, "accepted").await;
    assert_listed(&world, Some(VIEWER), 401, true, "the instance follows").await;
}

#[tokio::test]
async fn a_visitors_choices_hold_in_every_list() {
    let mut world = World::start().await;
    let sql = "UPDATE video SET language = 'fr' WHERE id <> 115; \
               UPDATE video SET nsfw = true, \"nsfwFlags\" = 1 WHERE id IN (114, 115)";
    world.instance.execute(sql).await;
    // (Choices, whether 114 is listed, which is French, and 115, which is in no language; both are violent.)
    let cases = [
        ("", false, false),
        ("&nsfw=false", false, false),
        ("&nsfw=both", true, true),
        ("&nsfw=false&nsfwFlagsIncluded=1", true, true),
        ("&nsfw=both&nsfwFlagsExcluded=1", false, false),
        ("&nsfw=both&nsfwFlagsExcluded=2", true, true),
        ("&nsfw=both&languageOneOf=fr", true, false),
        ("&nsfw=both&languageOneOf=de&languageOneOf=_unknown", false, true),
        ("&nsfw=both&languageOneOf=_unknown&languageOneOf=fr", true, true),
    ];
    for (choices, french, unknown) in cases {
        for strategy in STRATEGIES {
            let ids = world.list(&format!("count=100&{strategy}{choices}")).await.ids();
            let found = (ids.contains(&114), ids.contains(&115));
            assert_eq!(found, (french, unknown), "{strategy}{choices}: {ids:?}");
        }
    }
    // Of a user, PeerTube knows the choices.
    for choice in ["", "&nsfw=false&languageOneOf=de"] {
        let query = format!("count=100&strategy=popular&userId={VIEWER}{choice}");
        assert!(world.list(&query).await.ids().contains(&114), "{choice}");
    }
}
