//! One instance learns: own factors, factors from evidence, and the weights between them.
//!
//! Pure: the same code runs in a sidecar and in simulations.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use zeroize::Zeroize;

use super::alternating::{self, AlternatingParameters};
use super::blend::{Choice, ValidationUser, Weights, choose, mean_ndcg};
use super::catalogue::Catalogue;
use super::cold_items::{self, PublicInputs};
use super::components::{COMPONENTS, Component, Components};
use super::contribution::{Contribution, Contributor, EvidenceBasis};
use super::evidence::EvidenceSource;
use super::factor_model::FactorModel;
use super::factors::Factors;
use super::fold_in::FoldIn;
use super::interactions::Interactions;
use super::newcomers::{self, Newcomers};
use super::posterior;
use super::recommender::Recommender;
use super::support::Support;

/// Share of a user's liked items that is held out to choose weights.
const HELD_OUT_SHARE: f64 = 0.2;
/// Users with fewer liked items are not used to choose weights.
const FEWEST_ITEMS: usize = 5;
/// Users at most that are used to choose weights.
const VALIDATION_USERS: usize = 1_000;
/// Of them at most so many are used to choose what newcomers get.
const NEWCOMERS: usize = 300;
/// Best items of each component that compete with the held-out ones.
const CANDIDATES: usize = 300;
/// Ridge of the fold-in into the federation's factors, as a share of the mean diagonal.
const FEDERATED_RIDGE: f32 = 0.1;

/// Parameters of learning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningParameters {
    /// Own-only factors.
    pub alternating: AlternatingParameters,
    /// Seed of the split that chooses weights.
    pub seed: u64,
}

/// Stages of learning, for progress reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Training on all but the held-out items.
    Validation,
    /// Choosing the weights.
    Weights,
    /// Training on everything.
    Training,
}

/// What was learned.
pub struct Learned {
    /// The model.
    pub recommender: Recommender,
    /// The chosen weights and their quality on held-out local history.
    pub choice: Choice,
    /// Quality of the fallback, popularity alone, on the same history.
    pub popularity_ndcg: f64,
}

/// Contributions of all users with at least one interaction.
pub fn contributions(catalogue: &Catalogue, interactions: &Interactions, support: &Support) -> Vec<Contribution> {
    contributions_of(catalogue, interactions, interactions, support)
}

/// Contributions of all users of whom something `counts`, a part of their `history`: weights come from that part, factors
/// from the whole. The users of both are the same, in the same order.
pub fn contributions_of(
    catalogue: &Catalogue,
    history: &Interactions,
    counts: &Interactions,
    support: &Support,
) -> Vec<Contribution> {
    let contributor = Contributor::new(catalogue, support);
    (0..counts.users().min(history.users()))
        .into_par_iter()
        .filter(|&user| !counts.row(user).0.is_empty())
        .map_init(
            || contributor.workspace(),
            |workspace, user| contributor.contribution_of(workspace, history.row(user), counts.row(user)),
        )
        .collect()
}

/// Learns from the own interactions and the evidence of peers. `support` is the list over which the own exact evidence
/// is summed. Without users, or without peers, the parts that need them are left out.
pub fn learn(
    catalogue: &Catalogue,
    interactions: &Interactions,
    support: &Support,
    peers: &mut Vec<EvidenceSource>,
    parameters: &LearningParameters,
    mut progress: impl FnMut(Stage),
) -> Learned {
    let active = (0..interactions.users())
        .filter(|&user| !interactions.row(user).0.is_empty())
        .count();
    let prior = Weights::prior(active);
    progress(Stage::Validation);
    let mut split = Split::new(interactions, parameters.seed);
    let (choice, newcomers, popularity_ndcg) = if split.held_out.is_empty() {
        (
            Choice {
                weights: prior,
                ndcg: 0.0,
                users: 0,
            },
            Newcomers::default(),
            0.0,
        )
    } else {
        let components = train(catalogue, &split.kept, support, peers, parameters);
        progress(Stage::Weights);
        let users = validation_users(&components, &split, None);
        let popularity = mean_ndcg(&users, &Weights::only(Component::Popularity));
        let choice = choose(&users, prior);
        drop(users);
        split.held_out.truncate(NEWCOMERS);
        let of_short = |given: usize| {
            let users = validation_users(&components, &split, Some(given));
            users.into_iter().map(move |user| (given, user))
        };
        let short: Vec<(usize, ValidationUser)> = newcomers::GIVEN.into_iter().flat_map(of_short).collect();
        let newcomers = newcomers::choose(&short, choice.weights);
        (choice, newcomers, popularity)
    };
    progress(Stage::Training);
    let components = train(catalogue, interactions, support, peers, parameters);
    Learned {
        recommender: Recommender::new(components, choice.weights, newcomers),
        choice,
        popularity_ndcg,
    }
}

/// Factors of the given users alone, with their fold-in. The fewer values they have, the more is regularized.
pub fn own_factors(interactions: &Interactions, parameters: &LearningParameters) -> FactorModel {
    let (factors, fold_in) = watched_factors(interactions, parameters);
    FactorModel::new(factors, fold_in)
}

/// The same with items that few have watched placed by what is publicly known of them.
///
/// What users are pulled to where they watched nothing stays the sum over the factors that were learned from watches. Items that
/// hardly anybody watched are compared with no other by their factor.
fn own_factors_with_cold_items(
    catalogue: &Catalogue,
    popularity: &[f32],
    interactions: &Interactions,
    parameters: &LearningParameters,
) -> FactorModel {
    let (mut factors, fold_in) = watched_factors(interactions, parameters);
    let watches = interactions.positive_counts();
    let content = catalogue.content();
    cold_items::place(&mut factors, PublicInputs { content, popularity }, &watches);
    FactorModel::new(factors, fold_in).without_directions(cold_items::hardly_watched(&watches))
}

fn watched_factors(interactions: &Interactions, parameters: &LearningParameters) -> (Factors, FoldIn) {
    let own = &parameters.alternating.for_values(interactions.len());
    let factors = alternating::train(interactions, own, |_| ());
    let fold_in = FoldIn::new(
        &factors,
        own.unobserved_weight,
        own.regularization,
        own.regularization_exponent,
    );
    (factors, fold_in)
}

/// Everything that scores are made of, from these interactions and the evidence of peers.
pub fn train(
    catalogue: &Catalogue,
    interactions: &Interactions,
    support: &Support,
    peers: &mut Vec<EvidenceSource>,
    parameters: &LearningParameters,
) -> Components {
    let mut components = Components::public(catalogue);
    let has_history = !interactions.is_empty();
    if has_history {
        let own = contributions(catalogue, interactions, support);
        peers.push(EvidenceSource::exact(catalogue, support, &own));
    }
    if let Some(factors) = posterior::item_factors(catalogue, peers) {
        let factors = posterior::with_public_dimensions(catalogue, &factors);
        let fold_in = FoldIn::with_relative_ridge(&factors, EvidenceBasis::UNOBSERVED_WEIGHT, FEDERATED_RIDGE);
        components.federated = Some(FactorModel::new(factors, fold_in));
    }
    if has_history {
        peers.pop();
        let popularity = &components.popularity;
        let own = own_factors_with_cold_items(catalogue, popularity, interactions, parameters);
        components.own = Some(own);
        components.local_popularity = interactions
            .positive_counts()
            .into_iter()
            .map(|count| (count as f32).ln_1p())
            .collect();
    }
    components
}

/// A split of the own history that never leaves this room.
struct Split {
    kept: Interactions,
    /// (User, held-out items).
    held_out: Vec<(usize, Vec<u32>)>,
}

impl Drop for Split {
    fn drop(&mut self) {
        self.held_out.zeroize();
    }
}

impl Split {
    fn new(interactions: &Interactions, seed: u64) -> Self {
        let mut kept = Interactions::new(interactions.items());
        let mut held_out = Vec::new();
        for user in 0..interactions.users() {
            let mut randomness = ChaCha8Rng::seed_from_u64(seed ^ (user as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let liked = interactions.entries(user).filter(|(_, value)| *value > 0.0).count();
            let mut hidden = Vec::new();
            let row: Vec<(u32, f32)> = interactions
                .entries(user)
                .filter(|&(item, value)| {
                    let hide = liked >= FEWEST_ITEMS && value > 0.0 && randomness.random_bool(HELD_OUT_SHARE);
                    if hide {
                        hidden.push(item);
                    }
                    !hide
                })
                .collect();
            kept.push_user(row);
            if !hidden.is_empty() {
                held_out.push((user, hidden));
            }
        }
        let mut randomness = ChaCha8Rng::seed_from_u64(seed);
        held_out.shuffle(&mut randomness);
        held_out.truncate(VALIDATION_USERS);
        Self { kept, held_out }
    }
}

/// The users on whom weights are chosen; of their history, only `given` items are looked at, where that is said. All of it
/// is left out of the candidates.
fn validation_users(components: &Components, split: &Split, given: Option<usize>) -> Vec<ValidationUser> {
    split
        .held_out
        .par_iter()
        .map(|(user, hidden)| {
            let (items, values) = split.kept.row(*user);
            let watched: std::collections::HashSet<u32> = items.iter().copied().collect();
            let mut known: Vec<(u32, f32)> = items.iter().copied().zip(values.iter().copied()).collect();
            if let Some(given) = given {
                // Which ones, chance decides, and the user's number.
                known.shuffle(&mut ChaCha8Rng::seed_from_u64(*user as u64));
                known.truncate(given);
            }
            let (items, values): (Vec<u32>, Vec<f32>) = known.into_iter().unzip();
            let folded = components.fold(&items, &values);
            let columns: Vec<Vec<f32>> = Component::ALL
                .iter()
                .map(|component| components.score(*component, &folded))
                .collect();
            let mut candidates: Vec<u32> = hidden.clone();
            for column in columns.iter().filter(|column| !column.is_empty()) {
                candidates.extend(best(column, CANDIDATES + watched.len()));
            }
            candidates.sort_unstable();
            candidates.dedup();
            candidates.retain(|item| !watched.contains(item));
            let score = |column: &Vec<f32>, item: u32| column.get(item as usize).copied().unwrap_or(0.0);
            let scores = candidates
                .iter()
                .map(|&item| {
                    let mut row = [0f32; COMPONENTS];
                    for (value, column) in row.iter_mut().zip(&columns) {
                        *value = score(column, item);
                    }
                    row
                })
                .collect();
            let targets = hidden
                .iter()
                .filter_map(|item| candidates.binary_search(item).ok().map(|p| p as u32))
                .collect();
            ValidationUser { scores, targets }
        })
        .collect()
}

/// Items with the highest scores, unordered.
pub fn best(scores: &[f32], count: usize) -> Vec<u32> {
    let mut items: Vec<u32> = (0..scores.len() as u32).collect();
    if count < items.len() {
        items.select_nth_unstable_by(count, |&a, &b| {
            scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b))
        });
        items.truncate(count);
    }
    items
}
