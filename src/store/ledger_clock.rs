//! The privacy ledger's own time, which a jump of the wall clock cannot move.
//!
//! A debit counts for 365 days. By the wall clock these would be over at once when the clock is set ahead, and the same
//! budget would be spent twice. So the ledger counts *time that has certainly passed*: the machine's uptime, which nobody can
//! set, added up over boots. While the machine was off nothing is counted. If `C(t)` is what the ledger counts at the real
//! moment `t`, then `C(t2) - C(t1) <= t2 - t1` for any two moments, so all debits of any 365 real days lie within 365 days of
//! the ledger's time, and their sum was checked against the budget ([`judge`] is held to that by a property test).
//!
//! Dates in messages come from the wall clock all the same. Its latest believed time is kept too: a wall clock that is
//! more than [`LARGEST_STEP`] later than expected, or earlier by more than [`TOLERANCE`], is not believed, and nothing is
//! released until it is right again or the administrator says that it is ([`Store::confirm_clock`]).

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::future_stamps::{self, Repaired};
use super::{Isolation, Store, StoreError};
use crate::clock::{Clock, Uptime};

/// By how much the wall clock may be later than expected: the machine may have been off for so long.
pub const LARGEST_STEP: TimeDelta = TimeDelta::days(7);
/// By how much the wall clock may be earlier than expected; dates that lie further ahead than this are in the future.
pub const TOLERANCE: TimeDelta = TimeDelta::hours(1);

/// The present, as the ledger sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerTime {
    /// The ledger's own time.
    pub counted: DateTime<Utc>,
    /// The wall clock.
    pub wall: DateTime<Utc>,
    /// Whether the wall clock is believed.
    pub verdict: ClockVerdict,
}

/// Whether the wall clock is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockVerdict {
    /// It shows about what was expected.
    Plausible,
    /// It is ahead of what was expected.
    Ahead {
        /// What was expected.
        expected: DateTime<Utc>,
    },
    /// It is behind what was expected.
    Behind {
        /// What was expected.
        expected: DateTime<Utc>,
    },
}

/// What [`Store::confirm_clock`] and [`Store::observe_time`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The present before anything was changed.
    pub time: LedgerTime,
    /// Dates in the future that were set to the present.
    pub repaired: Repaired,
}

/// The row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    counted: DateTime<Utc>,
    seen: DateTime<Utc>,
    boot: Uuid,
    uptime: i64,
}

impl LedgerTime {
    /// When the wall clock will show that the ledger's own time is `moment`, if nothing jumps.
    pub fn on_the_wall(&self, moment: DateTime<Utc>) -> DateTime<Utc> {
        let wait = moment - self.counted;
        self.wall.checked_add_signed(wait).unwrap_or(self.wall)
    }
}

/// The present according to the row and both clocks of the machine.
fn judge(row: &Row, wall: DateTime<Utc>, uptime: Uptime) -> LedgerTime {
    let passed = if row.boot == uptime.boot {
        TimeDelta::microseconds(uptime.microseconds.saturating_sub(row.uptime).max(0))
    } else {
        // Nobody knows for how long the machine was off.
        TimeDelta::zero()
    };
    let later = |moment: DateTime<Utc>| moment.checked_add_signed(passed).unwrap_or(moment);
    let expected = later(row.seen);
    let verdict = if wall - expected > LARGEST_STEP {
        ClockVerdict::Ahead { expected }
    } else if expected - wall > TOLERANCE {
        ClockVerdict::Behind { expected }
    } else {
        ClockVerdict::Plausible
    };
    LedgerTime {
        counted: later(row.counted),
        wall,
        verdict,
    }
}

/// What the row becomes when `time` was seen. `None`: it stays, because the machine was started again and its clock is far
/// ahead: if that is confirmed, the time between counts.
fn next(row: &Row, time: &LedgerTime, uptime: Uptime) -> Option<Row> {
    let seen = match time.verdict {
        ClockVerdict::Plausible => time.wall,
        ClockVerdict::Ahead { .. } if row.boot != uptime.boot => return None,
        ClockVerdict::Ahead { expected } | ClockVerdict::Behind { expected } => expected,
    };
    Some(Row {
        counted: time.counted,
        seen,
        boot: uptime.boot,
        uptime: uptime.microseconds,
    })
}

/// What the row becomes when the administrator says that the wall clock is right. If it is ahead after a start of the machine,
/// the machine was off until then, so the time between has passed. A jump during one boot was a correction: what passed is
/// known, and no time is added.
fn confirmed(row: &Row, time: &LedgerTime, uptime: Uptime) -> Row {
    let off = match time.verdict {
        ClockVerdict::Ahead { expected } if row.boot != uptime.boot => time.wall - expected,
        _ => TimeDelta::zero(),
    };
    Row {
        counted: time.counted.checked_add_signed(off).unwrap_or(time.counted),
        seen: time.wall,
        boot: uptime.boot,
        uptime: uptime.microseconds,
    }
}

impl Store {
    /// The present, as the ledger sees it. Changes nothing, but for the row that must be there.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn ledger_time(&self) -> Result<LedgerTime, StoreError> {
        let row = sqlx::query_as!(Row, "SELECT counted, seen, boot, uptime FROM shoal.ledger_clock")
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some(row) => Ok(judge(&row, self.clock.now(), self.clock.uptime())),
            None => Ok(self.observe_time().await?.time),
        }
    }

    /// Writes down what both clocks show, and sets dates in the future to the present when the wall clock is believed. To be
    /// called every few minutes: what passes between the last call and the end of a boot is not counted.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn observe_time(&self) -> Result<Observation, StoreError> {
        self.write_time("observe_time", false).await
    }

    /// Believes the wall clock, whatever was expected, and sets dates in the future to the present. Returns what the ledger saw
    /// before.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails; nothing is changed then.
    pub async fn confirm_clock(&self) -> Result<Observation, StoreError> {
        self.write_time("confirm_clock", true).await
    }

    async fn write_time(&self, name: &'static str, confirm: bool) -> Result<Observation, StoreError> {
        let (wall, uptime) = (self.clock.now(), self.clock.uptime());
        let observation = self
            .run_transaction(name, Isolation::RepeatableRead, move |connection| {
                Box::pin(async move {
                    let row = row(connection, wall, uptime).await?;
                    let time = judge(&row, wall, uptime);
                    if confirm {
                        write(connection, &confirmed(&row, &time, uptime)).await?;
                    } else if let Some(next) = next(&row, &time, uptime) {
                        write(connection, &next).await?;
                    }
                    let repaired = if confirm || time.verdict == ClockVerdict::Plausible {
                        future_stamps::repair(connection, wall).await?
                    } else {
                        Repaired::default()
                    };
                    Ok(Observation { time, repaired })
                })
            })
            .await?;
        // What is cached of these users has the dates from before.
        drop(self.remembered.forgetting(&observation.repaired.users));
        Ok(observation)
    }
}

/// For a debit: the present, written down in the same transaction.
///
/// # Errors
/// [`StoreError::Clock`] when the wall clock is not believed, [`StoreError::Database`] if the database fails.
pub(super) async fn debit_time(connection: &mut PgConnection, clock: &dyn Clock) -> Result<LedgerTime, StoreError> {
    let time = advance(connection, clock).await?;
    match time.verdict {
        ClockVerdict::Plausible => Ok(time),
        ClockVerdict::Ahead { expected } | ClockVerdict::Behind { expected } => Err(StoreError::Clock {
            wall: time.wall,
            expected,
        }),
    }
}

/// The present, written down in the same transaction, whether or not the wall clock is believed.
pub(super) async fn advance(connection: &mut PgConnection, clock: &dyn Clock) -> Result<LedgerTime, StoreError> {
    let (wall, uptime) = (clock.now(), clock.uptime());
    let row = row(connection, wall, uptime).await?;
    let time = judge(&row, wall, uptime);
    if let Some(next) = next(&row, &time, uptime) {
        write(connection, &next).await?;
    }
    Ok(time)
}

/// The row, locked. Where there is none yet, it begins at the newest date that an earlier version wrote, else at the present.
async fn row(connection: &mut PgConnection, wall: DateTime<Utc>, uptime: Uptime) -> Result<Row, StoreError> {
    let locked = sqlx::query_as!(
        Row,
        "SELECT counted, seen, boot, uptime FROM shoal.ledger_clock FOR UPDATE"
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = locked {
        return Ok(row);
    }
    let newest = sqlx::query_scalar!(
        "SELECT greatest((SELECT max(created_at) FROM shoal.releases), (SELECT max(created_at) FROM shoal.ledger_corrections),
                         (SELECT max(created_at) FROM shoal.models))",
    )
    .fetch_one(&mut *connection)
    .await?;
    let start = newest.unwrap_or(wall);
    let row = Row {
        counted: start,
        seen: start,
        boot: uptime.boot,
        uptime: uptime.microseconds,
    };
    sqlx::query!(
        "INSERT INTO shoal.ledger_clock (counted, seen, boot, uptime) VALUES ($1, $2, $3, $4)",
        row.counted,
        row.seen,
        row.boot,
        row.uptime,
    )
    .execute(connection)
    .await?;
    Ok(row)
}

async fn write(connection: &mut PgConnection, row: &Row) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE shoal.ledger_clock SET counted = $1, seen = $2, boot = $3, uptime = $4",
        row.counted,
        row.seen,
        row.boot,
        row.uptime,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
