//! What users decided is remembered for a minute, and what this process writes holds at once.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::SecretString;
use shoal::clock::SharedClock;
use shoal::config::DatabaseConfig;
use shoal::store::{Level, SettingsChange, Store, Unwanted};

use crate::support::store;

const USER: i32 = 7;

fn level(level: Level) -> SettingsChange {
    SettingsChange {
        level: Some(Some(level)),
        ..SettingsChange::default()
    }
}

#[tokio::test]
async fn whatever_this_process_writes_holds_at_once() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    // Reading before each change makes sure that there is something to forget.
    let read = async || store.settings_and_unwanted(USER).await;
    assert_eq!(*read().await?, <_>::default());

    store.change_user_settings(USER, level(Level::Local)).await?;
    assert_eq!(read().await?.0.level, Some(Level::Local));
    let (video, channel) = (Unwanted::Video(3), Unwanted::Channel(3));
    store.add_not_interested(USER, video).await?;
    assert_eq!(read().await?.1, HashSet::from([video]));
    store.add_not_interested(USER, channel).await?;
    assert_eq!(read().await?.1, HashSet::from([video, channel]));
    store.remove_not_interested(USER, video).await?;
    assert_eq!(read().await?.1, HashSet::from([channel]));
    store.reset_user(USER).await?;
    assert!(read().await?.0.history_from.is_some());
    assert_eq!(read().await?.0, store.user_settings(USER).await?);
    assert_eq!(read().await?.1, store.unwanted(USER).await?);
    store.forget_user(USER).await?;
    let (settings, unwanted) = &*read().await?;
    assert!(settings.forgotten_at.is_some() && unwanted.is_empty());
    store.remove_users(&[1, USER]).await?;
    assert_eq!(*read().await?, <_>::default());
    Ok(())
}

#[tokio::test]
async fn what_another_process_writes_holds_after_a_minute() -> anyhow::Result<()> {
    let (store, clock, url) = store().await?;
    let config = DatabaseConfig {
        url: SecretString::from(url),
        max_connections: 1,
    };
    let other = Store::connect(&config, Arc::clone(&clock) as SharedClock).await?;
    let read = async || store.settings_and_unwanted(USER).await;
    assert_eq!(read().await?.0.level, None);
    other.change_user_settings(USER, level(Level::Off)).await?;
    clock.advance(TimeDelta::seconds(59));
    assert_eq!(read().await?.0.level, None);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(read().await?.0.level, Some(Level::Off));
    Ok(())
}

/// Users who were read while the database was there are served without it.
#[tokio::test]
async fn what_is_remembered_needs_no_database() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    store.change_user_settings(USER, level(Level::Local)).await?;
    store.settings_and_unwanted(USER).await?;
    store.close().await;
    assert_eq!(store.settings_and_unwanted(USER).await?.0.level, Some(Level::Local));
    assert!(store.settings_and_unwanted(USER + 1).await.is_err());
    clock.advance(TimeDelta::minutes(1));
    assert!(store.settings_and_unwanted(USER).await.is_err());
    Ok(())
}
