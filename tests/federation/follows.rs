//! How sidecars come together and part.

use shoal::config::AcceptFollows;
use shoal::federation::FederationError;
use shoal::store::{FollowerState, FollowingState};

use crate::support::{BUDGET, Sidecar, clock, evidence, settle};

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_is_accepted_automatically_when_so_configured() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let peer = a.federation.follow(&b.authority()).await?;
    assert_eq!(peer.following, FollowingState::Requested);
    settle(&[&a, &b]).await?;
    assert_eq!(a.following(&b).await?, FollowingState::Accepted);
    assert_eq!(b.follower(&a).await?, FollowerState::Accepted);
    assert_eq!(b.following(&a).await?, FollowingState::None, "following is one-way");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_a_follow_waits_for_a_decision() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let b = Sidecar::start_with(&clock, |config| config.accept_follows = AcceptFollows::Manual).await?;
    a.federation.follow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.follower(&a).await?, FollowerState::Pending);
    assert_eq!(a.following(&b).await?, FollowingState::Requested);

    b.federation.accept(&a.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.follower(&a).await?, FollowerState::Accepted);
    assert_eq!(a.following(&b).await?, FollowingState::Accepted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sidecar_stays_refused_when_it_asks_again() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let b = Sidecar::start_with(&clock, |config| config.accept_follows = AcceptFollows::Manual).await?;
    a.federation.follow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    b.federation.reject(&a.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(a.following(&b).await?, FollowingState::Rejected);

    a.federation.follow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(a.following(&b).await?, FollowingState::Rejected);
    assert_eq!(b.follower(&a).await?, FollowerState::Rejected);

    b.federation.accept(&a.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(
        b.follower(&a).await?,
        FollowerState::Accepted,
        "an administrator may change their mind"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn following_twice_changes_nothing() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    let queued = a.store.recent_deliveries(10).await?.len();
    a.federation.follow(&b.authority()).await?;
    assert_eq!(a.store.recent_deliveries(10).await?.len(), queued);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_peer_deletes_its_evidence_and_tells_it() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    b.follow(&a).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    b.federation.release(&evidence(2), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(a.store.usable_evidence().await?.len(), 1);
    assert_eq!(b.store.usable_evidence().await?.len(), 1);

    a.federation.remove(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    assert!(a.peer(&b).await?.is_none());
    assert!(a.store.usable_evidence().await?.is_empty());
    assert_eq!(
        b.following(&a).await?,
        FollowingState::Rejected,
        "the peer lost its permission"
    );
    assert_eq!(b.follower(&a).await?, FollowerState::None, "the peer lost its follower");
    assert!(
        b.store.usable_evidence().await?.is_empty(),
        "what was permitted once is deleted"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sidecars_that_come_together_again_exchange_the_same_release_again() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    b.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    let before = a.store.usable_evidence().await?;
    a.federation.remove(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    a.follow(&b).await?;
    settle(&[&a, &b]).await?;
    let after = a.store.usable_evidence().await?;
    assert_eq!(before.len(), 1);
    assert_eq!(after.len(), 1);
    assert_eq!(before[0].payload, after[0].payload);
    assert_eq!(before[0].activity_url, after[0].activity_url);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deciding_about_nobody_is_a_clear_error() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let unknown = a.federation.accept("nobody.example").await;
    assert!(matches!(unknown, Err(FederationError::UnknownPeer(_))), "{unknown:?}");
    a.follow(&b).await?;
    let not_asked = a.federation.accept(&b.authority()).await;
    assert!(matches!(not_asked, Err(FederationError::NotAsked(_))), "{not_asked:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_hosts_are_neither_followed_nor_heard() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let blocked = vec![a.authority()];
    let b = Sidecar::start_with(&clock, |config| config.blocked_hosts = blocked).await?;
    let refused = b.federation.follow(&a.authority()).await;
    assert!(matches!(refused, Err(FederationError::Discovery { .. })), "{refused:?}");

    a.federation.follow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    assert!(b.peer(&a).await?.is_none());
    let delivery = &a.store.recent_deliveries(1).await?[0];
    assert!(
        delivery
            .last_error
            .as_deref()
            .is_some_and(|error| error.contains("403")),
        "{delivery:?}"
    );
    Ok(())
}
