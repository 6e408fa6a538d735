//! Releases that cannot be made: nothing leaves, nothing is debited, and learning goes on.

use std::sync::Arc;

use chrono::Utc;
use shoal::clock::ManualClock;
use shoal::training::ReleaseOutcome;

use crate::support::{Tube, world};

async fn tube(users: usize) -> Tube {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let instance = world(&[users, 20]).swap_remove(0);
    let tube = Tube::create(0, instance, clock, |_| ()).await;
    tube.add_follower().await;
    tube
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_too_large_for_the_grid_is_an_outcome_and_not_the_end_of_the_cycle() {
    let tube = tube(20).await;
    let report = tube
        .train_with(|config| {
            config.privacy.epsilon_per_year = 1e-7;
            config.privacy.delta = 1e-12;
        })
        .await;
    let ReleaseOutcome::Failed { reason } = &report.release else {
        panic!("{report:?}");
    };
    assert!(reason.contains("grid"), "{reason}");
    assert_eq!(tube.model(), Some(report.model.to_string()));
    assert_eq!(tube.ledger().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_contributes_nothing() {
    let tube = tube(20).await;
    tube.peertube(r#"DELETE FROM "userVideoHistory"; DELETE FROM "accountVideoRate""#)
        .await;
    // The configuration cannot lower the minimum below one account.
    let report = tube.train_with(|config| config.privacy.minimum_contributors = 0).await;
    let expected = ReleaseOutcome::TooFewContributors {
        contributors: 0,
        minimum: 1,
    };
    assert_eq!(report.release, expected);
    assert_eq!(tube.ledger().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn senseless_parameters_release_nothing_even_when_nobody_checked_them() {
    let tube = tube(20).await;
    for (epsilon, delta) in [(0.0, 1e-6), (-1.0, 1e-6), (f64::NAN, 1e-6), (4.0, 0.0), (4.0, 1.0)] {
        let mut trainer = tube.sidecar.trainer();
        let mut config = (*tube.config).clone();
        config.privacy.epsilon_per_year = epsilon;
        config.privacy.delta = delta;
        assert!(config.check().is_err(), "no configuration file can say so");
        trainer.config = Arc::new(config);
        let outcome = trainer.cycle(|_| ()).await;
        assert!(
            !matches!(&outcome, Ok(report) if matches!(report.release, ReleaseOutcome::Released { .. })),
            "{epsilon} {delta}: {outcome:?}"
        );
        assert_eq!(tube.ledger().await, []);
    }
}
