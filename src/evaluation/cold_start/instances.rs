//! Instances that have just come, with 0, 1, 3 or 5 users of their own, beside instances that release evidence.

use std::num::NonZeroUsize;

use super::{ColdStartParameters, KNOWN};
use crate::evaluation::EvaluationError;
use crate::evaluation::dataset::Dataset;
use crate::evaluation::simulation::{Aggregation, Protocol, SimulationParameters, simulate};
use crate::evaluation::split::Split;

/// Instances that release.
const PEERS: u32 = 20;
/// New instances, over which the held-out users are spread.
const NEW: u32 = 10;

/// NDCG@100 of held-out users of new instances: a fifth of their clicks is to be found from the others.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct InstanceRow {
    /// Users from whom each new instance learns, besides the held-out ones.
    pub own_users: usize,
    /// Instances that release evidence.
    pub peers: u32,
    /// Held-out users.
    pub users: usize,
    /// Public counters.
    pub popularity: f64,
    /// Content, channel and popularity, without any learning.
    pub content: f64,
    /// Own factors; popularity where there are none.
    pub own: f64,
    /// Factors from the evidence of all peers, the other new instances included.
    pub federated: f64,
    /// What is served.
    pub served: f64,
    /// All users in one place, without noise.
    pub pooled: f64,
}

/// One row for each of [`KNOWN`].
///
/// # Errors
/// When the data are too few, or the privacy mechanism refuses.
pub(super) fn measure(
    dataset: &Dataset,
    split: &Split,
    parameters: &ColdStartParameters,
    mut progress: impl FnMut(usize),
) -> Result<Vec<InstanceRow>, EvaluationError> {
    let simulation = SimulationParameters {
        protocol: Protocol::Strong {
            validation_users: 0,
            test_users: parameters.test_users,
            on_validation: false,
        },
        aggregation: Aggregation::Local,
        epsilon: parameters.epsilon,
        delta: parameters.delta,
        dimensions: parameters.dimensions,
        sweeps: vec![1.0],
        releases: NonZeroUsize::MIN,
        learning: parameters.learning,
        shares: parameters.shares,
        seed: parameters.seed,
    };
    let mut rows = Vec::new();
    for own_users in KNOWN {
        progress(own_users);
        let instance_of = homes(dataset.users.len(), split, own_users);
        let row = simulate(dataset, &instance_of, &simulation, |_| ())?.overall;
        rows.push(InstanceRow {
            own_users,
            peers: PEERS,
            users: row.users,
            popularity: row.popularity.ndcg(),
            content: row.content.ndcg(),
            own: row.own.ndcg(),
            federated: row.federated.ndcg(),
            served: row.combined.ndcg(),
            pooled: row.pooled.ndcg(),
        });
    }
    Ok(rows)
}

/// The instance of every user: new ones have the numbers from [`PEERS`] on. The split is made again by the simulation, with
/// the same seed.
fn homes(users: usize, split: &Split, own_users: usize) -> Vec<u32> {
    let mut homes: Vec<u32> = (0..PEERS).cycle().take(users).collect();
    for (user, new) in split.test.iter().zip((0..NEW).cycle()) {
        homes[user.user as usize] = PEERS + new;
    }
    // Training users are in no order that means anything.
    let own = split.training_users.iter().zip((0..NEW).cycle());
    for (user, new) in own.take(own_users * NEW as usize) {
        homes[*user as usize] = PEERS + new;
    }
    homes
}
