//! A peer with a new key.

use std::sync::Arc;

use serde_json::Value;
use shoal::clock::{SharedClock, SystemClock};
use shoal::federation::{Federation, FederationError, generate_keys};
use shoal::store::ActorKeys;

use crate::support::{BUDGET, Sidecar, Signer, clock, database, evidence, settle};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_fetched_when_the_old_one_does_not_fit() -> anyhow::Result<()> {
    let clock = clock();
    let (mut a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    let old = Signer::of(&a).await?;
    a.store.replace_actor_keys(&generate_keys().await?).await?;
    a.up().await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?.len(), 1);
    let peer = b.peer(&a).await?.expect("the peer is known");
    assert_eq!(
        peer.public_key_pem,
        a.store.actor_keys().await?.expect("keys").public_key_pem
    );

    let activity: Value = serde_json::from_slice(&a.federation.announce(&evidence(2), None, None)?.activity)?;
    assert_eq!(
        old.post(&b.url("/inbox"), &activity).await?,
        401,
        "the old key is worth nothing any more"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_with_a_new_key_may_still_fetch() -> anyhow::Result<()> {
    let clock = clock();
    let (a, mut b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    b.store.replace_actor_keys(&generate_keys().await?).await?;
    b.up().await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_generated_once_and_survive_a_restart() -> anyhow::Result<()> {
    let clock = clock();
    let config = Sidecar::start(&clock).await?.config.clone();
    let shared: SharedClock = Arc::new(SystemClock);
    let store = database(Arc::clone(&shared)).await?;
    let mut keys = Vec::new();
    for _ in 0..2 {
        Federation::start(&config, store.clone(), Arc::clone(&shared)).await?;
        keys.push(store.actor_keys().await?.expect("they were generated").public_key_pem);
    }
    assert!(keys[0].starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(keys[0], keys[1]);

    let damaged = ActorKeys {
        private_key_pem: "damaged".into(),
        public_key_pem: "damaged".to_owned(),
    };
    store.replace_actor_keys(&damaged).await?;
    let refused = Federation::start(&config, store.clone(), shared).await;
    assert!(matches!(refused, Err(FederationError::Setup(_))), "{refused:?}");
    Ok(())
}
