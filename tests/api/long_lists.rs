//! Of a long list, a page needs its first part only; pages are pieces of one list all the same.

use std::collections::HashSet;

use serde_json::json;

use crate::instance::{OWNER, REMOTE, VIEWER};
use crate::world::World;

/// 740 videos of eleven channels on three instances. A tenth of them was hidden after training.
pub async fn world() -> World {
    let mut world = World::untrained().await;
    world
        .instance
        .insert("server", json!({ "id": 70, "host": "third.test" }))
        .await;
    world.instance.add_account(71, "third", json!({}), Some(70)).await;
    for (channel, account, server) in [(24, OWNER, None), (25, REMOTE, Some(REMOTE)), (26, 71, Some(70))] {
        for place in 0..2 {
            world.instance.add_channel(channel + 10 * place, account, server).await;
        }
    }
    let third = r#"UPDATE actor SET url = replace(url, 'far.test', 'third.test') WHERE "serverId" = 70"#;
    world.instance.execute(third).await;
    let copies = "INSERT INTO video
        SELECT (jsonb_populate_record(NULL::video, to_jsonb(original) || jsonb_build_object(
            'id', n, 'uuid', gen_random_uuid(), 'url', 'https://here.test/videos/' || n, 'name', 'music number ' || n,
            'channelId', 24 + n % 3 + 10 * (n % 2), 'views', n % 13, 'publishedAt', timestamptz '2026-01-01' - n * interval '1 hour'
        ))).* FROM video original, generate_series(1001, 1700) n WHERE original.id = 110";
    world.instance.execute(copies).await;
    world.train().await;
    world
        .instance
        .execute("UPDATE video SET privacy = 3 WHERE id % 10 = 5")
        .await;
    world
}

#[tokio::test]
async fn pages_of_a_long_list_put_together_are_one_list_without_doubles_or_hidden_videos() {
    let world = world().await;
    for query in [
        format!("userId={VIEWER}"),
        format!("userId={VIEWER}&strategy=next&videoId=110"),
        format!("userId={VIEWER}&strategy=similar&videoId=110"),
        format!("userId={VIEWER}&strategy=explore"),
        "strategy=popular".to_owned(),
        "strategy=next&videoId=110".to_owned(),
    ] {
        let mut ids: Vec<i32> = Vec::new();
        let mut total = u64::MAX;
        loop {
            let page = world.list(&format!("{query}&start={}&count=30", ids.len())).await;
            assert!(page.total <= total.min(500), "{query}: {} after {total}", page.total);
            total = page.total;
            if page.data.is_empty() {
                break;
            }
            ids.extend(page.ids());
        }
        assert_eq!(ids.len() as u64, total, "{query}: exact in the end");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{query}");
        assert!(ids.iter().all(|id| id % 10 != 5), "{query}: {ids:?}");
        let first = world.list(&format!("{query}&count=100")).await;
        assert_eq!(first.ids(), ids[..100], "{query}");
    }
}

#[tokio::test]
async fn the_first_part_is_enough_for_the_rules_of_spreading() {
    let world = world().await;
    let listed = world.list(&format!("userId={VIEWER}&count=100")).await;
    assert_eq!(listed.total, 500, "more than 500 can be ranked");
    let kinds = |from: usize, of: &str| {
        let channels = listed.data[from..from + 10]
            .iter()
            .map(|video| video["channel"][of].to_string());
        channels.collect::<HashSet<_>>().len()
    };
    let origins: Vec<String> = listed.data[..20]
        .iter()
        .map(|video| format!("{} {}", video["channel"]["id"], video["channel"]["host"]))
        .collect();
    for from in 0..=90 {
        assert!(
            kinds(from, "id") >= 6 && kinds(from, "host") >= 3,
            "from {from}: {origins:?}"
        );
    }
}
