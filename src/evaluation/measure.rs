//! Fitting a model to a split and measuring it on held-out users; choosing hyper-parameters on validation users.

use rayon::prelude::*;

use super::EvaluationError;
use super::exposure::{Exposure, first_places};
use super::model::{FittedModel, ModelParameters};
use super::refine::{Refine, RefinementReport, decide};
use super::resources::{Meter, Usage};
use super::split::{HeldOutUser, Split};
use crate::model::least_squares::Workspace;
use crate::model::metrics::{ndcg_at, ranks, recall_at};

/// Users whose scores are in memory at the same time.
const USERS_AT_ONCE: usize = 256;

/// Means over held-out users. Which are present depends on the protocol.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Quality {
    /// All items are ranked, several targets per user.
    Strong {
        /// NDCG@100.
        ndcg_100: f64,
        /// Recall@20, divided by `min(20, targets)`.
        recall_20: f64,
        /// Recall@50, divided by `min(50, targets)`.
        recall_50: f64,
    },
    /// One target per user among given candidates.
    LeaveOneOut {
        /// Share of users whose target is among the first 10.
        hit_rate_10: f64,
        /// NDCG@10.
        ndcg_10: f64,
    },
}

impl Quality {
    /// The number by which hyper-parameters are chosen.
    pub fn objective(&self) -> f64 {
        match self {
            Self::Strong { ndcg_100, .. } => *ndcg_100,
            Self::LeaveOneOut { ndcg_10, .. } => *ndcg_10,
        }
    }
}

/// A fitted and measured model.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Measurement {
    /// Quality on the test users.
    #[serde(flatten)]
    pub quality: Quality,
    /// Of fitting and of scoring the test users; neither reading nor choosing anything is in it.
    #[serde(flatten)]
    pub usage: Usage,
    /// How evenly the lists of the test users show the items; absent where candidates are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_gini: Option<ExposureGini>,
    /// What was decided about the ranking refinement, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refinement: Option<RefinementReport>,
}

/// The Gini index of how often each item is among the first 20 of the lists of all test users; see
/// [`crate::evaluation::exposure`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ExposureGini {
    /// Of the model.
    pub model: f64,
    /// Of the number of training users per item.
    pub popularity: f64,
}

/// One line of a search for hyper-parameters.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Trial {
    /// What was tried.
    #[serde(flatten)]
    pub parameters: ModelParameters,
    /// Quality on the validation users.
    #[serde(flatten)]
    pub quality: Quality,
}

/// Fits the model and measures it on the test users.
///
/// # Errors
/// When the model has no solution, or validation users are missing that should decide about the refinement.
pub fn measure(
    split: &Split,
    parameters: &ModelParameters,
    refine: Refine,
    progress: impl FnMut(usize),
) -> Result<Measurement, EvaluationError> {
    let meter = Meter::start();
    let mut model = parameters.fit(&split.training, progress)?;
    let mut usage = meter.read();
    let refinement = decide(&mut model, split, refine)?;
    let quality = quality(&model, &split.test, &mut usage);
    let popularity = ModelParameters::Popularity.fit(&split.training, |_| ())?;
    let gini = |model: &FittedModel| exposure(model, &split.test).and_then(|exposure| exposure.gini());
    let exposure_gini =
        (gini(&model).zip(gini(&popularity))).map(|(model, popularity)| ExposureGini { model, popularity });
    Ok(Measurement {
        quality,
        usage,
        exposure_gini,
        refinement,
    })
}

/// Tries the whole grid on the validation users; the first trial returned is the best.
///
/// # Errors
/// When there is no validation user, or no setting has a solution.
pub fn tune(
    split: &Split,
    parameters: &ModelParameters,
    mut progress: impl FnMut(&Trial),
) -> Result<Vec<Trial>, EvaluationError> {
    if split.validation.is_empty() {
        return Err(EvaluationError::NoValidationUsers("tuning"));
    }
    let mut trials = Vec::new();
    for parameters in parameters.grid() {
        let model = match parameters.fit(&split.training, |_| ()) {
            Ok(model) => model,
            Err(EvaluationError::Model(_)) => continue,
            Err(error) => return Err(error),
        };
        let trial = Trial {
            parameters,
            quality: quality(&model, &split.validation, &mut Usage::default()),
        };
        progress(&trial);
        trials.push(trial);
    }
    if trials.is_empty() {
        return Err(EvaluationError::Model(
            "no setting of the grid has a solution".to_owned(),
        ));
    }
    trials.sort_by(|a, b| b.quality.objective().total_cmp(&a.quality.objective()));
    Ok(trials)
}

/// Means over users; candidates decide which protocol it is. Adds to `usage` what scoring took; comparing the scores with
/// the targets is not in it.
pub fn quality(model: &FittedModel, users: &[HeldOutUser], usage: &mut Usage) -> Quality {
    let mut per_user: Vec<[f64; 3]> = Vec::with_capacity(users.len());
    for block in users.chunks(USERS_AT_ONCE) {
        let meter = Meter::start();
        let scores: Vec<Vec<f32>> = block
            .par_iter()
            .map_init(
                || model.workspace(),
                |workspace, user| model.scores(workspace, &user.fold_in, &user.values),
            )
            .collect();
        *usage += meter.read();
        per_user.par_extend(
            block
                .par_iter()
                .zip(&scores)
                .map(|(user, scores)| match &user.candidates {
                    None => {
                        let ranks = ranks(scores, &user.targets, &user.fold_in);
                        [ndcg_at(&ranks, 100), recall_at(&ranks, 20), recall_at(&ranks, 50)]
                    }
                    Some(candidates) => {
                        let ranks = ranks_among(scores, &user.targets, candidates);
                        [ndcg_at(&ranks, 10), recall_at(&ranks, 10), 0.0]
                    }
                }),
        );
    }
    let mean = |k: usize| per_user.iter().map(|values| values[k]).sum::<f64>() / per_user.len().max(1) as f64;
    if users.iter().all(|user| user.candidates.is_none()) {
        Quality::Strong {
            ndcg_100: mean(0),
            recall_20: mean(1),
            recall_50: mean(2),
        }
    } else {
        Quality::LeaveOneOut {
            hit_rate_10: mean(1),
            ndcg_10: mean(0),
        }
    }
}

/// What the lists of `users` show; `None` where candidates are given.
fn exposure(model: &FittedModel, users: &[HeldOutUser]) -> Option<Exposure> {
    if users.iter().any(|user| user.candidates.is_some()) {
        return None;
    }
    let list = |workspace: &mut Workspace, user: &HeldOutUser| {
        let scores = model.scores(workspace, &user.fold_in, &user.values);
        (scores.len(), first_places(&scores, &user.fold_in))
    };
    let lists: Vec<(usize, Vec<u32>)> = users.par_iter().map_init(|| model.workspace(), list).collect();
    let mut exposure = Exposure::new(lists.first()?.0);
    lists.iter().for_each(|(_, list)| exposure.show(list));
    Some(exposure)
}

/// Ranks of `targets` among `candidates`, which contain them and are sorted.
fn ranks_among(scores: &[f32], targets: &[u32], candidates: &[u32]) -> Vec<usize> {
    let chosen: Vec<f32> = candidates.iter().map(|item| scores[*item as usize]).collect();
    let places: Vec<u32> = targets
        .iter()
        .filter_map(|target| candidates.binary_search(target).ok())
        .map(|place| place as u32)
        .collect();
    ranks(&chosen, &places, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::interactions::Interactions;

    fn user(fold_in: &[u32], targets: &[u32], candidates: Option<&[u32]>) -> HeldOutUser {
        HeldOutUser {
            user: 0,
            fold_in: fold_in.to_vec(),
            values: vec![1.0; fold_in.len()],
            targets: targets.to_vec(),
            candidates: candidates.map(<[u32]>::to_vec),
        }
    }

    #[test]
    fn strong_generalization_by_hand() {
        let model = FittedModel::Popularity(vec![5.0, 4.0, 3.0, 2.0]);
        // Order without item 0: 1, 2, 3; the targets are at ranks 1 and 3.
        let users = [user(&[0], &[1, 3], None), user(&[], &[0], None)];
        let Quality::Strong {
            ndcg_100,
            recall_20,
            recall_50,
        } = quality(&model, &users, &mut Usage::default())
        else {
            panic!("wrong protocol");
        };
        let first = (1.0 + 1.0 / 4f64.log2()) / (1.0 + 1.0 / 3f64.log2());
        assert!((ndcg_100 - f64::midpoint(first, 1.0)).abs() < 1e-12);
        assert!((recall_20 - 1.0).abs() < 1e-12 && (recall_50 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn exposure_by_hand() {
        // 40 items; both users are shown 20 of the first 21, without the one they know.
        let model = FittedModel::Popularity((0..40).map(|item| 40.0 - item as f32).collect());
        let shown = exposure(&model, &[user(&[0], &[1], None), user(&[20], &[1], None)]).unwrap();
        let mut by_hand = Exposure::new(40);
        by_hand.show(&(1..21).collect::<Vec<_>>());
        by_hand.show(&(0..20).collect::<Vec<_>>());
        assert_eq!(shown, by_hand);
        assert!(exposure(&model, &[user(&[], &[7], Some(&[3, 7]))]).is_none());
        assert!(exposure(&model, &[]).is_none());
    }

    #[test]
    fn leave_one_out_by_hand() {
        let model = FittedModel::Popularity((0..20).map(|item| 20.0 - item as f32).collect());
        let all: Vec<u32> = (0..20).collect();
        // Second of two candidates; and rank 12 of 20, which is no hit.
        let users = [user(&[], &[7], Some(&[3, 7])), user(&[], &[11], Some(&all))];
        let Quality::LeaveOneOut { hit_rate_10, ndcg_10 } = quality(&model, &users, &mut Usage::default()) else {
            panic!("wrong protocol");
        };
        assert!((hit_rate_10 - 0.5).abs() < 1e-12);
        assert!((ndcg_10 - 0.5 / 3f64.log2()).abs() < 1e-12);
    }

    #[test]
    fn test_users_have_no_say_in_tuning() {
        let mut training = Interactions::new(6);
        for user in 0..12u32 {
            training.push_user((0..4).map(|k| ((user + k) % 6, 1.0)));
        }
        let of = |test: Vec<HeldOutUser>| {
            let split = Split {
                training_users: (0..12).collect(),
                items: (0..6).collect(),
                training: training.clone(),
                validation: vec![user(&[0, 1], &[2], None), user(&[4], &[5, 0], None)],
                test,
            };
            tune(&split, &ModelParameters::Ease { regularization: 1.0 }, |_| ()).unwrap()
        };
        let trials = of(vec![user(&[0], &[1], None)]);
        assert_eq!(trials.len(), 6);
        assert_eq!(trials, of(vec![user(&[5, 3], &[0], None), user(&[], &[4, 2], None)]));
        assert_eq!(trials, of(Vec::new()));
    }

    #[test]
    fn without_validation_users_nothing_is_tuned() {
        let split = Split {
            training_users: Vec::new(),
            items: Vec::new(),
            training: Interactions::new(0),
            validation: Vec::new(),
            test: Vec::new(),
        };
        let problem = tune(&split, &ModelParameters::Popularity, |_| ()).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "tuning needs validation users, but none were held out"
        );
    }
}
