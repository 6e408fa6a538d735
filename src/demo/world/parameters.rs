//! What a generated world depends on.

use chrono::{DateTime, Utc};

/// Videos that a world has apart from its instances.
const VIDEOS: usize = 1_200;
/// Videos that each instance adds.
const VIDEOS_PER_INSTANCE: usize = 50;
/// Videos for each channel, on average.
const VIDEOS_PER_CHANNEL: usize = 9;

/// Everything that decides what a world looks like; the same parameters always give the same world.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldParameters {
    /// Decides every random choice.
    pub seed: u64,
    /// Registered users of each instance.
    pub users: Vec<usize>,
    /// Host name of each instance; [`WorldParameters::host`] tells what a missing one becomes.
    pub hosts: Vec<String>,
    /// Videos of the whole world.
    pub videos: usize,
    /// Channels of the whole world, at least one for each instance.
    pub channels: usize,
    /// Videos that a user watches on average.
    pub mean_watches: f64,
    /// Share of each user's watches, the latest ones, that is not written to the database; in [0, 1).
    pub held_out_share: f64,
    /// The present: nothing happens later.
    pub now: DateTime<Utc>,
}

impl WorldParameters {
    /// A world with one instance for each entry of `users`, and everything else as usual.
    pub fn new(seed: u64, users: Vec<usize>, now: DateTime<Utc>) -> Self {
        let videos = VIDEOS + VIDEOS_PER_INSTANCE * users.len();
        Self {
            seed,
            users,
            hosts: Vec::new(),
            videos,
            channels: videos / VIDEOS_PER_CHANNEL,
            mean_watches: 36.0,
            held_out_share: 0.2,
            now,
        }
    }

    /// A world of `instances` instances, whose sizes are taken from `sizes` again and again.
    pub fn with_cycled_sizes(seed: u64, instances: usize, sizes: &[usize], now: DateTime<Utc>) -> Self {
        Self::new(seed, sizes.iter().copied().cycle().take(instances).collect(), now)
    }

    /// Host name of an instance: the given one, else `tube1.test` for the first, and so on.
    pub fn host(&self, instance: usize) -> String {
        self.hosts
            .get(instance)
            .cloned()
            .unwrap_or_else(|| format!("tube{}.test", instance + 1))
    }
}
