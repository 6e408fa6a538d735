//! Learning from very little, and from nothing.

use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::interactions::Interactions;
use shoal::model::learning::{contributions, learn};

use crate::support::{
    DIMENSIONS, ITEMS, assert_who_watches_bees_gets_bees, catalogue, exact, fans, finite, items, learned, parameters,
    support,
};

#[test]
fn nothing_at_all_gives_an_empty_model() {
    let catalogue = Catalogue::new(Vec::new(), EvidenceBasis::new(DIMENSIONS));
    let learned = learned(&catalogue, &Interactions::new(0), Vec::new());
    assert_eq!(learned.recommender.items(), 0);
    assert_eq!(learned.choice.users, 0);
    assert!(learned.recommender.similar(0).is_empty());
}

#[test]
fn without_users_the_order_is_that_of_views() {
    let learned = learned(&catalogue(), &Interactions::new(ITEMS), Vec::new());
    let components = learned.recommender.components();
    assert!(components.own.is_none() && components.federated.is_none());
    let popularity = learned.recommender.popularity();
    assert!(popularity.is_sorted_by(|a, b| a > b), "the items have falling views");
}

#[test]
fn one_user_one_video_and_one_dislike_are_enough_and_not_too_little() {
    let catalogue = catalogue();
    let one_video = Catalogue::new(items()[..1].to_vec(), EvidenceBasis::new(DIMENSIONS));
    let of = |count: usize, rows: &[&[(u32, f32)]]| {
        let mut interactions = Interactions::new(count);
        for row in rows {
            interactions.push_user(row.to_vec());
        }
        interactions
    };
    learned(&catalogue, &of(ITEMS, &[&[(3, 1.0)]]), Vec::new());
    learned(&catalogue, &of(ITEMS, &[&[]]), Vec::new());
    learned(&catalogue, &of(ITEMS, &[&[], &[(3, 0.01)], &[]]), Vec::new());
    learned(
        &one_video,
        &of(1, &[&[(0, 1.0)], &[(0, -1.0)], &[(0, 0.5)]]),
        Vec::new(),
    );
    learned(&one_video, &of(1, &[&[(0, -1.0)]]), Vec::new());
}

#[test]
fn dislikes_alone_push_down() {
    let catalogue = catalogue();
    let mut interactions = Interactions::new(ITEMS);
    for _ in 0..20 {
        interactions.push_user((0..10u32).map(|item| (2 * item, -1.0)));
    }
    let learned = learned(&catalogue, &interactions, Vec::new());
    assert_eq!(
        learned.choice.users, 0,
        "nobody liked anything, so nothing can be held out"
    );
    let recommender = &learned.recommender;
    let scores = recommender.scores(&recommender.profile(&[(0, -1.0), (2, -1.0), (4, -1.0), (6, -1.0)]));
    let mean = |theme: usize| {
        (10..ITEMS)
            .filter(|item| item % 2 == theme)
            .map(|item| scores[item])
            .sum::<f32>()
    };
    assert!(mean(0) < mean(1), "{} against {}", mean(0), mean(1));
}

#[test]
fn without_own_users_the_evidence_of_others_is_served() {
    let catalogue = catalogue();
    let peers = vec![exact(&catalogue, &fans(60, 0)), exact(&catalogue, &fans(60, 1))];
    let learned = learned(&catalogue, &Interactions::new(ITEMS), peers);
    let components = learned.recommender.components();
    assert!(components.federated.is_some() && components.own.is_none());
    assert_who_watches_bees_gets_bees(&learned.recommender);
}

#[test]
fn the_evidence_of_peers_is_given_back_untouched() {
    let catalogue = catalogue();
    let mut peers = vec![exact(&catalogue, &fans(10, 0))];
    let before = peers[0].gram.clone();
    let learned = learn(
        &catalogue,
        &fans(30, 1),
        &support(&catalogue),
        &mut peers,
        &parameters(),
        |_| (),
    );
    assert!(finite(&learned));
    assert_eq!(
        peers.len(),
        1,
        "the own exact evidence does not stay among that of peers"
    );
    assert!(peers[0].gram == before);
}

#[test]
fn only_users_who_did_something_contribute_and_every_contribution_is_a_number() {
    let catalogue = catalogue();
    let mut interactions = Interactions::new(ITEMS);
    interactions.push_user([]);
    interactions.push_user([(1, -1.0)]);
    interactions.push_user((0..ITEMS as u32).map(|item| (item, 1.0)));
    interactions.push_user([(2, 1e-30)]);
    interactions.push_user([]);
    let all = contributions(&catalogue, &interactions, &support(&catalogue));
    assert_eq!(all.len(), 3);
    for contribution in &all {
        assert_eq!(contribution.factor.len(), DIMENSIONS);
        assert!(contribution.factor.iter().all(|value| value.is_finite()));
        let weights = contribution.videos.iter().chain(&contribution.channels);
        assert!(weights.clone().all(|(_, weight)| weight.is_finite()));
    }
}

#[test]
fn the_same_data_give_the_same_model() {
    let catalogue = catalogue();
    let model = || learned(&catalogue, &fans(40, 0), vec![exact(&catalogue, &fans(40, 1))]).recommender;
    let (one, other) = (model(), model());
    assert_eq!(one.weights(), other.weights());
    assert!(one.scores(&one.profile(&[(0, 1.0)])) == other.scores(&other.profile(&[(0, 1.0)])));
}
