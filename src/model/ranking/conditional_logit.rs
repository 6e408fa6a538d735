//! Conditional logistic regression: which of the candidates does a user choose?
//!
//! The chance of candidate `c` is `exp(w x_c) / sum over the user's candidates of exp(w x)` (`McFadden` 1974, "Conditional
//! logit analysis of qualitative choice behavior"; with several chosen ones as in `ListNet`, Cao et al. 2007). Each user
//! counts alike, whatever their number of watches; what is the same for all candidates of a user has no influence. The
//! negative logarithm of the likelihood plus `penalty / 2 |w|^2` is convex; Newton's method finds the minimum.
//!
//! Why not a crate: those that are maintained and small (`smartcore`, `linfa-logistic`) fit binary logistic regression
//! without groups, weights or a penalty per coefficient. Pairs of candidates would have to be sampled for them, and a
//! second set of linear algebra crates built. Here it is one small solve with the crate that the rest of the model uses.

use faer::linalg::solvers::Solve;
use faer::{Col, Mat, Side};
use rayon::prelude::*;

use super::features::{FEATURES, FeatureVector};

/// Steps of Newton's method at most.
const STEPS: usize = 30;
/// Largest part of the gradient at which it ends, per user.
const TOLERANCE: f64 = 1e-6;
/// Times that a step is halved at most when it does not lead down.
const HALVINGS: usize = 20;

/// One weight for each feature.
pub type Weights = [f64; FEATURES];

/// One user: candidates, and which of them were chosen.
#[derive(Clone, Default)]
pub struct Choice {
    /// The candidates.
    pub candidates: Vec<FeatureVector>,
    /// Places of the chosen ones among them.
    pub chosen: Vec<usize>,
}

/// The loss of one user with its first and second derivatives.
struct Derivatives {
    loss: f64,
    gradient: Weights,
    curvature: [[f64; FEATURES]; FEATURES],
}

impl Derivatives {
    const ZERO: Self = Self {
        loss: 0.0,
        gradient: [0.0; FEATURES],
        curvature: [[0.0; FEATURES]; FEATURES],
    };

    /// Only with respect to the weights at `places`; all others must be 0.
    fn of(choice: &Choice, weights: &Weights, places: &[usize]) -> Self {
        let mut sums = Self::ZERO;
        if choice.chosen.is_empty() || choice.candidates.is_empty() {
            return sums;
        }
        let scores: Vec<f64> = choice.candidates.iter().map(|row| score(weights, row)).collect();
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let all: f64 = scores.iter().map(|score| (score - highest).exp()).sum();
        for (row, score) in choice.candidates.iter().zip(&scores) {
            let chance = (score - highest).exp() / all;
            for (count, &i) in places.iter().enumerate() {
                let weighted = chance * f64::from(row[i]);
                sums.gradient[i] += weighted;
                for &j in &places[..=count] {
                    sums.curvature[i][j] += weighted * f64::from(row[j]);
                }
            }
        }
        for (count, &i) in places.iter().enumerate() {
            for &j in &places[..=count] {
                sums.curvature[i][j] -= sums.gradient[i] * sums.gradient[j];
            }
        }
        sums.loss = highest + all.ln();
        let share = 1.0 / choice.chosen.len() as f64;
        for row in choice.chosen.iter().filter_map(|place| choice.candidates.get(*place)) {
            sums.loss -= share * score(weights, row);
            for &i in places {
                sums.gradient[i] -= share * f64::from(row[i]);
            }
        }
        sums
    }

    /// Sum over all users, in their order, so that the bits do not depend on the number of threads.
    fn sum(choices: &[Choice], weights: &Weights, penalties: &Weights, places: &[usize]) -> Self {
        let each: Vec<Self> = choices
            .par_iter()
            .map(|choice| Self::of(choice, weights, places))
            .collect();
        let mut sums = Self::ZERO;
        for one in &each {
            sums.loss += one.loss;
            for i in 0..FEATURES {
                sums.gradient[i] += one.gradient[i];
                for j in 0..=i {
                    sums.curvature[i][j] += one.curvature[i][j];
                }
            }
        }
        for i in 0..FEATURES {
            sums.loss += 0.5 * penalties[i] * weights[i] * weights[i];
            sums.gradient[i] += penalties[i] * weights[i];
            sums.curvature[i][i] += penalties[i];
        }
        sums
    }
}

/// `w x`.
pub fn score(weights: &Weights, row: &FeatureVector) -> f64 {
    weights
        .iter()
        .zip(row)
        .map(|(weight, value)| weight * f64::from(*value))
        .sum()
}

/// The weights at the minimum, found from `start`. A weight that is not `active` is 0. Penalties must be positive.
pub fn fit(choices: &[Choice], active: &[bool; FEATURES], penalties: &Weights, start: &Weights) -> Weights {
    let mut weights = *start;
    for (weight, active) in weights.iter_mut().zip(active) {
        *weight = if *active && weight.is_finite() { *weight } else { 0.0 };
    }
    let places: Vec<usize> = (0..FEATURES).filter(|place| active[*place]).collect();
    let mut current = Derivatives::sum(choices, &weights, penalties, &places);
    for _ in 0..STEPS {
        let largest = places
            .iter()
            .map(|place| current.gradient[*place].abs())
            .fold(0.0, f64::max);
        if largest <= TOLERANCE * choices.len().max(1) as f64 {
            break;
        }
        let Some(step) = newton(&current, &places) else { break };
        let mut scale = 1.0;
        let better = (0..HALVINGS).find_map(|_| {
            let mut tried = weights;
            for (place, change) in places.iter().zip(step.iter()) {
                tried[*place] -= scale * change;
            }
            scale *= 0.5;
            let found = Derivatives::sum(choices, &tried, penalties, &places);
            (found.loss < current.loss).then_some((tried, found))
        });
        let Some((tried, found)) = better else { break };
        (weights, current) = (tried, found);
    }
    weights
}

/// The step of Newton's method; `None` where the numbers are not finite.
fn newton(current: &Derivatives, places: &[usize]) -> Option<Vec<f64>> {
    let count = places.len();
    let curvature = Mat::from_fn(count, count, |i, j| {
        let (i, j) = (places[i.max(j)], places[i.min(j)]);
        current.curvature[i][j]
    });
    let gradient = Col::from_fn(count, |i| current.gradient[places[i]]);
    let step = curvature.llt(Side::Lower).ok()?.solve(&gradient);
    let step: Vec<f64> = step.iter().copied().collect();
    step.iter().all(|value| value.is_finite()).then_some(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [bool; FEATURES] = [true; FEATURES];
    const PENALTIES: Weights = [0.5; FEATURES];
    const PLACES: [usize; FEATURES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

    /// Candidates and chosen places; [`Choice`] itself cannot be printed.
    type Raw = Vec<(Vec<FeatureVector>, Vec<usize>)>;

    fn raw() -> impl Strategy<Value = Raw> {
        let row = proptest::array::uniform10(-2.0f32..2.0);
        let choice = (
            proptest::collection::vec(row, 2..7),
            proptest::collection::vec(0usize..2, 1..3),
        );
        proptest::collection::vec(choice, 1..6)
    }

    fn choices(raw: Raw) -> Vec<Choice> {
        raw.into_iter()
            .map(|(candidates, chosen)| Choice { candidates, chosen })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_gradient_is_that_of_the_loss_and_the_curvature_that_of_the_gradient(
            raw in raw(), weights in proptest::array::uniform10(-1.0f64..1.0), place in 0usize..FEATURES,
        ) {
            let choices = choices(raw);
            let here = Derivatives::sum(&choices, &weights, &PENALTIES, &PLACES);
            let step = 1e-5;
            let (mut up, mut down) = (weights, weights);
            up[place] += step;
            down[place] -= step;
            let (up, down) = (Derivatives::sum(&choices, &up, &PENALTIES, &PLACES), Derivatives::sum(&choices, &down, &PENALTIES, &PLACES));
            prop_assert!(((up.loss - down.loss) / (2.0 * step) - here.gradient[place]).abs() < 1e-5);
            for other in 0..FEATURES {
                let (i, j) = (place.max(other), place.min(other));
                let numeric = (up.gradient[other] - down.gradient[other]) / (2.0 * step);
                prop_assert!((numeric - here.curvature[i][j]).abs() < 1e-5, "{numeric} {}", here.curvature[i][j]);
            }
        }

        #[test]
        fn the_solution_is_stationary_and_does_not_depend_on_the_start(
            raw in raw(), start in proptest::array::uniform10(-1.0f64..1.0),
        ) {
            let choices = choices(raw);
            let found = fit(&choices, &ALL, &PENALTIES, &[0.0; FEATURES]);
            let other = fit(&choices, &ALL, &PENALTIES, &start);
            let there = Derivatives::sum(&choices, &found, &PENALTIES, &PLACES);
            prop_assert!(there.gradient.iter().all(|part| part.abs() < 1e-5), "{:?}", there.gradient);
            prop_assert!(found.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-4));
        }
    }

    /// The golden file is made by `tools/oracles/conditional_logit.py`.
    #[test]
    fn it_finds_what_scikit_learn_and_scipy_find() {
        #[derive(serde::Deserialize)]
        struct Group {
            candidates: Vec<FeatureVector>,
            chosen: Vec<usize>,
        }
        #[derive(serde::Deserialize)]
        struct Golden {
            penalty: f64,
            pairs: Vec<[FeatureVector; 2]>,
            pair_weights: Weights,
            groups: Vec<Group>,
            group_weights: Weights,
        }
        let golden: Golden =
            serde_json::from_str(include_str!("../../../tests/golden/conditional_logit.json")).unwrap();
        let pairs = golden.pairs.iter().map(|pair| Choice {
            candidates: pair.to_vec(),
            chosen: vec![0],
        });
        let groups = golden.groups.into_iter().map(|group| Choice {
            candidates: group.candidates,
            chosen: group.chosen,
        });
        let (pairs, groups): (Vec<Choice>, Vec<Choice>) = (pairs.collect(), groups.collect());
        for (choices, expected) in [(pairs, golden.pair_weights), (groups, golden.group_weights)] {
            let found = fit(&choices, &ALL, &[golden.penalty; FEATURES], &[0.0; FEATURES]);
            for (one, other) in found.iter().zip(expected) {
                assert!((one - other).abs() < 1e-4, "{one} {other}");
            }
        }
    }

    #[test]
    fn senseless_numbers_and_nothing_at_all_give_finite_weights() {
        let nothing = fit(&[], &ALL, &PENALTIES, &[1.0; FEATURES]);
        assert!(nothing.iter().all(|weight| weight.abs() < 1e-6), "{nothing:?}");
        let odd = Choice {
            candidates: vec![[f32::MAX; FEATURES], [f32::NAN; FEATURES], [0.0; FEATURES]],
            chosen: vec![0, 9],
        };
        let found = fit(&[odd, Choice::default()], &ALL, &PENALTIES, &[f64::NAN; FEATURES]);
        assert!(found.iter().all(|weight| weight.is_finite()));
    }

    #[test]
    fn a_switched_off_feature_has_no_weight() {
        let mut active = ALL;
        active[3] = false;
        let choice = Choice {
            candidates: vec![[1.0; FEATURES], [0.0; FEATURES]],
            chosen: vec![0],
        };
        let found = fit(&[choice], &active, &PENALTIES, &[5.0; FEATURES]);
        assert!(found[3].abs() < 1e-12 && found[2] > 0.0);
    }
}
