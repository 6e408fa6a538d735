//! When budget is spent, and when it is not.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use shoal::clock::{Clock, ManualClock};
use shoal::training::{ReleaseOutcome, standstill};

use crate::support::{Tube, world};

async fn tube() -> (Tube, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let instance = world(&[20]).swap_remove(0);
    (Tube::create(0, instance, clock.clone(), |_| ()).await, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_budget_is_spent_for_nobody_or_against_the_administrators_will() {
    let (tube, _) = tube().await;
    assert_eq!(tube.train().await.release, ReleaseOutcome::NobodyFollows);
    tube.add_follower().await;
    let switched_off = tube.train_with(|config| config.privacy.contribute = false).await;
    assert_eq!(switched_off.release, ReleaseOutcome::SwitchedOff);
    let users = switched_off.users;
    let too_few = tube
        .train_with(|config| config.privacy.minimum_contributors = users + 1)
        .await;
    let expected = ReleaseOutcome::TooFewContributors {
        contributors: users,
        minimum: users + 1,
    };
    assert_eq!(too_few.release, expected);
    assert_eq!(tube.ledger().await, []);
    let enough = tube
        .train_with(|config| config.privacy.minimum_contributors = users)
        .await;
    assert!(matches!(enough.release, ReleaseOutcome::Released { .. }), "{enough:?}");
    assert_eq!(tube.ledger().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_allows_its_budget_and_not_more() {
    let (tube, clock) = tube().await;
    tube.add_follower().await;
    let train = async |releases: u32| {
        let report = tube
            .train_with(|config| config.privacy.releases_per_year = releases)
            .await;
        report.release
    };
    let start = Utc::now();
    assert!(matches!(train(2).await, ReleaseOutcome::Released { .. }));
    let ReleaseOutcome::NotDue { next } = train(2).await else {
        panic!("a second release at once");
    };
    let half_a_year = TimeDelta::seconds(365 * 86_400 / 2);
    assert!((next - start - half_a_year).abs() < TimeDelta::minutes(5), "{next}");
    clock.advance(half_a_year + TimeDelta::hours(1));
    // Everything that was watched has been counted.
    assert!(matches!(
        train(2).await,
        ReleaseOutcome::TooFewContributors { contributors: 0, .. }
    ));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    assert!(matches!(train(2).await, ReleaseOutcome::Released { .. }));

    // More and smaller releases would be due now, but nothing is left; learning goes on.
    clock.advance(TimeDelta::days(30));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let model = tube.model();
    let outcome = train(365).await;
    assert_ne!(tube.model(), model);
    let ledger = tube.ledger().await;
    // Each of two releases costs more than one of 365: there is budget again when the first one is a year old.
    let next = Some(ledger[0].created_at + TimeDelta::days(365));
    assert_eq!(outcome, ReleaseOutcome::BudgetSpent { next });
    assert_eq!(ledger.len(), 2);
    assert!(ledger[0].payload_sha256 != ledger[1].payload_sha256);
    assert!((ledger[0].gdp_mu - ledger[1].gdp_mu).abs() < 1e-12);

    // The rolling year forgets the first debit, but not the second one.
    clock.advance(half_a_year - TimeDelta::days(29));
    assert!(matches!(train(2).await, ReleaseOutcome::Released { .. }));
    assert_eq!(
        train(365).await,
        ReleaseOutcome::NotDue {
            next: tube.ledger().await[2].created_at + TimeDelta::days(1)
        }
    );
    clock.advance(TimeDelta::days(2));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let next = Some(tube.ledger().await[1].created_at + TimeDelta::days(365));
    assert_eq!(train(365).await, ReleaseOutcome::BudgetSpent { next });
    assert_eq!(tube.ledger().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_is_told_where_administrators_look() {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let mut tube = Tube::create(0, world(&[20]).swap_remove(0), clock.clone(), |config| {
        config.privacy.releases_per_year = 12;
    })
    .await;
    tube.run().await;
    tube.add_follower().await;
    assert!(matches!(tube.train().await.release, ReleaseOutcome::Released { .. }));
    // As a sidecar with a larger budget would have left it.
    tube.own("UPDATE shoal.releases SET gdp_mu = 5").await;
    let spent_until = tube.ledger().await[0].created_at + TimeDelta::days(365);
    // Nothing is due, so nothing is missing.
    assert_eq!(tube.ready().await.get("releases"), None);

    clock.advance(TimeDelta::days(31));
    let releases = tube.ready().await["releases"].clone();
    assert_eq!(releases["status"], "budget-spent");
    let detail = releases["detail"].as_str().unwrap();
    let date = spent_until.format("%Y-%m-%d").to_string();
    for part in ["budget of the last 365 days is spent", "again on", &date] {
        assert!(detail.contains(part), "`{part}` is not in `{detail}`");
    }
    // It comes before what else is missing, and not where nothing is sent anyway.
    let outcome = tube.train().await.release;
    let next = Some(spent_until);
    assert_eq!(outcome, ReleaseOutcome::BudgetSpent { next });
    let mut config = (*tube.config).clone();
    config.privacy.contribute = false;
    let store = &tube.sidecar.store;
    assert_eq!(standstill::standstill(&config, store).await, None);

    clock.advance(TimeDelta::days(335));
    assert_eq!(tube.ready().await.get("releases"), None);
    tube.stop().await;
}
