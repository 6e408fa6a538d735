//! Followers come and go, and strangers cannot fill the table.

use anyhow::Context;
use shoal::store::{FollowerState, NewPeer, Received, Reception};

use crate::support::{delivery, follow, gain_follower, peer, received, store};

#[tokio::test]
async fn strangers_cannot_fill_the_table_with_follow_requests() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    let ask = async |number: u32, automatic: bool| {
        let host = format!("h{number}.example");
        let (accept, reject) = (
            delivery(&host, &format!("a{number}")),
            delivery(&host, &format!("r{number}")),
        );
        store
            .receive_follow(
                received(&host, "follow", "Follow"),
                peer(&host),
                automatic,
                accept,
                reject,
            )
            .await
    };
    for number in 0..500 {
        assert_eq!(ask(number, false).await?, Reception::Processed);
    }
    assert!(matches!(ask(500, false).await?, Reception::Refused(_)));
    assert!(store.peer("https://h500.example/actor").await?.is_none());
    assert_eq!(
        ask(500, true).await?,
        Reception::Processed,
        "a refused request was not remembered as received"
    );
    let peer = store.peer("https://h500.example/actor").await?.context("it is known")?;
    assert_eq!(peer.follower, FollowerState::Accepted);
    Ok(())
}

#[tokio::test]
async fn one_host_cannot_bring_many_followers() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    let mut receptions = Vec::new();
    for number in 0..6 {
        let peer = NewPeer {
            actor_url: format!("https://a.example/actor/{number}"),
            ..peer("a.example")
        };
        let received = Received {
            activity_url: format!("https://a.example/follow/{number}"),
            actor_url: peer.actor_url.clone(),
            kind: "Follow",
        };
        let (accept, reject) = (
            delivery("a.example", &format!("a{number}")),
            delivery("a.example", &format!("r{number}")),
        );
        receptions.push(store.receive_follow(received, peer, true, accept, reject).await?);
    }
    assert!(
        receptions[..5]
            .iter()
            .all(|reception| *reception == Reception::Processed)
    );
    assert!(matches!(receptions[5], Reception::Refused(_)));
    Ok(())
}

#[tokio::test]
async fn a_follower_that_leaves_is_forgotten_unless_it_is_followed() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    gain_follower(&store, "a.example").await?;
    gain_follower(&store, "b.example").await?;
    follow(&store, "b.example").await?;
    for host in ["a.example", "b.example"] {
        let reception = store.receive_unfollow(received(host, "undo", "Undo")).await?;
        assert_eq!(reception, Reception::Processed);
    }
    assert!(store.peer("https://a.example/actor").await?.is_none());
    let peer = store.peer("https://b.example/actor").await?.context("it is followed")?;
    assert_eq!(peer.follower, FollowerState::None);
    Ok(())
}
