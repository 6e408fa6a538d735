//! The public counters of each video, over all instances and anonymous visitors.

use rand::RngExt;

use super::catalogue::Catalogue;
use super::chance::{Part, factor, numbers};
use super::parameters::WorldParameters;
use super::watching::{Fate, Watch};

/// Anonymous views for each view of a registered user.
const ANONYMOUS_VIEWS: f64 = 6.0;

/// The counters of one video.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter {
    pub(super) views: i32,
    pub(super) likes: i32,
    pub(super) dislikes: i32,
}

/// Counts what happened before the held-out part, and adds visitors in proportion to popularity.
pub(super) fn counters(
    parameters: &WorldParameters,
    catalogue: &Catalogue,
    watches: &[Vec<Vec<Watch>>],
) -> Vec<Counter> {
    let mut rng = numbers(parameters.seed, Part::Visitors);
    let mut counters = vec![Counter::default(); catalogue.videos.len()];
    let mut total = 0.0;
    for watch in watches
        .iter()
        .flatten()
        .flatten()
        .filter(|watch| watch.fate == Fate::Written)
    {
        let counter = &mut counters[watch.video];
        counter.views += 1;
        match watch.rating {
            Some(true) => counter.likes += 1,
            Some(false) => counter.dislikes += 1,
            None => {}
        }
        total += 1.0;
    }
    let all: f64 = catalogue
        .videos
        .iter()
        .filter(|video| video.federated())
        .map(|video| video.popularity)
        .sum();
    for (counter, video) in counters.iter_mut().zip(&catalogue.videos) {
        let visitors = ANONYMOUS_VIEWS * total * video.popularity / all * factor(&mut rng, 0.7);
        let likes = visitors * rng.random_range(0.01..0.04);
        if video.federated() {
            counter.views += visitors.round() as i32;
            counter.likes += likes.round() as i32;
            counter.dislikes += (0.1 * likes).round() as i32;
        }
    }
    counters
}
