//! What a user's history may be used for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StoreError;
use crate::config::ContributionDefault;

/// What a user's history may be used for; each level allows what the ones before it allow, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For nothing: it is not even read.
    Off,
    /// To leave out of lists what was watched already. Nothing is learned from it.
    ContentOnly,
    /// For the own lists, and for this instance's model, which stays here.
    Local,
    /// For noised evidence that leaves the instance too.
    Contribute,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Off, Self::ContentOnly, Self::Local, Self::Contribute];

    /// Its name in requests, answers and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::ContentOnly => "content-only",
            Self::Local => "local",
            Self::Contribute => "contribute",
        }
    }

    /// Whether watches and ratings may be read at all.
    pub fn reads_history(self) -> bool {
        self >= Self::ContentOnly
    }

    /// Whether lists and the instance's model may be made from the history.
    pub fn learns(self) -> bool {
        self >= Self::Local
    }

    /// Whether the history may be in evidence that leaves the instance.
    pub fn contributes(self) -> bool {
        self == Self::Contribute
    }
}

impl From<ContributionDefault> for Level {
    /// The level of users who made no choice.
    fn from(default: ContributionDefault) -> Self {
        match default {
            ContributionDefault::OptIn => Self::Local,
            ContributionDefault::OptOut => Self::Contribute,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text that names no level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of off, content-only, local, contribute")]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(UnknownLevel)
    }
}

/// The level in a column.
pub(super) fn stored(column: Option<&str>) -> Result<Option<Level>, StoreError> {
    column
        .map(|text| text.parse().map_err(|_| StoreError::Corrupt("level")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_agree_with_json() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
        assert_eq!("Off".parse::<Level>(), Err(UnknownLevel));
    }

    #[test]
    fn each_level_allows_more_than_the_one_before() {
        let allowed = |level: Level| {
            [level.reads_history(), level.learns(), level.contributes()]
                .iter()
                .filter(|allowed| **allowed)
                .count()
        };
        assert_eq!(Level::ALL.map(allowed), [0, 1, 2, 3]);
    }
}
