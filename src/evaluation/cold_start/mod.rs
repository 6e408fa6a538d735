//! Who and what is new: users, videos and instances with 0, 1, 3 and 5 watches, or users.
//!
//! - `users`: held-out users of whom only the first watches are given
//! - `videos`: held-out videos with all but the first watches removed
//! - `instances`: instances with few users of their own, beside others that release evidence
//!
//! Whole users are held out as in [`super::split`]. What a user did first is decided by timestamps. The second stage of
//! ranking, which needs more than public data sets have, is not in these figures.

mod instances;
mod users;
mod videos;

use std::collections::HashMap;

use super::EvaluationError;
use super::dataset::Dataset;
use super::simulation::support_of;
use super::split::{HeldOutUser, Split};
use crate::model::catalogue::Catalogue;
use crate::model::contribution::EvidenceBasis;
use crate::model::interactions::Interactions;
use crate::model::item::Item;
use crate::model::learning::{Learned, LearningParameters, learn};
use crate::privacy::{BudgetShares, Delta, Epsilon};

pub use instances::InstanceRow;
pub use users::UserRow;
pub use videos::{VideoQuality, VideoRow};

/// How much is known of what is new.
pub const KNOWN: [usize; 4] = [0, 1, 3, 5];
/// The largest of [`KNOWN`]: what comes after so many is the same for every row.
const MOST_KNOWN: usize = 5;

/// What to measure on.
#[derive(Debug, Clone)]
pub struct ColdStartParameters {
    /// Held-out users.
    pub test_users: usize,
    /// Seed of every choice and of the noise.
    pub seed: u64,
    /// Learning at every instance.
    pub learning: LearningParameters,
    /// Dimensions of the basis.
    pub dimensions: usize,
    /// Epsilon of what every instance releases, with the full noise at each of them.
    pub epsilon: Epsilon,
    /// Delta of it.
    pub delta: Delta,
    /// Division of that budget.
    pub shares: BudgetShares,
}

/// What was found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ColdStartReport {
    /// New users, one row for each of [`KNOWN`].
    pub users: Vec<UserRow>,
    /// New videos.
    pub videos: Vec<VideoRow>,
    /// New instances.
    pub instances: Vec<InstanceRow>,
}

/// Which part is being measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// New users.
    Users,
    /// New videos, of which so many watches are known.
    Videos(usize),
    /// New instances with so many users.
    Instances(usize),
}

/// Measures all three.
///
/// # Errors
/// When the data are too few, or the privacy mechanism refuses.
pub fn measure(
    dataset: &Dataset,
    parameters: &ColdStartParameters,
    mut progress: impl FnMut(Part),
) -> Result<ColdStartReport, EvaluationError> {
    let split = Split::strong(dataset, 0, parameters.test_users, parameters.seed)?;
    let times = times(dataset, &split);
    progress(Part::Users);
    let users = users::measure(dataset, &split, &times, parameters)?;
    let videos = videos::measure(dataset, &split, &times, parameters, |known| {
        progress(Part::Videos(known));
    })?;
    let instances = instances::measure(dataset, &split, parameters, |known| progress(Part::Instances(known)))?;
    Ok(ColdStartReport {
        users,
        videos,
        instances,
    })
}

/// When each user first clicked each item, by the numbers of the data set and of the split.
type Times = HashMap<(u32, u32), i64>;

fn times(dataset: &Dataset, split: &Split) -> Times {
    let place: HashMap<u32, u32> = split.items.iter().copied().zip(0..).collect();
    let known = |&(user, item, _, time): &(u32, u32, f32, i64)| Some(((user, *place.get(&item)?), time));
    dataset.rows.iter().filter_map(known).collect()
}

/// All items that a held-out user clicked, in the order of time.
fn in_order(user: &HeldOutUser, times: &Times) -> Vec<u32> {
    let mut items: Vec<u32> = user.fold_in.iter().chain(&user.targets).copied().collect();
    items.sort_unstable_by_key(|item| (times.get(&(user.user, *item)).copied(), *item));
    items
}

/// The model of one instance that knows nothing but `history`. The public counter of a video is the number of its
/// training clicks.
fn learned(dataset: &Dataset, split: &Split, history: &Interactions, parameters: &ColdStartParameters) -> Learned {
    let counts = history.positive_counts();
    let item = |(item, count): (&u32, u32)| Item {
        views: u64::from(count),
        ..dataset.items[*item as usize].clone()
    };
    let items: Vec<Item> = split.items.iter().zip(counts).map(item).collect();
    let support = support_of(&items);
    let catalogue = Catalogue::new(items, EvidenceBasis::new(parameters.dimensions));
    learn(
        &catalogue,
        history,
        &support,
        &mut Vec::new(),
        &parameters.learning,
        |_| (),
    )
}
