//! The release counter: an older database is noticed, and every crash leaves file and ledger consistent.

use std::fs;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use shoal::clock::{Clock, ManualClock};
use shoal::store::{Correction, CorrectionReason, CountedWatches, NewRelease};
use shoal::training::release_counter::ReleaseCounter;
use shoal::training::{LedgerProblem, ReleaseOutcome, releasing, standstill};

use crate::support::{Tube, world};

/// A sidecar with one release, and two more due.
async fn tube() -> (Tube, Arc<ManualClock>, ReleaseCounter) {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let instance = world(&[20]).swap_remove(0);
    let tube = Tube::create(0, instance, clock.clone(), |config| {
        config.privacy.releases_per_year = 3;
    })
    .await;
    tube.add_follower().await;
    release(&tube, &clock).await;
    let counter = releasing::counter(&tube.config);
    (tube, clock, counter)
}

/// The next release, some months later.
async fn release(tube: &Tube, clock: &ManualClock) {
    clock.advance(TimeDelta::days(122));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let outcome = tube.train().await.release;
    assert!(matches!(outcome, ReleaseOutcome::Released { .. }), "{outcome:?}");
}

/// What the comparison says.
async fn problem(tube: &Tube, counter: &ReleaseCounter) -> Option<LedgerProblem> {
    releasing::ledger_problem(counter, &tube.sidecar.store).await.unwrap()
}

/// Releases in the ledger, corrections included.
async fn counted(tube: &Tube) -> i64 {
    tube.sidecar.store.ledger_totals().await.unwrap().releases
}

/// As a back-up from before the newest release would leave the tables.
const RESTORE: &str =
    "DELETE FROM shoal.deliveries; DELETE FROM shoal.releases WHERE id = (SELECT max(id) FROM shoal.releases)";

/// A release that no test makes.
fn other_release(gdp_mu: f64) -> NewRelease {
    NewRelease {
        epsilon: 1.0,
        delta: 1e-6,
        gdp_mu,
        noise_multiplier: 1.0 / gdp_mu,
        contributors: None,
        basis_id: [3; 32],
        counted: Some(CountedWatches {
            after: None,
            until: chrono::DateTime::UNIX_EPOCH,
        }),
        payload: Arc::from(&b"payload"[..]),
        activity_url: "http://localhost/evidence/1".to_owned(),
        activity: Arc::from(&b"{}"[..]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_older_database_releases_nothing_until_that_is_confirmed() {
    let (tube, clock, counter) = tube().await;
    release(&tube, &clock).await;
    let before = tube.ledger().await;
    assert_eq!(problem(&tube, &counter).await, None);

    tube.own(RESTORE).await;
    clock.advance(TimeDelta::days(122));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let expected = LedgerProblem::Restored { ledger: 1, counted: 2 };
    assert_eq!(problem(&tube, &counter).await, Some(expected.clone()));
    let report = tube.train().await;
    assert_eq!(
        report.release,
        ReleaseOutcome::Withheld(expected),
        "and learning goes on"
    );
    assert_eq!(tube.ledger().await.len(), 1);

    let locked = counter.lock().await.unwrap();
    let store = &tube.sidecar.store;
    let confirmed = locked.confirm_restore(store, None, 0.01).await.unwrap().unwrap();
    assert_eq!(confirmed.releases, 1);
    assert!(
        (confirmed.gdp_mu - before[1].gdp_mu).abs() < 1e-12,
        "at the cost of the dearest"
    );
    assert_eq!(
        locked.confirm_restore(store, None, 0.01).await.unwrap(),
        None,
        "once is enough"
    );
    drop(locked);
    assert_eq!(problem(&tube, &counter).await, None);
    assert_eq!(counted(&tube).await, 2);
    // What the missing release counted is not counted again.
    let basis = before[1].basis_id.clone().try_into().unwrap();
    assert_eq!(store.counted_until(basis).await.unwrap(), before[1].counted_until);
    // Two of three releases of the year are debited: one is left.
    release(&tube, &clock).await;
    assert_eq!(tube.ledger().await[1].counted_after, before[1].counted_until);
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_says_why_nothing_is_released() {
    let (mut tube, clock, counter) = tube().await;
    release(&tube, &clock).await;
    tube.run().await;
    assert_eq!(tube.ready().await.get("releases"), None);

    tube.own(RESTORE).await;
    let releases = tube.ready().await["releases"].clone();
    assert_eq!(releases["status"], "withheld");
    let restored = LedgerProblem::Restored { ledger: 1, counted: 2 };
    assert_eq!(releases["detail"], restored.to_string());
    // Asking has changed nothing, and whoever releases holds up no answer.
    let locked = counter.lock().await.unwrap();
    assert_eq!(tube.ready().await["releases"], releases);
    assert_eq!(counted(&tube).await, 1);
    let confirmed = locked.confirm_restore(&tube.sidecar.store, None, 0.01).await.unwrap();
    assert!(confirmed.is_some());
    assert_eq!(tube.ready().await.get("releases"), None, "without a restart");
    drop(locked);

    let path = tube.config.privacy.counter_file.clone();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, "{").unwrap();
    let detail = tube.ready().await["releases"]["detail"].clone();
    assert!(detail.as_str().unwrap().contains("is damaged"), "{detail}");
    fs::remove_file(&path).unwrap();
    let detail = tube.ready().await["releases"]["detail"].clone();
    assert!(detail.as_str().unwrap().contains("is gone"), "{detail}");
    fs::write(&path, text).unwrap();
    assert_eq!(tube.ready().await.get("releases"), None);
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_under_way_is_no_reason_to_worry() {
    let (tube, _, counter) = tube().await;
    let store = &tube.sidecar.store;
    let release = other_release(0.125);
    let locked = counter.lock().await.unwrap();
    locked.begin(&release).await.unwrap();
    assert_eq!(counter.inspect(store).await.unwrap(), None);
    store.commit_release(release, 100.0).await.unwrap();
    assert_eq!(counter.inspect(store).await.unwrap(), None);
    locked.finish().await.unwrap();
    assert_eq!(counter.inspect(store).await.unwrap(), None);

    // Who sends nothing anyway is not told.
    tube.own(RESTORE).await;
    assert!(standstill::standstill(&tube.config, store).await.is_some());
    let mut config = (*tube.config).clone();
    config.privacy.contribute = false;
    assert_eq!(standstill::standstill(&config, store).await, None);
    // No folder to count in.
    config.privacy.contribute = true;
    config.privacy.counter_file = "/nowhere/at/all".into();
    let reason = standstill::standstill(&config, store).await.unwrap().detail;
    assert!(reason.contains("/nowhere/at/all cannot be locked"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_a_restored_one_without_any_release() {
    let (tube, _, counter) = tube().await;
    tube.own("DELETE FROM shoal.deliveries; DELETE FROM shoal.releases; DELETE FROM shoal.settings")
        .await;
    assert_eq!(
        problem(&tube, &counter).await,
        Some(LedgerProblem::Restored { ledger: 0, counted: 1 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_is_begun_where_there_never_was_one_and_missed_where_there_was() {
    let (tube, _, counter) = tube().await;
    let path = &tube.config.privacy.counter_file;
    let text = fs::read_to_string(path).unwrap();
    fs::remove_file(path).unwrap();
    let missing = problem(&tube, &counter).await;
    assert!(
        matches!(missing, Some(LedgerProblem::CounterMissing { .. })),
        "{missing:?}"
    );
    // Without a file nobody can count for the administrator.
    let store = &tube.sidecar.store;
    let locked = counter.lock().await.unwrap();
    assert!(locked.confirm_restore(store, None, 0.5).await.is_err());
    let confirmed = locked.confirm_restore(store, Some(2), 0.5).await.unwrap().unwrap();
    assert_eq!(confirmed.releases, 2);
    drop(locked);
    assert_eq!((problem(&tube, &counter).await, counted(&tube).await), (None, 3));

    // A ledger of a version that did not count.
    fs::remove_file(path).unwrap();
    tube.own("DELETE FROM shoal.settings").await;
    assert_eq!(problem(&tube, &counter).await, None);
    assert!(fs::read_to_string(path).unwrap().contains("\"releases\": 3"));

    // An older file beside the newest ledger is brought up to date.
    fs::write(path, text).unwrap();
    assert_eq!(problem(&tube, &counter).await, None);
    assert!(fs::read_to_string(path).unwrap().contains("\"releases\": 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_cannot_be_used_withholds_releases() {
    let (tube, clock, counter) = tube().await;
    let path = &tube.config.privacy.counter_file;
    let another = ReleaseCounter::new(path, "https://another.example/actor");
    let belongs = problem(&tube, &another).await;
    assert!(
        matches!(belongs, Some(LedgerProblem::CounterOfAnother { .. })),
        "{belongs:?}"
    );
    fs::write(path, "{").unwrap();
    let damaged = problem(&tube, &counter).await;
    assert!(
        matches!(damaged, Some(LedgerProblem::CounterUnusable { .. })),
        "{damaged:?}"
    );
    clock.advance(TimeDelta::days(122));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let report = tube
        .train_with(|config| config.privacy.counter_file = "/nowhere/at/all".into())
        .await;
    let ReleaseOutcome::Withheld(LedgerProblem::CounterUnusable { path, .. }) = report.release else {
        panic!("{report:?}");
    };
    assert_eq!(path, "/nowhere/at/all");
    assert_eq!(tube.ledger().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_cut_short_is_debited_once() {
    let (tube, _, counter) = tube().await;
    let store = &tube.sidecar.store;
    let release = other_release(0.125);
    // Dies before the debit.
    counter.lock().await.unwrap().begin(&release).await.unwrap();
    let spent = store.ledger_totals().await.unwrap().spent_mu_squared;
    assert_eq!(problem(&tube, &counter).await, None);
    let totals = store.ledger_totals().await.unwrap();
    assert!((totals.spent_mu_squared - spent - 0.125f64.powi(2)).abs() < 1e-12);
    assert_eq!(totals.releases, 2);
    // Its watches were not counted.
    assert_eq!(store.counted_until([3; 32]).await.unwrap(), None);
    assert_eq!((problem(&tube, &counter).await, counted(&tube).await), (None, 2));

    // Dies between the correction and the file.
    let mut second = other_release(0.25);
    second.payload = Arc::from(&b"second"[..]);
    counter.lock().await.unwrap().begin(&second).await.unwrap();
    let correction = Correction {
        reason: CorrectionReason::Unfinished,
        releases: 1,
        gdp_mu: 0.25,
        payload_sha256: Some(second.payload_sha256()),
        counted: None,
    };
    assert!(store.correct_ledger(correction).await.unwrap());
    assert_eq!((problem(&tube, &counter).await, counted(&tube).await), (None, 3));

    // Dies after the debit.
    let mut third = other_release(0.25);
    third.payload = Arc::from(&b"third"[..]);
    counter.lock().await.unwrap().begin(&third).await.unwrap();
    store.commit_release(third, 100.0).await.unwrap();
    assert_eq!((problem(&tube, &counter).await, counted(&tube).await), (None, 4));

    // A restored database while one was under way.
    let mut fourth = other_release(0.25);
    fourth.payload = Arc::from(&b"fourth"[..]);
    counter.lock().await.unwrap().begin(&fourth).await.unwrap();
    tube.own(RESTORE).await;
    assert_eq!(
        problem(&tube, &counter).await,
        Some(LedgerProblem::Restored { ledger: 3, counted: 5 })
    );
    let locked = counter.lock().await.unwrap();
    let confirmed = locked.confirm_restore(store, None, 0.25).await.unwrap().unwrap();
    assert_eq!(confirmed.releases, 2);
    drop(locked);
    assert_eq!((problem(&tube, &counter).await, counted(&tube).await), (None, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_debits_what_is_missing_even_if_the_newest_is_there() {
    let (tube, _, counter) = tube().await;
    let store = &tube.sidecar.store;
    let release = other_release(0.125);
    let locked = counter.lock().await.unwrap();
    locked.begin(&release).await.unwrap();
    store.commit_release(release, 100.0).await.unwrap();
    // The debit of the one under way is there; the one before it is not.
    tube.own(
        "DELETE FROM shoal.deliveries; DELETE FROM shoal.releases WHERE id = (SELECT min(id) FROM shoal.releases)",
    )
    .await;
    let expected = LedgerProblem::Restored { ledger: 1, counted: 2 };
    assert_eq!(counter.inspect(store).await.unwrap(), Some(expected.clone()));
    assert_eq!(locked.verify(store).await.unwrap(), Some(expected));
    let confirmed = locked.confirm_restore(store, None, 0.5).await.unwrap().unwrap();
    assert_eq!((confirmed.releases, counted(&tube).await), (1, 2));
    assert_eq!(locked.verify(store).await.unwrap(), None);
}
