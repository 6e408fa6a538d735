//! No table can be forgotten when an account is: every column that names a user is found in the database itself.

use shoal::store::{Level, SettingsChange, Unwanted};
use shoal::training::sweeping;

use crate::support::{Tube, world};

/// Tables without any row about an account. A new table belongs here, or in [`fill`].
const ABOUT_NOBODY: [&str; 12] = [
    "default_levels",
    "deliveries",
    "follower_origins",
    "keys",
    "ledger_clock",
    "ledger_corrections",
    "models",
    "peers",
    "received_activities",
    "received_evidence",
    "releases",
    "settings",
];

/// Makes a row about `user` in every table that has any.
async fn fill(tube: &Tube, user: i32) {
    let store = &tube.sidecar.store;
    let change = SettingsChange {
        level: Some(Some(Level::Contribute)),
        ..SettingsChange::default()
    };
    store.change_user_settings(user, change).await.unwrap();
    assert!(store.add_not_interested(user, Unwanted::Channel(2)).await.unwrap());
    // Writes down when the account was created.
    sweeping::sweep(&tube.sidecar.peertube, store).await.unwrap();
}

/// (Table, column) of everything in Shoal's schema that refers to a user or an account.
async fn columns(tube: &Tube) -> Vec<(String, String)> {
    let found = tube
        .own_texts(
            "SELECT table_name || '.' || column_name FROM information_schema.columns
             WHERE table_schema = 'shoal' AND column_name ~ '(user|account|viewer|owner|member|person)'
             ORDER BY 1",
        )
        .await;
    let split = |name: &String| {
        name.split_once('.')
            .map(|(table, column)| (table.to_owned(), column.to_owned()))
    };
    found.iter().filter_map(split).collect()
}

/// Columns with a row about `user`.
async fn mentions(tube: &Tube, columns: &[(String, String)], user: i32) -> Vec<String> {
    let mut mentioning = Vec::new();
    for (table, column) in columns {
        let query = format!("SELECT count(*)::text FROM shoal.{table} WHERE {column}::text = '{user}'");
        if tube.own_texts(&query).await != ["0"] {
            mentioning.push(format!("{table}.{column}"));
        }
    }
    mentioning
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_no_row_in_any_table() {
    let mut tube = Tube::start(0, world(&[20]).swap_remove(0), |_| ()).await;
    let columns = columns(&tube).await;
    assert!(!columns.is_empty());

    // Every table is known to be about nobody, or has a column that is looked at.
    let tables = "SELECT table_name::text FROM information_schema.tables
                  WHERE table_schema = 'shoal' AND table_name <> '_sqlx_migrations' ORDER BY 1";
    for table in tube.own_texts(tables).await {
        let names_users = columns.iter().any(|(named, _)| *named == table);
        let about_nobody = ABOUT_NOBODY.contains(&table.as_str());
        assert!(
            names_users != about_nobody,
            "is shoal.{table} about accounts? Then its column must be found and filled here; else name it above"
        );
    }

    let users: Vec<i32> = tube.world.eligible_users.iter().copied().take(3).collect();
    let [at_cycle, at_start, stays] = users[..] else {
        panic!("too few users: {users:?}");
    };
    for user in [at_cycle, at_start, stays] {
        fill(&tube, user).await;
    }
    let all: Vec<String> = columns
        .iter()
        .map(|(table, column)| format!("{table}.{column}"))
        .collect();
    for user in [at_cycle, at_start, stays] {
        assert_eq!(
            mentions(&tube, &columns, user).await,
            all,
            "`fill` must make a row in each"
        );
    }

    let nothing: [&str; 0] = [];
    tube.peertube(&format!(r#"DELETE FROM "user" WHERE id = {at_cycle}"#))
        .await;
    tube.train().await;
    assert_eq!(mentions(&tube, &columns, at_cycle).await, nothing);
    assert_eq!(mentions(&tube, &columns, at_start).await, all);
    tube.peertube(&format!(r#"DELETE FROM "user" WHERE id = {at_start}"#))
        .await;
    tube.restart().await;
    assert_eq!(mentions(&tube, &columns, at_start).await, nothing);
    assert_eq!(mentions(&tube, &columns, stays).await, all);
    tube.stop().await;
}
