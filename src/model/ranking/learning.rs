//! Learning the second stage with a split in time, and whether it may be used.
//!
//! Two moments divide what happened. The first stage is learned from what was before the first one. What users watched
//! between the moments says how features are weighed; what they watched after the second one says whether that ranks
//! better than the factor score alone. Features of a user are computed from what was known of the user at the moment
//! before the watches that are predicted, and videos that were not published yet are no candidates.
//!
//! Not all is as it was then: view counters, and the position of a video that was watched again, are known as they are
//! at present. And weights of the first stage were chosen with all of the history, which favours the factor score.

use std::collections::HashSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::super::interactions::Interactions;
use super::super::metrics::{ndcg_at, ranks};
use super::super::paired::{PairedDifference, mean};
use super::super::recommender::Recommender;
use super::accounts::{Account, Decay, interactions, moments};
use super::candidates::candidates;
use super::conditional_logit::{Choice, Weights, fit, score};
use super::facts::{Background, Facts};
use super::features::{FEATURES, Feature, Reader, Scene};
use super::ranker::Ranker;
use super::report::{FeatureReport, Gain, RankingReport, Verdict};
use super::scale::Scale;

/// Shares of all events before the first and before the second moment.
const MOMENTS: [f64; 2] = [0.7, 0.85];
/// Users at most from whom is learned.
const TRAINING_USERS: usize = 600;
/// Users at most on whom is measured.
const VALIDATION_USERS: usize = 1_000;
/// Users of each kind, at least.
const FEWEST_USERS: usize = 10;
/// Candidates of all users together, about which weights are fitted, at most.
const MOST_ROWS: usize = 60_000;
/// Cut-off of the metric.
const CUTOFF: usize = 20;
/// Holds the weight of a standard deviation of each feature but the factor score towards 0, as much as three users would
/// who choose by the factor score alone.
const PENALTY: f64 = 3.0;
/// The factor score is hardly held: without anything else, its size has no influence on the order.
const SCORE_PENALTY: f64 = 1e-3;
/// Standard errors by which the second stage must be better.
const STANDARD_ERRORS: f64 = 2.0;

/// What is learned from.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// Public facts of the items.
    pub facts: &'a Facts,
    /// The accounts from which the instance may learn.
    pub accounts: &'a [Account],
    /// The present, and how values shrink until then.
    pub decay: Decay,
    /// Seed of the choice of users.
    pub seed: u64,
}

/// What was learned.
pub struct Learned {
    /// What was measured.
    pub report: RankingReport,
    /// The second stage, when it is better than the factor score alone.
    pub ranker: Option<Ranker>,
}

/// Learns the second stage. `first_stage` learns the first one from a part of the history; it is called at most once.
pub fn learn(material: &Material<'_>, first_stage: impl FnOnce(&Interactions) -> Recommender) -> Learned {
    let nothing = || Learned {
        report: RankingReport::default(),
        ranker: None,
    };
    let Material {
        facts, accounts, decay, ..
    } = *material;
    let Some([first, second]) = moments(accounts, MOMENTS) else {
        return nothing();
    };
    let windows = [
        Window {
            from: first,
            until: second,
            users: TRAINING_USERS,
        },
        Window {
            from: second,
            until: decay.now.max(second),
            users: VALIDATION_USERS,
        },
    ];
    let chosen = windows.map(|window| window.choose(material));
    if chosen.iter().any(|users| users.len() < FEWEST_USERS) {
        return nothing();
    }
    let recommender = first_stage(&interactions(accounts, facts.items(), first, decay));
    let background = Background::new(facts, accounts, first);
    let scene = Scene {
        recommender: &recommender,
        facts,
        background: &background,
    };
    let [mut training, mut validation] =
        [0, 1].map(|place: usize| windows[place].cases(material, &scene, &chosen[place]));
    training.retain(|case| !case.choice.chosen.is_empty());
    if training.len() < FEWEST_USERS {
        return nothing();
    }
    let scale = Scale::of(training.iter().flat_map(|case| &case.choice.candidates));
    let rows = |case: &mut Case| {
        for row in &mut case.choice.candidates {
            *row = scale.scaled(row);
        }
    };
    training.iter_mut().chain(&mut validation).for_each(rows);

    let training = thinned(training.into_iter().map(|case| case.choice).collect());
    let weigh = |active: &[bool; FEATURES], start: &Weights| fit(&training, active, &penalties(), start);
    let measure = |weights: &Weights| -> Vec<f64> { validation.par_iter().map(|case| case.ndcg(weights)).collect() };
    let all = [true; FEATURES];
    let score_only: [bool; FEATURES] = std::array::from_fn(|place| place == Feature::FactorScore as usize);
    let factor_score = measure(&score_only.map(f64::from));
    let weights = weigh(&all, &[0.0; FEATURES]);
    let ranked = measure(&weights);
    let features = Feature::ALL.map(|feature| {
        let (mut with, mut without) = (score_only, all);
        with[feature as usize] = true;
        without[feature as usize] = false;
        FeatureReport {
            feature,
            weight: weights[feature as usize],
            alone: if feature == Feature::FactorScore {
                Gain::default()
            } else {
                PairedDifference::new(&measure(&weigh(&with, &weights)), &factor_score).into()
            },
            left_out: PairedDifference::new(&ranked, &measure(&weigh(&without, &weights))).into(),
        }
    });
    let gain = PairedDifference::new(&ranked, &factor_score);
    let better = gain.exceeds(STANDARD_ERRORS);
    let report = RankingReport {
        verdict: if better { Verdict::Used } else { Verdict::NotBetter },
        training_users: training.len(),
        validation_users: validation.len(),
        factor_score_ndcg_20: mean(&factor_score),
        ranked_ndcg_20: mean(&ranked),
        gain: gain.into(),
        features: features.to_vec(),
    };
    let ranker = better.then(|| {
        let mut everything = training.clone();
        everything.extend(thinned(validation.into_iter().map(|case| case.choice).collect()));
        let weights = fit(&everything, &all, &penalties(), &weights);
        Ranker::new(weights, scale, Background::new(facts, accounts, decay.now))
    });
    Learned { report, ranker }
}

/// Leaves out candidates that were not chosen, one of each few, evenly over the ranks, where there are very many: what is
/// chosen among fewer follows from the same weights (`McFadden` 1978, "Modelling the choice of residential location").
fn thinned(mut choices: Vec<Choice>) -> Vec<Choice> {
    let rows: usize = choices.iter().map(|choice| choice.candidates.len()).sum();
    let step = rows.div_ceil(MOST_ROWS).max(1);
    for choice in &mut choices {
        let kept: Vec<usize> = (0..choice.candidates.len())
            .filter(|place| place.is_multiple_of(step) || choice.chosen.contains(place))
            .collect();
        choice.chosen = (0..kept.len())
            .filter(|place| choice.chosen.contains(&kept[*place]))
            .collect();
        choice.candidates = kept.iter().map(|place| choice.candidates[*place]).collect();
    }
    choices
}

fn penalties() -> Weights {
    let mut penalties = [PENALTY; FEATURES];
    penalties[Feature::FactorScore as usize] = SCORE_PENALTY;
    penalties
}

/// One user whose watches are predicted.
struct Case {
    choice: Choice,
    /// Watches to predict, whether or not they are among the candidates.
    targets: usize,
}

impl Case {
    /// Candidates come best first by the factor score; all that are not among them come after rank 300.
    fn ndcg(&self, weights: &Weights) -> f64 {
        let ranked: Vec<f32> = self
            .choice
            .candidates
            .iter()
            .map(|row| score(weights, row) as f32)
            .collect();
        let places: Vec<u32> = self.choice.chosen.iter().map(|place| *place as u32).collect();
        // Of equal numbers the first comes first, as in the order of candidates.
        let mut ranks = ranks(&ranked, &places, &[]);
        ranks.resize(self.targets, usize::MAX - 1);
        ndcg_at(&ranks, CUTOFF)
    }
}

/// Watches after one moment and until another.
#[derive(Clone, Copy)]
struct Window {
    from: i64,
    until: i64,
    users: usize,
}

impl Window {
    /// Items that an account liked in this time, of those that it could have been shown.
    fn targets(&self, facts: &Facts, account: &Account) -> Vec<u32> {
        let mut targets: Vec<u32> = account
            .events
            .iter()
            .filter(|event| event.first > self.from && event.first <= self.until && event.value > 0.0)
            .filter(|event| facts.is_shown(event.item, self.from))
            .map(|event| event.item)
            .collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// Places of the accounts that liked something before and in this time, chosen by chance where there are many.
    fn choose(&self, material: &Material<'_>) -> Vec<usize> {
        let mut places: Vec<usize> = (0..material.accounts.len())
            .filter(|place| {
                let account = &material.accounts[*place];
                let before = |event: &super::accounts::Event| event.first <= self.from && event.value > 0.0;
                account.events.iter().any(before) && !self.targets(material.facts, account).is_empty()
            })
            .collect();
        places.shuffle(&mut ChaCha8Rng::seed_from_u64(material.seed ^ self.from.unsigned_abs()));
        places.truncate(self.users);
        places
    }

    fn cases(&self, material: &Material<'_>, scene: &Scene<'_>, places: &[usize]) -> Vec<Case> {
        places
            .par_iter()
            .map(|place| self.case(material, scene, &material.accounts[*place]))
            .collect()
    }

    fn case(&self, material: &Material<'_>, scene: &Scene<'_>, account: &Account) -> Case {
        let history = account.history(self.from, material.decay);
        let ties = account.ties(self.from);
        let profile = scene.recommender.profile(&history);
        let scores = scene.recommender.scores(&profile);
        let reader = Reader {
            profile: &profile,
            history: &history,
            ties: &ties,
            time: self.from,
        };
        let watched: HashSet<u32> = history.iter().map(|(item, _)| *item).collect();
        let items = candidates(scene.facts, &scores, &reader.subscriptions(), &watched, self.from);
        let targets = self.targets(scene.facts, account);
        let chosen = (0..items.len())
            .filter(|place| targets.binary_search(&items[*place]).is_ok())
            .collect();
        Case {
            choice: Choice {
                candidates: scene.features(&reader, &scores, &items),
                chosen,
            },
            targets: targets.len(),
        }
    }
}
