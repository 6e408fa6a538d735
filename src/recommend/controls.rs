//! What a user decided, as one request needs it: what may be read, what must not be shown, where the list is pushed.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::peertube::{ChannelId, VideoId};
use crate::store::{Level, Sliders, Topics, Unwanted, UserSettings};

/// What a user decided.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Controls {
    /// What the history may be used for; `None` for visitors, who have none.
    pub level: Option<Level>,
    /// What was done before is not learned from.
    pub history_from: Option<DateTime<Utc>>,
    /// The sliders.
    pub sliders: Sliders,
    /// Topics to see more and less of.
    pub topics: Topics,
    /// Videos and channels that are never shown.
    pub unwanted: HashSet<Unwanted>,
}

impl Controls {
    /// From what is stored; `default` is the level of users who made no choice.
    pub fn new(settings: UserSettings, unwanted: HashSet<Unwanted>, default: Level) -> Self {
        Self {
            level: Some(settings.level.unwrap_or(default)),
            history_from: settings.history_from,
            sliders: settings.sliders,
            topics: settings.topics,
            unwanted,
        }
    }

    /// Whether the history may be read.
    pub fn reads_history(&self) -> bool {
        self.level.is_some_and(Level::reads_history)
    }

    /// Whether lists may be made from the history.
    pub fn learns(&self) -> bool {
        self.level.is_some_and(Level::learns)
    }

    /// Whether only public content may rank what is similar.
    pub fn content_only(&self) -> bool {
        self.level == Some(Level::ContentOnly)
    }

    /// Whether sliders or topics push the list anywhere. At the level `off` they do not: the list is everybody's.
    pub fn steers(&self) -> bool {
        self.level.is_some_and(|level| level != Level::Off)
            && (self.sliders != Sliders::default() || self.topics != Topics::default())
    }

    /// Whether a video must not be shown. `channel` is `None` when it is not known.
    pub fn excludes(&self, video: VideoId, channel: Option<ChannelId>) -> bool {
        self.unwanted.contains(&Unwanted::Video(video.0))
            || channel.is_some_and(|channel| self.unwanted.contains(&Unwanted::Channel(channel.0)))
    }

    /// Whether any channel must not be shown.
    pub fn excludes_channels(&self) -> bool {
        self.unwanted
            .iter()
            .any(|unwanted| matches!(unwanted, Unwanted::Channel(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_counts_only_where_nothing_was_chosen() {
        let controls = |level| {
            let settings = UserSettings {
                level,
                ..UserSettings::default()
            };
            Controls::new(settings, HashSet::new(), Level::Contribute)
        };
        assert_eq!(controls(None).level, Some(Level::Contribute));
        assert_eq!(controls(Some(Level::Off)).level, Some(Level::Off));
        assert!(!controls(Some(Level::Off)).reads_history());
        assert!(controls(Some(Level::ContentOnly)).reads_history() && !controls(Some(Level::ContentOnly)).learns());
        assert!(!Controls::default().reads_history());
    }

    #[test]
    fn unwanted_videos_and_channels_are_excluded() {
        let controls = Controls {
            unwanted: HashSet::from([Unwanted::Video(1), Unwanted::Channel(2)]),
            ..Controls::default()
        };
        assert!(controls.excludes(VideoId(1), None) && controls.excludes(VideoId(9), Some(ChannelId(2))));
        // Numbers of videos and of channels have nothing to do with each other.
        assert!(!controls.excludes(VideoId(2), Some(ChannelId(1))) && !controls.excludes(VideoId(2), None));
    }

    #[test]
    fn sliders_are_ignored_where_personalization_is_off() {
        let at = |level| Controls {
            level: Some(level),
            sliders: Sliders {
                fresh: 1.0,
                ..Sliders::default()
            },
            ..Controls::default()
        };
        assert!(at(Level::ContentOnly).steers() && at(Level::Local).steers());
        assert!(!at(Level::Off).steers());
        assert!(!Controls::default().steers());
    }
}
