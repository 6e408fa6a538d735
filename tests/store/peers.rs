//! Followers come and go, and strangers cannot fill the table.

use anyhow::Context;
use chrono::TimeDelta;
use shoal::store::{FollowerOrigin, FollowerState, Reception, Store};

use crate::support::{delivery, follow, gain_follower, origin, peer, received, store};

/// A follow request of `host`, with the place from which it comes.
async fn ask(store: &Store, host: &str, origin: FollowerOrigin, automatic: bool) -> anyhow::Result<Reception> {
    let (accept, reject) = (
        delivery(host, &format!("accept-{host}")),
        delivery(host, &format!("reject-{host}")),
    );
    let follow = received(host, "follow", "Follow");
    Ok(store
        .receive_follow(follow, peer(host), origin, automatic, accept, reject)
        .await?)
}

async fn waits(store: &Store, host: &str) -> anyhow::Result<bool> {
    let peer = store.peer(&format!("https://{host}/actor")).await?;
    Ok(peer.is_some_and(|peer| peer.follower == FollowerState::Pending))
}

#[tokio::test]
async fn strangers_cannot_fill_the_table_with_follow_requests() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    for number in 0..501 {
        clock.advance(TimeDelta::seconds(1));
        let host = format!("h{number}.example");
        assert_eq!(
            ask(&store, &host, origin(&host, None), false).await?,
            Reception::Processed
        );
    }
    assert!(!waits(&store, "h0.example").await?, "the oldest made room");
    assert!(
        store.peer("https://h0.example/actor").await?.is_none(),
        "nothing is left of it"
    );
    assert!(waits(&store, "h1.example").await? && waits(&store, "h500.example").await?);
    Ok(())
}

#[tokio::test]
async fn many_requests_of_one_domain_or_network_displace_only_each_other() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    assert_eq!(
        ask(
            &store,
            "honest.example",
            origin("honest.example", Some("8.8.8.0/24")),
            false
        )
        .await?,
        Reception::Processed
    );
    for number in 0..40 {
        clock.advance(TimeDelta::seconds(1));
        let host = format!("h{number}.bad.example");
        ask(&store, &host, origin("bad.example", None), false).await?;
        let host = format!("h{number}.example");
        ask(&store, &host, origin(&host, Some("93.184.216.0/24")), false).await?;
    }
    assert!(waits(&store, "honest.example").await?);
    let pending = store.peers().await?.len();
    assert_eq!(pending, 1 + 5 + 20, "five of a domain and twenty of a network");
    assert!(
        waits(&store, "h39.bad.example").await? && waits(&store, "h39.example").await?,
        "the newest wait"
    );
    Ok(())
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_forgotten_and_may_come_again() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    ask(&store, "a.example", origin("a.example", None), false).await?;
    gain_follower(&store, "b.example").await?;
    clock.advance(TimeDelta::days(29));
    store.prune().await?;
    assert!(waits(&store, "a.example").await?);
    clock.advance(TimeDelta::days(2));
    store.prune().await?;
    assert!(store.peer("https://a.example/actor").await?.is_none());
    assert_eq!(store.accepted_peers().await?, (0, 1), "whoever was accepted stays");
    assert_eq!(
        ask(&store, "a.example", origin("a.example", None), false).await?,
        Reception::Processed
    );
    assert!(waits(&store, "a.example").await?);
    Ok(())
}

#[tokio::test]
async fn one_domain_cannot_bring_many_followers() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    for number in 0..20 {
        let host = format!("h{number}.example");
        let reception = ask(&store, &host, origin("a.example", None), true).await?;
        assert_eq!(reception, Reception::Processed);
    }
    let full = ask(&store, "h20.example", origin("a.example", None), true).await?;
    assert!(matches!(full, Reception::NoRoom { .. }), "{full:?}");
    assert!(store.peer("https://h20.example/actor").await?.is_none());
    let other = ask(&store, "b.example", origin("b.example", None), true).await?;
    assert_eq!(other, Reception::Processed);
    Ok(())
}

#[tokio::test]
async fn a_follower_that_leaves_is_forgotten_unless_it_is_followed() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    gain_follower(&store, "a.example").await?;
    gain_follower(&store, "b.example").await?;
    follow(&store, "b.example").await?;
    for host in ["a.example", "b.example"] {
        let follow = format!("https://{host}/follow");
        let undo = received(host, "undo", "Undo");
        let reception = store.receive_unfollow(undo, &follow, true).await?;
        assert_eq!(reception, Reception::Processed);
    }
    assert!(store.peer("https://a.example/actor").await?.is_none());
    let peer = store.peer("https://b.example/actor").await?.context("it is followed")?;
    assert_eq!(peer.follower, FollowerState::None);
    Ok(())
}
