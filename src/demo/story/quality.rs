//! How good the recommendations of one instance are: NDCG@20 on watches that its database does not hold.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::Serialize;

use super::super::DemoError;
use super::instance::DemoInstance;
use crate::clock::{Clock, Hour, SystemClock};
use crate::evaluation::baseline::content_weights;
use crate::model::blend::Weights;
use crate::model::components::Component;
use crate::model::metrics::{ndcg_at, ranks};
use crate::peertube::{CataloguePrivacy, Tie, VideoId};
use crate::recommend::Snapshot;
use crate::recommend::second_stage::channel_ties;
use crate::recommend::signals::preference;

const CUTOFF: usize = 20;

/// Mean NDCG@20 over the users with held-out watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Ndcg {
    /// The public view counter.
    pub popularity: f64,
    /// Content, channel and public view counter, without any learning.
    pub content: f64,
    /// Factors of the own users alone.
    pub own: f64,
    /// Factors from the federation's evidence.
    pub federated: f64,
    /// The blend of all of them: the first stage of ranking.
    pub combined: f64,
    /// What is served: the first stage, its best candidates ranked again where that is better.
    pub served: f64,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    /// Users with a history.
    pub users: usize,
    /// Their watched and rated videos.
    pub interactions: usize,
    /// Users with held-out watches.
    pub evaluated: usize,
    /// Quality.
    pub ndcg: Ndcg,
}

struct Case {
    /// Newest first.
    history: Vec<(u32, f32)>,
    ties: Vec<Tie>,
    targets: Vec<u32>,
}

pub(super) async fn measure(instance: &DemoInstance) -> Result<Measured, DemoError> {
    let snapshot = instance
        .sidecar()
        .snapshot
        .load_full()
        .ok_or_else(|| DemoError::Story(format!("{} has no model", instance.host())))?;
    let rules = instance.sidecar().config.preferences.rules();
    let hour = Hour::of(SystemClock.now());
    let held_out: HashMap<i32, &Vec<i32>> = instance
        .held_out()
        .iter()
        .map(|(user, videos)| (*user, videos))
        .collect();
    let (mut users, mut interactions, mut cases) = (0, 0, Vec::new());
    let peertube = &instance.sidecar().peertube;
    let mut ties = HashMap::new();
    peertube
        .for_each_user_ties(|user, own| {
            ties.insert(user, own);
        })
        .await?;
    peertube
        .for_each_user(|mut user| {
            user.signals
                .sort_by_key(|signal| (std::cmp::Reverse(signal.latest()), signal.video));
            let history: Vec<(u32, f32)> = user
                .signals
                .iter()
                .filter_map(|signal| {
                    let item = snapshot.item(signal.video)?;
                    let video = snapshot.video(item)?;
                    Some((item, preference(signal, video.duration, video.is_live, &rules, hour)))
                })
                .collect();
            users += 1;
            interactions += history.len();
            let targets: Vec<u32> = held_out
                .get(&user.user.0)
                .into_iter()
                .flat_map(|videos| videos.iter())
                .filter_map(|video| snapshot.item(VideoId(*video)))
                .collect();
            if !targets.is_empty() {
                cases.push(Case {
                    history,
                    ties: ties.remove(&user.user).unwrap_or_default(),
                    targets,
                });
            }
        })
        .await?;
    let evaluated = cases.len();
    let ndcg = tokio::task::spawn_blocking(move || evaluate(&snapshot, &cases, hour))
        .await
        .map_err(|error| DemoError::Story(error.to_string()))?;
    Ok(Measured {
        users,
        interactions,
        evaluated,
        ndcg,
    })
}

fn evaluate(snapshot: &Snapshot, cases: &[Case], hour: Hour) -> Ndcg {
    let recommender = snapshot.recommender();
    let has_own = recommender.components().own.is_some();
    // Nobody is ever shown these, so no method may be asked to rank them.
    let hidden: Vec<u32> = (0u32..)
        .zip(snapshot.videos())
        .filter(|(_, video)| !video.publicly_listed && video.privacy == CataloguePrivacy::Public)
        .map(|(item, _)| item)
        .collect();
    let methods = [
        Weights::only(Component::Popularity),
        content_weights(),
        Weights::only(if has_own { Component::Own } else { Component::Popularity }),
        Weights::only(Component::Federated),
        recommender.weights(),
    ];
    let sums = cases
        .par_iter()
        .map(|case| {
            let mut excluded: Vec<u32> = case
                .history
                .iter()
                .map(|(item, _)| *item)
                .chain(hidden.iter().copied())
                .collect();
            excluded.sort_unstable();
            excluded.dedup();
            excluded.retain(|item| !case.targets.contains(item));
            let ndcg = |scores: &[f32]| ndcg_at(&ranks(scores, &case.targets, &excluded), CUTOFF);
            let first = methods.map(|weights| ndcg(&recommender.scores_under(weights, &case.history)));
            let [.., combined] = first;
            let served = snapshot.second_stage().map_or(combined, |second| {
                let profile = recommender.profile(&case.history);
                let mut scores = recommender.scores(&profile);
                let ties = channel_ties(&case.ties, snapshot.channels());
                second.rerank(recommender, &profile, &case.history, &ties, hour, &mut scores);
                ndcg(&scores)
            });
            (first, served)
        })
        .collect::<Vec<_>>();
    let mean = |method: usize| sums.iter().map(|row| row.0[method]).sum::<f64>() / sums.len().max(1) as f64 + 0.0;
    Ndcg {
        popularity: mean(0),
        content: mean(1),
        own: mean(2),
        federated: mean(3),
        combined: mean(4),
        served: sums.iter().map(|row| row.1).sum::<f64>() / sums.len().max(1) as f64 + 0.0,
    }
}
