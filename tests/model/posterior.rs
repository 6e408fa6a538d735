//! From sums to factors: evidence moves a video, content speaks where evidence is silent, and nothing breaks it.

use proptest::prelude::*;
use shoal::model::evidence::{EvidenceSource, PlacedSums};
use shoal::model::factors::Factors;
use shoal::model::interactions::Interactions;
use shoal::model::posterior::{item_factors, retain_usable};

use crate::support::{DIMENSIONS, ITEMS, catalogue, exact, fans};

/// Euclidean distance of two rows.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f32>().sqrt()
}

/// Mean over the items of one theme.
fn center(factors: &Factors, theme: usize) -> Vec<f32> {
    let mut sum = [0.0; DIMENSIONS];
    for item in (theme..ITEMS).step_by(2) {
        sum.iter_mut()
            .zip(factors.row(item))
            .for_each(|(sum, value)| *sum += value);
    }
    sum.iter().map(|sum| sum / (ITEMS / 2) as f32).collect()
}

#[test]
fn without_users_there_is_nothing_to_say() {
    let catalogue = catalogue();
    assert!(item_factors(&catalogue, &[]).is_none());
    let nobody = exact(&catalogue, &Interactions::new(ITEMS));
    assert!(item_factors(&catalogue, &[nobody]).is_none());
}

/// Everybody watches music, and half of everybody one video about bees: by what its watchers like, it is music.
#[test]
fn a_video_with_much_evidence_moves_to_it() {
    let catalogue = catalogue();
    let odd_one = 21u32;
    let audience = |users: usize, odd: bool| {
        let mut interactions = Interactions::new(ITEMS);
        for theme in 0..2 {
            let fans = fans(users, theme);
            for user in 0..users {
                let usual = fans.entries(user).filter(|(item, _)| *item != odd_one);
                let extra = (odd && theme == 0 && user % 2 == 0).then_some((odd_one, 1.0));
                interactions.push_user(usual.chain(extra).collect::<Vec<_>>());
            }
        }
        item_factors(&catalogue, &[exact(&catalogue, &interactions)]).unwrap()
    };
    // How much nearer the video is to music than to bees.
    let leaning = |factors: &Factors| {
        let row = factors.row(odd_one as usize);
        distance(row, &center(factors, 1)) - distance(row, &center(factors, 0))
    };
    let silent = leaning(&audience(400, false));
    let few = leaning(&audience(6, true));
    let many = leaning(&audience(400, true));
    assert!(silent < 0.0, "by content it is about bees: {silent}");
    assert!(many > silent && many > few, "silent {silent}, few {few}, many {many}");
    assert!(many > 0.0, "many watchers overrule the content: {many}");
}

#[test]
fn a_video_without_evidence_takes_the_place_that_its_content_gives_it() {
    let catalogue = catalogue();
    let mut source = exact(&catalogue, &{
        let mut everyone = Interactions::new(ITEMS);
        for theme in 0..2 {
            let fans = fans(200, theme);
            (0..200).for_each(|user| {
                everyone.push_user(fans.entries(user).collect::<Vec<_>>());
            });
        }
        everyone
    });
    for silent in [8, 9] {
        source.videos.rows[silent] = None;
    }
    let factors = item_factors(&catalogue, &[source]).unwrap();
    for silent in [8usize, 9] {
        let row = factors.row(silent);
        let (own, other) = (center(&factors, silent % 2), center(&factors, 1 - silent % 2));
        assert!(distance(row, &own) < distance(row, &other), "video {silent}");
        assert!(
            row.iter().any(|value| value.abs() > 1e-4),
            "video {silent} has a factor"
        );
    }
}

#[test]
fn sources_add_up_in_any_order() {
    let catalogue = catalogue();
    let sources = |order: [usize; 2]| order.map(|theme| exact(&catalogue, &fans(30, theme)));
    let (one, other) = (
        item_factors(&catalogue, &sources([0, 1])).unwrap(),
        item_factors(&catalogue, &sources([1, 0])).unwrap(),
    );
    // Signs of eigenvectors are free, so inner products are compared.
    for item in 0..ITEMS {
        let product =
            |factors: &Factors| -> f32 { factors.row(item).iter().zip(factors.row(0)).map(|(a, b)| a * b).sum() };
        let (a, b) = (product(&one), product(&other));
        assert!((a - b).abs() < 1e-2 * (1.0 + a.abs()), "item {item}: {a} and {b}");
    }
}

/// Numbers as a decoder may let them through: finite, and up to the largest that it accepts.
fn sums() -> impl Strategy<Value = Vec<f32>> {
    let number = prop_oneof![
        Just(0.0f32),
        Just(1e12f32),
        Just(-1e12f32),
        Just(1e-30f32),
        -10.0f32..10.0,
    ];
    proptest::collection::vec(number, DIMENSIONS * (DIMENSIONS + ITEMS + 4))
}

/// A source that says this, about the videos for which `speaks` is true.
fn hostile(values: &[f32], contributors: f64, noise: f64, speaks: &[bool]) -> EvidenceSource {
    let mut gram = values[..DIMENSIONS * DIMENSIONS].to_vec();
    for i in 0..DIMENSIONS {
        for j in 0..i {
            gram[i * DIMENSIONS + j] = gram[j * DIMENSIONS + i];
        }
    }
    let (videos, channels) = values[DIMENSIONS * DIMENSIONS..].split_at(DIMENSIONS * ITEMS);
    let rows = speaks
        .iter()
        .zip(0u32..)
        .map(|(speaks, row)| speaks.then_some(row))
        .collect();
    let placed = |values: &[f32], rows: Vec<Option<u32>>| PlacedSums {
        sums: Factors::from_values(DIMENSIONS, values.to_vec()).unwrap(),
        rows,
        noise,
        noise_shares: Vec::new(),
    };
    EvidenceSource {
        contributors,
        gram,
        gram_noise: noise,
        videos: placed(videos, rows),
        channels: placed(channels, (0..4).map(Some).collect()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn factors_are_always_numbers(
        values in sums(),
        contributors in prop_oneof![Just(0.0f64), Just(1.0), Just(5e11), 0.0..100.0],
        noise in prop_oneof![Just(0.0f64), Just(1e-12), Just(1e12), 0.0..100.0],
        speaks in proptest::collection::vec(any::<bool>(), ITEMS),
        with_honest: bool,
    ) {
        let catalogue = catalogue();
        let mut sources = vec![hostile(&values, contributors, noise, &speaks)];
        if with_honest {
            sources.push(exact(&catalogue, &fans(20, 0)));
        }
        if let Some(factors) = item_factors(&catalogue, &sources) {
            prop_assert!(factors.values().iter().all(|value| value.is_finite()));
        }
        // Beside it, nobody is silenced.
        let refused = retain_usable(&catalogue, &mut sources);
        prop_assert!(refused.iter().all(|(place, _)| *place == 0), "{:?}", refused);
        prop_assert_eq!(sources.len() + refused.len(), 1 + usize::from(with_honest));
        prop_assert!(sources.is_empty() || item_factors(&catalogue, &sources).is_some());
    }
}

/// Each of these alone used to make everything infinite or no number.
#[test]
fn a_source_that_is_not_finite_is_dropped_alone() {
    let catalogue = catalogue();
    let honest = || exact(&catalogue, &fans(20, 0));
    let alone = item_factors(&catalogue, &[honest()]).unwrap();
    let (values, speaks) = (vec![1.0; DIMENSIONS * (DIMENSIONS + ITEMS + 4)], vec![true; ITEMS]);
    let like = |change: fn(&mut EvidenceSource)| {
        let mut source = hostile(&values, 20.0, 1.0, &speaks);
        change(&mut source);
        source
    };
    let changes: [fn(&mut EvidenceSource); 12] = [
        |source| source.contributors = f64::INFINITY,
        |source| source.contributors = f64::NAN,
        |source| source.contributors = 1e300,
        |source| source.contributors = 0.2,
        |source| source.gram_noise = f64::INFINITY,
        |source| source.videos.noise = f64::NAN,
        |source| source.channels.noise = -1.0,
        |source| source.gram[0] = f32::NAN,
        |source| source.gram[1] = f32::INFINITY,
        |source| source.videos.sums.values_mut()[3] = f32::MAX,
        |source| source.channels.sums.values_mut()[0] = f32::NEG_INFINITY,
        |source| source.videos.noise_shares = vec![f32::NAN; ITEMS],
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut sources = vec![like(change), honest(), like(change)];
        let refused = retain_usable(&catalogue, &mut sources);
        let places: Vec<usize> = refused.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [0, 2], "{number}");
        assert_eq!(item_factors(&catalogue, &sources).unwrap(), alone, "{number}");
    }
    let mut sources = vec![like(|_| ()), honest()];
    assert!(retain_usable(&catalogue, &mut sources).is_empty());
    assert_eq!(sources.len(), 2);
}
