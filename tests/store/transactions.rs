//! Transactions run again when they collide, and leave nothing when they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use shoal::store::{Isolation, Store, StoreError};
use tokio::sync::Barrier;

use crate::support::store;

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
