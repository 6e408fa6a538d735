//! Time as a parameter: the real clock, and one that tests move by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Where the present comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> DateTime<Utc>;
}

/// A clock that can be handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The present in whole hours. What scores and orders depend on counts time like this: a list must not change from one
/// second to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour(DateTime<Utc>);

impl Hour {
    /// The hour that `moment` is in.
    pub fn of(moment: DateTime<Utc>) -> Self {
        Self(moment.duration_trunc(TimeDelta::hours(1)).unwrap_or(moment))
    }

    /// When it began.
    pub fn start(self) -> DateTime<Utc> {
        self.0
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that only moves when told to; for tests.
#[derive(Debug)]
pub struct ManualClock {
    microseconds: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self {
            microseconds: AtomicI64::new(start.timestamp_micros()),
        }
    }

    /// Moves the clock by `delta`, which may be negative.
    pub fn advance(&self, delta: TimeDelta) {
        let microseconds = delta.num_microseconds().unwrap_or(0);
        self.microseconds.fetch_add(microseconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.microseconds.load(Ordering::SeqCst)).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
        clock.advance(TimeDelta::days(2));
        assert_eq!(clock.now().timestamp(), 172_800);
    }

    #[test]
    fn an_hour_is_the_same_to_its_end() {
        let start = DateTime::UNIX_EPOCH + TimeDelta::hours(7);
        let hour = Hour::of(start);
        assert_eq!(hour.start(), start);
        assert_eq!(Hour::of(start + TimeDelta::seconds(3_599)), hour);
        assert_eq!(
            Hour::of(start - TimeDelta::microseconds(1)).start(),
            start - TimeDelta::hours(1)
        );
    }
}
