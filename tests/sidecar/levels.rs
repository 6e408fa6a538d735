//! What users decided holds in models and releases, and goes with the account.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde_json::json;
use shoal::config::ContributionDefault;
use shoal::store::{Level, SettingsChange, Unwanted};
use shoal::training::ReleaseOutcome;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::{Tube, world};

/// Users who did something, the most active one first.
async fn users(tube: &Tube) -> Vec<i32> {
    let mut users = Vec::new();
    tube.sidecar
        .peertube
        .for_each_user(|user| users.push((user.signals.len(), user.user.0)))
        .await
        .unwrap();
    users.sort_unstable_by(|one, other| other.cmp(one));
    users.into_iter().map(|(_, user)| user).collect()
}

async fn choose(tube: &Tube, user: i32, level: Option<Level>) {
    let change = SettingsChange {
        level: Some(level),
        ..SettingsChange::default()
    };
    tube.sidecar.store.change_user_settings(user, change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_is_in_the_models_and_releases_that_it_allows() {
    let opt_in = |config: &mut shoal::config::Config| {
        config.privacy.contribution = ContributionDefault::OptIn;
        config.privacy.minimum_contributors = 6;
        config.privacy.releases_per_year = 365;
    };
    let mut tube = Tube::start(0, world(&[40]).swap_remove(0), opt_in).await;
    tube.add_follower().await;
    let users = users(&tube).await;
    let all = tube.train().await;
    assert_eq!((all.users, all.contributors), (users.len(), 0));
    let none = ReleaseOutcome::TooFewContributors {
        contributors: 0,
        minimum: 6,
    };
    assert_eq!(all.release, none, "nobody was asked yet");

    // Six contribute, one of whom changes the mind.
    for user in &users[..6] {
        choose(&tube, *user, Some(Level::Contribute)).await;
    }
    choose(&tube, users[0], Some(Level::Local)).await;
    let five = tube.train().await;
    assert_eq!((five.users, five.contributors), (users.len(), 5));
    assert!(matches!(
        five.release,
        ReleaseOutcome::TooFewContributors { contributors: 5, .. }
    ));
    assert_eq!(tube.ledger().await, []);

    choose(&tube, users[0], Some(Level::Contribute)).await;
    assert!(matches!(tube.train().await.release, ReleaseOutcome::Released { .. }));
    assert_eq!(tube.ledger().await[0].contributors, Some(6));

    // Those two levels are in no model.
    choose(&tube, users[0], Some(Level::Off)).await;
    choose(&tube, users[1], Some(Level::ContentOnly)).await;
    let fewer = tube.train().await;
    assert_eq!((fewer.users, fewer.contributors), (users.len() - 2, 4));
    // A reset leaves nothing to learn from.
    tube.sidecar.store.reset_user(users[2]).await.unwrap();
    let reset = tube.train().await;
    assert!(reset.interactions < fewer.interactions);
    assert!(reset.contributors <= 4);
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_made_from_those_who_contribute_and_nobody_else() {
    // Two sidecars beside copies of one instance, the same noise; in the second, one user who does not contribute watched
    // nothing at all. What they release is the same, to the last bit.
    let mut payloads = Vec::new();
    let mut models = Vec::new();
    for deleted in [false, true] {
        let instance = world(&[40]).swap_remove(0);
        let mut tube = Tube::start(0, instance, |_| ()).await;
        tube.add_follower().await;
        let user = users(&tube).await[0];
        choose(&tube, user, Some(Level::Local)).await;
        if deleted {
            tube.peertube(&format!(
                r#"DELETE FROM "userVideoHistory" WHERE "userId" = {user};
                   DELETE FROM "accountVideoRate" r USING account a WHERE a.id = r."accountId" AND a."userId" = {user}"#
            ))
            .await;
        }
        assert!(matches!(tube.train().await.release, ReleaseOutcome::Released { .. }));
        payloads.push(tube.sidecar.store.latest_release().await.unwrap().unwrap().payload);
        models.push(tube.scores());
        tube.stop().await;
    }
    assert!(payloads[0] == payloads[1], "a local user is in the release");
    assert_ne!(models[0], models[1], "a local user is in the own model");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_withdraws_while_a_release_is_made_is_not_in_it() {
    let tube = Tube::start(0, world(&[40]).swap_remove(0), |_| ()).await;
    tube.add_follower().await;
    let users = users(&tube).await;
    let (store, seen) = (tube.sidecar.store.clone(), users[0]);
    // A cycle in which something happens after the history was read and before anything is debited: when noise is drawn.
    let cycle = async |meanwhile: BoxFuture<'static, ()>| {
        let mut trainer = tube.sidecar.trainer();
        let meanwhile = Mutex::new(Some(meanwhile));
        trainer.noise_randomness = Arc::new(move || {
            if let Some(meanwhile) = meanwhile.lock().unwrap().take() {
                tokio::runtime::Handle::current().block_on(meanwhile);
            }
            ChaCha20Rng::seed_from_u64(7)
        });
        trainer.cycle(|_| ()).await.unwrap().release
    };
    let set = |level| {
        let store = store.clone();
        let change = SettingsChange {
            level: Some(level),
            ..SettingsChange::default()
        };
        async move {
            store.change_user_settings(seen, change).await.unwrap();
        }
    };

    for level in [Level::Off, Level::ContentOnly, Level::Local] {
        assert_eq!(
            cycle(Box::pin(set(Some(level)))).await,
            ReleaseOutcome::ConsentWithdrawn,
            "{level}"
        );
        set(None).await;
    }
    let forgetful = store.clone();
    let reset = async move { forgetful.reset_user(seen).await.unwrap() };
    assert_eq!(cycle(Box::pin(reset)).await, ReleaseOutcome::ConsentWithdrawn);
    // In PeerTube, by somebody else: after the reset, the first one is in no release.
    let (url, other) = (tube.peertube_admin_url().to_owned(), users[1]);
    let blocked = async move {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let statement = format!(r#"UPDATE "user" SET blocked = true WHERE id = {other}"#);
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    };
    assert_eq!(cycle(Box::pin(blocked)).await, ReleaseOutcome::ConsentWithdrawn);
    assert_eq!(tube.ledger().await, [], "nothing was debited, and nothing left");

    // Whoever is not in it may do as they like; the next cycle releases without those accounts.
    let released = cycle(Box::pin(set(Some(Level::Off)))).await;
    assert!(matches!(released, ReleaseOutcome::Released { .. }), "{released:?}");
    assert_eq!(tube.ledger().await[0].contributors, Some(users.len() as i64 - 2));
}

/// What PeerTube does when an account is deleted.
fn gone(user: i32) -> String {
    format!(
        r#"DELETE FROM "userVideoHistory" WHERE "userId" = {user};
           DELETE FROM "accountVideoRate" r USING account a WHERE a.id = r."accountId" AND a."userId" = {user};
           UPDATE account SET "userId" = NULL WHERE "userId" = {user};
           DELETE FROM "user" WHERE id = {user}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_gone_leaves_no_row() {
    let mut tube = Tube::start(0, world(&[30]).swap_remove(0), |_| ()).await;
    let users = users(&tube).await;
    let store = tube.sidecar.store.clone();
    for user in &users[..3] {
        choose(&tube, *user, Some(Level::Local)).await;
        assert!(store.add_not_interested(*user, Unwanted::Video(1)).await.unwrap());
    }
    // At a cycle, which learns from everybody else.
    let before = tube.train().await;
    tube.peertube(&gone(users[0])).await;
    let after = tube.train().await;
    assert_eq!(after.users, before.users - 1);
    assert!(after.interactions < before.interactions);
    let mut left = vec![users[1], users[2]];
    left.sort_unstable();
    assert_eq!(store.known_users().await.unwrap(), left);
    assert!(store.not_interested(users[0]).await.unwrap().is_empty());
    assert_eq!(store.level_history(users[0]).await.unwrap().chosen, []);
    // At a start.
    tube.peertube(&gone(users[1])).await;
    tube.restart().await;
    let store = tube.sidecar.store.clone();
    assert_eq!(store.known_users().await.unwrap(), [users[2]]);
    assert_eq!(store.not_interested(users[2]).await.unwrap().len(), 1);
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peertube_without_any_account_is_being_restored_and_nobody_is_forgotten() {
    let mut tube = Tube::start(0, world(&[30]).swap_remove(0), |_| ()).await;
    let user = users(&tube).await[0];
    choose(&tube, user, Some(Level::Local)).await;
    tube.train().await;
    let query = format!("userId={user}&count=20");
    assert!(tube.list(&query).await.sources().contains("for-you"));
    let owners =
        r#"CREATE TABLE owners AS SELECT id, "userId" FROM account; CREATE TABLE away AS SELECT * FROM "user";"#;
    let empty = r#"DELETE FROM "userVideoHistory"; DELETE FROM "accountVideoRate"; UPDATE account SET "userId" = NULL;
        DELETE FROM "user""#;
    tube.peertube(&format!("{owners} {empty}")).await;
    assert_eq!(tube.peertube_number(r#"SELECT count(*) FROM "user""#).await, 0);

    // At a cycle and at a start, the choice stays; what was learned does not.
    let report = tube.train().await;
    assert_eq!((report.users, report.interactions), (0, 0));
    let snapshot = tube.sidecar.snapshot.load_full().unwrap();
    assert!(snapshot.recommender().components().own.is_none());
    assert_eq!(tube.sidecar.store.known_users().await.unwrap(), [user]);
    tube.restart().await;
    assert_eq!(tube.sidecar.store.known_users().await.unwrap(), [user]);
    assert!(!tube.list(&query).await.sources().contains("for-you"));
    let settings = tube.sidecar.store.user_settings(user).await.unwrap();
    assert_eq!(settings.level, Some(Level::Local));

    // Once accounts are back, whoever is not among them is gone.
    tube.peertube(&format!(
        r#"INSERT INTO "user" SELECT * FROM away WHERE id <> {user};
           UPDATE account a SET "userId" = o."userId" FROM owners o WHERE o.id = a.id AND o."userId" <> {user}"#
    ))
    .await;
    tube.train().await;
    assert!(tube.sidecar.store.known_users().await.unwrap().is_empty());
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_counts_at_the_next_request() {
    let mut tube = Tube::start(0, world(&[40]).swap_remove(0), |_| ()).await;
    tube.train().await;
    let user = users(&tube).await[0];
    let query = format!("userId={user}&count=20");
    assert!(tube.list(&query).await.sources().contains("for-you"));
    choose(&tube, user, Some(Level::Off)).await;
    assert!(!tube.list(&query).await.sources().contains("for-you"));
    choose(&tube, user, None).await;
    let list = tube.list(&query).await;
    assert!(list.sources().contains("for-you"));
    let first = list.ids()[0];
    tube.sidecar
        .store
        .add_not_interested(user, Unwanted::Video(first))
        .await
        .unwrap();
    assert!(!tube.list(&query).await.ids().contains(&first));
    assert_eq!(json!(tube.list(&query).await.ids().len()), json!(20));
    tube.stop().await;
}
