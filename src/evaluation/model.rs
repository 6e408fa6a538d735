//! The models that can be compared, behind one interface: fit to training data, score all items for a history.

use super::EvaluationError;
use super::item_neighbours::ItemNeighbours;
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
