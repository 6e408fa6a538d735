//! The list that a release speaks about, for arbitrary public and private data, through the functions of the cycle.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use shoal::config::PrivacyConfig;
use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::head::public_support;
use shoal::model::interactions::Interactions;
use shoal::model::item::Item;
use shoal::privacy::{EvidenceGrid, Noised};
use shoal::training::releasing;

/// Few channels and counters, so that there are ties.
fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = (0..5u8, 0..6u64, any::<bool>());
    proptest::collection::vec(item, 1..25).prop_map(|items| {
        let item = |(number, (channel, views, listed)): (usize, (u8, u64, bool))| Item {
            address: format!("https://tube.test/videos/{number:03}"),
            channel: format!("https://tube.test/channels/{channel}"),
            title: format!("Video number {number}"),
            views,
            listed,
            ..Item::default()
        };
        items.into_iter().enumerate().map(item).collect()
    })
}

/// Users with watches and ratings as preference values, also of videos that do not exist.
fn histories() -> impl Strategy<Value = Vec<Vec<(u32, f32)>>> {
    let row = proptest::collection::vec((0..30u32, -1.5f32..1.5), 0..12);
    proptest::collection::vec(row, 0..8)
}

/// As the cycle makes it. The last user has watched something new, so that there is a release.
fn released(items: &[Item], histories: &[Vec<(u32, f32)>], config: &PrivacyConfig, seed: u64) -> Noised<EvidenceGrid> {
    let mut interactions = Interactions::new(items.len());
    for row in histories {
        interactions.push_user(row.iter().copied());
    }
    interactions.push_user([(0, 1.0)]);
    let catalogue = Catalogue::new(items.to_vec(), EvidenceBasis::new(config.dimensions));
    let support = public_support(catalogue.items(), config.head_videos, config.head_channels);
    let mut randomness = ChaCha20Rng::seed_from_u64(seed);
    let mechanism = releasing::mechanism(config).unwrap();
    mechanism
        .release(&catalogue, &support, &interactions, &interactions, &mut randomness)
        .unwrap()
}

proptest! {
    #[test]
    fn lists_and_sizes_follow_from_public_data_alone(
        items in items(),
        (one, other) in (histories(), histories()),
        (videos, channels) in (1..30usize, 1..6usize),
        seed: u64,
    ) {
        let config = PrivacyConfig {
            head_videos: videos,
            head_channels: channels,
            dimensions: 4,
            minimum_contributors: 1,
            ..PrivacyConfig::default()
        };
        let (one, other) = (released(&items, &one, &config, seed), released(&items, &other, &config, !seed));
        prop_assert!(one.value().support() == other.value().support());
        prop_assert_eq!(one.value().video_sums().len(), other.value().video_sums().len());
        prop_assert_eq!(one.summary().support_digest, other.summary().support_digest);

        // And it is what it should be: the most viewed of what is listed.
        let listed = |address: &String| items.iter().any(|item| item.listed && item.address == *address);
        let support = one.value().support();
        prop_assert!(support.videos().iter().all(listed));
        prop_assert_eq!(support.videos().len(), videos.min(items.iter().filter(|item| item.listed).count()));
        let least = items.iter().filter(|item| support.videos().contains(&item.address)).map(|item| item.views).min();
        let mut others = items.iter().filter(|item| item.listed && !support.videos().contains(&item.address));
        prop_assert!(others.all(|item| Some(item.views) <= least));
    }
}
