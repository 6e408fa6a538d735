//! The queue of deliveries.

use anyhow::Context;
use chrono::TimeDelta;

use crate::support::{gain_follower, release, store};

#[tokio::test]
async fn workers_never_lease_the_same_delivery_nor_two_of_one_inbox() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    for host in ["a.example", "b.example", "c.example"] {
        gain_follower(&store, host).await?;
    }
    store.commit_release(release(b"payload"), 1.0).await?;
    let lease = TimeDelta::seconds(60);
    let (one, two) = tokio::try_join!(store.lease_deliveries(10, lease), store.lease_deliveries(10, lease))?;
    let mut inboxes: Vec<_> = one
        .iter()
        .chain(&two)
        .map(|delivery| delivery.inbox_url.clone())
        .collect();
    inboxes.sort();
    assert_eq!(inboxes.len(), 3, "the accept of each, and of each only the accept");
    inboxes.dedup();
    assert_eq!(inboxes.len(), 3);
    assert!(store.lease_deliveries(10, lease).await?.is_empty());

    let first = one.first().or(two.first()).context("one was leased")?;
    store.finish_delivery(first).await?;
    let next = store.lease_deliveries(10, lease).await?;
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].inbox_url, first.inbox_url, "now the release follows");
    clock.advance(TimeDelta::seconds(61));
    assert_eq!(store.lease_deliveries(10, lease).await?.len(), 3, "leases run out");
    Ok(())
}
