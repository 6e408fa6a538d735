//! Shoal's own tables on a real PostgreSQL.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use chrono::{DateTime, TimeDelta};
use secrecy::SecretString;
use serde_json::json;
use shoal::clock::{ManualClock, SharedClock};
use shoal::config::DatabaseConfig;
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::store::{
    ActorKeys, Announcement, FollowerState, Isolation, NewDelivery, NewModel, NewPeer, NewRelease, Received, Reception,
    Store, StoreError,
};
use sqlx::{Connection, PgConnection};
use tokio::sync::{Barrier, OnceCell};

async fn cluster() -> anyhow::Result<&'static ThrowAwayCluster> {
    static CLUSTER: OnceCell<ThrowAwayCluster> = OnceCell::const_new();
    let start = || async { ThrowAwayCluster::start(&Options::default()).await };
    CLUSTER
        .get_or_try_init(start)
        .await
        .context("the test database could not be started")
}

/// A store with tables, its clock, and the address of its database.
async fn store() -> anyhow::Result<(Store, Arc<ManualClock>, String)> {
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

fn peer(host: &str) -> NewPeer {
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

fn delivery(host: &str, name: &str) -> NewDelivery {
    NewDelivery {
        activity_url: format!("https://self.example/activities/{name}"),
        recipient_url: format!("https://{host}/actor"),
        inbox_url: format!("https://{host}/actor/inbox"),
        body: name.as_bytes().to_vec(),
    }
}

fn received(host: &str, name: &str, kind: &'static str) -> Received {
    Received {
        activity_url: format!("https://{host}/{name}"),
        actor_url: format!("https://{host}/actor"),
        kind,
    }
}

/// Lets `host` follow us, accepted at once.
async fn gain_follower(store: &Store, host: &str) -> anyhow::Result<()> {
    let (accept, reject) = (
        delivery(host, &format!("accept-{host}")),
        delivery(host, &format!("reject-{host}")),
    );
    let reception = store
        .receive_follow(received(host, "follow", "Follow"), peer(host), true, accept, reject)
        .await?;
    assert_eq!(reception, Reception::Processed);
    Ok(())
}

/// Lets us follow `host`, accepted.
async fn follow(store: &Store, host: &str) -> anyhow::Result<()> {
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

fn release(payload: &[u8]) -> NewRelease {
    NewRelease {
        epsilon: 1.0,
        delta: 1e-6,
        gdp_mu: 0.5,
        noise_multiplier: 2.0,
        contributors: Some(9),
        basis_id: [1; 32],
        payload: payload.into(),
        activity_url: format!("https://self.example/evidence/{}", hex::encode(payload)),
        activity: Arc::from(&b"{}"[..]),
    }
}

#[tokio::test]
async fn migrations_can_be_undone_and_done_again_and_touch_only_their_schema() -> anyhow::Result<()> {
    let (store, _, url) = store().await?;
    let mut connection = PgConnection::connect(&url).await?;
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'shoal' AND tablename <> '_sqlx_migrations'";
    let elsewhere =
        "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('shoal', 'pg_catalog', 'information_schema')";
    let count: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
    assert_eq!(count, 8);
    store.undo_migrations().await?;
    let count: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
    assert_eq!(count, 0);
    store.migrate().await?;
    store.migrate().await?;
    let count: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
    assert_eq!(count, 8);
    let count: i64 = sqlx::query_scalar(elsewhere).fetch_one(&mut connection).await?;
    assert_eq!(count, 0);
    store.ping().await?;
    Ok(())
}

#[tokio::test]
async fn every_table_and_column_is_explained() -> anyhow::Result<()> {
    let (_store, _, url) = store().await?;
    let mut connection = PgConnection::connect(&url).await?;
    let unexplained: Vec<String> = sqlx::query_scalar(
        "SELECT format('%s.%s', class.relname, attribute.attname)
         FROM pg_class class JOIN pg_attribute attribute ON attribute.attrelid = class.oid
         WHERE class.relnamespace = 'shoal'::regnamespace AND class.relkind = 'r'
           AND class.relname <> '_sqlx_migrations' AND attribute.attnum > 0
           AND (col_description(class.oid, attribute.attnum) IS NULL OR obj_description(class.oid) IS NULL)",
    )
    .fetch_all(&mut connection)
    .await?;
    assert!(unexplained.is_empty(), "{unexplained:?}");
    Ok(())
}

#[tokio::test]
async fn a_wrong_address_is_an_error_that_does_not_show_it() {
    let config = DatabaseConfig {
        url: SecretString::from("not an address: secret"),
        max_connections: 1,
    };
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
    let error = Store::connect(&config, clock.clone())
        .await
        .expect_err("it is no address");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(!error.is_transient());

    let config = DatabaseConfig {
        url: SecretString::from("postgres://shoal:secret@127.0.0.1:1/shoal"),
        max_connections: 1,
    };
    let error = Store::connect(&config, clock).await.expect_err("nobody listens there");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn colliding_transactions_run_again_until_they_fit() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    store.set_setting("count", &0).await?;
    let attempts = Arc::new(AtomicU32::new(0));
    // Both read before either writes, so the first attempts must collide.
    let barrier = Arc::new(Barrier::new(2));
    let increment = |store: Store| {
        let (attempts, barrier) = (Arc::clone(&attempts), Arc::clone(&barrier));
        tokio::spawn(async move {
            store
                .run_transaction("increment", Isolation::Serializable, move |connection| {
                    let (attempts, barrier) = (Arc::clone(&attempts), Arc::clone(&barrier));
                    Box::pin(async move {
                        let first = attempts.fetch_add(1, Ordering::SeqCst) < 2;
                        let count: i32 =
                            sqlx::query_scalar("SELECT value::int FROM shoal.settings WHERE key = 'count'")
                                .fetch_one(&mut *connection)
                                .await?;
                        if first {
                            barrier.wait().await;
                        }
                        sqlx::query("UPDATE shoal.settings SET value = to_jsonb($1::int) WHERE key = 'count'")
                            .bind(count + 1)
                            .execute(&mut *connection)
                            .await?;
                        Ok(())
                    })
                })
                .await
        })
    };
    let (one, two) = (increment(store.clone()), increment(store.clone()));
    one.await??;
    two.await??;
    assert_eq!(store.setting::<i32>("count").await?, Some(2));
    assert!(attempts.load(Ordering::SeqCst) >= 3);
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    let outcome: Result<(), StoreError> = store
        .run_transaction("failing", Isolation::RepeatableRead, |connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO shoal.settings VALUES ('key', '1', now())")
                    .execute(&mut *connection)
                    .await?;
                Err(StoreError::Value("on purpose"))
            })
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Value("on purpose"))));
    assert_eq!(store.setting::<i32>("key").await?, None);
    Ok(())
}

#[tokio::test]
async fn settings_and_keys_are_kept() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    assert_eq!(store.setting::<String>("colour").await?, None);
    store.set_setting("colour", &"green").await?;
    store.set_setting("colour", &"blue").await?;
    assert_eq!(store.setting::<String>("colour").await?.as_deref(), Some("blue"));
    store.remove_setting("colour").await?;
    assert_eq!(store.setting::<String>("colour").await?, None);

    let keys = |name: &str| ActorKeys {
        private_key_pem: SecretString::from(name),
        public_key_pem: name.to_owned(),
    };
    assert!(store.actor_keys().await?.is_none());
    assert_eq!(store.keep_actor_keys(&keys("first")).await?.public_key_pem, "first");
    assert_eq!(
        store.keep_actor_keys(&keys("second")).await?.public_key_pem,
        "first",
        "the first process wins"
    );
    store.replace_actor_keys(&keys("third")).await?;
    assert_eq!(
        store.actor_keys().await?.map(|keys| keys.public_key_pem).as_deref(),
        Some("third")
    );
    Ok(())
}

#[tokio::test]
async fn the_newest_three_models_are_kept() -> anyhow::Result<()> {
    let (store, _, url) = store().await?;
    assert!(store.latest_model().await?.is_none());
    let model = |number: u8| NewModel {
        kind: "test".to_owned(),
        format_version: 1,
        metadata: json!({ "number": number }),
        bytes: vec![number; 3_000_000].into(),
    };
    let mut last = 0;
    for number in 0..5 {
        let id = store.publish_model(model(number)).await?;
        assert!(id > last);
        last = id;
        assert_eq!(store.latest_model_id().await?, Some(id));
    }
    let latest = store.latest_model().await?.context("there is one")?;
    assert_eq!((latest.id, latest.bytes), (last, vec![4; 3_000_000]));
    assert_eq!(latest.metadata, json!({ "number": 4 }));
    let mut connection = PgConnection::connect(&url).await?;
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM shoal.models")
        .fetch_one(&mut connection)
        .await?;
    assert_eq!(kept, 3);
    Ok(())
}

#[tokio::test]
async fn a_release_debits_stores_and_queues_in_one_step() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    gain_follower(&store, "a.example").await?;
    gain_follower(&store, "b.example").await?;
    follow(&store, "c.example").await?;
    assert!(store.latest_release().await?.is_none());
    let id = store.commit_release(release(b"payload"), 0.5).await?;

    let latest = store.latest_release().await?.context("there is one")?;
    assert_eq!((latest.id, latest.payload.as_slice()), (id, &b"payload"[..]));
    let digest: [u8; 32] = latest.payload_sha256.as_slice().try_into()?;
    assert_eq!(store.payload_by_digest(digest).await?.as_deref(), Some(&b"payload"[..]));
    assert_eq!(store.payload_by_digest([0; 32]).await?, None);
    let queued = store.recent_deliveries(50).await?;
    let announced: Vec<_> = queued
        .iter()
        .filter(|delivery| delivery.activity_url == latest.activity_url)
        .collect();
    assert_eq!(announced.len(), 2, "one for each accepted follower");

    // 0.25 of 0.5 is spent.
    store.commit_release(release(b"second"), 0.5).await?;
    let refused = store.commit_release(release(b"third"), 0.5).await;
    assert!(matches!(refused, Err(StoreError::BudgetSpent { .. })), "{refused:?}");
    assert_eq!(
        store.recent_deliveries(50).await?.len(),
        queued.len() + 2,
        "nothing was queued for the third"
    );

    let entries = store.ledger_since(DateTime::UNIX_EPOCH).await?;
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].contributors, entries[0].payload_size), (Some(9), 7));
    clock.advance(TimeDelta::days(366));
    store.commit_release(release(b"third"), 0.5).await?;
    assert_eq!(store.release_activity_urls(0, 2).await?.0, 3);
    Ok(())
}

#[tokio::test]
async fn impossible_prices_are_refused() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let refused = store
            .commit_release(
                NewRelease {
                    gdp_mu: bad,
                    ..release(b"payload")
                },
                1.0,
            )
            .await;
        assert!(matches!(refused, Err(StoreError::Value(_))), "{bad}");
        let refused = store.commit_release(release(b"payload"), bad).await;
        assert!(matches!(refused, Err(StoreError::Value(_))), "{bad}");
    }
    assert!(store.ledger_since(DateTime::UNIX_EPOCH).await?.is_empty());
    Ok(())
}

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

#[tokio::test]
async fn old_rows_are_removed_and_pending_ones_stay() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    gain_follower(&store, "a.example").await?;
    gain_follower(&store, "b.example").await?;
    let leased = store.lease_deliveries(10, TimeDelta::seconds(60)).await?;
    store.finish_delivery(&leased[0]).await?;
    assert_eq!(store.prune().await?, 0);
    clock.advance(TimeDelta::days(31));
    assert_eq!(store.prune().await?, 3, "two ids and one finished delivery");
    assert_eq!(store.recent_deliveries(10).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn of_each_peer_only_the_newest_announcements_are_kept() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    follow(&store, "a.example").await?;
    follow(&store, "b.example").await?;
    let announcement = |number: u8| Announcement {
        announced: json!({}),
        payload_url: format!("https://a.example/payloads/{number}"),
        payload_sha256: [number; 32],
        payload_size: 10,
    };
    store
        .receive_announcement(received("b.example", "create-0", "Create"), announcement(0))
        .await?;
    for number in 0..40 {
        let received = received("a.example", &format!("create-{number}"), "Create");
        assert_eq!(
            store.receive_announcement(received, announcement(number)).await?,
            Reception::Processed
        );
    }
    let kept = store.evidence_states("https://a.example/actor").await?;
    assert_eq!(kept.len(), 24);
    assert_eq!(kept[0].0, "https://a.example/create-39");
    assert_eq!(store.evidence_states("https://b.example/actor").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn evidence_is_usable_only_while_its_peer_is_followed() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    follow(&store, "a.example").await?;
    let announcement = Announcement {
        announced: json!({ "type": "Evidence" }),
        payload_url: "https://a.example/payloads/1".to_owned(),
        payload_sha256: [1; 32],
        payload_size: 3,
    };
    store
        .receive_announcement(received("a.example", "create", "Create"), announcement.clone())
        .await?;
    let leased = store.lease_evidence(5, TimeDelta::seconds(60)).await?;
    assert_eq!(leased.len(), 1);
    assert!(store.lease_evidence(5, TimeDelta::seconds(60)).await?.is_empty());
    assert!(store.usable_evidence().await?.is_empty());
    assert!(store.keep_evidence(&leased[0], b"abc").await?);
    let usable = store.usable_evidence().await?;
    assert_eq!((usable.len(), usable[0].payload.as_slice()), (1, &b"abc"[..]));

    let follow_url = "https://self.example/activities/follow-a.example";
    store
        .receive_reject(received("a.example", "reject", "Reject"), follow_url)
        .await?;
    assert!(store.usable_evidence().await?.is_empty());
    assert!(
        store.evidence_states("https://a.example/actor").await?.is_empty(),
        "it is deleted"
    );
    let late = store
        .receive_announcement(received("a.example", "create-2", "Create"), announcement)
        .await?;
    assert!(matches!(late, Reception::Refused(_)));
    assert!(
        !store.keep_evidence(&leased[0], b"abc").await?,
        "a fetch in progress does not bring it back"
    );
    Ok(())
}

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
