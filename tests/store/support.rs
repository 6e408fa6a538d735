//! Stores on a real PostgreSQL, and what is put into them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use chrono::{DateTime, TimeDelta};
use secrecy::SecretString;
use shoal::clock::{ManualClock, SharedClock};
use shoal::config::DatabaseConfig;
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::store::{FollowerOrigin, NewDelivery, NewPeer, NewRelease, Received, Reception, Store};
use tokio::sync::OnceCell;

/// One server for all tests of this process; it disappears with the process.
async fn cluster() -> anyhow::Result<&'static ThrowAwayCluster> {
    static CLUSTER: OnceCell<ThrowAwayCluster> = OnceCell::const_new();
    let start = || async { ThrowAwayCluster::start(&Options::default()).await };
    CLUSTER
        .get_or_try_init(start)
        .await
        .context("the test database could not be started")
}

/// A store with tables, its clock, and the address of its database.
pub async fn store() -> anyhow::Result<(Store, Arc<ManualClock>, String)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("store_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    cluster().await?.create_database(&name).await?;
    let url = cluster().await?.url(&name);
    let clock = Arc::new(ManualClock::new(
        DateTime::from_timestamp(1_800_000_000, 0).context("a time")?,
    ));
    let config = DatabaseConfig {
        url: SecretString::from(url.clone()),
        max_connections: 4,
    };
    let store = Store::connect(&config, Arc::clone(&clock) as SharedClock).await?;
    store.migrate().await?;
    Ok((store, clock, url))
}

/// The peer at `host`.
pub fn peer(host: &str) -> NewPeer {
    NewPeer {
        actor_url: format!("https://{host}/actor"),
        inbox_url: format!("https://{host}/actor/inbox"),
        shared_inbox_url: None,
        public_key_pem: "key".to_owned(),
        host: host.to_owned(),
        name: host.to_owned(),
        fetched_at: DateTime::UNIX_EPOCH,
    }
}

/// An activity for `host`.
pub fn delivery(host: &str, name: &str) -> NewDelivery {
    NewDelivery {
        activity_url: format!("https://self.example/activities/{name}"),
        recipient_url: format!("https://{host}/actor"),
        inbox_url: format!("https://{host}/actor/inbox"),
        body: name.as_bytes().to_vec(),
        follow_url: None,
    }
}

/// An activity from `host`.
pub fn received(host: &str, name: &str, kind: &'static str) -> Received {
    Received {
        activity_url: format!("https://{host}/{name}"),
        actor_url: format!("https://{host}/actor"),
        kind,
    }
}

/// Where a follower comes from.
pub fn origin(domain: &str, network: Option<&str>) -> FollowerOrigin {
    FollowerOrigin {
        domain: domain.to_owned(),
        network: network.map(str::to_owned),
    }
}

/// Lets `host` follow us, accepted at once.
pub async fn gain_follower(store: &Store, host: &str) -> anyhow::Result<()> {
    let reject = delivery(host, &format!("reject-{host}"));
    let accept = NewDelivery {
        follow_url: Some(format!("https://{host}/follow")),
        ..delivery(host, &format!("accept-{host}"))
    };
    let reception = store
        .receive_follow(
            received(host, "follow", "Follow"),
            peer(host),
            origin(host, None),
            true,
            accept,
            reject,
        )
        .await?;
    assert_eq!(reception, Reception::Processed);
    Ok(())
}

/// Lets `host` follow us and take what it is sent.
pub async fn gain_reachable_follower(store: &Store, host: &str) -> anyhow::Result<()> {
    gain_follower(store, host).await?;
    for delivery in store.lease_deliveries(10, TimeDelta::seconds(60)).await? {
        store.finish_delivery(&delivery).await?;
        store.confirm_follower(&delivery).await?;
    }
    assert_eq!(store.reachable_followers().await?, 1);
    Ok(())
}

/// Lets us follow `host`, accepted.
pub async fn follow(store: &Store, host: &str) -> anyhow::Result<()> {
    let name = format!("follow-{host}");
    store.request_following(peer(host), delivery(host, &name)).await?;
    let follow = format!("https://self.example/activities/{name}");
    assert_eq!(
        store
            .receive_accept(received(host, "accept", "Accept"), &follow)
            .await?,
        Reception::Processed
    );
    Ok(())
}

/// A release with this payload; it costs 0.25 of squared mu.
pub fn release(payload: &[u8]) -> NewRelease {
    NewRelease {
        epsilon: 1.0,
        delta: 1e-6,
        gdp_mu: 0.5,
        noise_multiplier: 2.0,
        contributors: Some(9),
        basis_id: [1; 32],
        counted: None,
        payload: payload.into(),
        activity_url: format!("https://self.example/evidence/{}", hex::encode(payload)),
        activity: Arc::from(&b"{}"[..]),
    }
}
