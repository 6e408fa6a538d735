//! The two sides of a follow agree again after lost, late and contradicting messages, and nothing is released for nobody.

use chrono::TimeDelta;
use shoal::config::AcceptFollows;
use shoal::store::{FollowerState, FollowingState, LeasedDelivery};

use crate::support::{BUDGET, Sidecar, World, clock, evidence, settle};

async fn manual(clock: &World) -> anyhow::Result<Sidecar> {
    Sidecar::start_with(clock, |config| config.accept_follows = AcceptFollows::Manual).await
}

/// Lets everything that this sidecar has queued get lost for good.
async fn lose(sidecar: &Sidecar) -> anyhow::Result<usize> {
    let leased: Vec<LeasedDelivery> = sidecar.store.lease_deliveries(50, TimeDelta::seconds(60)).await?;
    for delivery in &leased {
        sidecar.store.fail_delivery(delivery, "lost").await?;
    }
    Ok(leased.len())
}

/// What happens once a day: signatures are also checked by the real clock, so the test's cannot be moved by a day.
async fn ask_all(sidecars: &[&Sidecar]) -> anyhow::Result<()> {
    for sidecar in sidecars {
        sidecar.store.sync_all_soon().await?;
    }
    settle(sidecars).await
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_are_asked_once_a_day() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    let lease = TimeDelta::seconds(60);
    clock.advance(TimeDelta::minutes(20));
    settle(&[&a, &b]).await?;
    clock.advance(TimeDelta::hours(21));
    assert!(a.store.lease_syncs(10, lease).await?.is_empty());
    clock.advance(TimeDelta::hours(6));
    let due = a.store.lease_syncs(10, lease).await?;
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].peer.actor_url, b.actor());
    assert!(a.store.lease_syncs(10, lease).await?.is_empty(), "one at a time");
    clock.advance(TimeDelta::minutes(2));
    assert_eq!(a.store.lease_syncs(10, lease).await?.len(), 1, "a crash is made up for");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_that_was_rejected_is_accepted_later_on_both_sides() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, manual(&clock).await?);
    a.federation.follow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    b.federation.reject(&a.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(a.following(&b).await?, FollowingState::Rejected);

    b.federation.accept(&a.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(a.following(&b).await?, FollowingState::Accepted);
    b.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(a.store.usable_evidence().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_made_up_for_by_asking() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, manual(&clock).await?);
    a.federation.follow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    for (accept, agreed) in [
        (true, FollowingState::Accepted),
        (false, FollowingState::Rejected),
        (true, FollowingState::Accepted),
    ] {
        if accept {
            b.federation.accept(&a.authority()).await?;
        } else {
            b.federation.reject(&a.authority()).await?;
        }
        assert!(lose(&b).await? > 0);
        ask_all(&[&a, &b]).await?;
        assert_eq!(a.following(&b).await?, agreed);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_follow_is_sent_again() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.federation.follow(&b.authority()).await?;
    lose(&a).await?;
    settle(&[&a, &b]).await?;
    assert!(b.peer(&a).await?.is_none());
    ask_all(&[&a, &b]).await?;
    assert_eq!(a.following(&b).await?, FollowingState::Accepted);
    assert_eq!(b.follower(&a).await?, FollowerState::Accepted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_without_hearing_of_it_is_no_follower_any_more() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    b.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    b.federation.remove(&a.authority()).await?;
    lose(&b).await?;
    assert_eq!(a.following(&b).await?, FollowingState::Accepted);
    ask_all(&[&a, &b]).await?;
    assert_eq!(
        a.following(&b).await?,
        FollowingState::Rejected,
        "it is not asked again either"
    );
    assert!(a.store.usable_evidence().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_left_without_a_word_does_not_count_before_a_release() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    assert_eq!(b.store.reachable_followers().await?, 1);
    b.store.doubt_follower(&a.actor()).await?;
    assert_eq!(b.store.reachable_followers().await?, 0);
    b.federation.ask_followers().await?;
    assert_eq!(b.store.reachable_followers().await?, 1, "it says that it follows");

    a.federation.unfollow(&b.authority()).await?;
    lose(&a).await?;
    assert_eq!(b.follower(&a).await?, FollowerState::Accepted, "it does not know yet");
    b.store.doubt_follower(&a.actor()).await?;
    b.federation.ask_followers().await?;
    assert_eq!(b.store.reachable_followers().await?, 0);
    assert_eq!(b.follower(&a).await?, FollowerState::None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_counts_for_a_week_after_it_was_reached() -> anyhow::Result<()> {
    let clock = clock();
    let (mut a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    a.down().await;
    clock.advance(TimeDelta::days(6));
    settle(&[&b]).await?;
    b.federation.ask_followers().await?;
    assert_eq!(b.store.reachable_followers().await?, 1);
    clock.advance(TimeDelta::days(2));
    settle(&[&b]).await?;
    assert_eq!(b.store.reachable_followers().await?, 0);
    assert_eq!(b.follower(&a).await?, FollowerState::Accepted, "it may come back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_that_it_does_not_follow_is_asked_and_forgotten() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    a.federation.unfollow(&b.authority()).await?;
    lose(&a).await?;
    b.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&b]).await?;
    let delivery = &b.store.recent_deliveries(1).await?[0];
    assert!(
        delivery.last_error.as_deref().unwrap_or_default().contains("403"),
        "{delivery:?}"
    );
    assert!(b.peer(&a).await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unfollowing_ends_one_direction_only() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    b.follow(&a).await?;
    b.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    a.federation.unfollow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    assert!(a.store.usable_evidence().await?.is_empty());
    assert_eq!(b.follower(&a).await?, FollowerState::None);
    assert_eq!(b.following(&a).await?, FollowingState::Accepted);
    assert_eq!(a.follower(&b).await?, FollowerState::Accepted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_are_named_in_many_ways() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    let authority = b.authority();
    for name in [
        authority.clone(),
        authority.to_uppercase(),
        format!("{authority}/"),
        format!("http://{authority}"),
        format!("http://{authority}/"),
        format!("http://{authority}/actor"),
        format!("@shoal@{authority}"),
        format!("acct:shoal@{authority}"),
    ] {
        assert_eq!(a.federation.sync(Some(&name)).await?[0].actor, b.actor(), "{name}");
    }
    Ok(())
}
