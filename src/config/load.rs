//! Reads the configuration from a TOML file and `SHOAL_<TABLE>__<KEY>` variables, and checks it once.
//! Values never appear in errors: they may be secrets.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::Config;
use super::hosts::canonical_host;

/// Most `training.maximum_videos`.
const MOST_VIDEOS: usize = 10_000_000;
/// Longest `training.interval_hours`: a year.
const LONGEST_INTERVAL_HOURS: f64 = 8_766.0;
/// What `preferences.half_life_days` may be where it is not 0.
const HALF_LIFE_DAYS: std::ops::RangeInclusive<f64> = 0.01..=1_000_000.0;
/// Most `privacy.releases_per_year`: one each hour.
const MOST_RELEASES_PER_YEAR: u32 = 8_766;
/// Most connections to a database.
const MOST_CONNECTIONS: u32 = 1_000;
/// Largest `federation.maximum_payload_bytes`: a gigabyte.
const LARGEST_PAYLOAD_BYTES: u64 = 1 << 30;

/// Variables whose values are secrets, and their keys.
const SECRETS: [(&str, &str); 4] = [
    ("SHOAL_PEERTUBE__DATABASE_URL", "peertube.database_url"),
    ("SHOAL_DATABASE__URL", "database.url"),
    ("SHOAL_API__SERVICE_TOKEN", "api.service_token"),
    ("SHOAL_API__PLUGIN_SECRET", "api.plugin_secret"),
];

/// Tables of earlier versions, and what became of them. They are accepted, so that a file that was usable stays usable.
const RETIRED: [(&str, &str); 1] = [("visitors", "topics of visitors are no longer counted")];

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file does not exist or cannot be read.
    #[error("cannot read the configuration file {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A key is unknown, missing or of the wrong type.
    #[error("the configuration is not valid: {0}")]
    Shape(String),
    /// The value of a variable is no text.
    #[error("the configuration is not valid: the variable {name} is not UTF-8")]
    Encoding {
        /// The variable.
        name: String,
    },
    /// A value is of the right type but cannot be used.
    #[error("the configuration is not valid: `{key}` {problem}")]
    Value {
        /// Dotted name of the key.
        key: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// The variables of a process as texts. Variables that are no settings may be anything and are left out.
///
/// # Errors
/// [`ConfigError::Encoding`] names a setting whose value is not UTF-8.
pub fn variables(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let texts = environment.into_iter().filter_map(|(name, value)| {
        // A name that is not UTF-8 is the name of no setting.
        let name = name.into_string().ok().filter(|name| is_setting(name))?;
        Some(match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(ConfigError::Encoding { name }),
        })
    });
    texts.collect()
}

/// Variables without a table, such as `SHOAL_CONFIG` and `SHOAL_PG_BIN`, are not settings.
fn is_setting(name: &str) -> bool {
    name.starts_with("SHOAL_") && name.contains("__")
}

impl Config {
    /// Loads `file` (when given) and lays the `SHOAL_<TABLE>__<KEY>` variables of `environment` over it.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the key and what to do.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|reason| ConfigError::File {
                path: path.to_owned(),
                reason,
            })?;
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        let (secrets, settings): (HashMap<String, String>, HashMap<String, String>) = environment
            .into_iter()
            .filter(|(name, _)| is_setting(name))
            .partition(|(name, _)| SECRETS.iter().any(|(variable, _)| variable == name));
        let variables = config::Environment::with_prefix("SHOAL")
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("federation.allowed_hosts")
            .with_list_parse_key("federation.blocked_hosts")
            .source(Some(settings));
        builder = builder.add_source(variables);
        // A secret that looks like a number is still a text: parsed, it would lose zeros or become an infinity.
        for (variable, key) in SECRETS {
            builder = builder
                .set_override_option(key, secrets.get(variable).cloned())
                .map_err(|error| ConfigError::Shape(describe(&error)))?;
        }
        let mut raw = builder.build().map_err(|error| ConfigError::Shape(describe(&error)))?;
        let retired = without_retired(&mut raw);
        let mut loaded: Self = raw
            .try_deserialize()
            .map_err(|error| ConfigError::Shape(describe(&error)))?;
        loaded.retired = retired;
        let federation = &mut loaded.federation;
        let with_ports = federation.insecure_development;
        for (key, hosts) in [
            ("federation.allowed_hosts", &mut federation.allowed_hosts),
            ("federation.blocked_hosts", &mut federation.blocked_hosts),
        ] {
            *hosts = canonical_hosts(key, hosts, with_ports)?;
        }
        loaded.check()?;
        Ok(loaded)
    }

    /// Checks what types cannot express.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first value that cannot be used.
    pub fn check(&self) -> Result<(), ConfigError> {
        let privacy = &self.privacy;
        ensure(
            privacy.epsilon_per_year > 0.0 && privacy.epsilon_per_year.is_finite(),
            "privacy.epsilon_per_year",
            || "must be a number above 0".to_owned(),
        )?;
        ensure(privacy.delta > 0.0 && privacy.delta < 1.0, "privacy.delta", || {
            "must lie between 0 and 1".to_owned()
        })?;
        ensure(
            (1..=MOST_RELEASES_PER_YEAR).contains(&privacy.releases_per_year),
            "privacy.releases_per_year",
            || format!("must be from 1 to {MOST_RELEASES_PER_YEAR}"),
        )?;
        ensure(
            u32::try_from(privacy.minimum_contributors).is_ok(),
            "privacy.minimum_contributors",
            || format!("must be at most {}", u32::MAX),
        )?;
        ensure((2..=512).contains(&privacy.dimensions), "privacy.dimensions", || {
            "must be from 2 to 512".to_owned()
        })?;
        ensure(
            (1..=100_000).contains(&privacy.head_videos),
            "privacy.head_videos",
            || "must be from 1 to 100000".to_owned(),
        )?;
        ensure(privacy.head_channels <= 100_000, "privacy.head_channels", || {
            "must be at most 100000".to_owned()
        })?;
        for (key, connections) in [
            ("peertube.max_connections", self.peertube.max_connections),
            ("database.max_connections", self.database.max_connections),
        ] {
            // The pool has room for all of them from the beginning.
            ensure((1..=MOST_CONNECTIONS).contains(&connections), key, || {
                format!("must be from 1 to {MOST_CONNECTIONS}")
            })?;
        }
        ensure(
            (1..=LARGEST_PAYLOAD_BYTES).contains(&self.federation.maximum_payload_bytes),
            "federation.maximum_payload_bytes",
            || format!("must be from 1 to {LARGEST_PAYLOAD_BYTES}"),
        )?;
        let training = &self.training;
        ensure((2..=512).contains(&training.factors), "training.factors", || {
            "must be from 2 to 512".to_owned()
        })?;
        ensure((1..=100).contains(&training.sweeps), "training.sweeps", || {
            "must be from 1 to 100".to_owned()
        })?;
        ensure(
            (100..=MOST_VIDEOS).contains(&training.maximum_videos),
            "training.maximum_videos",
            || format!("must be from 100 to {MOST_VIDEOS}"),
        )?;
        ensure(
            (0.0..=LONGEST_INTERVAL_HOURS).contains(&training.interval_hours),
            "training.interval_hours",
            || format!("must be 0 or a number of hours, at most {LONGEST_INTERVAL_HOURS}"),
        )?;
        let preferences = &self.preferences;
        ensure(
            preferences.half_life_days == 0.0 || HALF_LIFE_DAYS.contains(&preferences.half_life_days),
            "preferences.half_life_days",
            || {
                let (shortest, longest) = HALF_LIFE_DAYS.into_inner();
                format!("must be 0 or a number of days from {shortest} to {longest}")
            },
        )?;
        for (key, value) in [
            ("preferences.minimum_share", preferences.minimum_share),
            ("preferences.unknown_share_value", preferences.unknown_share_value),
            ("preferences.like_value", preferences.like_value),
        ] {
            ensure((0.0..=1.0).contains(&value), key, || {
                "must lie between 0 and 1".to_owned()
            })?;
        }
        ensure(
            (-1.0..=0.0).contains(&preferences.dislike_value),
            "preferences.dislike_value",
            || "must lie between -1 and 0".to_owned(),
        )?;
        ensure(
            (0.0..=0.5).contains(&self.recommend.fair_chance),
            "recommend.fair_chance",
            || "must lie between 0 and 0.5".to_owned(),
        )?;
        ensure(
            self.api.service_token.expose_secret().len() >= 16,
            "api.service_token",
            || "must have at least 16 characters; `openssl rand -hex 32` makes a good one".to_owned(),
        )?;
        let secret = self.api.plugin_secret.expose_secret().len();
        ensure(secret == 0 || secret >= 16, "api.plugin_secret", || {
            "must be empty or have at least 16 characters; `openssl rand -hex 32` makes a good one".to_owned()
        })?;
        let api_url = self.peertube.api_address();
        ensure(
            url::Url::parse(api_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some()),
            "peertube.api_url",
            || "must be empty or an address that begins with http:// or https://".to_owned(),
        )?;
        let public_url = &self.federation.public_url;
        ensure(
            public_url.query().is_none() && public_url.fragment().is_none(),
            "federation.public_url",
            || "must have no query and no fragment".to_owned(),
        )?;
        ensure(
            public_url.username().is_empty() && public_url.password().is_none(),
            "federation.public_url",
            || "must have no user name and no password (peers refuse them)".to_owned(),
        )?;
        ensure(
            public_url.domain().is_none_or(|host| !host.ends_with('.')),
            "federation.public_url",
            || "must name a host without a final dot".to_owned(),
        )?;
        let insecure = self.federation.insecure_development;
        ensure(
            insecure || public_url.scheme() == "https",
            "federation.public_url",
            || "must begin with https:// (peers refuse anything else)".to_owned(),
        )?;
        ensure(insecure || public_url.port().is_none(), "federation.public_url", || {
            "must have no port (other servers refuse explicit ports)".to_owned()
        })?;
        ensure(public_url.domain().is_some(), "federation.public_url", || {
            "must name a host, not an IP address".to_owned()
        })?;
        for (key, url) in [
            ("peertube.database_url", &self.peertube.database_url),
            ("database.url", &self.database.url),
        ] {
            let text = url.expose_secret();
            ensure(
                text.starts_with("postgres://") || text.starts_with("postgresql://"),
                key,
                || "must begin with postgres://".to_owned(),
            )?;
        }
        Ok(())
    }
}

/// The hosts in the form in which they are compared.
fn canonical_hosts(key: &'static str, hosts: &[String], with_ports: bool) -> Result<Vec<String>, ConfigError> {
    // An empty variable is an empty list, not a list of one host without a name.
    let named = hosts.iter().filter(|host| !host.trim().is_empty());
    named
        .enumerate()
        .map(|(place, host)| {
            canonical_host(host, with_ports).map_err(|problem| ConfigError::Value {
                key,
                problem: format!(
                    "must list hosts such as \"other.example\": entry {} {problem}",
                    place + 1
                ),
            })
        })
        .collect()
}

fn ensure(holds: bool, key: &'static str, problem: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::Value {
            key,
            problem: problem(),
        })
    }
}

/// Takes the tables of [`RETIRED`] out of `raw` and says which there were.
fn without_retired(raw: &mut config::Config) -> Vec<String> {
    let config::ValueKind::Table(tables) = &mut raw.cache.kind else {
        return Vec::new();
    };
    RETIRED
        .iter()
        .filter(|(table, _)| tables.remove(*table).is_some())
        .map(|(table, reason)| format!("`{table}` has no meaning any more and can be removed: {reason}"))
        .collect()
}

/// The error without the offending value, which may be a secret.
fn describe(error: &config::ConfigError) -> String {
    match error {
        config::ConfigError::Type { expected, key, .. } => {
            format!("`{}` must be {expected}", key.as_deref().unwrap_or("a key"))
        }
        config::ConfigError::At { error, key, .. } => match key {
            Some(key) => format!("`{key}`: {}", describe(error)),
            None => describe(error),
        },
        config::ConfigError::NotFound(key) => format!("`{key}` is missing"),
        config::ConfigError::FileParse { cause, .. } => {
            // The cause quotes the line, which may hold a secret: keep its first line, the position.
            format!(
                "the TOML cannot be read: {}",
                cause.to_string().lines().next().unwrap_or_default()
            )
        }
        other => without_quotation(&other.to_string()),
    }
}

/// `text` without what stands between its first and its last double quote: there, libraries quote values.
fn without_quotation(text: &str) -> String {
    match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}\u{2026}{}", &text[..first], &text[last + 1..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
