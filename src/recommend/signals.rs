//! What the caller did, as the ranking needs it: what must not be shown again, and the model's history.
//!
//! Read at the time of the request, so that a new watch counts at once and a deleted one no more.

use chrono::{DateTime, Utc};
use foldhash::HashSet;

use super::snapshot::Snapshot;
use crate::clock::Hour;
use crate::model::preference::{self, PreferenceRules, Watched};
use crate::peertube::{ChannelId, Rating, Signal, VideoId};

/// Signals read for one request at most. Beyond it, what was watched is looked up per candidate.
pub const SIGNAL_LIMIT: u32 = 20_000;

/// The videos a user has judged already.
#[derive(Default)]
pub struct Seen {
    watched: HashSet<VideoId>,
    disliked: HashSet<VideoId>,
}

impl Seen {
    /// From all signals of a user. Liking counts as having watched.
    pub fn new(signals: &[Signal]) -> Self {
        let mut seen = Self::default();
        for signal in signals {
            let rating = signal.rated.map(|rated| rated.rating);
            if rating == Some(Rating::Dislike) {
                seen.disliked.insert(signal.video);
            }
            if signal.watched.is_some() || rating == Some(Rating::Like) {
                seen.watched.insert(signal.video);
            }
        }
        seen
    }

    /// All of them that are not listed.
    pub fn all(&self, include_watched: bool) -> impl Iterator<Item = &VideoId> {
        let watched = self.watched.iter().filter(move |_| !include_watched);
        watched.chain(&self.disliked)
    }

    /// How many videos that is at most.
    pub fn count(&self) -> usize {
        self.watched.len() + self.disliked.len()
    }

    /// Whether a video must not be listed: disliked, or watched unless `include_watched`.
    pub fn excludes(&self, video: VideoId, include_watched: bool) -> bool {
        self.disliked.contains(&video) || (!include_watched && self.watched.contains(&video))
    }
}

/// The part of a user's signals that the model understands.
#[derive(Default)]
pub struct History {
    /// (Item, preference in \[-1, 1\]), newest first.
    pub preferences: Vec<(u32, f32)>,
    enjoyed: HashSet<u32>,
    channels: HashSet<ChannelId>,
}

impl History {
    /// The newest `limit` of `signals` (newest first) that are about videos of the model and say something.
    pub fn new(
        signals: &[Signal],
        snapshot: &Snapshot,
        rules: &PreferenceRules,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Self {
        let (mut history, hour) = (Self::default(), Hour::of(now));
        let known = signals
            .iter()
            .filter_map(|signal| snapshot.item(signal.video).map(|item| (signal, item)))
            .take(limit);
        for (signal, item) in known {
            let Some(video) = snapshot.outline(item) else { continue };
            let value = preference(signal, video.duration, video.is_live, rules, hour);
            if value == 0.0 {
                continue;
            }
            history.preferences.push((item, value));
            if value > 0.0 && signal.watched.is_some() {
                history.enjoyed.insert(item);
                history.channels.insert(video.channel);
            }
        }
        history
    }

    /// Whether the user watched this item, and did not dislike it.
    pub fn enjoyed(&self, item: u32) -> bool {
        self.enjoyed.contains(&item)
    }

    /// Tags of what the user watched and did not dislike, in lower case.
    pub fn tags(&self, snapshot: &Snapshot) -> HashSet<String> {
        let videos = self.enjoyed.iter().filter_map(|item| snapshot.video(*item));
        videos
            .flat_map(|video| &video.tags)
            .map(|tag| tag.to_lowercase())
            .collect()
    }

    /// The numbers that the model gave to the channels that the user watched something of and did not dislike.
    pub fn channels(&self, snapshot: &Snapshot) -> impl Iterator<Item = u32> {
        self.channels
            .iter()
            .filter_map(|channel| snapshot.channels().get(channel).copied())
    }

    /// Whether the user watched something of this channel, and did not dislike it.
    pub fn watches_channel(&self, channel: ChannelId) -> bool {
        self.channels.contains(&channel)
    }
}

/// The part of a signal that is not older than `start`, the moment of a reset; `None` when nothing is.
pub fn since(signal: &Signal, start: Option<DateTime<Utc>>) -> Option<Signal> {
    let Some(start) = start else { return Some(*signal) };
    let recent = Signal {
        video: signal.video,
        watched: signal.watched.filter(|watch| watch.at >= start),
        rated: signal.rated.filter(|rated| rated.at >= start),
    };
    recent.latest().map(|_| recent)
}

/// The value of one signal in this hour.
pub fn preference(signal: &Signal, duration: i32, is_live: bool, rules: &PreferenceRules, hour: Hour) -> f32 {
    let watched = signal
        .watched
        .map(|watch| Watched::from_position(watch.seconds, duration, is_live));
    let rating = signal.rated.map(|rated| match rated.rating {
        Rating::Like => preference::Rating::Like,
        Rating::Dislike => preference::Rating::Dislike,
    });
    let age = signal
        .latest()
        .map_or(0.0, |latest| (hour.start() - latest).as_seconds_f64() / 86_400.0);
    rules.value(watched, rating, age)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::peertube::{Rated, Watch};

    const RULES: PreferenceRules = PreferenceRules {
        half_life_days: 10.0,
        minimum_share: 0.1,
        unknown_share_value: 0.5,
        like_value: 1.0,
        dislike_value: -1.0,
    };

    fn watch(seconds: i32) -> Watch {
        Watch {
            seconds,
            at: DateTime::UNIX_EPOCH,
            first_at: DateTime::UNIX_EPOCH,
        }
    }

    fn signal(id: i32, watched: Option<Watch>, rating: Option<Rating>) -> Signal {
        let rated = rating.map(|rating| Rated {
            rating,
            at: DateTime::UNIX_EPOCH,
            first_at: DateTime::UNIX_EPOCH,
        });
        Signal {
            video: VideoId(id),
            watched,
            rated,
        }
    }

    #[test]
    fn disliked_videos_are_never_listed_and_watched_ones_on_demand() {
        let seen = Seen::new(&[
            signal(1, Some(watch(5)), None),
            signal(2, None, Some(Rating::Like)),
            signal(3, None, Some(Rating::Dislike)),
            signal(4, Some(watch(5)), Some(Rating::Dislike)),
        ]);
        let excluded = |include| {
            (1..=5)
                .filter(|id| seen.excludes(VideoId(*id), include))
                .collect::<Vec<_>>()
        };
        assert_eq!(excluded(false), [1, 2, 3, 4]);
        assert_eq!(excluded(true), [3, 4]);
    }

    #[test]
    fn a_reset_forgets_older_watches_and_ratings_each() {
        let mut both = signal(1, Some(watch(80)), Some(Rating::Like));
        let reset = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        assert!(since(&both, None) == Some(both));
        assert!(since(&both, Some(reset)).is_none());
        both.rated = both.rated.map(|rated| Rated { at: reset, ..rated });
        let left = since(&both, Some(reset)).unwrap();
        assert!(left.watched.is_none() && left.rated == both.rated);
    }

    #[test]
    fn values_use_position_duration_rating_and_age() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(10);
        let value = |signal: &Signal, live| preference(signal, 100, live, &RULES, Hour::of(now));
        assert!((value(&signal(1, Some(watch(80)), None), false) - 0.4).abs() < 1e-6);
        assert!((value(&signal(1, Some(watch(80)), None), true) - 0.25).abs() < 1e-6);
        assert!((value(&signal(1, None, Some(Rating::Like)), false) - 0.5).abs() < 1e-6);
        assert!((value(&signal(1, Some(watch(80)), Some(Rating::Dislike)), false) + 0.5).abs() < 1e-6);
    }
}
