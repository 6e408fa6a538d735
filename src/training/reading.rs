//! What is learned from: the catalogue of videos and the preferences of all eligible users.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::TrainingError;
use super::pool::VideoPool;
use crate::clock::Hour;
use crate::model::interactions::Interactions;
use crate::model::preference::{PreferenceRules, Watched};
use crate::model::ranking::Event;
use crate::peertube::{CatalogueVideo, PeerTube, Signal, Tie, UserId, VideoId};
pub use crate::recommend::fresh::item;
use crate::recommend::signals::{preference, since};
use crate::store::{CountedWatches, Level, UserChoice};

/// Everything that one cycle learns from.
pub struct Reading {
    /// Videos in item order.
    pub videos: Vec<CatalogueVideo>,
    /// Preferences, one row per user who did something and from whom this instance may learn.
    pub interactions: Interactions,
    /// The part of them that the next release counts, of users who let evidence about them leave the instance; the same
    /// users in the same order.
    pub counted: Interactions,
    /// Users who contribute, whether or not they watched something new.
    pub contributors: usize,
    /// Those of whom the next release counts something, ascending.
    pub participants: Vec<UserId>,
    /// What ranking learns from.
    pub habits: Habits,
}

/// What a user from whom this instance may learn did, and to which channels the user is tied.
pub type Habit = (Vec<Event>, Vec<Tie>);
/// One for each such user.
pub type Habits = Vec<Habit>;

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

/// The videos that the model knows: the whole catalogue, or of a very large one the part that [`super::pool`] chooses.
async fn catalogue(
    peertube: &PeerTube,
    consent: &Consent,
    maximum_videos: usize,
) -> Result<Vec<CatalogueVideo>, TrainingError> {
    if peertube.count_videos().await? <= maximum_videos as u64 {
        return Ok(peertube.catalogue().try_collect().await?);
    }
    let mut watched: HashSet<VideoId> = HashSet::new();
    peertube
        .for_each_user(|user| {
            if consent.of(user.user).0.learns() {
                watched.extend(user.signals.iter().map(|signal| signal.video));
            }
        })
        .await?;
    let mut pool = VideoPool::new(maximum_videos, watched);
    let mut videos = std::pin::pin!(peertube.catalogue());
    while let Some(video) = videos.try_next().await? {
        pool.add(video);
    }
    Ok(pool.finish())
}

/// Reads the catalogue, of which the model knows `maximum_videos` of other instances at most, and the history of all users who let this instance learn from it, with memory bounded by
/// their compact form. What a user did with a video belongs to the time when the user first watched or rated it; watching
/// on and rating later do not make it count again.
///
/// # Errors
/// [`TrainingError::PeerTube`] when the database cannot answer.
pub async fn read(
    peertube: &PeerTube,
    rules: &PreferenceRules,
    consent: &Consent,
    counts: CountedWatches,
    maximum_videos: usize,
    hour: Hour,
) -> Result<Reading, TrainingError> {
    let mut videos = catalogue(peertube, consent, maximum_videos).await?;
    // The address is the identity across instances and the order of the lists in messages.
    videos.sort_by(|a, b| a.url.cmp(&b.url));
    let index: HashMap<VideoId, u32> = (0u32..).zip(&videos).map(|(item, video)| (video.id, item)).collect();
    let (mut interactions, mut counted) = (Interactions::new(videos.len()), Interactions::new(videos.len()));
    let (mut contributors, mut participants) = (0, Vec::new());
    // Ordered, so that the same data always give the same model.
    let mut habits: BTreeMap<UserId, Habit> = BTreeMap::new();
    peertube
        .for_each_user(|user| {
            let (level, start) = consent.of(user.user);
            if !level.learns() {
                return;
            }
            let value = |signal: &Signal| {
                let signal = since(signal, start)?;
                let item = *index.get(&signal.video)?;
                let video = &videos[item as usize];
                Some((item, preference(&signal, video.duration, video.is_live, rules, hour)))
            };
            interactions.push_user(user.signals.iter().filter_map(value));
            let events = user.signals.iter().filter_map(|signal| since(signal, start));
            let events = events.filter_map(|signal| {
                let item = *index.get(&signal.video)?;
                event(&signal, item, &videos[item as usize], rules, hour)
            });
            habits.entry(user.user).or_default().0 = events.collect();
            contributors += usize::from(level.contributes());
            let counts = |signal: &&Signal| level.contributes() && belongs(signal, counts);
            let added = counted.push_user(user.signals.iter().filter(counts).filter_map(value));
            if !counted.row(added).0.is_empty() {
                participants.push(user.user);
            }
        })
        .await?;
    peertube
        .for_each_user_ties(|user, ties| {
            let (level, start) = consent.of(user);
            if level.learns() {
                let recent = ties
                    .into_iter()
                    .filter(|tie| start.is_none_or(|start| tie.since >= start));
                habits.entry(user).or_default().1 = recent.collect();
            }
        })
        .await?;
    Ok(Reading {
        habits: habits.into_values().collect(),
        videos,
        interactions,
        counted,
        contributors,
        participants,
    })
}

/// What a signal is for ranking; `None` when it says nothing.
fn event(signal: &Signal, item: u32, video: &CatalogueVideo, rules: &PreferenceRules, hour: Hour) -> Option<Event> {
    let share =
        signal.watched.and_then(
            |watch| match Watched::from_position(watch.seconds, video.duration, video.is_live) {
                Watched::Share(share) => Some(share),
                Watched::UnknownShare => None,
            },
        );
    Some(Event {
        item,
        value: preference(signal, video.duration, video.is_live, rules, hour),
        share,
        first: signal.first()?.timestamp(),
    })
}

/// Whether a release that counts these watches counts this one.
fn belongs(signal: &Signal, counts: CountedWatches) -> bool {
    signal
        .first()
        .is_some_and(|first| first <= counts.until && counts.after.is_none_or(|after| first > after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peertube::signal::Watch;

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
    fn every_watch_belongs_to_one_release_whatever_the_boundary() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let spans = [(None, 10), (Some(10), 20), (Some(20), 30)].map(|(after, until)| CountedWatches {
            after: after.map(at),
            until: at(until),
        });
        for second in 0..=30 {
            let watch = Watch {
                seconds: 5,
                // Watched on later: that moves nothing.
                at: at(second + 100),
                first_at: at(second),
            };
            let signal = Signal {
                video: VideoId(1),
                watched: Some(watch),
                rated: None,
            };
            let releases = spans.into_iter().filter(|span| belongs(&signal, *span)).count();
            assert_eq!(releases, 1, "at {second}");
        }
    }
}
