//! When a failed request is tried again, and when it is given up.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Pause after the first failure, in seconds; it doubles with every further one.
const FIRST_PAUSE: f64 = 2.0;
/// Longest pause, in seconds: six hours.
const LONGEST_PAUSE: f64 = 6.0 * 3_600.0;
/// Longest wait that a receiver may ask for, in days.
const LONGEST_REQUESTED_DAYS: i64 = 1;
/// Days after which a request is given up.
const GIVE_UP_DAYS: i64 = 7;

/// The moment of the next attempt after `attempts` failed ones, or `None` when it is time to give up.
///
/// `jitter` from \[0, 1) spreads the pause between half and one and a half times its length; `retry_after` is what the
/// receiver asked for.
pub fn next_attempt(
    first_queued: DateTime<Utc>,
    now: DateTime<Utc>,
    attempts: i32,
    jitter: f64,
    retry_after: Option<Duration>,
) -> Option<DateTime<Utc>> {
    if now - first_queued >= TimeDelta::days(GIVE_UP_DAYS) {
        return None;
    }
    let doublings = attempts.saturating_sub(1).clamp(0, 30);
    let pause = (FIRST_PAUSE * f64::from(doublings).exp2()).min(LONGEST_PAUSE) * (0.5 + jitter.clamp(0.0, 1.0));
    let pause = TimeDelta::milliseconds((pause * 1_000.0) as i64);
    let requested = retry_after
        .and_then(|wait| TimeDelta::from_std(wait).ok())
        .unwrap_or_default()
        .min(TimeDelta::days(LONGEST_REQUESTED_DAYS));
    Some(now + pause.max(requested))
}

/// Reads a `Retry-After` header: seconds, or a date.
pub fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    (date.with_timezone(&Utc) - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pause(attempts: i32, jitter: f64, retry_after: Option<u64>) -> i64 {
        let now = DateTime::UNIX_EPOCH;
        let next = next_attempt(now, now, attempts, jitter, retry_after.map(Duration::from_secs)).unwrap();
        (next - now).num_seconds()
    }

    #[test]
    fn pauses_double_up_to_six_hours() {
        assert_eq!([1, 2, 3, 4].map(|attempts| pause(attempts, 0.5, None)), [2, 4, 8, 16]);
        assert_eq!(pause(40, 0.5, None), 6 * 3_600);
        assert_eq!(pause(i32::MAX, 0.5, None), 6 * 3_600);
    }

    #[test]
    fn the_receiver_may_ask_for_more_time_but_not_for_ever() {
        assert_eq!(pause(1, 0.5, Some(90)), 90);
        assert_eq!(pause(1, 0.5, Some(u64::from(u32::MAX))), 86_400);
    }

    #[test]
    fn after_a_week_it_is_given_up() {
        let start = DateTime::UNIX_EPOCH;
        let at = |days: i64| next_attempt(start, start + TimeDelta::days(days), 30, 0.5, None);
        assert!(at(6).is_some());
        assert_eq!(at(7), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc();
        assert_eq!(parse_retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(
            parse_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", now),
            Some(Duration::from_mins(1))
        );
        assert_eq!(parse_retry_after("Wed, 31 Dec 2025 00:00:00 GMT", now), None);
        assert_eq!(parse_retry_after("soon", now), None);
    }

    proptest! {
        #[test]
        fn the_next_attempt_is_never_in_the_past(attempts: i32, jitter: f64, wait: u64) {
            let now = DateTime::UNIX_EPOCH;
            let next = next_attempt(now, now, attempts, jitter, Some(Duration::from_secs(wait))).unwrap();
            prop_assert!(next > now && next <= now + TimeDelta::days(1));
        }

        #[test]
        fn retry_after_never_panics(value in ".{0,60}") {
            let _ = parse_retry_after(&value, DateTime::UNIX_EPOCH);
        }
    }
}
