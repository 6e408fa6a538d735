//! The tables as a whole: made, undone, explained, tidied up.

use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, TimeDelta};
use secrecy::SecretString;
use serde_json::json;
use shoal::clock::ManualClock;
use shoal::config::DatabaseConfig;
use shoal::store::{ActorKeys, NewModel, Store};
use sqlx::{Connection, PgConnection};

use crate::support::{gain_follower, store};

#[tokio::test]
async fn migrations_can_be_undone_and_done_again_and_touch_only_their_schema() -> anyhow::Result<()> {
    let (store, _, url) = store().await?;
    let mut connection = PgConnection::connect(&url).await?;
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'shoal' AND tablename <> '_sqlx_migrations'";
    let elsewhere =
        "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('shoal', 'pg_catalog', 'information_schema')";
    let count: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
    assert_eq!(count, 16);
    store.undo_migrations().await?;
    let count: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
    assert_eq!(count, 0);
    store.migrate().await?;
    store.migrate().await?;
    let count: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
    assert_eq!(count, 16);
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
