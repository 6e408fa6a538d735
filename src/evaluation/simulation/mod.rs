//! A federation in one process, through the same code as a sidecar's, without HTTP.

pub mod chart;
mod released;
mod report;
mod task;

use std::num::NonZeroUsize;

use rayon::prelude::*;

use super::baseline::content_weights;
use super::exposure::{Exposure, first_places};
use super::{EvaluationError, dataset::Dataset};
use crate::model::blend::Weights;
use crate::model::catalogue::Catalogue;
use crate::model::components::Component;
use crate::model::contribution::EvidenceBasis;
use crate::model::factor_model::FactorModel;
use crate::model::fold_in::scores;
use crate::model::interactions::Interactions;
use crate::model::item::Item;
use crate::model::learning::{self, Learned, LearningParameters};
use crate::model::metrics::{ndcg_at, ranks, recall_at};
use crate::model::support::Support;
use crate::privacy::{BudgetShares, Delta, Epsilon};
use released::Released;
pub use report::{ExposureGini, Quality, Report, Row};
pub use task::Protocol;
use task::{Evaluated, Task};

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
    /// What is held out.
    pub protocol: Protocol,
    /// Protection.
    pub aggregation: Aggregation,
    /// Epsilon of all sweeps together.
    pub epsilon: Epsilon,
    /// Delta of all sweeps together.
    pub delta: Delta,
    /// Dimensions of the basis.
    pub dimensions: usize,
    /// Relative budgets of the sweeps; each but the first is expressed in a basis that follows from the sum before it.
    /// Local noise gives no common sum, so there only one sweep is made, with the whole budget.
    pub sweeps: Vec<f64>,
    /// Releases per sweep among which every user's items are divided, as over a year; they share the budget, and receivers
    /// accumulate them.
    pub releases: NonZeroUsize,
    /// Learning at every instance.
    pub learning: LearningParameters,
    /// Division of the budget of a sweep.
    pub shares: BudgetShares,
    /// Seed of the split and of the noise.
    pub seed: u64,
}

/// How far a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The users of all instances are learned from in one place, to compare with.
    Pooled,
    /// The instances release their evidence.
    Releases,
    /// The instances learn: so many have, of all.
    Instances(usize, usize),
}

/// Runs the federation of `instance_of` (one number per user).
///
/// # Errors
/// When the data is too small for the protocol, or the privacy mechanism refuses.
pub fn simulate(
    dataset: &Dataset,
    instance_of: &[u32],
    parameters: &SimulationParameters,
    progress: impl Fn(Progress) + Sync,
) -> Result<Report, EvaluationError> {
    progress(Progress::Pooled);
    let mut task = Task::new(dataset, instance_of, parameters.protocol, parameters.seed)?;
    let pooled = learning::own_factors(&task.pooled(), &parameters.learning);
    progress(Progress::Releases);
    let items = std::mem::take(&mut task.items);
    let support = support_of(&items);
    let parameters = SimulationParameters {
        shares: released::shares_for(parameters.shares, &support)?,
        ..parameters.clone()
    };
    let catalogue = Catalogue::new(items, EvidenceBasis::new(parameters.dimensions));
    let histories: Vec<&Interactions> = task.instances.iter().map(|instance| &instance.history).collect();
    let released = Released::new(&catalogue, &support, &histories, &parameters)?;
    let learn = |instance: Option<usize>, history: &Interactions| {
        let mut sources = released.sources_for(instance, &support);
        learning::learn(
            &released.catalogue,
            history,
            &support,
            &mut sources,
            &parameters.learning,
            |_| (),
        )
    };
    progress(Progress::Instances(0, task.instances.len()));
    let federated = learn(None, &Interactions::new(catalogue.items().len()));
    let mut exposures = vec![Exposure::new(catalogue.items().len()); METHODS];
    let evaluated: Vec<Vec<[Quality; METHODS]>> = task
        .instances
        .iter()
        .enumerate()
        .map(|(number, instance)| {
            let qualities = if instance.evaluated.is_empty() {
                Vec::new()
            } else {
                let models = Models {
                    learned: learn(Some(number), &instance.history),
                    own: (!instance.history.is_empty())
                        .then(|| learning::own_factors(&instance.history, &parameters.learning)),
                    federated: &federated,
                    pooled: &pooled,
                };
                let measured: Vec<[(Quality, Vec<u32>); METHODS]> = instance
                    .evaluated
                    .par_iter()
                    .map(|user| models.measure(user, parameters.protocol))
                    .collect();
                for methods in &measured {
                    for (exposure, (_, list)) in exposures.iter_mut().zip(methods) {
                        exposure.show(list);
                    }
                }
                let quality_of = |(quality, _): (Quality, Vec<u32>)| quality;
                measured.into_iter().map(|methods| methods.map(quality_of)).collect()
            };
            progress(Progress::Instances(number + 1, task.instances.len()));
            qualities
        })
        .collect();
    let sizes: Vec<usize> = task.instances.iter().map(|instance| instance.users).collect();
    Ok(report::report(&evaluated, &exposures, &sizes, released.bytes))
}

/// All items, and all channels that have a name.
pub(super) fn support_of(items: &[Item]) -> Support {
    let channels = items.iter().map(|item| &item.channel);
    Support::new(
        items.iter().map(|item| item.address.clone()).collect(),
        channels.filter(|channel| !channel.is_empty()).cloned().collect(),
    )
}

const METHODS: usize = report::METHODS;

/// The models that serve, or would serve, the users of one instance.
struct Models<'a> {
    learned: Learned,
    /// Learned from the watches of the instance and nothing else; `None` where there are none.
    own: Option<FactorModel>,
    federated: &'a Learned,
    pooled: &'a FactorModel,
}

impl Models<'_> {
    /// The quality of every method for one user and the list it would show, in the order of [`Row`].
    fn measure(&self, user: &Evaluated, protocol: Protocol) -> [(Quality, Vec<u32>); METHODS] {
        let recommender = &self.learned.recommender;
        let components = recommender.components();
        let (watched, values): (Vec<u32>, Vec<f32>) = user.fold_in.iter().copied().unzip();
        let quality = |scores: &[f32]| {
            let ranks = ranks(scores, &user.targets, &watched);
            let quality = Quality::new(protocol, |k| ndcg_at(&ranks, k), |k| recall_at(&ranks, k));
            (quality, first_places(scores, &watched))
        };
        let of = |weights: Weights| quality(&recommender.scores_under(weights, &user.fold_in));
        let popularity = quality(&components.popularity);
        let federated = &self.federated.recommender;
        let by_factors = |model: &FactorModel| {
            let folded = model.fold_in.explained(&model.items, &watched, &values);
            quality(&scores(&model.items, &folded.factor))
        };
        [
            popularity.clone(),
            of(content_weights()),
            self.own.as_ref().map_or(popularity, by_factors),
            quality(&federated.scores_under(Weights::only(Component::Federated), &user.fold_in)),
            quality(&recommender.scores(&recommender.profile(&user.fold_in))),
            by_factors(self.pooled),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alternating::AlternatingParameters;

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
        run_with(aggregation, epsilon, 1)
    }

    fn run_with(aggregation: Aggregation, epsilon: f64, releases: usize) -> Report {
        let data = dataset();
        let instance_of: Vec<u32> = (0..80).map(|user| user / 20).collect();
        let parameters = SimulationParameters {
            protocol: Protocol::HeldOutItems,
            sweeps: vec![1.0, 2.0],
            releases: NonZeroUsize::new(releases).unwrap(),
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
        simulate(&data, &instance_of, &parameters, |_| ()).unwrap()
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
            // Four instances with one sweep each, against one sum in each of two sweeps.
            secure.bytes > 0 && 2 * local.bytes > 3 * secure.bytes,
            "{} {}",
            local.bytes,
            secure.bytes
        );
    }

    #[test]
    fn several_releases_carry_what_one_does() {
        for aggregation in [Aggregation::Local, Aggregation::Secure] {
            let one = run(aggregation, 1_000.0);
            let three = run_with(aggregation, 1_000.0, 3);
            let [once, often] = [&one, &three].map(|report| report.overall.federated.ndcg());
            assert!((often - once).abs() < 0.1, "{often} {once}");
            assert!(often > three.overall.popularity.ndcg() + 0.1, "{often}");
            assert!(three.bytes > 2 * one.bytes, "{} {}", three.bytes, one.bytes);
        }
    }

    #[test]
    fn charts_have_a_line_for_every_method_and_a_place_for_every_bucket_and_epsilon() {
        let report = run(Aggregation::Secure, 4.0);
        let by_size = chart::by_size(&report, 4.0);
        for name in [
            "combined",
            "federated",
            "own instance alone",
            "content",
            "popularity",
            "all in one place",
        ] {
            assert!(by_size.contains(name), "{name}");
        }
        assert!(by_size.contains(">11-30</text>") && by_size.contains("NDCG@20") && !by_size.contains("31-100"));
        let by_epsilon = chart::by_epsilon(&[(1.0, &report), (8.0, &report)]);
        assert!(by_epsilon.contains("epsilon") && by_epsilon.ends_with("</svg>\n"));
    }

    #[test]
    fn what_is_served_shows_the_catalogue_no_less_evenly_than_popularity() {
        for aggregation in [Aggregation::None, Aggregation::Secure] {
            let gini = run(aggregation, 4.0).exposure_gini;
            let [popularity, combined] = [gini.popularity.unwrap(), gini.combined.unwrap()];
            assert!(combined <= popularity, "{combined} {popularity}");
            // Two tastes of 30 items each: whoever tells them apart shows all items, popularity only the 20 of most.
            assert!(popularity < 1.0 && gini.pooled.unwrap() < popularity, "{gini:?}");
        }
    }

    #[test]
    fn more_privacy_costs_quality_and_tastes_are_found_without_it() {
        let exact = run(Aggregation::None, 1.0).overall;
        assert!(exact.federated.ndcg() > exact.popularity.ndcg() + 0.1, "{exact:?}");
        let little_noise = run(Aggregation::Secure, 1_000.0).overall.federated.ndcg();
        let much_noise = run(Aggregation::Secure, 0.05).overall.federated.ndcg();
        assert!(
            (little_noise - exact.federated.ndcg()).abs() < 0.1,
            "{little_noise} {exact:?}"
        );
        assert!(much_noise <= little_noise + 0.02, "{much_noise} {little_noise}");
    }
}
