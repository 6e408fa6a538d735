//! What is learned from: the catalogue of videos and the preferences of all eligible users.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::TrainingError;
use crate::model::interactions::Interactions;
use crate::model::item::Item;
use crate::model::preference::PreferenceRules;
use crate::peertube::{CataloguePrivacy, CatalogueVideo, PeerTube, UserId, VideoId};
use crate::recommend::signals::{preference, since};
use crate::store::{Level, UserChoice};

/// Everything that one cycle learns from.
pub struct Reading {
    /// Videos in item order.
    pub videos: Vec<CatalogueVideo>,
    /// Preferences, one row per user who did something and from whom this instance may learn.
    pub interactions: Interactions,
    /// Whether the user of each row agreed that evidence about it leaves the instance.
    pub contributes: Vec<bool>,
}

impl Reading {
    /// The rows of users who contribute, and of nobody else: all that a release may be made of.
    pub fn contributing(&self) -> Interactions {
        let mut contributing = Interactions::new(self.interactions.items());
        for (row, contributes) in self.contributes.iter().enumerate() {
            if *contributes {
                contributing.push_user(self.interactions.entries(row));
            }
        }
        contributing
    }
}

/// What users decided about their history.
#[derive(Debug, Clone)]
pub struct Consent {
    choices: HashMap<UserId, UserChoice>,
    default: Level,
}

impl Consent {
    /// The choices of users, and the level of those who made none.
    pub fn new(choices: Vec<UserChoice>, default: Level) -> Self {
        let choices = choices
            .into_iter()
            .map(|choice| (UserId(choice.user), choice))
            .collect();
        Self { choices, default }
    }

    /// The level of a user, and the moment before which nothing is learned from.
    fn of(&self, user: UserId) -> (Level, Option<DateTime<Utc>>) {
        self.choices.get(&user).map_or((self.default, None), |choice| {
            (choice.level.unwrap_or(self.default), choice.history_from)
        })
    }
}

/// Reads the whole catalogue, and the history of all users who let this instance learn from it, with memory bounded by
/// their compact form.
///
/// # Errors
/// [`TrainingError::PeerTube`] when the database cannot answer.
pub async fn read(
    peertube: &PeerTube,
    rules: &PreferenceRules,
    consent: &Consent,
    now: DateTime<Utc>,
) -> Result<Reading, TrainingError> {
    let mut videos: Vec<CatalogueVideo> = peertube.catalogue().try_collect().await?;
    // The address is the identity across instances and the order of the lists in messages.
    videos.sort_by(|a, b| a.url.cmp(&b.url));
    let index: HashMap<VideoId, u32> = (0u32..).zip(&videos).map(|(item, video)| (video.id, item)).collect();
    let mut interactions = Interactions::new(videos.len());
    let mut contributes = Vec::new();
    peertube
        .for_each_user(|user| {
            let (level, start) = consent.of(user.user);
            if !level.learns() {
                return;
            }
            let signals = user.signals.iter().filter_map(|signal| since(signal, start));
            let row = signals.filter_map(|signal| {
                let item = *index.get(&signal.video)?;
                let video = &videos[item as usize];
                Some((item, preference(&signal, video.duration, video.is_live, rules, now)))
            });
            interactions.push_user(row);
            contributes.push(level.contributes());
        })
        .await?;
    Ok(Reading {
        videos,
        interactions,
        contributes,
    })
}

/// The public facts about a video that the model uses.
pub fn item(video: &CatalogueVideo) -> Item {
    Item {
        address: video.url.clone(),
        channel: video.channel.url.clone(),
        category: video.category.and_then(|category| u32::try_from(category).ok()),
        language: video.language.clone(),
        tags: video.tags.clone(),
        title: video.name.clone(),
        views: u64::try_from(video.views).unwrap_or(0),
        listed: video.publicly_listed && video.privacy == CataloguePrivacy::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_counts_for_those_who_made_no_choice() {
        let choice = |user, level| UserChoice {
            user,
            level,
            history_from: None,
        };
        let consent = Consent::new(vec![choice(1, Some(Level::Off)), choice(2, None)], Level::Contribute);
        assert_eq!(consent.of(UserId(1)).0, Level::Off);
        assert_eq!(consent.of(UserId(2)).0, Level::Contribute);
        assert_eq!(consent.of(UserId(3)).0, Level::Contribute);
    }

    #[test]
    fn only_rows_of_those_who_contribute_are_handed_on() {
        let mut interactions = Interactions::new(3);
        for item in 0..3 {
            interactions.push_user([(item, 1.0)]);
        }
        let reading = Reading {
            videos: Vec::new(),
            interactions,
            contributes: vec![true, false, true],
        };
        let contributing = reading.contributing();
        let rows: Vec<&[u32]> = (0..contributing.users()).map(|user| contributing.row(user).0).collect();
        assert_eq!(rows, [&[0], &[2]]);
    }
}
