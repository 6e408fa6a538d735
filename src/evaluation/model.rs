//! The models that can be compared, behind one interface: fit to training data, score all items for a history.

use super::EvaluationError;
use super::item_neighbours::ItemNeighbours;
use super::resources::available_bytes;
use crate::model::alternating::{self, AlternatingParameters};
use crate::model::ease::Ease;
use crate::model::factors::Factors;
use crate::model::fold_in::{self, FoldIn};
use crate::model::interactions::Interactions;
use crate::model::least_squares::Workspace;
use crate::model::refinement::Refinement;

/// Which model, with its hyper-parameters.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
pub enum ModelParameters {
    /// Alternating least squares on implicit feedback, as every instance trains it.
    Ials {
        /// Length of the factors.
        factors: usize,
        /// Rounds.
        sweeps: usize,
        /// Steps of conjugate gradients per row and sweep.
        steps: usize,
        /// Weight of unobserved entries.
        unobserved_weight: f32,
        /// Regularization.
        regularization: f32,
        /// How far regularization grows with frequency.
        exponent: f32,
        /// Seed of the initial factors.
        seed: u64,
    },
    /// Linear item-item model in closed form.
    Ease {
        /// Ridge, in clicks.
        regularization: f64,
    },
    /// Cosine nearest neighbours of items.
    ItemKnn {
        /// Neighbours per item.
        neighbours: usize,
        /// Added to the denominator of the cosine.
        shrinkage: f32,
    },
    /// Number of training users per item.
    Popularity,
}

impl ModelParameters {
    /// The grid that `--tune` searches: neighbours of these parameters in every direction that matters.
    pub fn grid(&self) -> Vec<Self> {
        match self {
            Self::Ials { unobserved_weight, .. } => [0.25, 0.5, 1.0, 2.0, 4.0]
                .iter()
                .flat_map(|scale| {
                    [0.002, 0.004, 0.006, 0.008, 0.012, 0.02].map(|ridge| (scale * unobserved_weight, ridge))
                })
                .map(|(weight, ridge)| {
                    let mut chosen = self.clone();
                    if let Self::Ials {
                        unobserved_weight,
                        regularization,
                        ..
                    } = &mut chosen
                    {
                        (*unobserved_weight, *regularization) = (weight, ridge);
                    }
                    chosen
                })
                .collect(),
            Self::Ease { .. } => [100.0, 200.0, 400.0, 700.0, 1_000.0, 2_000.0]
                .map(|regularization| Self::Ease { regularization })
                .to_vec(),
            Self::ItemKnn { .. } => [20, 50, 100, 200]
                .into_iter()
                .flat_map(|neighbours| [0.0, 10.0, 50.0].map(|shrinkage| Self::ItemKnn { neighbours, shrinkage }))
                .collect(),
            Self::Popularity => vec![Self::Popularity],
        }
    }

    /// Fits the model.
    ///
    /// # Errors
    /// When the data and parameters have no solution.
    pub fn fit(&self, training: &Interactions, progress: impl FnMut(usize)) -> Result<FittedModel, EvaluationError> {
        Ok(match *self {
            Self::Ials {
                factors,
                sweeps,
                steps,
                unobserved_weight,
                regularization,
                exponent,
                seed,
            } => {
                let parameters = AlternatingParameters {
                    dimensions: factors,
                    sweeps,
                    steps,
                    unobserved_weight,
                    regularization,
                    regularization_exponent: exponent,
                    seed,
                };
                let items = alternating::train(training, &parameters, progress);
                let fold_in = FoldIn::new(&items, unobserved_weight, regularization, exponent);
                FittedModel::Factorization {
                    items,
                    fold_in,
                    refinement: None,
                }
            }
            Self::Ease { regularization } => {
                fits_in_memory(training.items())?;
                FittedModel::Ease(Ease::fit(training, regularization).ok_or_else(|| {
                    EvaluationError::Model(format!("EASE has no solution with regularization {regularization}"))
                })?)
            }
            Self::ItemKnn { neighbours, shrinkage } => {
                FittedModel::ItemNeighbours(ItemNeighbours::fit(training, neighbours, shrinkage))
            }
            Self::Popularity => FittedModel::Popularity(
                training
                    .positive_counts()
                    .into_iter()
                    .map(|count| count as f32)
                    .collect(),
            ),
        })
    }
}

impl std::fmt::Display for ModelParameters {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ials {
                factors,
                sweeps,
                steps,
                unobserved_weight,
                regularization,
                exponent,
                seed,
            } => write!(
                formatter,
                "iALS, {factors} factors, {sweeps} rounds of {steps} steps, unobserved weight {unobserved_weight}, \
                 regularization {regularization}, exponent {exponent}, seed {seed}"
            ),
            Self::Ease { regularization } => write!(formatter, "EASE, regularization {regularization}"),
            Self::ItemKnn { neighbours, shrinkage } => {
                write!(formatter, "item-knn, {neighbours} neighbours, shrinkage {shrinkage}")
            }
            Self::Popularity => formatter.write_str("popularity"),
        }
    }
}

/// A model that knows its training data.
pub enum FittedModel {
    /// Item factors with the fold-in of users.
    Factorization {
        /// Item factors.
        items: Factors,
        /// How users are folded in.
        fold_in: FoldIn,
        /// What is done to a folded-in user before scoring, if anything.
        refinement: Option<Refinement>,
    },
    /// Linear item-item weights.
    Ease(Ease),
    /// Nearest neighbours.
    ItemNeighbours(ItemNeighbours),
    /// One score per item for everybody.
    Popularity(Vec<f32>),
}

impl FittedModel {
    /// Memory for one thread that scores.
    pub fn workspace(&self) -> Workspace {
        Workspace::new(match self {
            Self::Factorization { items, .. } => items.dimensions(),
            _ => 0,
        })
    }

    /// Scores of all items for a user with this history and its preference values. Entries of value 0 say nothing; where a
    /// model knows no values, every other entry counts alike.
    pub fn scores(&self, workspace: &mut Workspace, history: &[u32], values: &[f32]) -> Vec<f32> {
        let (history, values): (Vec<u32>, Vec<f32>) = (history.iter().copied().zip(values.iter().copied()))
            .filter(|(_, value)| *value != 0.0)
            .unzip();
        match self {
            Self::Factorization {
                items,
                fold_in,
                refinement,
            } => {
                let factor = match refinement {
                    Some(refinement) => refinement.factor(fold_in, workspace, items, &history, &values),
                    None => fold_in.factor(workspace, items, &history, &values),
                };
                fold_in::scores(items, &factor)
            }
            Self::Ease(ease) => ease.scores(&history, &values),
            Self::ItemNeighbours(neighbours) => neighbours.scores(&history),
            Self::Popularity(counts) => counts.clone(),
        }
    }
}

/// Bytes that EASE takes at its peak for every pair of items: Gram matrix, its factor and inverse in `f64`, weights in `f32`.
const EASE_BYTES_PER_PAIR: u64 = 28;

/// Refuses EASE where the system would end the process for want of memory.
fn fits_in_memory(items: usize) -> Result<(), EvaluationError> {
    let needed = (items as u64).saturating_pow(2).saturating_mul(EASE_BYTES_PER_PAIR);
    match available_bytes() {
        Some(available) if needed > available => Err(EvaluationError::Model(format!(
            "EASE keeps numbers for all pairs of items: {items} items take {} MB, and only {} MB are free; raise the threshold or \
             take another model",
            needed / 1_000_000,
            available / 1_000_000
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_fit_in_memory_is_refused_before_it_is_tried() {
        assert!(fits_in_memory(1_000).is_ok());
        if available_bytes().is_some() {
            let training = Interactions::new(5_000_000);
            let problem = ModelParameters::Ease { regularization: 1.0 }
                .fit(&training, |_| ())
                .err()
                .unwrap();
            assert!(
                problem.to_string().contains("5000000 items take 700000000 MB"),
                "{problem}"
            );
        }
    }

    #[test]
    fn every_model_takes_nothing_one_and_equal_values() {
        let mut one = Interactions::new(1);
        one.push_user([(0, 1.0)]);
        let mut equal = Interactions::new(3);
        for _ in 0..4 {
            equal.push_user((0..3).map(|item| (item, 1.0)));
        }
        let mut disliked = Interactions::new(3);
        for _ in 0..4 {
            disliked.push_user((0..2).map(|item| (item, -1.0)));
        }
        for training in [Interactions::new(0), Interactions::new(4), one, equal, disliked] {
            for parameters in [
                ModelParameters::Ials {
                    factors: 4,
                    sweeps: 3,
                    steps: 2,
                    unobserved_weight: 0.0,
                    regularization: 0.0,
                    exponent: 1.0,
                    seed: 1,
                },
                ModelParameters::Ease { regularization: 1.0 },
                ModelParameters::ItemKnn {
                    neighbours: 2,
                    shrinkage: 0.0,
                },
                ModelParameters::Popularity,
            ] {
                let model = parameters.fit(&training, |_| ()).unwrap();
                let known = u32::from(training.items() > 0);
                for history in [vec![], (0..known).collect()] {
                    let scores = model.scores(&mut model.workspace(), &history, &vec![1.0; history.len()]);
                    assert_eq!(scores.len(), training.items(), "{parameters}");
                    assert!(scores.iter().all(|score| score.is_finite()), "{parameters} {scores:?}");
                }
            }
        }
    }
}
