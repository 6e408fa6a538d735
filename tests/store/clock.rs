//! The ledger against a wall clock that jumps.

use chrono::TimeDelta;
use shoal::clock::Clock;
use shoal::store::{ClockVerdict, Level, SettingsChange, StoreError, Unwanted};

use crate::support::{delivery, follow, gain_follower, peer, release, store};

#[tokio::test]
async fn a_clock_that_is_ahead_for_one_cycle_gives_no_budget_back() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    for payload in [&b"one"[..], b"two", b"three", b"four"] {
        store.commit_release(release(payload), 1.0).await?;
        clock.advance(TimeDelta::days(10));
    }
    clock.set_by(TimeDelta::days(400));
    let refused = store.commit_release(release(b"five"), 1.0).await;
    assert!(matches!(refused, Err(StoreError::Clock { .. })), "{refused:?}");
    let ahead = store.observe_time().await?.time;
    assert!(matches!(ahead.verdict, ClockVerdict::Ahead { .. }), "{ahead:?}");
    assert!((store.ledger_totals().await?.spent_mu_squared - 1.0).abs() < 1e-9);
    // Somebody believes it, and it is wrong: what passed during one boot is known all the same.
    store.confirm_clock().await?;
    let refused = store.commit_release(release(b"five"), 1.0).await;
    assert!(matches!(refused, Err(StoreError::BudgetSpent { .. })), "{refused:?}");

    clock.set_by(TimeDelta::days(-400));
    let behind = store.ledger_time().await?;
    assert!(matches!(behind.verdict, ClockVerdict::Behind { .. }), "{behind:?}");
    let refused = store.commit_release(release(b"five"), 1.0).await;
    assert!(matches!(refused, Err(StoreError::Clock { .. })), "{refused:?}");
    store.confirm_clock().await?;
    assert_eq!(store.ledger_time().await?.verdict, ClockVerdict::Plausible);
    let refused = store.commit_release(release(b"five"), 1.0).await;
    assert!(matches!(refused, Err(StoreError::BudgetSpent { .. })), "{refused:?}");
    clock.advance(TimeDelta::days(324));
    assert!(store.commit_release(release(b"five"), 1.0).await.is_err());
    clock.advance(TimeDelta::days(2));
    store.commit_release(release(b"five"), 1.0).await?;
    Ok(())
}

#[tokio::test]
async fn a_machine_that_was_off_counts_only_what_is_confirmed() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    store.commit_release(release(b"one"), 0.25).await?;
    clock.advance(TimeDelta::days(200));
    store.observe_time().await?;
    clock.reboot();
    clock.set_by(TimeDelta::days(170));
    let refused = store.commit_release(release(b"two"), 0.25).await;
    assert!(matches!(refused, Err(StoreError::Clock { .. })), "{refused:?}");
    // The clock may have been set: looking at it for a while changes nothing.
    clock.advance(TimeDelta::days(1));
    store.observe_time().await?;
    assert!((store.ledger_totals().await?.spent_mu_squared - 0.25).abs() < 1e-9);
    store.confirm_clock().await?;
    store.commit_release(release(b"two"), 0.25).await?;

    // A short pause is believed, and does not count.
    clock.reboot();
    clock.set_by(TimeDelta::days(5));
    let time = store.observe_time().await?.time;
    assert_eq!(time.verdict, ClockVerdict::Plausible);
    clock.advance(TimeDelta::days(363));
    assert!(store.commit_release(release(b"three"), 0.25).await.is_err());
    clock.advance(TimeDelta::days(3));
    store.commit_release(release(b"three"), 0.25).await?;
    Ok(())
}

#[tokio::test]
async fn dates_in_the_future_are_set_to_the_present_when_the_clock_is_right_again() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    store.observe_time().await?;
    gain_follower(&store, "a.example").await?;
    clock.set_by(TimeDelta::days(400));
    store.reset_user(1).await?;
    let level = |level| SettingsChange {
        level: Some(Some(level)),
        ..SettingsChange::default()
    };
    store.change_user_settings(2, level(Level::Off)).await?;
    clock.set_by(TimeDelta::days(1));
    store.change_user_settings(2, level(Level::Local)).await?;
    store.forget_user(3).await?;
    store.add_not_interested(4, Unwanted::Video(7)).await?;
    store.note_default_level(Level::Local).await?;
    store
        .request_following(peer("b.example"), delivery("b.example", "follow"))
        .await?;
    follow(&store, "c.example").await?;
    // While the clock is not believed, nothing is touched.
    assert!(store.observe_time().await?.repaired.is_empty());

    clock.set_by(TimeDelta::days(-401));
    let now = clock.now();
    let cached = store.settings_and_unwanted(1).await?;
    assert!(cached.0.history_from > Some(now));
    let repaired = store.observe_time().await?.repaired;
    assert_eq!(repaired.users, [1, 2, 3, 4]);
    assert!(repaired.others > 0, "{repaired:?}");
    // The reset hides what was before now, and no more; what was cached is read again.
    assert_eq!(store.settings_and_unwanted(1).await?.0.history_from, Some(now));
    assert_eq!(store.user_settings(3).await?.forgotten_at, Some(now));
    assert_eq!(
        store.level_history(2).await?.at(now),
        Some(Level::Local),
        "the last one of two"
    );
    assert_eq!(store.level_history(9).await?.at(now), Some(Level::Local));
    assert_eq!(store.not_interested(4).await?[0].created_at, now);
    let waiting = store.lease_deliveries(10, TimeDelta::minutes(1)).await?;
    assert!(!waiting.is_empty(), "deliveries leave now, and not in a year");
    assert!(store.observe_time().await?.repaired.is_empty());
    Ok(())
}

#[tokio::test]
async fn debits_of_an_older_version_that_lie_in_the_future_count_from_now_on() -> anyhow::Result<()> {
    let (store, clock, url) = store().await?;
    store.commit_release(release(b"one"), 0.25).await?;
    execute(
        &url,
        "UPDATE shoal.releases SET created_at = created_at + interval '20 years', debited_at = debited_at + interval '20 years',
             counted_until = created_at + interval '20 years';
         DELETE FROM shoal.ledger_clock",
    )
    .await?;
    let time = store.observe_time().await?.time;
    assert!(matches!(time.verdict, ClockVerdict::Behind { .. }), "{time:?}");
    assert!(store.commit_release(release(b"two"), 0.5).await.is_err());
    let repaired = store.confirm_clock().await?.repaired;
    assert!(repaired.ledger > 0, "{repaired:?}");
    assert_eq!(store.counted_until([1; 32]).await?, Some(clock.now()));
    let entry = store.ledger_since(chrono::DateTime::UNIX_EPOCH).await?.swap_remove(0);
    assert_eq!(entry.created_at, clock.now());
    store.commit_release(release(b"two"), 0.5).await?;
    assert!(store.commit_release(release(b"three"), 0.5).await.is_err());
    clock.advance(TimeDelta::days(366));
    store.commit_release(release(b"three"), 0.5).await?;
    Ok(())
}

async fn execute(url: &str, statements: &str) -> anyhow::Result<()> {
    use sqlx::{AssertSqlSafe, Connection, PgConnection};

    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
