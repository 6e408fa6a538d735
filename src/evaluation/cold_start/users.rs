//! Users who have just come: what is found of the rest when only the first watches are given.

use rayon::prelude::*;

use super::{ColdStartParameters, KNOWN, MOST_KNOWN, Times, in_order, learned};
use crate::evaluation::EvaluationError;
use crate::evaluation::baseline::content_weights;
use crate::evaluation::dataset::Dataset;
use crate::evaluation::split::Split;
use crate::model::blend::Weights;
use crate::model::components::Component;
use crate::model::metrics::{ndcg_at, ranks};
use crate::model::paired::mean;

/// NDCG@20 of the clicks after the first five, which are the same in every row; the first five are left out of the lists,
/// given or not.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct UserRow {
    /// First clicks that are given.
    pub watches: usize,
    /// Users.
    pub users: usize,
    /// The number of training users.
    pub popularity: f64,
    /// Content, channel and popularity, without any learning.
    pub content: f64,
    /// Own factors.
    pub own: f64,
    /// What is served.
    pub served: f64,
}

/// One row for each of [`KNOWN`].
///
/// # Errors
/// When no held-out user has more than five clicks.
pub(super) fn measure(
    dataset: &Dataset,
    split: &Split,
    times: &Times,
    parameters: &ColdStartParameters,
) -> Result<Vec<UserRow>, EvaluationError> {
    let ordered = split.test.iter().map(|user| in_order(user, times));
    let users: Vec<Vec<u32>> = ordered.filter(|clicks| clicks.len() > MOST_KNOWN).collect();
    if users.is_empty() {
        return Err(EvaluationError::NobodyToMeasure(format!(
            "no held-out user has more than {MOST_KNOWN} clicks"
        )));
    }
    let learned = learned(dataset, split, &split.training, parameters);
    let recommender = &learned.recommender;
    let weights = [
        Weights::only(Component::Popularity),
        content_weights(),
        Weights::only(Component::Own),
    ];
    let row = |watches: usize| {
        let qualities: Vec<[f64; 4]> = users
            .par_iter()
            .map(|clicks| {
                let (first, targets) = clicks.split_at(MOST_KNOWN);
                let given: Vec<(u32, f32)> = first.iter().take(watches).map(|item| (*item, 1.0)).collect();
                let quality = |scores: &[f32]| ndcg_at(&ranks(scores, targets, first), 20);
                let [popularity, content, own] =
                    weights.map(|weights| quality(&recommender.scores_under(weights, &given)));
                let served = quality(&recommender.scores(&recommender.profile(&given)));
                [popularity, content, own, served]
            })
            .collect();
        let of = |way: usize| mean(&qualities.iter().map(|quality| quality[way]).collect::<Vec<_>>());
        UserRow {
            watches,
            users: users.len(),
            popularity: of(0),
            content: of(1),
            own: of(2),
            served: of(3),
        }
    };
    Ok(KNOWN.map(row).to_vec())
}
