//! A database that cannot write: nothing is debited that is not released, and it is not tried again at once.

use std::fs;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use shoal::clock::ManualClock;
use shoal::training::ReleaseOutcome;

use crate::support::{Tube, world};

/// A sidecar with a follower, whose database fails when a release is stored.
async fn tube(trigger: &str) -> (Tube, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let tube = Tube::create(0, world(&[20]).swap_remove(0), clock.clone(), |config| {
        config.privacy.releases_per_year = 12;
    })
    .await;
    tube.add_follower().await;
    tube.own(trigger).await;
    (tube, clock)
}

/// As PostgreSQL says it when it cannot extend a table's file.
const DISK_FULL: &str = "CREATE FUNCTION shoal.fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;";
/// While the row is written.
const AT_THE_ROW: &str =
    "CREATE TRIGGER fail BEFORE INSERT ON shoal.releases FOR EACH ROW EXECUTE FUNCTION shoal.fail()";
/// When the transaction is committed.
const AT_THE_COMMIT: &str =
    "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON shoal.releases DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION shoal.fail()";
const MEND: &str = "DROP TRIGGER fail ON shoal.releases";

/// Whether the file beside the database says that a release is under way.
fn is_under_way(tube: &Tube) -> bool {
    let text = fs::read_to_string(&tube.config.privacy.counter_file).unwrap();
    let counter: serde_json::Value = serde_json::from_str(&text).unwrap();
    !counter["underWay"].is_null()
}

/// Corrections, and the share of the year's budget that is spent, in twelfths.
async fn spent(tube: &Tube) -> (i64, i64) {
    let totals = tube.sidecar.store.ledger_totals().await.unwrap();
    let release = shoal::training::releasing::mechanism(&tube.config.privacy).unwrap().mu;
    let twelfths = (totals.spent_mu_squared / (release * release)).round() as i64;
    (totals.releases - tube.ledger().await.len() as i64, twelfths)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_debits_nothing_and_is_not_tried_again_at_once() {
    for place in [AT_THE_ROW, AT_THE_COMMIT] {
        let (tube, clock) = tube(&format!("{DISK_FULL} {place}")).await;
        let failed = tube.train().await.release;
        let ReleaseOutcome::Failed { reason } = &failed else {
            panic!("{place}: {failed:?}");
        };
        assert!(reason.contains("No space left on device"), "{reason}");
        assert!(!is_under_way(&tube), "{place}");
        // Minute after minute: no noise is drawn, and nothing is spent.
        for _ in 0..3 {
            clock.advance(TimeDelta::minutes(1));
            let waiting = tube.train().await.release;
            assert!(
                matches!(waiting, ReleaseOutcome::Postponed { failures: 1, .. }),
                "{place}: {waiting:?}"
            );
        }
        clock.advance(TimeDelta::minutes(8));
        let failed = tube.train().await.release;
        assert!(matches!(failed, ReleaseOutcome::Failed { .. }), "{place}: {failed:?}");
        clock.advance(TimeDelta::minutes(11));
        let waiting = tube.train().await.release;
        assert!(
            matches!(waiting, ReleaseOutcome::Postponed { failures: 2, .. }),
            "{place}: {waiting:?}"
        );
        assert_eq!(spent(&tube).await, (0, 0), "{place}");

        tube.own(MEND).await;
        clock.advance(TimeDelta::minutes(10));
        let released = tube.train().await.release;
        assert!(
            matches!(released, ReleaseOutcome::Released { .. }),
            "{place}: {released:?}"
        );
        assert_eq!((spent(&tube).await, tube.ledger().await.len()), ((0, 1), 1), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_the_commit_is_debited_once_and_then_waits_longer() {
    let kill = "CREATE FUNCTION shoal.fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;";
    let (tube, clock) = tube(&format!("{kill} {AT_THE_COMMIT}")).await;
    let failed = tube.train().await.release;
    assert!(matches!(failed, ReleaseOutcome::Failed { .. }), "{failed:?}");
    assert!(is_under_way(&tube), "nobody knows whether it was committed");
    for _ in 0..3 {
        clock.advance(TimeDelta::minutes(1));
        let waiting = tube.train().await.release;
        assert!(matches!(waiting, ReleaseOutcome::Postponed { .. }), "{waiting:?}");
        assert_eq!(spent(&tube).await, (1, 1), "debited once, not each time");
    }
    // A second one in a row: from now on the ledger itself lets the next one wait, also in another process.
    clock.advance(TimeDelta::minutes(10));
    assert!(matches!(tube.train().await.release, ReleaseOutcome::Failed { .. }));
    let beside = tube.beside().await;
    let waiting = beside.trainer().cycle(|_| ()).await.unwrap().release;
    assert!(
        matches!(waiting, ReleaseOutcome::Postponed { failures: 2, .. }),
        "{waiting:?}"
    );
    assert_eq!(spent(&tube).await, (2, 2));
    tube.own(MEND).await;
    clock.advance(TimeDelta::minutes(61));
    let released = beside.trainer().cycle(|_| ()).await.unwrap().release;
    assert!(matches!(released, ReleaseOutcome::Released { .. }), "{released:?}");
    assert_eq!((spent(&tube).await, tube.ledger().await.len()), ((2, 3), 1));
}
