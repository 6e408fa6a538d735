//! Pages are pieces of one list.

use std::collections::HashSet;

use crate::instance::VIEWER;
use crate::world::World;

#[tokio::test]
async fn pages_put_together_are_the_list() {
    let world = World::start().await;
    for query in [
        format!("userId={VIEWER}"),
        format!("userId={VIEWER}&strategy=similar&videoId=110"),
        "strategy=popular".to_owned(),
        "strategy=recent".to_owned(),
        format!("userId={VIEWER}&strategy=explore"),
        format!("userId={VIEWER}&strategy=next&videoId=110"),
        format!("userId={VIEWER}&includeWatched=true"),
    ] {
        let whole = world.list(&format!("{query}&count=100")).await;
        assert_eq!(whole.total as usize, whole.data.len(), "{query}");
        let mut pieces = Vec::new();
        for start in (0..whole.total).step_by(7) {
            let page = world.list(&format!("{query}&start={start}&count=7")).await;
            assert_eq!(page.total, whole.total);
            pieces.extend(page.data);
        }
        assert_eq!(pieces, whole.data, "{query}");
        let distinct: HashSet<i32> = whole.ids().into_iter().collect();
        assert_eq!(distinct.len(), whole.data.len(), "{query}");
    }
}

#[tokio::test]
async fn a_page_beyond_the_end_is_empty_and_the_default_has_fifteen() {
    let world = World::start().await;
    let beyond = world.list(&format!("userId={VIEWER}&start=1000")).await;
    assert_eq!((beyond.total, beyond.data.len()), (37, 0));
    assert_eq!(world.list(&format!("userId={VIEWER}")).await.data.len(), 15);
}

#[tokio::test]
async fn no_channel_fills_a_page() {
    let world = World::start().await;
    let listed = world.list(&format!("userId={VIEWER}&count=100")).await;
    let channels: Vec<i64> = listed
        .data
        .iter()
        .map(|video| video["channel"]["id"].as_i64().unwrap())
        .collect();
    // There are only four channels, so the rules can be kept at the beginning only.
    for three in channels[..12].windows(3) {
        assert!(three[0] != three[1] || three[1] != three[2], "{channels:?}");
    }
    for channel in 20..=23 {
        assert!(
            channels[..12].iter().filter(|other| **other == channel).count() <= 4,
            "{channels:?}"
        );
    }
}
