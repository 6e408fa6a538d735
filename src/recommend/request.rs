//! What a caller can ask for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::RecommendError;
use crate::peertube::{UserId, VideoReference, VisitorSettings};

/// Videos on a page when the caller does not say.
pub const DEFAULT_COUNT: usize = 15;
/// Videos on a page at most.
pub const MAXIMUM_COUNT: usize = 100;
/// Videos skipped at most. Lists are shorter ([`super::listing::LIST_LIMIT`]), so a later page is empty, not an error.
pub const MAXIMUM_START: usize = 1_000;
/// Videos of the sitting that a request names at most.
pub const MAXIMUM_PLAYED: usize = 100;
/// Languages that a visitor chooses at most.
pub const MAXIMUM_LANGUAGES: usize = 100;

/// How a list is made; also where an entry of a list comes from, because one list may fall back to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// By the caller's own watches and ratings.
    #[default]
    ForYou,
    /// Like one given video.
    Similar,
    /// What to play after one given video: like it, and to the caller's taste; nothing that was watched already.
    Next,
    /// Liked by many here.
    Popular,
    /// The newest.
    Recent,
    /// The newest of channels and accounts that the caller follows.
    Subscriptions,
    /// Something else: neither the best fits nor the worst, of channels that the caller has not watched. Another choice
    /// every day.
    Explore,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 7] = [
        Self::ForYou,
        Self::Similar,
        Self::Next,
        Self::Popular,
        Self::Recent,
        Self::Subscriptions,
        Self::Explore,
    ];

    /// Its name in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ForYou => "for-you",
            Self::Similar => "similar",
            Self::Next => "next",
            Self::Popular => "popular",
            Self::Recent => "recent",
            Self::Subscriptions => "subscriptions",
            Self::Explore => "explore",
        }
    }

    /// Whether lists of it are made to the caller's taste, as far as that is known.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::ForYou | Self::Next | Self::Explore)
    }

    /// Whether its lists are spread over channels and instances: they are somebody's choice, not a plain order.
    pub fn is_spread(self) -> bool {
        match self {
            Self::ForYou | Self::Similar | Self::Next | Self::Explore => true,
            Self::Popular | Self::Recent | Self::Subscriptions => false,
        }
    }

    /// Whether it makes no sense without a video.
    pub fn needs_video(self) -> bool {
        matches!(self, Self::Similar | Self::Next)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text that names no strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of for-you, similar, next, popular, recent, subscriptions, explore")]
pub struct UnknownStrategy;

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(text: &str) -> Result<Self, UnknownStrategy> {
        Self::ALL
            .into_iter()
            .find(|strategy| strategy.as_str() == text)
            .ok_or(UnknownStrategy)
    }
}

/// One request for a page of recommendations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// For whom; `None` for a visitor without an account.
    pub user: Option<UserId>,
    /// How the list is made.
    pub strategy: Strategy,
    /// The video that is being watched. It is never recommended itself.
    pub video: Option<VideoReference>,
    /// Videos to skip.
    pub start: usize,
    /// Videos wanted.
    pub count: usize,
    /// Whether videos may be listed that the user has already watched or liked. Disliked ones never are, and
    /// [`Strategy::Next`] never repeats anything.
    pub include_watched: bool,
    /// Videos that were played in this sitting, oldest first, which are left out of the list; `None` when the caller does
    /// not say. Nothing of it is kept.
    pub played: Option<Vec<VideoReference>>,
    /// What a visitor chose in the browser. For a user, PeerTube's own settings hold.
    pub visitor: VisitorChoices,
}

/// What a visitor chose in the browser; the instance decides what is left open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VisitorChoices {
    /// Whether sensitive videos are hidden.
    pub hide_nsfw: Option<bool>,
    /// Flags of sensitive videos that are shown although sensitive videos are hidden.
    pub nsfw_flags_shown: i32,
    /// Flags of sensitive videos that are hidden in any case.
    pub nsfw_flags_hidden: i32,
    /// Languages; `None` for all.
    pub languages: Option<Vec<String>>,
}

impl VisitorChoices {
    /// The settings that hold where the instance hides sensitive videos from visitors if `hide_nsfw_by_default`.
    pub fn settings(&self, hide_nsfw_by_default: bool) -> VisitorSettings {
        VisitorSettings {
            hide_nsfw: self.hide_nsfw.unwrap_or(hide_nsfw_by_default),
            nsfw_flags_shown: self.nsfw_flags_shown,
            nsfw_flags_hidden: self.nsfw_flags_hidden,
            languages: self.languages.clone(),
        }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            user: None,
            strategy: Strategy::default(),
            video: None,
            start: 0,
            count: DEFAULT_COUNT,
            include_watched: false,
            played: None,
            visitor: VisitorChoices::default(),
        }
    }
}

impl Request {
    /// Checks the bounds, and that a strategy about a video has one.
    ///
    /// # Errors
    /// [`RecommendError::OutOfBounds`] and [`RecommendError::MissingVideo`].
    pub fn check(&self) -> Result<(), RecommendError> {
        within("start", self.start, 0, MAXIMUM_START)?;
        within("count", self.count, 1, MAXIMUM_COUNT)?;
        within("played", self.played.as_ref().map_or(0, Vec::len), 0, MAXIMUM_PLAYED)?;
        let languages = self.visitor.languages.as_ref().map_or(0, Vec::len);
        within("languageOneOf", languages, 0, MAXIMUM_LANGUAGES)?;
        if self.strategy.needs_video() && self.video.is_none() {
            return Err(RecommendError::MissingVideo);
        }
        Ok(())
    }
}

fn within(parameter: &'static str, value: usize, minimum: usize, maximum: usize) -> Result<(), RecommendError> {
    if (minimum..=maximum).contains(&value) {
        Ok(())
    } else {
        Err(RecommendError::OutOfBounds {
            parameter,
            minimum,
            maximum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_agree_with_json() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.as_str().parse(), Ok(strategy));
            assert_eq!(serde_json::to_value(strategy).unwrap(), strategy.as_str());
        }
        for text in ["", "For-You", "foryou", "similar ", "'; DROP TABLE video; --"] {
            assert_eq!(text.parse::<Strategy>(), Err(UnknownStrategy), "{text:?}");
        }
    }

    #[test]
    fn bounds_are_checked() {
        let page = |start, count| Request {
            start,
            count,
            ..Request::default()
        };
        assert!(page(0, 1).check().is_ok());
        assert!(page(MAXIMUM_START, MAXIMUM_COUNT).check().is_ok());
        for (start, count) in [
            (0, 0),
            (0, MAXIMUM_COUNT + 1),
            (MAXIMUM_START + 1, 1),
            (usize::MAX, usize::MAX),
        ] {
            assert!(matches!(
                page(start, count).check(),
                Err(RecommendError::OutOfBounds { .. })
            ));
        }
        for strategy in Strategy::ALL {
            let request = Request {
                strategy,
                ..Request::default()
            };
            let missing = matches!(request.check(), Err(RecommendError::MissingVideo));
            assert_eq!(
                missing,
                matches!(strategy, Strategy::Similar | Strategy::Next),
                "{strategy}"
            );
        }
    }
}
