//! Scores and their reasons.

use std::sync::OnceLock;

use proptest::prelude::*;
use shoal::model::interactions::Interactions;
use shoal::model::recommender::{Part, Recommender};

use crate::support::{ITEMS, catalogue, exact, fans, learned};

/// A model with every component.
fn model() -> &'static Recommender {
    static MODEL: OnceLock<Recommender> = OnceLock::new();
    MODEL.get_or_init(|| {
        let catalogue = catalogue();
        let mut own = Interactions::new(ITEMS);
        for theme in 0..2 {
            let fans = fans(60, theme);
            (0..60).for_each(|user| {
                own.push_user(fans.entries(user).collect::<Vec<_>>());
            });
        }
        let learned = learned(&catalogue, &own, vec![exact(&catalogue, &fans(80, 0))]);
        let components = learned.recommender.components();
        assert!(components.own.is_some() && components.federated.is_some());
        learned.recommender
    })
}

fn order(scores: &[f32]) -> Vec<usize> {
    let mut items: Vec<usize> = (0..scores.len()).collect();
    items.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    items
}

fn history() -> impl Strategy<Value = Vec<(u32, f32)>> {
    proptest::collection::vec((0..ITEMS as u32, -1.0f32..=1.0), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_of_a_score_add_up_to_it(history in history(), item in 0..ITEMS as u32) {
        let recommender = model();
        let profile = recommender.profile(&history);
        let score = recommender.scores(&profile)[item as usize];
        let explanation = recommender.explain(&profile, item);
        prop_assert!((explanation.score - score).abs() < 1e-3);
        let parts = explanation.parts.iter().filter(|part| !matches!(part, Part::Federation { .. }));
        let sum: f32 = parts.map(Part::share).sum();
        let magnitude: f32 = 1.0 + explanation.parts.iter().map(|part| part.share().abs()).sum::<f32>();
        prop_assert!((sum - score).abs() < 1e-3 * magnitude, "{} and {}: {:?}", sum, score, explanation);
        prop_assert!(explanation.parts.is_sorted_by(|a, b| a.share() >= b.share()));
        let watched = explanation.parts.iter().filter_map(|part| match part {
            Part::Watched { item, .. } => Some(*item),
            _ => None,
        });
        for reason in watched {
            prop_assert!(history.iter().any(|(item, _)| *item == reason), "a reason that was never watched");
        }
    }

    #[test]
    fn some_items_score_as_among_all(history in history()) {
        let recommender = model();
        let profile = recommender.profile(&history);
        let all = recommender.scores(&profile);
        let some = recommender.scores_among(&profile, &[7, 0, ITEMS as u32, 7]);
        prop_assert!(some[2].abs() == 0.0, "out of range");
        for (place, item) in [(0, 7), (1, 0), (3, 7)] {
            prop_assert!((some[place] - all[item]).abs() < 1e-3, "{} {}", some[place], all[item]);
        }
    }

    #[test]
    fn senseless_entries_of_a_history_are_as_good_as_none(history in history()) {
        let recommender = model();
        let mut senseless = history.clone();
        senseless.extend([(ITEMS as u32, 1.0), (u32::MAX, 1.0), (3, f32::NAN), (4, f32::INFINITY), (5, 0.0)]);
        let scores = |history: &[(u32, f32)]| recommender.scores(&recommender.profile(history));
        prop_assert!(scores(&senseless) == scores(&history));
    }
}

#[test]
fn who_watched_nothing_gets_the_order_of_popularity() {
    let recommender = model();
    let scores = recommender.scores(&recommender.profile(&[]));
    assert_eq!(order(&scores), order(recommender.popularity()));
    let explanation = recommender.explain(&recommender.profile(&[]), 0);
    assert!(
        !explanation
            .parts
            .iter()
            .any(|part| matches!(part, Part::Watched { .. }))
    );
}

#[test]
fn nothing_is_more_similar_to_a_video_than_itself() {
    let recommender = model();
    for item in 0..ITEMS {
        let similar = recommender.similar(item as u32);
        assert!((similar[item] - 1.0).abs() < 1e-3, "{item}: {}", similar[item]);
        assert!(similar.iter().all(|score| *score <= similar[item] + 1e-4), "{item}");
        let theme = |wanted: usize| -> f32 {
            (0..ITEMS)
                .filter(|other| other % 2 == wanted && *other != item)
                .map(|other| similar[other])
                .sum()
        };
        assert!(
            theme(item % 2) > theme(1 - item % 2),
            "{item} is most similar to its own theme"
        );
    }
    assert!(recommender.similar(ITEMS as u32).iter().all(|score| *score == 0.0));
}

#[test]
fn a_watch_of_one_theme_lifts_that_theme() {
    let recommender = model();
    for theme in 0..2u32 {
        let scores = recommender.scores(&recommender.profile(&[(theme, 1.0), (theme + 8, 1.0), (theme + 12, 1.0)]));
        let sum = |wanted: usize| -> f32 {
            (14..ITEMS)
                .filter(|item| item % 2 == wanted)
                .map(|item| scores[item])
                .sum()
        };
        assert!(sum(theme as usize) > sum(1 - theme as usize), "theme {theme}");
    }
}

#[test]
fn a_model_read_back_from_its_bytes_is_the_same() {
    let recommender = model();
    let bytes = postcard::to_allocvec(recommender).unwrap();
    let read: Recommender = postcard::from_bytes(&bytes).unwrap();
    let history = [(0, 1.0), (7, -0.5)];
    let scores = |model: &Recommender| model.scores(&model.profile(&history));
    assert!(scores(&read) == scores(recommender));
    assert!(read.popularity() == recommender.popularity());
}
