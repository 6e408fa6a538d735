//! Pauses between releases that fail: one that failed for a reason which may last, such as a full disk, is not tried again in
//! every cycle. Nothing of it was debited; what was is told by the ledger ([`super::schedule`]).

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::clock::Uptime;

/// Pause after the first failure; it doubles with every further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(10);
/// Longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(1);

/// What failed since the last release that did not.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<Option<Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Uptime,
}

impl Attempts {
    /// How many attempts failed, and how long to wait for the next one; `None`: it may begin.
    pub fn wait(&self, now: Uptime) -> Option<(u32, TimeDelta)> {
        let failures = (*self.failures())?;
        if failures.last.boot != now.boot {
            return None;
        }
        let passed = TimeDelta::microseconds(now.microseconds.saturating_sub(failures.last.microseconds));
        let left = pause_after(failures.count) - passed;
        (left > TimeDelta::zero()).then_some((failures.count, left))
    }

    /// One more failed.
    pub fn fail(&self, now: Uptime) {
        let mut failures = self.failures();
        let count = failures.map_or(0, |failures| failures.count).saturating_add(1);
        *failures = Some(Failures { count, last: now });
    }

    /// One did not fail.
    pub fn succeed(&self) {
        *self.failures() = None;
    }

    fn failures(&self) -> MutexGuard<'_, Option<Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pause_after(failures: u32) -> TimeDelta {
    let doublings = failures.saturating_sub(1).min(10);
    (FIRST_PAUSE * 2i32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_failure_makes_the_pause_longer_and_a_success_ends_it() {
        let at = |minutes: i64| Uptime {
            boot: Uuid::nil(),
            microseconds: minutes * 60_000_000,
        };
        let attempts = Attempts::default();
        assert_eq!(attempts.wait(at(0)), None);
        attempts.fail(at(0));
        assert_eq!(attempts.wait(at(4)), Some((1, TimeDelta::minutes(6))));
        assert_eq!(attempts.wait(at(10)), None);
        attempts.fail(at(10));
        assert_eq!(attempts.wait(at(29)), Some((2, TimeDelta::minutes(1))));
        (0..100).for_each(|_| attempts.fail(at(30)));
        assert_eq!(attempts.wait(at(30)), Some((102, LONGEST_PAUSE)));
        attempts.succeed();
        assert_eq!(attempts.wait(at(30)), None);
    }
}
