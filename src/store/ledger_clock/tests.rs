//! The ledger's time against clocks that jump.

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
/// Releases of a year.
const ALLOWED: usize = 4;

/// What happens to a machine.
#[derive(Debug, Clone)]
enum Event {
    /// It runs for some hours; Shoal looks every few minutes.
    Runs(i64),
    /// It is off for some days, and its clock is wrong by so many days after the start.
    IsOff { days: i64, clock_error: i64 },
    /// Its wall clock is set, so that it is wrong by so many days.
    IsSet { clock_error: i64 },
}

/// The real world, and what the ledger makes of it.
struct World {
    /// Real time in microseconds.
    real: i64,
    /// By how much the wall clock is wrong.
    error: i64,
    boot: Uuid,
    booted: i64,
    row: Row,
    /// Debits: real time, and the ledger's.
    debits: Vec<(i64, DateTime<Utc>)>,
}

fn at(microseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_700_000_000_000_000 + microseconds).unwrap()
}

impl World {
    fn new() -> Self {
        let boot = Uuid::from_u128(1);
        let row = Row {
            counted: at(0),
            seen: at(0),
            boot,
            uptime: 0,
        };
        Self {
            real: 0,
            error: 0,
            boot,
            booted: 0,
            row,
            debits: Vec::new(),
        }
    }

    fn uptime(&self) -> Uptime {
        Uptime {
            boot: self.boot,
            microseconds: self.real - self.booted,
        }
    }

    /// Looks at the clocks, and releases whenever the budget allows it.
    fn look(&mut self) {
        let uptime = self.uptime();
        let time = judge(&self.row, at(self.real + self.error), uptime);
        if let Some(next) = next(&self.row, &time, uptime) {
            self.row = next;
        }
        let window = time.counted - TimeDelta::microseconds(YEAR);
        let spent = self.debits.iter().filter(|(_, debited)| *debited > window).count();
        // Also while the wall clock is not believed: the budget must hold on its own.
        if spent < ALLOWED {
            self.debits.push((self.real, time.counted));
        }
    }

    fn live(&mut self, event: &Event) {
        match *event {
            Event::Runs(hours) => {
                for _ in 0..hours.min(40) {
                    self.real += hours * HOUR / hours.min(40);
                    self.look();
                }
            }
            Event::IsOff { days, clock_error } => {
                self.real += days * DAY;
                self.booted = self.real;
                self.boot = Uuid::from_u128(self.boot.as_u128() + 1);
                self.error = clock_error * DAY;
            }
            Event::IsSet { clock_error } => self.error = clock_error * DAY,
        }
        self.look();
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (1i64..9_000).prop_map(Event::Runs),
        1 => (0i64..500, -500i64..8_000).prop_map(|(days, clock_error)| Event::IsOff { days, clock_error }),
        2 => (-9_000i64..9_000).prop_map(|clock_error| Event::IsSet { clock_error }),
        2 => Just(Event::IsSet { clock_error: 0 }),
    ]
}

proptest! {
    /// However the wall clock jumps and the machine starts, no 365 real days spend more than their budget.
    #[test]
    fn no_real_year_spends_more_than_its_budget(events in proptest::collection::vec(event(), 1..60)) {
        let mut world = World::new();
        for event in &events {
            world.live(event);
        }
        for (last, (real, _)) in world.debits.iter().enumerate() {
            let year = world.debits[..=last].iter().filter(|(earlier, _)| earlier + YEAR > *real);
            prop_assert!(year.count() <= ALLOWED, "{:?}", world.debits);
        }
    }

    /// A machine that is always on loses nothing, and a correct clock is always believed.
    #[test]
    fn a_machine_that_runs_spends_the_whole_budget_of_each_year(hours in proptest::collection::vec(1i64..2_000, 1..40)) {
        let mut world = World::new();
        world.look();
        for hours in hours {
            world.live(&Event::Runs(hours));
            let time = judge(&world.row, at(world.real), world.uptime());
            prop_assert_eq!(time.verdict, ClockVerdict::Plausible);
            prop_assert_eq!(time.counted, at(world.real));
        }
    }
}

#[test]
fn a_clock_that_is_far_off_is_not_believed_and_is_again_when_it_is_right() {
    let mut world = World::new();
    let verdict = |world: &World| judge(&world.row, at(world.real + world.error), world.uptime()).verdict;
    for days in [-1, 8, 400, 20_000] {
        world.live(&Event::IsSet { clock_error: days });
        assert_ne!(verdict(&world), ClockVerdict::Plausible, "{days}");
        world.live(&Event::Runs(30));
        assert_ne!(verdict(&world), ClockVerdict::Plausible, "{days}");
        world.live(&Event::IsSet { clock_error: 0 });
        assert_eq!(verdict(&world), ClockVerdict::Plausible, "{days}");
    }
}

#[test]
fn only_a_confirmed_pause_counts() {
    let mut world = World::new();
    let off = Event::IsOff {
        days: 30,
        clock_error: 0,
    };
    world.live(&off);
    let before = judge(&world.row, at(world.real), world.uptime());
    assert_eq!(before.counted, at(0));
    assert!(matches!(before.verdict, ClockVerdict::Ahead { .. }), "{before:?}");
    world.row = confirmed(&world.row, &before, world.uptime());
    let after = judge(&world.row, at(world.real), world.uptime());
    assert_eq!((after.counted, after.verdict), (at(30 * DAY), ClockVerdict::Plausible));

    // A jump while the machine runs is no pause.
    world.error = 400 * DAY;
    world.look();
    let before = judge(&world.row, at(world.real + world.error), world.uptime());
    world.row = confirmed(&world.row, &before, world.uptime());
    let after = judge(&world.row, at(world.real + world.error), world.uptime());
    assert_eq!((after.counted, after.verdict), (at(30 * DAY), ClockVerdict::Plausible));
}
