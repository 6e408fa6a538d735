//! A small catalogue with two themes, and users who like one of them.

use shoal::model::alternating::AlternatingParameters;
use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::evidence::EvidenceSource;
use shoal::model::head::public_support;
use shoal::model::interactions::Interactions;
use shoal::model::item::Item;
use shoal::model::learning::{Learned, LearningParameters, contributions, learn};
use shoal::model::recommender::Recommender;
use shoal::model::support::Support;

/// Dimensions of the basis, the constant one included.
pub const DIMENSIONS: usize = 8;
/// Videos of the catalogue; even ones are about music, odd ones about bees.
pub const ITEMS: usize = 40;

/// The items: two themes, four channels, falling views.
pub fn items() -> Vec<Item> {
    let item = |number: usize| Item {
        address: format!("https://tube.test/videos/{number:03}"),
        channel: format!("https://tube.test/channels/{}", number % 4),
        category: Some(1 + (number % 2) as u32),
        language: Some("en".to_owned()),
        tags: vec![if number.is_multiple_of(2) { "music" } else { "bees" }.to_owned()],
        title: format!("Video {number}"),
        views: 1_000 - 20 * number as u64,
        listed: true,
    };
    (0..ITEMS).map(item).collect()
}

/// The catalogue of [`items`].
pub fn catalogue() -> Catalogue {
    Catalogue::new(items(), EvidenceBasis::new(DIMENSIONS))
}

/// The list that messages speak about: everything.
pub fn support(catalogue: &Catalogue) -> Support {
    public_support(catalogue.items(), 1_000, 1_000)
}

/// Users who each watch some videos of one theme; `theme` is 0 or 1.
pub fn fans(count: usize, theme: usize) -> Interactions {
    let mut interactions = Interactions::new(ITEMS);
    for user in 0..count {
        let watched = (0..8).map(|n| ((2 * ((user * 3 + n * 7) % (ITEMS / 2)) + theme) as u32, 1.0));
        interactions.push_user(watched);
    }
    interactions
}

/// The exact evidence of these users.
pub fn exact(catalogue: &Catalogue, interactions: &Interactions) -> EvidenceSource {
    let support = support(catalogue);
    EvidenceSource::exact(catalogue, &support, &contributions(catalogue, interactions, &support))
}

/// Small and quick.
pub fn parameters() -> LearningParameters {
    LearningParameters {
        alternating: AlternatingParameters {
            dimensions: 6,
            sweeps: 4,
            ..AlternatingParameters::default()
        },
        seed: 1,
    }
}

/// Learns from these users and the evidence of these peers.
pub fn learned(catalogue: &Catalogue, interactions: &Interactions, mut peers: Vec<EvidenceSource>) -> Learned {
    let learned = learn(
        catalogue,
        interactions,
        &support(catalogue),
        &mut peers,
        &parameters(),
        |_| (),
    );
    assert!(finite(&learned));
    learned
}

/// Whether nothing in it is infinite or no number.
pub fn finite(learned: &Learned) -> bool {
    let recommender = &learned.recommender;
    let histories: [&[(u32, f32)]; 4] = [&[], &[(0, 1.0)], &[(1, -1.0)], &[(0, 1.0), (3, 0.2), (5, -0.4)]];
    let scores = histories
        .iter()
        .flat_map(|history| recommender.scores(&recommender.profile(history)));
    scores
        .chain(recommender.popularity().iter().copied())
        .all(f32::is_finite)
        && learned.choice.ndcg.is_finite()
        && learned.popularity_ndcg.is_finite()
}

/// A history of bees, and the rest of them above the rest of music.
pub fn assert_who_watches_bees_gets_bees(recommender: &Recommender) {
    let scores = recommender.scores(&recommender.profile(&[(1, 1.0), (5, 1.0), (9, 1.0)]));
    let mean = |theme: usize| {
        (10..ITEMS)
            .filter(|item| item % 2 == theme)
            .map(|item| scores[item])
            .sum::<f32>()
    };
    assert!(mean(1) > mean(0), "who watches bees gets bees");
}
