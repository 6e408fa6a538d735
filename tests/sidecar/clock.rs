//! A machine whose clock jumps: nothing is released, that is said, and a command repairs it.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use shoal::clock::{Clock, ManualClock};
use shoal::training::{LedgerProblem, ReleaseOutcome};

use crate::support::{Tube, world};

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_ahead_for_one_cycle_releases_nothing_and_that_is_told() {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let mut tube = Tube::create(0, world(&[20]).swap_remove(0), clock.clone(), |_| ()).await;
    tube.run().await;
    tube.add_follower().await;
    assert!(matches!(tube.train().await.release, ReleaseOutcome::Released { .. }));
    assert_eq!(tube.ready().await.get("releases"), None);

    clock.set_by(TimeDelta::days(400));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let model = tube.model();
    let outcome = tube.train().await.release;
    let ReleaseOutcome::Withheld(problem @ LedgerProblem::ClockAhead { .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_ne!(tube.model(), model, "learning goes on");
    let releases = tube.ready().await["releases"].clone();
    assert_eq!(releases["status"], "withheld");
    let detail = releases["detail"].as_str().unwrap();
    for part in ["400 days later than expected", "shoal ledger confirm-clock"] {
        assert!(detail.contains(part), "`{part}` is not in `{detail}`");
    }
    assert!(problem.to_string().contains("400 days later"), "{problem}");

    // Corrected: as if nothing had been.
    clock.set_by(TimeDelta::days(-400));
    assert_eq!(tube.ready().await.get("releases"), None);
    let outcome = tube.train().await.release;
    let next = tube.ledger().await[0].created_at + TimeDelta::days(365);
    assert_eq!(outcome, ReleaseOutcome::NotDue { next });
    assert_eq!(tube.ledger().await.len(), 1);
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_at_the_first_start_is_repaired_by_the_command() {
    // Twenty years ahead, before there is anything to compare it with.
    let clock = Arc::new(ManualClock::new(Utc::now() + TimeDelta::days(20 * 365)));
    let tube = Tube::create(0, world(&[20]).swap_remove(0), clock.clone(), |config| {
        config.privacy.releases_per_year = 2;
    })
    .await;
    tube.add_follower().await;
    assert!(matches!(tube.train().await.release, ReleaseOutcome::Released { .. }));
    let store = &tube.sidecar.store;
    store.reset_user(1).await.unwrap();

    clock.set_by(TimeDelta::days(-20 * 365));
    let outcome = tube.train().await.release;
    assert!(
        matches!(&outcome, ReleaseOutcome::Withheld(LedgerProblem::ClockBehind { .. })),
        "{outcome:?}"
    );
    store.confirm_clock().await.unwrap();
    let released = tube.ledger().await[0].clone();
    assert_eq!(released.created_at, clock.now());
    assert_eq!(store.user_settings(1).await.unwrap().history_from, Some(clock.now()));
    // The next one is due half a year after the first, and not in twenty years; it counts what was watched from now on.
    let half_a_year = TimeDelta::seconds(365 * 86_400 / 2);
    let next = clock.now() + half_a_year;
    assert_eq!(tube.train().await.release, ReleaseOutcome::NotDue { next });
    clock.advance(half_a_year);
    // The command has set the date in the future to the present; the follower was reached since then.
    tube.own("UPDATE shoal.peers SET follower_confirmed_at = '2200-01-01'")
        .await;
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let outcome = tube.train().await.release;
    assert!(matches!(outcome, ReleaseOutcome::Released { .. }), "{outcome:?}");
    assert_eq!(tube.ledger().await.len(), 2);
}
