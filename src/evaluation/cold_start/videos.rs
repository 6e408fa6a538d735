//! Videos that have just come: how early they stand in the lists of users who do watch them.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{ColdStartParameters, KNOWN, Times, learned};
use crate::evaluation::EvaluationError;
use crate::evaluation::dataset::Dataset;
use crate::evaluation::exposure::{FIRST, first_places};
use crate::evaluation::split::Split;
use crate::model::blend::Weights;
use crate::model::components::Component;
use crate::model::interactions::Interactions;
use crate::model::metrics::{ndcg_at, ranks};
use crate::model::paired::mean;
use crate::model::recommender::Recommender;

/// One video in so many is new.
const NEW_SHARE: usize = 10;
/// Clicks of training users that a video has before it is made new: there must be something to take away.
const FEWEST_CLICKS: u32 = 10;

/// How new videos are ranked. Equal scores are put in an order by chance.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct VideoQuality {
    /// The share of the other new videos that stand behind one that the user does watch; chance gives 0.5.
    pub ahead: f64,
    /// NDCG@20 among the new videos alone.
    pub ndcg_20: f64,
    /// The share of new videos among the first 20 of all videos.
    pub shown: f64,
}

/// New videos of which so many watches are known.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct VideoRow {
    /// First clicks of each new video that are left.
    pub watches: usize,
    /// New videos.
    pub videos: usize,
    /// Their share of all videos.
    pub share: f64,
    /// Their share of what the held-out users clicked.
    pub clicked: f64,
    /// Held-out users who clicked a new video; all their clicks on other videos are given.
    pub users: usize,
    /// All alike.
    pub chance: VideoQuality,
    /// The number of training users.
    pub popularity: VideoQuality,
    /// Content alone.
    pub content: VideoQuality,
    /// Own factors.
    pub own: VideoQuality,
    /// Factors from evidence, here of this instance alone, with content as what is known before any.
    pub evidence: VideoQuality,
    /// What is served.
    pub served: VideoQuality,
}

/// A user who clicked old videos, which are given, and new ones, as places in the list of new videos.
struct Watcher {
    given: Vec<(u32, f32)>,
    targets: Vec<u32>,
}

/// How all videos are scored.
#[derive(Clone, Copy)]
enum Way {
    /// All alike.
    Chance,
    /// Under these weights.
    Under(Weights),
    /// As a sidecar does.
    Served,
}

/// One row for each of [`KNOWN`].
///
/// # Errors
/// When no video or no user is left.
pub(super) fn measure(
    dataset: &Dataset,
    split: &Split,
    times: &Times,
    parameters: &ColdStartParameters,
    mut progress: impl FnMut(usize),
) -> Result<Vec<VideoRow>, EvaluationError> {
    let new = chosen(split, parameters.seed);
    let watchers = watchers(split, &new);
    if watchers.is_empty() {
        return Err(EvaluationError::NobodyToMeasure(format!(
            "no held-out user clicked one of {} new videos",
            new.len()
        )));
    }
    let clicks: usize = watchers.iter().map(|user| user.given.len() + user.targets.len()).sum();
    let on_new: usize = watchers.iter().map(|user| user.targets.len()).sum();
    let mut rows = Vec::new();
    for watches in KNOWN {
        progress(watches);
        let history = without(split, &new, times, watches);
        let learned = learned(dataset, split, &history, parameters);
        let recommender = &learned.recommender;
        let of = |component| Way::Under(Weights::only(component));
        let [chance, popularity, content, own, evidence, served] = qualities(
            recommender,
            &new,
            &watchers,
            [
                Way::Chance,
                of(Component::Popularity),
                of(Component::Content),
                of(Component::Own),
                of(Component::Federated),
                Way::Served,
            ],
        );
        rows.push(VideoRow {
            watches,
            videos: new.len(),
            share: new.len() as f64 / split.items.len() as f64,
            clicked: on_new as f64 / clicks as f64,
            users: watchers.len(),
            chance,
            popularity,
            content,
            own,
            evidence,
            served,
        });
    }
    Ok(rows)
}

/// The new videos, in an order that chance has decided.
fn chosen(split: &Split, seed: u64) -> Vec<u32> {
    let counts = split.training.positive_counts();
    let mut videos: Vec<u32> = (0..)
        .zip(&counts)
        .filter(|(_, count)| **count >= FEWEST_CLICKS)
        .map(|(video, _)| video)
        .collect();
    videos.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    videos.truncate(split.items.len() / NEW_SHARE);
    videos
}

fn watchers(split: &Split, new: &[u32]) -> Vec<Watcher> {
    let place: HashMap<u32, u32> = new.iter().copied().zip(0..).collect();
    let watcher = |user: &crate::evaluation::split::HeldOutUser| {
        let clicks = || user.fold_in.iter().chain(&user.targets);
        let given: Vec<(u32, f32)> = clicks()
            .filter(|item| !place.contains_key(item))
            .map(|item| (*item, 1.0))
            .collect();
        let targets: Vec<u32> = clicks().filter_map(|item| place.get(item).copied()).collect();
        (!given.is_empty() && !targets.is_empty() && targets.len() < new.len()).then_some(Watcher { given, targets })
    };
    split.test.iter().filter_map(watcher).collect()
}

/// The training data with only the first `watches` clicks of each new video.
fn without(split: &Split, new: &[u32], times: &Times, watches: usize) -> Interactions {
    let mut of_new: HashMap<u32, Vec<(Option<i64>, u32)>> = new.iter().map(|video| (*video, Vec::new())).collect();
    for (row, user) in (0..).zip(&split.training_users) {
        for (item, _) in split.training.entries(row as usize) {
            if let Some(clicks) = of_new.get_mut(&item) {
                clicks.push((times.get(&(*user, item)).copied(), row));
            }
        }
    }
    for clicks in of_new.values_mut() {
        clicks.sort_unstable();
        clicks.truncate(watches);
    }
    let mut history = Interactions::new(split.training.items());
    for row in 0..split.training.users() {
        let kept = |item: u32| {
            of_new
                .get(&item)
                .is_none_or(|clicks| clicks.iter().any(|click| click.1 as usize == row))
        };
        history.push_user(split.training.entries(row).filter(|(item, _)| kept(*item)));
    }
    history
}

/// Means over users for each way to score.
fn qualities<const N: usize>(
    recommender: &Recommender,
    new: &[u32],
    watchers: &[Watcher],
    ways: [Way; N],
) -> [VideoQuality; N] {
    let is_new: std::collections::HashSet<u32> = new.iter().copied().collect();
    let measured: Vec<[VideoQuality; N]> = watchers
        .par_iter()
        .map(|user| {
            let watched: Vec<u32> = user.given.iter().map(|entry| entry.0).collect();
            ways.map(|way| {
                let scores = match way {
                    Way::Chance => vec![0.0; recommender.items()],
                    Way::Under(weights) => recommender.scores_under(weights, &user.given),
                    Way::Served => recommender.scores(&recommender.profile(&user.given)),
                };
                let among: Vec<f32> = new.iter().map(|video| scores[*video as usize]).collect();
                let mut ranks = ranks(&among, &user.targets, &[]);
                ranks.sort_unstable();
                let others = (new.len() - ranks.len()) as f64;
                let behind: Vec<f64> = (1..)
                    .zip(&ranks)
                    .map(|(place, rank)| 1.0 - (rank - place) as f64 / others)
                    .collect();
                let shown = first_places(&scores, &watched)
                    .iter()
                    .filter(|item| is_new.contains(item))
                    .count();
                VideoQuality {
                    ahead: mean(&behind),
                    ndcg_20: ndcg_at(&ranks, 20),
                    shown: shown as f64 / FIRST as f64,
                }
            })
        })
        .collect();
    std::array::from_fn(|way| {
        let of =
            |part: fn(&VideoQuality) -> f64| mean(&measured.iter().map(|ways| part(&ways[way])).collect::<Vec<_>>());
        VideoQuality {
            ahead: of(|quality| quality.ahead),
            ndcg_20: of(|quality| quality.ndcg_20),
            shown: of(|quality| quality.shown),
        }
    })
}
