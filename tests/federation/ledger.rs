//! The budget is debited before anything leaves, and never twice.

use chrono::TimeDelta;
use shoal::federation::FederationError;
use shoal::store::{DeliveryState, StoreError};

use crate::support::{Sidecar, clock, evidence, settle};

/// The price of one release of [`evidence`] in squared mu.
const PRICE: f64 = 1.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_release_beyond_the_budget_is_refused_and_nothing_leaves() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    a.federation.release(&evidence(1), Some(5), 2.0 * PRICE).await?;
    a.federation.release(&evidence(2), Some(5), 2.0 * PRICE).await?;
    let refused = a.federation.release(&evidence(3), Some(5), 2.0 * PRICE).await;
    let Err(FederationError::Store(StoreError::BudgetSpent { spent, needed, allowed })) = refused else {
        panic!("the budget was not checked: {refused:?}");
    };
    assert!((spent - 2.0).abs() < 1e-9 && (needed - 1.0).abs() < 1e-9 && (allowed - 2.0).abs() < 1e-9);
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?.len(), 2);

    let ledger = a.store.ledger_since(chrono::DateTime::UNIX_EPOCH).await?;
    assert_eq!(ledger.len(), 2);
    assert_eq!(ledger[0].contributors, Some(5));
    assert!((ledger[0].gdp_mu - 1.0).abs() < 1e-9);

    // A debit counts for 365 days.
    clock.advance(TimeDelta::days(364));
    assert!(a.federation.release(&evidence(3), None, 2.0 * PRICE).await.is_err());
    clock.advance(TimeDelta::days(2));
    a.federation.release(&evidence(3), None, 2.0 * PRICE).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_at_the_same_time_cannot_overspend() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let attempts = (0..6).map(|seed| {
        let federation = a.federation.clone();
        tokio::spawn(async move { federation.release(&evidence(seed), None, 2.0 * PRICE).await })
    });
    let mut committed = 0;
    for attempt in futures_util::future::join_all(attempts).await {
        match attempt? {
            Ok(_) => committed += 1,
            Err(FederationError::Store(StoreError::BudgetSpent { .. } | StoreError::Contention { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!(committed, 2);
    assert_eq!(a.store.ledger_since(chrono::DateTime::UNIX_EPOCH).await?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_release_is_not_committed_twice() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    a.federation.release(&evidence(1), None, 10.0 * PRICE).await?;
    assert!(a.federation.release(&evidence(1), None, 10.0 * PRICE).await.is_err());
    assert_eq!(a.store.ledger_since(chrono::DateTime::UNIX_EPOCH).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_delivers_what_was_committed_before_a_crash() -> anyhow::Result<()> {
    let clock = clock();
    let (mut a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    a.federation.release(&evidence(1), None, 10.0 * PRICE).await?;
    // The process took the delivery and died with it in its hands.
    let taken = a.store.lease_deliveries(10, TimeDelta::seconds(120)).await?;
    assert_eq!(taken.len(), 1);
    a.up().await?;
    settle(&[&a, &b]).await?;
    assert!(
        b.store.usable_evidence().await?.is_empty(),
        "another process may still be sending it"
    );
    clock.advance(TimeDelta::seconds(121));
    settle(&[&a, &b]).await?;
    let received = b.store.usable_evidence().await?;
    assert_eq!(received[0].payload, evidence(1).encode()?);
    assert_eq!(a.store.recent_deliveries(1).await?[0].state, DeliveryState::Delivered);

    // The late result of the dead process is ignored.
    a.store.fail_delivery(&taken[0], "too late").await?;
    assert_eq!(a.store.recent_deliveries(1).await?[0].state, DeliveryState::Delivered);
    Ok(())
}
