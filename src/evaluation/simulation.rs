//! A federation in one process, through the same code as a sidecar's, without HTTP.

use rand::{RngExt, SeedableRng};
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};
use rayon::prelude::*;

use super::baseline::content_weights;
use super::{EvaluationError, dataset::Dataset};
use crate::model::blend::Weights;
use crate::model::catalogue::Catalogue;
use crate::model::components::Component;
use crate::model::contribution::EvidenceBasis;
use crate::model::evidence::EvidenceSource;
use crate::model::interactions::Interactions;
use crate::model::learning::{self, Learned, LearningParameters};
use crate::model::metrics::{ndcg_at, ranks, recall_at};
use crate::model::support::Support;
use crate::privacy::release::EvidenceSum;
use crate::privacy::{BudgetShares, Delta, Epsilon, accountant};

/// How evidence is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// Exact sums, without any protection: an upper bound.
    None,
    /// Full noise at every instance.
    Local,
    /// One shared noise for the sum of all, as secure aggregation gives.
    Secure,
}

/// What to simulate.
#[derive(Debug, Clone)]
pub struct SimulationParameters {
    /// Protection.
    pub aggregation: Aggregation,
    /// Epsilon of the one release.
    pub epsilon: Epsilon,
    /// Delta of the one release.
    pub delta: Delta,
    /// Dimensions of the basis.
    pub dimensions: usize,
    /// Learning at every instance.
    pub learning: LearningParameters,
    /// Division of the budget.
    pub shares: BudgetShares,
    /// Seed of the split and of the noise.
    pub seed: u64,
}

/// Mean metrics of one method.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Quality {
    /// NDCG@20.
    pub ndcg_20: f64,
    /// Recall@20.
    pub recall_20: f64,
}

/// Mean metrics of all methods over some users.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Row {
    /// Smallest instance in the bucket.
    pub min_users: usize,
    /// Largest instance in the bucket; `None` when unbounded.
    pub max_users: Option<usize>,
    /// Instances.
    pub instances: usize,
    /// Evaluated users.
    pub users: usize,
    /// Public popularity.
    pub popularity: Quality,
    /// Content, channel and popularity, without any learning.
    pub content: Quality,
    /// Own-only factors.
    pub own: Quality,
    /// Federated factors.
    pub federated: Quality,
    /// The blend that would be served.
    pub combined: Quality,
    /// All users in one place.
    pub pooled: Quality,
}

/// The report of a simulation.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// Over all users.
    pub overall: Row,
    /// By size of the instance.
    pub buckets: Vec<Row>,
    /// Instances whose blend is worse than their own factors alone.
    pub worse_than_alone: usize,
    /// Share of the NDCG@20 between own-only and all users in one place that the blend gains; `None` when there is no gap.
    pub gap_closed: Option<f64>,
    /// Bytes of all payloads.
    pub bytes: usize,
}

const BUCKETS: [(usize, Option<usize>); 6] = [
    (1, Some(1)),
    (2, Some(10)),
    (11, Some(30)),
    (31, Some(100)),
    (101, Some(300)),
    (301, None),
];
const METHODS: usize = 6;
const HELD_OUT_SHARE: f64 = 0.2;

/// Runs the federation of `instance_of` (one number per user).
///
/// # Errors
/// When the privacy mechanism refuses.
pub fn simulate(
    dataset: &Dataset,
    instance_of: &[u32],
    parameters: &SimulationParameters,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<Report, EvaluationError> {
    let split = Split::new(dataset, parameters.seed);
    let mut items = dataset.items.clone();
    for (item, fact) in items.iter_mut().enumerate() {
        fact.views = split.counts[item];
    }
    let support = Support::new(
        items.iter().map(|item| item.address.clone()).collect(),
        items
            .iter()
            .map(|item| item.channel.clone())
            .filter(|channel| !channel.is_empty())
            .collect(),
    );
    let catalogue = Catalogue::new(items, EvidenceBasis::new(parameters.dimensions));
    let count = instance_of.iter().max().map_or(0, |last| *last as usize + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (user, instance) in instance_of.iter().enumerate() {
        members[*instance as usize].push(user);
    }
    members.retain(|users| !users.is_empty());
    let histories: Vec<Interactions> = members.iter().map(|users| split.history(users)).collect();

    let pooled = {
        let everyone: Vec<usize> = (0..dataset.users.len()).collect();
        learning::own_factors(&split.history(&everyone), &parameters.learning)
    };
    let released = Released::new(&catalogue, &support, &histories, parameters)?;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let evaluated: Vec<Vec<[Quality; METHODS]>> = members
        .iter()
        .zip(&histories)
        .enumerate()
        .map(|(instance, (users, history))| {
            let mut sources = released.sources_for(instance, &catalogue, &support);
            let learned = learning::learn(
                &catalogue,
                history,
                &support,
                &mut sources,
                &parameters.learning,
                |_| (),
            );
            let qualities = evaluate(&learned, &pooled, history, users, &split);
            let finished = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            progress(finished, members.len());
            qualities
        })
        .collect();
    Ok(report(&evaluated, &members, released.bytes))
}

struct Split {
    kept: Vec<Vec<(u32, f32)>>,
    held_out: Vec<Vec<u32>>,
    counts: Vec<u64>,
}

impl Split {
    fn new(dataset: &Dataset, seed: u64) -> Self {
        let users = dataset.users.len();
        let mut split = Self {
            kept: vec![Vec::new(); users],
            held_out: vec![Vec::new(); users],
            counts: vec![0; dataset.items.len()],
        };
        let mut randomness = ChaCha8Rng::seed_from_u64(seed);
        for &(user, item, _, _) in &dataset.rows {
            if randomness.random_bool(HELD_OUT_SHARE) {
                split.held_out[user as usize].push(item);
            } else {
                split.kept[user as usize].push((item, 1.0));
                split.counts[item as usize] += 1;
            }
        }
        split
    }

    fn history(&self, users: &[usize]) -> Interactions {
        let mut history = Interactions::new(self.counts.len());
        for &user in users {
            history.push_user(self.kept[user].iter().copied());
        }
        history
    }
}

struct Released {
    aggregation: Aggregation,
    noised: Vec<Option<crate::privacy::Noised<crate::privacy::EvidenceGrid>>>,
    exact: Vec<Vec<crate::model::contribution::Contribution>>,
    bytes: usize,
}

impl Released {
    fn new(
        catalogue: &Catalogue,
        support: &Support,
        histories: &[Interactions],
        parameters: &SimulationParameters,
    ) -> Result<Self, EvaluationError> {
        let exact: Vec<_> = histories
            .iter()
            .map(|history| learning::contributions(catalogue, history, support))
            .collect();
        let basis = catalogue.basis();
        let mu = accountant::mu_of(parameters.epsilon, parameters.delta);
        let mut randomness = ChaCha20Rng::seed_from_u64(parameters.seed ^ 0x5EED);
        let empty = || {
            EvidenceSum::new(
                basis.id(),
                basis.dimensions() as u16,
                support.clone(),
                parameters.shares,
            )
        };
        let mut noised = Vec::new();
        match parameters.aggregation {
            Aggregation::None => {}
            Aggregation::Local => {
                for contributions in &exact {
                    let mut sum = empty();
                    contributions.iter().for_each(|contribution| sum.add(contribution));
                    let released = (sum.contributors() > 0)
                        .then(|| sum.release(mu, parameters.delta, 1, &mut randomness))
                        .transpose()?;
                    noised.push(released);
                }
            }
            Aggregation::Secure => {
                let mut sum = empty();
                exact.iter().flatten().for_each(|contribution| sum.add(contribution));
                noised.push(Some(sum.release(mu, parameters.delta, 1, &mut randomness)?));
            }
        }
        let mut bytes = 0;
        for value in noised.iter().flatten() {
            bytes += value.encode()?.len();
        }
        Ok(Self {
            aggregation: parameters.aggregation,
            noised,
            exact,
            bytes,
        })
    }

    fn sources_for(&self, instance: usize, catalogue: &Catalogue, support: &Support) -> Vec<EvidenceSource> {
        match self.aggregation {
            Aggregation::None => {
                let others = self.exact.iter().enumerate().filter(|(other, _)| *other != instance);
                let all: Vec<_> = others
                    .flat_map(|(_, contributions)| contributions.iter().cloned())
                    .collect();
                vec![EvidenceSource::exact(catalogue, support, &all)]
            }
            Aggregation::Local => self
                .noised
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != instance)
                .filter_map(|(_, value)| value.as_ref()?.source(catalogue))
                .collect(),
            Aggregation::Secure => {
                let own = EvidenceSource::exact(catalogue, support, &self.exact[instance]);
                let total = self.noised.iter().flatten().filter_map(|value| value.source(catalogue));
                total.map(|sum| sum.without(&own)).collect()
            }
        }
    }
}

fn evaluate(
    learned: &Learned,
    pooled: &crate::model::components::FactorModel,
    history: &Interactions,
    users: &[usize],
    split: &Split,
) -> Vec<[Quality; METHODS]> {
    let components = learned.recommender.components();
    let content = content_weights();
    users
        .par_iter()
        .enumerate()
        .filter(|(_, user)| !split.held_out[**user].is_empty())
        .map(|(row, user)| {
            let targets = &split.held_out[*user];
            let entries: Vec<(u32, f32)> = history.entries(row).collect();
            let (watched, values) = history.row(row);
            let quality = |scores: &[f32]| {
                let ranks = ranks(scores, targets, watched);
                Quality {
                    ndcg_20: ndcg_at(&ranks, 20),
                    recall_20: recall_at(&ranks, 20),
                }
            };
            let of = |weights: Weights| learned.recommender.scores_under(weights, &entries);
            let own = if components.own.is_some() {
                of(Weights::only(Component::Own))
            } else {
                components.popularity.clone()
            };
            let pooled_scores = {
                let folded = pooled.fold_in.explained(&pooled.items, watched, values);
                crate::model::fold_in::scores(&pooled.items, &folded.factor)
            };
            [
                quality(&components.popularity),
                quality(&of(content)),
                quality(&own),
                quality(&of(Weights::only(Component::Federated))),
                quality(&of(learned.recommender.weights())),
                quality(&pooled_scores),
            ]
        })
        .collect()
}

fn report(evaluated: &[Vec<[Quality; METHODS]>], members: &[Vec<usize>], bytes: usize) -> Report {
    let row = |min_users: usize, max_users: Option<usize>| {
        let inside = |users: &Vec<usize>| users.len() >= min_users && max_users.is_none_or(|max| users.len() <= max);
        let chosen: Vec<usize> = (0..members.len()).filter(|&i| inside(&members[i])).collect();
        let rows: Vec<&[Quality; METHODS]> = chosen.iter().flat_map(|&i| &evaluated[i]).collect();
        let mean = |method: usize| {
            let n = rows.len().max(1) as f64;
            Quality {
                ndcg_20: rows.iter().map(|row| row[method].ndcg_20).sum::<f64>() / n,
                recall_20: rows.iter().map(|row| row[method].recall_20).sum::<f64>() / n,
            }
        };
        Row {
            min_users,
            max_users,
            instances: chosen.len(),
            users: rows.len(),
            popularity: mean(0),
            content: mean(1),
            own: mean(2),
            federated: mean(3),
            combined: mean(4),
            pooled: mean(5),
        }
    };
    let instance_mean =
        |users: &Vec<[Quality; METHODS]>, method: usize| users.iter().map(|row| row[method].ndcg_20).sum::<f64>();
    let worse = evaluated
        .iter()
        .filter(|users| instance_mean(users, 4) < instance_mean(users, 2))
        .count();
    let overall = row(1, None);
    let gap = overall.pooled.ndcg_20 - overall.own.ndcg_20;
    Report {
        gap_closed: (gap > 0.0).then(|| (overall.combined.ndcg_20 - overall.own.ndcg_20) / gap),
        overall,
        buckets: BUCKETS.iter().map(|&(min, max)| row(min, max)).collect(),
        worse_than_alone: worse,
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alternating::AlternatingParameters;
    use crate::model::item::Item;

    /// Two tastes of 30 items each; every user watches 15 items of one.
    fn dataset() -> Dataset {
        let items = (0..60u32).map(|item| Item {
            address: format!("item {item}"),
            tags: vec![format!("taste {}", item / 30)],
            listed: true,
            ..Item::default()
        });
        let rows = (0..80u32).flat_map(|user| {
            let first = 30 * (user % 2);
            (0..15u32).map(move |k| (user, first + (user * 7 + k * (1 + user % 3)) % 30, 5.0, 0))
        });
        Dataset {
            users: (0..80).map(|user| user.to_string()).collect(),
            items: items.collect(),
            rows: rows.collect(),
        }
    }

    fn run(aggregation: Aggregation, epsilon: f64) -> Report {
        let data = dataset();
        let instance_of: Vec<u32> = (0..80).map(|user| user / 20).collect();
        let parameters = SimulationParameters {
            aggregation,
            epsilon: Epsilon::new(epsilon).unwrap(),
            delta: Delta::new(1e-5).unwrap(),
            dimensions: 16,
            learning: LearningParameters {
                alternating: AlternatingParameters {
                    dimensions: 8,
                    ..AlternatingParameters::default()
                },
                seed: 1,
            },
            shares: BudgetShares::from_weights(0.6, 0.2, 0.1, 0.1).unwrap(),
            seed: 1,
        };
        simulate(&data, &instance_of, &parameters, |_, _| ()).unwrap()
    }

    #[test]
    fn every_user_is_counted_once_and_bytes_only_where_something_is_sent() {
        let exact = run(Aggregation::None, 1.0);
        assert_eq!(exact.bytes, 0);
        assert_eq!(
            exact.buckets.iter().map(|row| row.users).sum::<usize>(),
            exact.overall.users
        );
        assert_eq!(exact.buckets.iter().map(|row| row.instances).sum::<usize>(), 4);
        let local = run(Aggregation::Local, 1.0);
        let secure = run(Aggregation::Secure, 1.0);
        assert!(
            secure.bytes > 0 && local.bytes > 3 * secure.bytes,
            "{} {}",
            local.bytes,
            secure.bytes
        );
    }

    #[test]
    fn more_privacy_costs_quality_and_tastes_are_found_without_it() {
        let exact = run(Aggregation::None, 1.0).overall;
        assert!(exact.federated.ndcg_20 > exact.popularity.ndcg_20 + 0.1, "{exact:?}");
        let little_noise = run(Aggregation::Secure, 1_000.0).overall.federated.ndcg_20;
        let much_noise = run(Aggregation::Secure, 0.05).overall.federated.ndcg_20;
        assert!(
            (little_noise - exact.federated.ndcg_20).abs() < 0.1,
            "{little_noise} {exact:?}"
        );
        assert!(much_noise <= little_noise + 0.02, "{much_noise} {little_noise}");
    }
}
