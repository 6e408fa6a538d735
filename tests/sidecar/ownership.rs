//! A PeerTube that was set up anew beside an old Shoal database: nobody inherits what somebody else decided.

use std::sync::Arc;

use chrono::Utc;
use shoal::clock::{ManualClock, SharedClock};
use shoal::sidecar::{Sidecar, SidecarError, system_noise};
use shoal::store::{Level, SettingsChange, Unwanted};
use shoal::training::{TrainingError, ownership, sweeping};

use crate::support::{Tube, world};

/// Gives the instance a key, as PeerTube does when it is set up.
async fn set_key(tube: &Tube, key: &str) {
    tube.peertube(&format!(
        r#"UPDATE actor SET "publicKey" = '{key}' FROM account
           WHERE account.id = actor."accountId" AND account."applicationId" IS NOT NULL"#
    ))
    .await;
}

/// Two users decide something.
async fn decide(tube: &Tube, users: [i32; 2]) {
    let store = &tube.sidecar.store;
    for user in users {
        let change = SettingsChange {
            level: Some(Some(Level::Contribute)),
            ..SettingsChange::default()
        };
        store.change_user_settings(user, change).await.unwrap();
        store.add_not_interested(user, Unwanted::Video(1)).await.unwrap();
    }
}

async fn two_users(tube: &Tube) -> [i32; 2] {
    let at = async |offset: i64| {
        let query = format!(r#"SELECT id::bigint FROM "user" ORDER BY id OFFSET {offset} LIMIT 1"#);
        i32::try_from(tube.peertube_number(&query).await).unwrap()
    };
    [at(0).await, at(1).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peertube_with_another_key_is_refused_until_it_is_adopted() {
    let clock: SharedClock = Arc::new(ManualClock::new(Utc::now()));
    let tube = Tube::create(0, world(&[20]).swap_remove(0), clock.clone(), |_| ()).await;
    let users = two_users(&tube).await;
    set_key(&tube, "the first key").await;
    tube.train().await;
    decide(&tube, users).await;
    sweeping::sweep(&tube.sidecar.peertube, &tube.sidecar.store)
        .await
        .unwrap();

    // Set up anew: the same numbers, other people; one account happens to be the same.
    set_key(&tube, "the second key").await;
    tube.peertube(&format!(
        r#"UPDATE "user" SET "createdAt" = "createdAt" + interval '1 day' WHERE id = {}"#,
        users[0]
    ))
    .await;
    let refused = tube.sidecar.trainer().cycle(|_| ()).await;
    assert!(matches!(refused, Err(TrainingError::AnotherPeerTube)), "{refused:?}");
    let refused = Sidecar::connect(Arc::clone(&tube.config), clock.clone(), system_noise()).await;
    let Err(error @ SidecarError::Training(TrainingError::AnotherPeerTube)) = refused else {
        panic!("it starts beside another PeerTube");
    };
    for part in ["another PeerTube", "`database.url`", "shoal privacy adopt-peertube"] {
        assert!(error.to_string().contains(part), "`{part}` is not in `{error}`");
    }

    let (peertube, store) = (&tube.sidecar.peertube, &tube.sidecar.store);
    assert_eq!(ownership::adopt(peertube, store).await.unwrap(), 1);
    assert_eq!(store.user_settings(users[0]).await.unwrap().level, None);
    assert_eq!(
        store.user_settings(users[1]).await.unwrap().level,
        Some(Level::Contribute)
    );
    assert_eq!(store.latest_model_id().await.unwrap(), None);
    assert!(
        Sidecar::connect(Arc::clone(&tube.config), clock, system_noise())
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gets_the_number_of_a_former_user_inherits_nothing() {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let tube = Tube::create(0, world(&[20]).swap_remove(0), clock, |_| ()).await;
    let (peertube, store) = (&tube.sidecar.peertube, &tube.sidecar.store);
    let users = two_users(&tube).await;
    decide(&tube, users).await;
    assert_eq!(sweeping::sweep(peertube, store).await.unwrap(), 0);

    // PeerTube was restored from a back-up of before the first user came, and somebody else registered since.
    tube.peertube(&format!(
        r#"UPDATE "user" SET "createdAt" = "createdAt" + interval '1 microsecond' WHERE id = {}"#,
        users[0]
    ))
    .await;
    tube.train().await;
    assert_eq!(store.user_settings(users[0]).await.unwrap().level, None);
    assert!(store.not_interested(users[0]).await.unwrap().is_empty());
    assert!(store.level_history(users[0]).await.unwrap().chosen.is_empty());
    assert_eq!(
        store.user_settings(users[1]).await.unwrap().level,
        Some(Level::Contribute)
    );
    assert_eq!(store.not_interested(users[1]).await.unwrap().len(), 1);

    // A choice of the new one stays, and dates that make no sense harm nobody.
    decide(&tube, users).await;
    sweeping::sweep(peertube, store).await.unwrap();
    tube.peertube(&format!(
        r#"UPDATE "user" SET "createdAt" = 'infinity' WHERE id = {}"#,
        users[1]
    ))
    .await;
    assert_eq!(sweeping::sweep(peertube, store).await.unwrap(), 1);
    assert_eq!(
        store.user_settings(users[0]).await.unwrap().level,
        Some(Level::Contribute)
    );
}
