//! Every setting of a sidecar, one struct per table of the TOML file. Loading and checking live in [`load`].
//!
//! `docs/shoal.example.toml` documents each key with its default; a test keeps the two in step.

#[cfg(test)]
mod example;
pub mod hosts;
mod keywords;
mod listening;
pub mod load;
mod web_address;

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

pub use load::ConfigError;

/// All settings of one sidecar.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance beside which this sidecar runs.
    pub peertube: PeerTubeConfig,
    /// Shoal's own tables.
    pub database: DatabaseConfig,
    /// The private listener: REST, health, metrics.
    pub api: ApiConfig,
    /// The public listener: ActivityPub.
    pub federation: FederationConfig,
    /// How watching and rating become preference values.
    #[serde(default)]
    pub preferences: PreferencesConfig,
    /// The learning cycle.
    #[serde(default)]
    pub training: TrainingConfig,
    /// What may leave the instance.
    #[serde(default)]
    pub privacy: PrivacyConfig,
    /// What is shown.
    #[serde(default)]
    pub recommend: RecommendConfig,
    /// Logs.
    #[serde(default)]
    pub logging: LoggingConfig,
    /// What was set in vain, as sentences: settings of earlier versions that have no meaning any more.
    #[serde(skip)]
    pub retired: Vec<String>,
}

/// `[peertube]`: the instance beside which this sidecar runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerTubeConfig {
    /// Public address of the instance, such as `https://video.example`.
    #[serde(deserialize_with = "web_address::web_address")]
    pub url: Url,
    /// Connection string of the read-only role of `docs/sql/peertube-read-role.sql`.
    pub database_url: SecretString,
    /// Connections at most.
    #[serde(default = "default_connections")]
    pub max_connections: u32,
    /// Address at which PeerTube is asked who a token belongs to; empty: `url`.
    #[serde(default)]
    pub api_url: String,
}

/// `[database]`: Shoal's own tables, in the schema `shoal` of this database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Connection string of a role that may create the schema `shoal`.
    pub url: SecretString,
    /// Connections at most.
    #[serde(default = "default_connections")]
    pub max_connections: u32,
}

/// `[api]`: the private listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// Address and port to listen on.
    #[serde(default = "default_api_listen", deserialize_with = "listening::listen")]
    pub listen: SocketAddr,
    /// Token that PeerTube's side presents as `Authorization: Bearer`; at least 16 characters.
    pub service_token: SecretString,
    /// Secret with which the plugin signs for whom it asks; empty: such requests are refused. At least 16 characters.
    #[serde(default)]
    pub plugin_secret: SecretString,
}

/// `[federation]`: the public listener and the rules for peers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FederationConfig {
    /// Address and port to listen on.
    #[serde(default = "default_federation_listen", deserialize_with = "listening::listen")]
    pub listen: SocketAddr,
    /// Public address of this sidecar; its actor is `<public_url>/actor`.
    #[serde(deserialize_with = "web_address::web_address")]
    pub public_url: Url,
    /// What happens to a follow request.
    #[serde(default, deserialize_with = "keywords::keyword")]
    pub accept_follows: AcceptFollows,
    /// When not empty, only these hosts may be peers. In the form of [`hosts::canonical_host`] once loaded.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// These hosts may never be peers. In the form of [`hosts::canonical_host`] once loaded.
    #[serde(default)]
    pub blocked_hosts: Vec<String>,
    /// Largest payload fetched from a peer, in bytes.
    #[serde(default = "default_maximum_payload_bytes")]
    pub maximum_payload_bytes: u64,
    /// Permits http, explicit ports and private addresses. For tests and the demo only.
    #[serde(default)]
    pub insecure_development: bool,
}

/// What happens to a follow request of an allowed host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AcceptFollows {
    /// It waits for `shoal peers accept`.
    #[default]
    Manual,
    /// It is accepted at once.
    Automatic,
}

/// `[preferences]`: how watching and rating become one value in \[-1, 1\].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreferencesConfig {
    /// Days after which a value counts half; 0 switches decay off.
    pub half_life_days: f64,
    /// Watched share below which a watch counts as hardly a preference.
    pub minimum_share: f32,
    /// Value of a watch whose share is unknown: lives, and videos without duration.
    pub unknown_share_value: f32,
    /// Value of a like.
    pub like_value: f32,
    /// Value of a dislike, negative.
    pub dislike_value: f32,
}

impl Default for PreferencesConfig {
    fn default() -> Self {
        Self {
            half_life_days: 365.0,
            minimum_share: 0.1,
            unknown_share_value: 0.5,
            like_value: 1.0,
            dislike_value: -1.0,
        }
    }
}

impl Config {
    /// All values that must stay secret.
    pub fn secrets(&self) -> [&SecretString; 4] {
        [
            &self.peertube.database_url,
            &self.database.url,
            &self.api.service_token,
            &self.api.plugin_secret,
        ]
    }
}

impl PeerTubeConfig {
    /// Where PeerTube's REST interface is.
    pub fn api_address(&self) -> &str {
        if self.api_url.is_empty() {
            self.url.as_str()
        } else {
            &self.api_url
        }
    }
}

impl PreferencesConfig {
    /// The rules as the model takes them.
    pub fn rules(&self) -> crate::model::preference::PreferenceRules {
        crate::model::preference::PreferenceRules {
            half_life_days: self.half_life_days,
            minimum_share: self.minimum_share,
            unknown_share_value: self.unknown_share_value,
            like_value: self.like_value,
            dislike_value: self.dislike_value,
        }
    }
}

/// `[training]`: the learning cycle.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Hours between two cycles; 0 trains only at start.
    pub interval_hours: f64,
    /// Dimensions of the own-only factors.
    pub factors: usize,
    /// Sweeps of alternating least squares.
    pub sweeps: usize,
    /// Seed of every pseudo-random choice in training (never of privacy noise).
    pub seed: u64,
    /// Videos of other instances that the model knows at most, besides those that were watched here.
    pub maximum_videos: usize,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            interval_hours: 24.0,
            factors: 64,
            sweeps: 12,
            seed: 1,
            maximum_videos: 200_000,
        }
    }
}

/// `[privacy]`: what may leave the instance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyConfig {
    /// Whether this instance releases evidence at all. It receives in any case.
    pub contribute: bool,
    /// What happens with users who make no choice.
    #[serde(deserialize_with = "keywords::keyword")]
    pub contribution: ContributionDefault,
    /// Largest epsilon per account and year.
    pub epsilon_per_year: f64,
    /// Delta per account and year.
    pub delta: f64,
    /// Releases among which the year's budget is divided.
    pub releases_per_year: u32,
    /// Fewest contributing accounts for a release.
    pub minimum_contributors: usize,
    /// Dimensions of the public basis.
    pub dimensions: usize,
    /// Public videos at most in a release.
    pub head_videos: usize,
    /// Public channels at most in a release.
    pub head_channels: usize,
    /// File that counts releases, so that a restored older database is noticed. Not inside that database's back-up.
    pub counter_file: PathBuf,
}

impl Default for PrivacyConfig {
    fn default() -> Self {
        Self {
            contribute: true,
            contribution: ContributionDefault::OptIn,
            epsilon_per_year: 4.0,
            delta: 1e-6,
            releases_per_year: 12,
            minimum_contributors: 5,
            dimensions: 32,
            head_videos: 2_000,
            head_channels: 1_000,
            counter_file: PathBuf::from("/var/lib/shoal/release-counter.json"),
        }
    }
}

/// What happens with users who make no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContributionDefault {
    /// Their history stays on this instance.
    #[default]
    OptIn,
    /// Their history is in the noised evidence.
    OptOut,
}

/// `[recommend]`: what is shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecommendConfig {
    /// Whether sensitive videos are hidden from callers without an account setting.
    pub hide_nsfw_by_default: bool,
    /// Most recent watches that are folded in for one user.
    pub history_limit: u32,
    /// Share of the places of lists `for-you` that is given by chance to videos that few have seen, from 0 to 0.5.
    pub fair_chance: f32,
}

impl Default for RecommendConfig {
    fn default() -> Self {
        Self {
            hide_nsfw_by_default: true,
            history_limit: 500,
            fair_chance: 0.1,
        }
    }
}

/// `[logging]`: logs on standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoggingConfig {
    /// Shape of a line.
    #[serde(deserialize_with = "keywords::keyword")]
    pub format: LogFormat,
    /// Filter, such as `info` or `shoal=debug,warn`.
    pub filter: String,
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            filter: "info".to_owned(),
        }
    }
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a terminal.
    Human,
    /// One JSON object per line.
    Json,
}

fn default_connections() -> u32 {
    8
}

fn default_api_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9180))
}

fn default_federation_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9181))
}

fn default_maximum_payload_bytes() -> u64 {
    16 * 1024 * 1024
}
