//! What a watch is worth really enters the loss: share, like, dislike and age move what is learned.

use proptest::prelude::*;
use shoal::model::factor_model::FactorModel;
use shoal::model::factors::Factors;
use shoal::model::fold_in::{FoldIn, scores};
use shoal::model::interactions::Interactions;
use shoal::model::least_squares::Workspace;
use shoal::model::preference::{PreferenceRules, Rating, Watched};

use crate::support::{ITEMS, catalogue, learned};

const RULES: PreferenceRules = PreferenceRules {
    half_life_days: 180.0,
    minimum_share: 0.1,
    unknown_share_value: 0.5,
    like_value: 1.0,
    dislike_value: -1.0,
};

fn watched(share: f32, age_days: f64) -> f32 {
    RULES.value(Some(Watched::Share(share)), None, age_days)
}

fn rated(rating: Rating, age_days: f64) -> f32 {
    RULES.value(Some(Watched::Share(0.3)), Some(rating), age_days)
}

/// The video about which users say something.
const JUDGED: u32 = 7;
/// The videos that its users all watched.
const COMMON: [u32; 4] = [1, 3, 9, 11];

/// Raw scores of the judged video, by own factors and by those from evidence, for somebody who watched the common ones, when
/// thirty users have done with it what `value` stands for. Thirty others watched other videos.
fn learned_score(value: f32) -> [f32; 2] {
    let mut interactions = Interactions::new(ITEMS);
    for user in 0..30u32 {
        let common = COMMON
            .into_iter()
            .filter(|item| item % 4 != user % 4 || user % 3 > 0)
            .map(|item| (item, 1.0));
        interactions.push_user(common.chain([(JUDGED, value)]));
        interactions.push_user((0..4).map(|k| (2 * ((user + 5 * k) % 20), 1.0)));
    }
    let learned = learned(&catalogue(), &interactions, Vec::new());
    let components = learned.recommender.components();
    let of = |model: &Option<FactorModel>| {
        let model = model.as_ref().unwrap();
        let user = model.fold_in.explained(&model.items, &COMMON, &[1.0; 4]);
        scores(&model.items, &user.factor)[JUDGED as usize]
    };
    [of(&components.own), of(&components.federated)]
}

#[test]
fn more_of_a_video_likes_and_newer_watches_raise_it_and_dislikes_lower_it() {
    let nothing = learned_score(0.0);
    let dislike = learned_score(rated(Rating::Dislike, 0.0));
    let rising = [
        learned_score(watched(0.05, 0.0)),
        learned_score(watched(0.2, 0.0)),
        learned_score(watched(0.5, 0.0)),
        learned_score(watched(0.9, 0.0)),
        learned_score(rated(Rating::Like, 0.0)),
    ];
    let ages = [720.0, 360.0, 180.0, 0.0].map(|age| learned_score(watched(0.9, age)));
    let old_like = learned_score(rated(Rating::Like, 720.0));
    for model in 0..2 {
        let of = |scores: &[[f32; 2]]| scores.iter().map(|score| score[model]).collect::<Vec<_>>();
        assert!(
            of(&rising).is_sorted_by(|a, b| a < b),
            "shares, model {model}: {:?}",
            of(&rising)
        );
        assert!(
            of(&ages).is_sorted_by(|a, b| a < b),
            "ages, model {model}: {:?}",
            of(&ages)
        );
        assert!(
            old_like[model] < rising[4][model],
            "an old like says less, model {model}"
        );
        assert!(
            dislike[model] < nothing[model] && nothing[model] < rising[1][model],
            "model {model}: {} {} {}",
            dislike[model],
            nothing[model],
            rising[1][model]
        );
    }
}

/// The documented loss of one user in double precision, written down once more: weight and target of each value, all items
/// with weight `a0` and target 0, and regularization that grows with the number of observed items.
fn loss(items: &Factors, history: &[(u32, f32)], (a0, ridge): (f64, f64), user: &[f64]) -> f64 {
    let score = |item: usize| -> f64 { items.row(item).iter().zip(user).map(|(v, x)| f64::from(*v) * x).sum() };
    let observed: f64 = history
        .iter()
        .map(|&(item, value)| {
            let value = f64::from(value);
            let (weight, target) = if value > 0.0 {
                (value, 1.0)
            } else {
                (-0.3 * value, 0.3 * value)
            };
            weight * (target - score(item as usize)).powi(2)
        })
        .sum();
    let all: f64 = (0..items.rows()).map(|item| score(item).powi(2)).sum();
    let frequency = history.len() as f64 + a0 * items.rows() as f64;
    observed + a0 * all + ridge * frequency * user.iter().map(|x| x * x).sum::<f64>()
}

proptest! {
    /// Central differences of the loss vanish at the folded-in user, for values as they come from watching and rating.
    #[test]
    fn a_folded_in_user_is_where_the_documented_loss_is_least(
        d in 1usize..6,
        entries in proptest::collection::vec(-1.0f32..1.0, 20 * 5),
        shares in proptest::collection::vec(0.0f32..1.0, 4),
        age in 0.0f64..400.0,
    ) {
        let items = Factors::from_values(d, entries[..20 * d].to_vec()).unwrap();
        let mut values: Vec<f32> = shares.iter().map(|share| watched(0.1 + 0.9 * share, age)).collect();
        values.extend([rated(Rating::Like, age), rated(Rating::Dislike, age)]);
        let columns: Vec<u32> = (0..6).map(|k| 3 * k).collect();
        let history: Vec<(u32, f32)> = columns.iter().copied().zip(values.iter().copied()).collect();
        let fold_in = FoldIn::new(&items, 0.2, 0.05, 1.0);
        let user = fold_in.factor(&mut Workspace::new(d), &items, &columns, &values);
        let user: Vec<f64> = user.into_iter().map(f64::from).collect();
        for k in 0..d {
            let at = |shift: f64| {
                let mut moved = user.clone();
                moved[k] += shift;
                loss(&items, &history, (0.2, 0.05), &moved)
            };
            let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
            prop_assert!(slope.abs() < 2e-3, "direction {k}: {slope}");
            // Not flat either: every direction costs something.
            prop_assert!(at(0.1) > at(0.0) && at(-0.1) > at(0.0));
        }
    }
}
