//! A few steps that move a folded-in user towards higher ranks of the own items.
//!
//! Maximises `strength * F(x) - L(x)`, with the ranking objective `F` and the loss of the fold-in `L`, which keeps the factor
//! near the pointwise solution. Off unless it has proved better on held-out history: see `docs/research.md`.

use super::factors::Factors;
use super::fold_in::FoldIn;
use super::least_squares::Workspace;
use super::linear_algebra::substitute;
use super::ranking_objective::RankingObjective;

/// How far and how long to move.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct RefinementParameters {
    /// Weight of the ranking objective against the loss of the fold-in; 0 changes nothing.
    pub strength: f64,
    /// Steps at most.
    pub steps: usize,
}

/// The ranking objective of some item factors with the parameters.
#[derive(Debug, Clone)]
pub struct Refinement {
    objective: RankingObjective,
    parameters: RefinementParameters,
}

impl Refinement {
    /// Prepares `items`.
    pub fn new(items: &Factors, parameters: RefinementParameters) -> Self {
        Self {
            objective: RankingObjective::new(items),
            parameters,
        }
    }

    /// Folds a user in and refines the factor. `items` are those of [`Self::new`] and of `fold_in`.
    ///
    /// Each step goes along the gradient preconditioned with the fold-in's own system, halved until the objective grows,
    /// so the result is never worse by its own measure than the fold-in.
    pub fn factor(
        &self,
        fold_in: &FoldIn,
        workspace: &mut Workspace,
        items: &Factors,
        columns: &[u32],
        values: &[f32],
    ) -> Vec<f32> {
        let start = fold_in.factor(workspace, items, columns, values);
        let d = start.len();
        if columns.is_empty() || self.parameters.steps == 0 {
            return start;
        }
        let mut unused = vec![0f32; d];
        fold_in.system(workspace, items, columns, values, &mut unused);
        let (solver, matrix) = workspace.system();
        if !solver.factorize(matrix) {
            return start;
        }
        let strength = self.parameters.strength;
        let origin: Vec<f64> = start.iter().map(|x| f64::from(*x)).collect();
        let mut gradient = vec![0f64; d];
        let evaluate = |user: &[f64], gradient: &mut [f64]| {
            let gain = self.objective.evaluate(user, items, columns, values, gradient);
            strength * gain - 0.5 * quadratic(matrix, user, &origin)
        };
        let mut user = origin.clone();
        let mut value = evaluate(&user, &mut gradient);
        let mut trial_gradient = vec![0f64; d];
        for _ in 0..self.parameters.steps {
            let mut direction: Vec<f32> = gradient.iter().map(|g| (strength * g) as f32).collect();
            substitute(matrix, direction.len(), &mut direction, 1);
            let mut size = 1.0;
            let moved = loop {
                let trial: Vec<f64> = (user.iter().zip(&origin).zip(&direction))
                    .map(|((x, start), step)| x + size * (f64::from(*step) - (x - start)))
                    .collect();
                let trial_value = evaluate(&trial, &mut trial_gradient);
                if trial_value > value {
                    value = trial_value;
                    user = trial;
                    std::mem::swap(&mut gradient, &mut trial_gradient);
                    break true;
                }
                size *= 0.5;
                if size < 0.01 {
                    break false;
                }
            };
            if !moved {
                break;
            }
        }
        user.into_iter().map(|x| x as f32).collect()
    }
}

/// `(x - y)' L L' (x - y)` for a Cholesky factor as a lower triangle in column-major order.
fn quadratic(factor: &[f32], x: &[f64], y: &[f64]) -> f64 {
    let differences: Vec<f64> = x.iter().zip(y).map(|(x, y)| x - y).collect();
    (factor.chunks_exact(x.len().max(1)).enumerate())
        .map(|(column, entries)| {
            let below = entries[column..].iter().zip(&differences[column..]);
            below.map(|(l, difference)| f64::from(*l) * difference).sum::<f64>()
        })
        .map(|product| product * product)
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn system(entries: &[f32], d: usize) -> (Factors, FoldIn) {
        let items = Factors::from_values(d, entries[..24 * d].to_vec()).unwrap();
        let fold_in = FoldIn::new(&items, 0.2, 0.02, 1.0);
        (items, fold_in)
    }

    proptest! {
        #[test]
        fn smooth_ranks_of_own_items_improve_and_strength_zero_changes_nothing(
            d in 1usize..7,
            entries in proptest::collection::vec(-1.0f32..1.0, 24 * 6),
        ) {
            let (items, fold_in) = system(&entries, d);
            let (own, values) = ([1, 5, 9, 20], [1.0, 0.4, -0.5, 1.0]);
            let mut workspace = Workspace::new(d);
            let plain = fold_in.factor(&mut workspace, &items, &own, &values);
            let mut refined = |strength| {
                let parameters = RefinementParameters { strength, steps: 4 };
                Refinement::new(&items, parameters).factor(&fold_in, &mut workspace, &items, &own, &values)
            };
            let objective = RankingObjective::new(&items);
            let gain = |user: &[f32]| {
                let user: Vec<f64> = user.iter().map(|x| f64::from(*x)).collect();
                objective.evaluate(&user, &items, &own, &values, &mut vec![0.0; d])
            };
            prop_assert_eq!(&refined(0.0), &plain);
            let strong = refined(2.0);
            prop_assert!(strong.iter().all(|x| x.is_finite()));
            prop_assert!(gain(&strong) >= gain(&plain) - 1e-6, "{} {}", gain(&strong), gain(&plain));
        }
    }

    #[test]
    fn nobody_and_nothing_are_fine() {
        let entries: Vec<f32> = (0..72).map(|k| (k as f32 * 0.7).sin()).collect();
        let (items, fold_in) = system(&entries, 3);
        let refinement = Refinement::new(
            &items,
            RefinementParameters {
                strength: 1.0,
                steps: 3,
            },
        );
        let mut workspace = Workspace::new(3);
        assert_eq!(refinement.factor(&fold_in, &mut workspace, &items, &[], &[]), [0.0; 3]);
        let disliked = refinement.factor(&fold_in, &mut workspace, &items, &[2], &[-1.0]);
        assert_eq!(disliked, fold_in.factor(&mut workspace, &items, &[2], &[-1.0]));
    }
}
