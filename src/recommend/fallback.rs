//! Why a list has nothing of what was asked for: so that whoever shows it need not guess.
//!
//! What stays out: what fills such a list ([`super::plan`]).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::RecommendError;
use super::plan::Available;
use super::request::Strategy;
use super::service::Recommendations;
use crate::store::Level;

/// Why none of the videos comes from the strategy that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fallback {
    /// The caller is a visitor or has no account that may see more: nothing is known, by design.
    Visitor,
    /// The user switched the watch history off in PeerTube.
    HistoryOff,
    /// The user's level does not permit it.
    Level,
    /// There is no model yet.
    NoModel,
    /// The user has watched and rated nothing yet that the model knows.
    NoHistory,
    /// The user follows no channel and no account.
    NoSubscriptions,
    /// The model does not know the current video, or the caller may not see it.
    UnknownVideo,
    /// There is something in principle, but all of it was watched, is hidden or has been said to be unwanted, or there is nothing
    /// more.
    NothingLeft,
}

impl Fallback {
    /// The reason as a person would say it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Visitor => "nobody is logged in, so nothing is chosen for anybody",
            Self::HistoryOff => "the watch history is switched off in PeerTube",
            Self::Level => "the user's level does not permit it",
            Self::NoModel => "nothing has been learned yet",
            Self::NoHistory => "the user has watched and rated nothing that the model knows",
            Self::NoSubscriptions => "the user follows no channel and no account",
            Self::UnknownVideo => "the model does not know the current video, or the caller may not see it",
            Self::NothingLeft => "all there is was watched, is hidden or unwanted",
        }
    }
}

impl Recommendations {
    /// The reason, for a list that has nothing of `strategy`.
    ///
    /// # Errors
    /// PeerTube's database away.
    pub(super) async fn fallback(
        &self,
        strategy: Strategy,
        caller: &Caller,
        available: Available,
    ) -> Result<Fallback, RecommendError> {
        Ok(match strategy {
            Strategy::ForYou => of_history(caller, available),
            Strategy::Subscriptions => match &caller.viewer {
                None => Fallback::Visitor,
                Some(_) if caller.controls.level == Some(Level::Off) => Fallback::Level,
                Some(viewer) if self.peertube().follows_anybody(viewer).await? => Fallback::NothingLeft,
                Some(_) => Fallback::NoSubscriptions,
            },
            Strategy::Similar | Strategy::Next | Strategy::Explore if !available.model => Fallback::NoModel,
            Strategy::Similar | Strategy::Next if !available.similar => Fallback::UnknownVideo,
            _ => Fallback::NothingLeft,
        })
    }
}

fn of_history(caller: &Caller, available: Available) -> Fallback {
    match &caller.viewer {
        None => Fallback::Visitor,
        Some(viewer) if !viewer.history_enabled => Fallback::HistoryOff,
        Some(_) if !caller.controls.learns() => Fallback::Level,
        Some(_) if !available.model => Fallback::NoModel,
        Some(_) if !available.personal => Fallback::NoHistory,
        Some(_) => Fallback::NothingLeft,
    }
}
