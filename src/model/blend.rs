//! The weights of the components, and how an instance chooses its own on held-out local history.
//!
//! Few users say little, so weights move away from the defaults only as far as the held-out history supports it: a
//! change must be better by more than a standard error of the paired differences, by more of them the fewer users.

use super::components::{COMPONENTS, Component};
use super::metrics::{ndcg_at, ranks};
use super::paired::{PairedDifference, mean};

/// Cut-off of the metric by which weights are chosen: deep, so that it says something about every held-out item.
pub(super) const SEARCH_CUTOFF: usize = 100;
/// Cut-off of the metric that is reported.
const REPORT_CUTOFF: usize = 20;
/// Factors by which a weight is tried to change; 0 switches a component off.
const STEPS: [f32; 6] = [0.0, 0.33, 0.66, 1.5, 2.25, 4.0];
/// Standard errors by which other weights must be better.
const STANDARD_ERRORS: f64 = 1.0;
/// Own users at which the own factors weigh half as much as those of the federation. With fewer, their weight falls with
/// the square of the number: what three people have in common is mostly chance.
const HALF_TRUST_USERS: f32 = 12.0;
const PRIOR_CONTENT: f32 = 0.25;
const PRIOR_CHANNEL: f32 = 0.25;
const PRIOR_POPULARITY: f32 = 0.15;
const PRIOR_LOCAL_POPULARITY: f32 = 0.25;
/// Passes over all components.
const PASSES: usize = 2;

/// One weight per component, in the order of [`Component::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Weights(pub [f32; COMPONENTS]);

impl Weights {
    /// Sensible without any validation: the more own users, the more the own factors say.
    pub fn prior(own_users: usize) -> Self {
        let n = own_users as f32;
        let own = n / (n + HALF_TRUST_USERS) * (n / HALF_TRUST_USERS).min(1.0);
        Self([
            1.0,
            own,
            PRIOR_CONTENT,
            PRIOR_CHANNEL,
            PRIOR_POPULARITY,
            PRIOR_LOCAL_POPULARITY * own,
        ])
    }

    /// The weight of `component`.
    pub fn of(&self, component: Component) -> f32 {
        self.0[component as usize]
    }

    /// Only `component`.
    pub fn only(component: Component) -> Self {
        let mut weights = [0.0; COMPONENTS];
        weights[component as usize] = 1.0;
        Self(weights)
    }
}

/// One validation user: candidates with the scores of every component, and which candidates are held-out watches.
pub struct ValidationUser {
    /// `candidates x COMPONENTS`, row-major.
    pub scores: Vec<[f32; COMPONENTS]>,
    /// Places of the held-out items among the candidates.
    pub targets: Vec<u32>,
}

impl ValidationUser {
    /// NDCG of one user under `weights`.
    pub(super) fn ndcg(&self, weights: &Weights, cutoff: usize) -> f64 {
        let blended: Vec<f32> = self
            .scores
            .iter()
            .map(|row| row.iter().zip(&weights.0).map(|(score, weight)| score * weight).sum())
            .collect();
        ndcg_at(&ranks(&blended, &self.targets, &[]), cutoff)
    }
}

/// What validation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The chosen weights.
    pub weights: Weights,
    /// Mean NDCG@20 of the chosen weights on the validation users.
    pub ndcg: f64,
    /// Number of validation users.
    pub users: usize,
}

/// Weights from which the search may begin instead of the prior: how much the own factors and the parts that need no
/// learning weigh beside the federation, and the own factors without it.
fn beginnings(prior: &Weights) -> Vec<Weights> {
    let mut all = vec![Weights::only(Component::Own)];
    for (federated, own) in [
        (1.0, 0.0),
        (1.0, 0.1),
        (1.0, 0.25),
        (1.0, 0.6),
        (0.4, 1.0),
        (0.15, 1.0),
        (0.0, 1.0),
    ] {
        for rest in [0.0, 0.3, 1.0] {
            let mut weights = Weights(prior.0.map(|weight| weight * rest));
            weights.0[Component::Federated as usize] = federated * prior.of(Component::Federated).min(1.0);
            weights.0[Component::Own as usize] = if prior.of(Component::Own) > 0.0 { own } else { 0.0 };
            all.push(weights);
        }
    }
    all
}

/// Chooses weights by coordinate search from `start`, or from a clearly better beginning.
pub fn choose(users: &[ValidationUser], start: Weights) -> Choice {
    use rayon::prelude::*;

    let evaluate =
        |weights: &Weights| -> Vec<f64> { users.par_iter().map(|user| user.ndcg(weights, SEARCH_CUTOFF)).collect() };
    let mut weights = start;
    let mut current = evaluate(&weights);
    if users.len() >= 2 {
        let mut best: Option<(Weights, Vec<f64>)> = None;
        for tried in beginnings(&start) {
            let values = evaluate(&tried);
            let reference = best.as_ref().map_or(&current, |(_, values)| values);
            if surely_better(&values, &current) && mean(&values) > mean(reference) {
                best = Some((tried, values));
            }
        }
        if let Some((chosen, values)) = best {
            weights = chosen;
            current = values;
        }
        for _ in 0..PASSES {
            for component in 0..COMPONENTS {
                if weights.0[component] == 0.0 {
                    continue;
                }
                let mut best: Option<(Weights, Vec<f64>)> = None;
                for step in STEPS {
                    let mut tried = weights;
                    tried.0[component] *= step;
                    let values = evaluate(&tried);
                    let reference = best.as_ref().map_or(&current, |(_, values)| values);
                    let clearly_better = surely_better(&values, &current);
                    if clearly_better && mean(&values) > mean(reference) {
                        best = Some((tried, values));
                    }
                }
                if let Some((chosen, values)) = best {
                    weights = chosen;
                    current = values;
                }
            }
        }
    }
    Choice {
        weights,
        ndcg: mean_ndcg(users, &weights),
        users: users.len(),
    }
}

/// Mean NDCG@20 of fixed weights.
pub fn mean_ndcg(users: &[ValidationUser], weights: &Weights) -> f64 {
    mean(
        &users
            .iter()
            .map(|user| user.ndcg(weights, REPORT_CUTOFF))
            .collect::<Vec<_>>(),
    )
}

/// Whether values of the same users are better by more than chance.
pub(super) fn surely_better(new: &[f64], old: &[f64]) -> bool {
    PairedDifference::new(new, old).exceeds(STANDARD_ERRORS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Component 0 ranks the target first, component 1 ranks it last.
    fn users(count: usize) -> Vec<ValidationUser> {
        (0..count)
            .map(|user| {
                let target = user % 30;
                let row = |item: usize| {
                    let hit = if item == target { 3.0 } else { 0.0 };
                    [hit, -2.0 * hit + item as f32 * 0.01, 0.0, 0.0, 0.0, 0.0]
                };
                ValidationUser {
                    scores: (0..60).map(row).collect(),
                    targets: vec![target as u32],
                }
            })
            .collect()
    }

    #[test]
    fn a_harmful_component_is_switched_off_when_there_is_evidence() {
        let choice = choose(&users(40), Weights([1.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
        assert!(choice.ndcg > 0.99, "{choice:?}");
        assert!(choice.weights.0[1] < 0.5 * choice.weights.0[0]);
    }

    #[test]
    fn without_users_the_prior_stays() {
        let prior = Weights::prior(3);
        assert_eq!(choose(&[], prior).weights, prior);
        assert_eq!(choose(&users(1), prior).weights, prior);
    }
}
