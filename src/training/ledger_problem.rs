//! Why nothing may be released until the administrator has looked, in words that say what to do.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::store::{ClockVerdict, LedgerTime};

/// Why nothing may be released until the administrator has looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "kebab-case")]
pub enum LedgerProblem {
    /// The file has counted more.
    #[error(
        "the privacy ledger has {ledger} of {counted} releases that were made: an older database was restored. To go on, run \
         `shoal ledger confirm-restore`, which debits the missing ones at full cost"
    )]
    Restored {
        /// Releases in the ledger.
        ledger: i64,
        /// Releases in the file.
        counted: i64,
    },
    /// There was a file once.
    #[error(
        "the release counter {path} is gone, so nobody can tell whether the privacy ledger is the newest. Put the file \
         back, or run `shoal ledger confirm-restore --missing N` with the number of releases that the ledger may lack (0 \
         when the database was never restored)"
    )]
    CounterMissing {
        /// Where it should be.
        path: String,
    },
    /// The file cannot be read or written.
    #[error("the release counter {path} {reason}; `privacy.counter_file` must name a file that Shoal can write")]
    CounterUnusable {
        /// Where it is.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Another sidecar counts there.
    #[error("the release counter {path} belongs to {actor}; give each sidecar its own `privacy.counter_file`")]
    CounterOfAnother {
        /// Where it is.
        path: String,
        /// Whose it is.
        actor: String,
    },
    /// The wall clock went ahead.
    #[error(
        "the machine's clock shows {}, {} later than expected. If it is wrong, correct it. If it is right, because the machine was \
         off for so long, run `shoal ledger confirm-clock`",
        shown(.wall),
        time_between(.expected, .wall)
    )]
    ClockAhead {
        /// What it shows.
        wall: DateTime<Utc>,
        /// What was expected.
        expected: DateTime<Utc>,
    },
    /// The wall clock went back.
    #[error(
        "the machine's clock shows {}, {} earlier than a time that was seen already. If it is wrong, correct it. If it is right, \
         because it was ahead before, run `shoal ledger confirm-clock`",
        shown(.wall),
        time_between(.wall, .expected)
    )]
    ClockBehind {
        /// What it shows.
        wall: DateTime<Utc>,
        /// What was expected.
        expected: DateTime<Utc>,
    },
}

impl LedgerProblem {
    /// What is wrong with the machine's clock, if anything is.
    pub fn of_the_clock(time: &LedgerTime) -> Option<Self> {
        let wall = time.wall;
        match time.verdict {
            ClockVerdict::Plausible => None,
            ClockVerdict::Ahead { expected } => Some(Self::ClockAhead { wall, expected }),
            ClockVerdict::Behind { expected } => Some(Self::ClockBehind { wall, expected }),
        }
    }
}

fn shown(moment: &DateTime<Utc>) -> impl Display {
    moment.format("%Y-%m-%d %H:%M UTC")
}

/// About how long: `3 hours`, `400 days`.
fn time_between(start: &DateTime<Utc>, end: &DateTime<Utc>) -> String {
    let between = *end - *start;
    match between.num_days() {
        0..=1 => format!("{} hours", between.num_hours()),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumped_is_told_with_what_to_do() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let time = |wall, verdict| LedgerTime {
            counted: at(0),
            wall,
            verdict,
        };
        let expected = at(0);
        assert_eq!(LedgerProblem::of_the_clock(&time(at(0), ClockVerdict::Plausible)), None);
        let ahead = time(at(400 * 86_400), ClockVerdict::Ahead { expected });
        let told = LedgerProblem::of_the_clock(&ahead).unwrap().to_string();
        assert!(told.contains("400 days later than expected"), "{told}");
        let behind = time(at(-7_200), ClockVerdict::Behind { expected });
        let told = LedgerProblem::of_the_clock(&behind).unwrap().to_string();
        for part in ["2 hours earlier", "2027-01-15 06:00 UTC", "shoal ledger confirm-clock"] {
            assert!(told.contains(part), "`{part}` is not in `{told}`");
        }
    }
}
