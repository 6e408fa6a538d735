//! Time as a parameter: the real clock, and one that tests move by hand.
//!
//! A machine has two clocks: the wall clock, which may be set to any value at any moment, and the uptime, which cannot be set
//! but begins anew with every boot. Dates come from the first, elapsed time that something depends on from the second.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use uuid::Uuid;

/// Where the present comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present moment by the wall clock. It may jump in both directions.
    fn now(&self) -> DateTime<Utc>;

    /// The time since the machine was started. It never jumps.
    fn uptime(&self) -> Uptime;
}

/// Time since the machine was started. Two of them can be subtracted only if they belong to the same boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// Which boot: another value after every start of the machine.
    pub boot: Uuid,
    /// Microseconds since then, those included in which the machine was suspended.
    pub microseconds: i64,
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

    fn uptime(&self) -> Uptime {
        let since_boot = rustix::time::clock_gettime(UPTIME_CLOCK);
        Uptime {
            boot: boot(),
            microseconds: since_boot.tv_sec * 1_000_000 + since_boot.tv_nsec / 1_000,
        }
    }
}

/// The clock that counts suspended time too, where there is one.
#[cfg(target_os = "linux")]
const UPTIME_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const UPTIME_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// The kernel's identifier of this boot. Where there is none, every process counts as a boot of its own: time between two
/// processes is then not known to have passed, which is the safe side.
fn boot() -> Uuid {
    static BOOT: LazyLock<Uuid> = LazyLock::new(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()
            .and_then(|id| Uuid::parse_str(id.trim()).ok())
            .unwrap_or_else(Uuid::new_v4)
    });
    *BOOT
}

/// A clock that only moves when told to; for tests.
#[derive(Debug)]
pub struct ManualClock {
    microseconds: AtomicI64,
    uptime: AtomicI64,
    boot: Mutex<Uuid>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self {
            microseconds: AtomicI64::new(start.timestamp_micros()),
            uptime: AtomicI64::new(0),
            boot: Mutex::new(Uuid::new_v4()),
        }
    }

    /// Lets time pass. A negative `delta` moves the wall clock only, as [`ManualClock::set_by`] does.
    pub fn advance(&self, delta: TimeDelta) {
        let microseconds = delta.num_microseconds().unwrap_or(0);
        self.microseconds.fetch_add(microseconds, Ordering::SeqCst);
        self.uptime.fetch_add(microseconds.max(0), Ordering::SeqCst);
    }

    /// Sets the wall clock ahead, or back when `delta` is negative, without any time passing.
    pub fn set_by(&self, delta: TimeDelta) {
        let microseconds = delta.num_microseconds().unwrap_or(0);
        self.microseconds.fetch_add(microseconds, Ordering::SeqCst);
    }

    /// Starts the machine anew: the wall clock goes on, the uptime begins at zero.
    pub fn reboot(&self) {
        self.uptime.store(0, Ordering::SeqCst);
        *self.boot.lock().unwrap_or_else(PoisonError::into_inner) = Uuid::new_v4();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.microseconds.load(Ordering::SeqCst)).unwrap_or(DateTime::UNIX_EPOCH)
    }

    fn uptime(&self) -> Uptime {
        Uptime {
            boot: *self.boot.lock().unwrap_or_else(PoisonError::into_inner),
            microseconds: self.uptime.load(Ordering::SeqCst),
        }
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
    fn setting_the_wall_clock_lets_no_time_pass() {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let started = clock.uptime();
        clock.set_by(TimeDelta::days(400));
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH + TimeDelta::days(400));
        assert_eq!(clock.uptime(), started);
        clock.advance(TimeDelta::seconds(3));
        assert_eq!(clock.uptime().microseconds, started.microseconds + 3_000_000);
        clock.reboot();
        assert_ne!(clock.uptime().boot, started.boot);
    }

    #[test]
    fn the_uptime_of_a_machine_does_not_run_backwards() {
        let (first, second) = (SystemClock.uptime(), SystemClock.uptime());
        assert_eq!(first.boot, second.boot);
        assert!(first.microseconds <= second.microseconds);
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
