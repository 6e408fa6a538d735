//! What the caller played in this sitting: it stands before the next list, see [`super::spreading`].
//!
//! It decides an order only. What stays out: what is never shown again ([`super::signals::Seen`]).

use chrono::{DateTime, TimeDelta, Utc};

use super::diversity::{IN_A_ROW, WINDOW};
use super::request::Strategy;
use super::signals::since;
use crate::peertube::{Signal, VideoId};

/// How long ago something may have been watched to be of the same sitting.
pub const SITTING: TimeDelta = TimeDelta::hours(6);

/// The last videos that were played, oldest first, as many as the rules of [`super::diversity`] look back on: of `signals`,
/// those watched within [`SITTING`] and not before the reset at `history_from`.
///
/// `said` are the videos that the caller says were played, oldest first: they come after what is remembered, and where
/// they are given, all of the sitting is known.
///
/// What plays by itself comes after the current video, even if that is not in the history yet: it is the last one. Of
/// somebody of whom nothing is `remembered`, nobody knows how many videos of its channel came before it: it is as if as many
/// as may had come, so that the next one is of another channel.
pub(super) fn played(
    signals: &[Signal],
    history_from: Option<DateTime<Utc>>,
    current: Option<VideoId>,
    strategy: Strategy,
    remembered: bool,
    said: Option<&[VideoId]>,
    now: DateTime<Utc>,
) -> Vec<VideoId> {
    let current = current.filter(|_| strategy == Strategy::Next);
    let times = if remembered || said.is_some() { 1 } else { IN_A_ROW };
    let said = said.unwrap_or_default();
    let of_sitting = |signal: &Signal| {
        let watch = since(signal, history_from)?.watched?;
        let is_new = Some(signal.video) != current && !said.contains(&signal.video);
        (now - watch.at < SITTING && is_new).then_some((watch.at, signal.video))
    };
    let mut earlier: Vec<_> = signals.iter().filter_map(of_sitting).collect();
    // A rating may have put a signal before one that was watched later.
    earlier.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let newest_first = current.into_iter().flat_map(|video| std::iter::repeat_n(video, times));
    let said = said.iter().rev().copied().filter(|video| Some(*video) != current);
    let mut played: Vec<VideoId> = newest_first
        .chain(said)
        .chain(earlier.into_iter().map(|(_, video)| video))
        .take(WINDOW)
        .collect();
    played.reverse();
    played
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peertube::Watch;

    fn watched(video: i32, minutes_ago: i64) -> Signal {
        let at = now() - TimeDelta::minutes(minutes_ago);
        Signal {
            video: VideoId(video),
            watched: Some(Watch {
                seconds: 10,
                at,
                first_at: at,
            }),
            rated: None,
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(100)
    }

    fn ids(videos: &[VideoId]) -> Vec<i32> {
        videos.iter().map(|video| video.0).collect()
    }

    #[test]
    fn a_sitting_is_short_and_what_plays_by_itself_comes_after_the_current_video() {
        let signals = [watched(4, 1), watched(3, 2), watched(2, 359), watched(1, 360)];
        for strategy in [Strategy::ForYou, Strategy::Similar] {
            let played = played(&signals, None, Some(VideoId(3)), strategy, true, None, now());
            assert_eq!(ids(&played), [2, 3, 4], "{strategy}");
        }
        let played = |current, reset| played(&signals, reset, current, Strategy::Next, true, None, now());
        assert_eq!(ids(&played(None, None)), [2, 3, 4]);
        assert_eq!(ids(&played(Some(VideoId(3)), None)), [2, 4, 3]);
        assert_eq!(ids(&played(Some(VideoId(9)), None)), [2, 3, 4, 9]);
        let reset = now() - TimeDelta::minutes(90);
        assert_eq!(
            ids(&played(None, Some(reset))),
            [3, 4],
            "what a reset forgot is forgotten"
        );
    }

    #[test]
    fn only_as_much_as_the_rules_look_back_on() {
        let signals: Vec<Signal> = (0..40).map(|minute| watched(100 - minute, i64::from(minute))).collect();
        let last = played(&signals, None, None, Strategy::Next, true, None, now());
        assert_eq!(ids(&last), (86..=100).collect::<Vec<_>>());
    }

    #[test]
    fn who_is_not_remembered_may_have_seen_much_of_the_channel() {
        let alone = |strategy, remembered| played(&[], None, Some(VideoId(5)), strategy, remembered, None, now());
        assert_eq!(ids(&alone(Strategy::Next, false)), [5; IN_A_ROW]);
        assert_eq!(ids(&alone(Strategy::Next, true)), [5]);
        assert!(alone(Strategy::Similar, false).is_empty());
    }

    #[test]
    fn what_the_caller_says_was_played_comes_after_what_is_remembered() {
        let said = [VideoId(7), VideoId(2), VideoId(8)];
        let signals = [watched(4, 1), watched(2, 3)];
        let played = |signals: &[Signal], remembered| {
            let current = Some(VideoId(8));
            played(signals, None, current, Strategy::Next, remembered, Some(&said), now())
        };
        assert_eq!(ids(&played(&signals, true)), [4, 7, 2, 8]);
        assert_eq!(ids(&played(&[], false)), [7, 2, 8], "the whole sitting is known");
    }
}
