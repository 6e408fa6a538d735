//! What can be chosen.

/// Instances at most.
pub const MOST_INSTANCES: usize = 20;
/// Sizes of the instances when none are given.
pub const SIZES: [usize; 3] = [12, 150, 1_500];
/// The year's budget that the demonstration spends in one release.
pub const EPSILON: f64 = 4.0;

/// Choices for one demonstration.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoOptions {
    /// Number of instances, 1 to [`MOST_INSTANCES`].
    pub instances: usize,
    /// Users per instance; taken again and again when there are more instances.
    pub sizes: Vec<usize>,
    /// Decides the world, every split, and the noise.
    pub seed: u64,
    /// A server to use instead of a private one.
    pub database_url: Option<String>,
    /// Root of a PeerTube that is asked whose access token it is; without one, access tokens cannot be checked.
    pub token_url: Option<String>,
    /// Secret of the plugin; signed requests are refused without one.
    pub plugin_secret: Option<String>,
}
