//! The privacy ledger: a debit comes with what it pays for, or not at all.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use shoal::clock::Clock;
use shoal::store::{
    Correction, CorrectionReason, CountedWatches, Level, NewRelease, Participants, SettingsChange, StoreError,
};

use crate::support::{follow, gain_follower, gain_reachable_follower, release, store};

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

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn counting(payload: &[u8], after: Option<i64>, until: i64) -> NewRelease {
    NewRelease {
        counted: Some(CountedWatches {
            after: after.map(at),
            until: at(until),
        }),
        ..release(payload)
    }
}

#[tokio::test]
async fn every_release_begins_where_the_last_one_of_its_basis_ended() -> anyhow::Result<()> {
    let (store, _, _) = store().await?;
    assert_eq!(store.counted_until([1; 32]).await?, None);
    let gap = store.commit_release(counting(b"gap", Some(5), 10), 10.0).await;
    assert!(matches!(gap, Err(StoreError::Overtaken)), "{gap:?}");
    store.commit_release(counting(b"one", None, 10), 10.0).await?;
    // What another process prepared at the same time would count the same watches.
    let again = store.commit_release(counting(b"again", None, 12), 10.0).await;
    assert!(matches!(again, Err(StoreError::Overtaken)), "{again:?}");
    store.commit_release(counting(b"two", Some(10), 20), 10.0).await?;
    assert_eq!(store.counted_until([1; 32]).await?, Some(at(20)));
    // Receivers in another basis cannot use these, so it begins anew.
    assert_eq!(store.counted_until([2; 32]).await?, None);
    let other = NewRelease {
        basis_id: [2; 32],
        ..counting(b"other", None, 15)
    };
    store.commit_release(other, 10.0).await?;
    assert_eq!(store.counted_until([2; 32]).await?, Some(at(15)));
    let entries = store.ledger_since(DateTime::UNIX_EPOCH).await?;
    assert_eq!(
        (entries[1].counted_after, entries[1].counted_until),
        (Some(at(10)), Some(at(20)))
    );
    Ok(())
}

#[tokio::test]
async fn a_release_of_an_older_version_counted_all_that_there_was() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    store.commit_release(release(b"old"), 10.0).await?;
    assert_eq!(store.counted_until([1; 32]).await?, Some(clock.now()));
    Ok(())
}

#[tokio::test]
async fn who_withdrew_is_in_no_release() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    let choose = async |user, level| {
        let change = SettingsChange {
            level: Some(level),
            ..SettingsChange::default()
        };
        store.change_user_settings(user, change).await
    };
    gain_reachable_follower(&store, "a.example").await?;
    choose(1, Some(Level::Contribute)).await?;
    choose(2, None).await?;
    choose(4, Some(Level::Off)).await?;
    store.reset_user(3).await?;
    clock.advance(TimeDelta::seconds(1));
    let of = |users: &[i32], default| Participants {
        users: users.to_vec(),
        default_level: default,
        asked_at: clock.now(),
    };
    let opt_out = Some(Level::Contribute);
    // User 5 has no row.
    for (payload, participants) in [
        (&b"chosen"[..], of(&[1], None)),
        (b"default", of(&[1, 2, 3, 5], opt_out)),
    ] {
        store.commit_release_of(release(payload), 10.0, participants).await?;
    }
    for (users, default) in [(&[2][..], None), (&[1, 2], Some(Level::Local)), (&[1, 4], opt_out)] {
        let refused = store.commit_release_of(release(b"no"), 10.0, of(users, default)).await;
        assert!(
            matches!(refused, Err(StoreError::ConsentWithdrawn)),
            "{users:?} {refused:?}"
        );
    }
    // A reset after the choices were read.
    let participants = of(&[1, 3], opt_out);
    clock.advance(TimeDelta::seconds(1));
    store.reset_user(3).await?;
    let refused = store.commit_release_of(release(b"no"), 10.0, participants).await;
    assert!(matches!(refused, Err(StoreError::ConsentWithdrawn)), "{refused:?}");
    store
        .commit_release_of(release(b"later"), 10.0, of(&[1, 3], opt_out))
        .await?;
    assert_eq!(store.ledger_since(DateTime::UNIX_EPOCH).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn the_moment_is_known_from_which_there_is_budget_again() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    let start = clock.now();
    let year = TimeDelta::days(365);
    assert_eq!(
        store.affordable_from(1.0, 1.0, store.ledger_time().await?).await?,
        Some(start)
    );
    assert_eq!(store.affordable_from(1.1, 1.0, store.ledger_time().await?).await?, None);
    // 0.25 each, ten days apart, and a correction of 0.5 after them.
    for payload in [&b"one"[..], b"two"] {
        store.commit_release(release(payload), 1.0).await?;
        clock.advance(TimeDelta::days(10));
    }
    let correction = Correction {
        reason: CorrectionReason::Restored,
        releases: 2,
        gdp_mu: 0.5,
        payload_sha256: None,
        counted: None,
    };
    assert!(store.correct_ledger(correction).await?);
    let after = |days| Some(start + TimeDelta::days(days) + year);
    assert_eq!(
        store.affordable_from(0.25, 1.25, store.ledger_time().await?).await?,
        Some(clock.now())
    );
    assert_eq!(
        store.affordable_from(0.25, 1.0, store.ledger_time().await?).await?,
        after(0)
    );
    assert_eq!(
        store.affordable_from(0.5, 1.0, store.ledger_time().await?).await?,
        after(10)
    );
    assert_eq!(
        store.affordable_from(0.75, 1.0, store.ledger_time().await?).await?,
        after(20)
    );
    // It says what the debit says.
    clock.advance(start + year - TimeDelta::seconds(1) - clock.now());
    assert!(store.commit_release(release(b"three"), 1.0).await.is_err());
    clock.advance(start + year - clock.now());
    store.commit_release(release(b"three"), 1.0).await?;
    Ok(())
}

#[tokio::test]
async fn corrections_count_like_releases() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    assert!(!store.ledger_totals().await?.has_counter);
    store.commit_release(counting(b"one", None, 10), 10.0).await?;
    let correction = Correction {
        reason: CorrectionReason::Restored,
        releases: 2,
        gdp_mu: 0.6,
        payload_sha256: Some([9; 32]),
        counted: Some(([1; 32], at(30))),
    };
    assert!(store.correct_ledger(correction.clone()).await?);
    assert!(!store.correct_ledger(correction).await?, "it is there already");
    assert!(store.is_debited([9; 32]).await? && !store.is_debited([8; 32]).await?);
    let totals = store.ledger_totals().await?;
    assert_eq!((totals.releases, totals.has_counter), (3, true));
    assert!(
        (totals.spent_mu_squared - (0.25 + 2.0 * 0.36)).abs() < 1e-9,
        "{totals:?}"
    );
    assert!((totals.largest_mu - 0.6).abs() < 1e-9);
    // The budget and the watches of the missing releases are gone.
    assert_eq!(store.counted_until([1; 32]).await?, Some(at(30)));
    let refused = store.commit_release(counting(b"two", Some(30), 40), 1.0).await;
    assert!(matches!(refused, Err(StoreError::BudgetSpent { .. })), "{refused:?}");
    clock.advance(TimeDelta::days(366));
    assert!(store.ledger_totals().await?.spent_mu_squared.abs() < 1e-12);
    assert_eq!(store.ledger_totals().await?.releases, 3);
    store.commit_release(counting(b"two", Some(30), 40), 1.0).await?;

    for bad in [f64::NAN, -1.0] {
        let correction = Correction {
            reason: CorrectionReason::Unfinished,
            releases: 1,
            gdp_mu: bad,
            payload_sha256: None,
            counted: None,
        };
        assert!(matches!(
            store.correct_ledger(correction).await,
            Err(StoreError::Value(_))
        ));
    }
    Ok(())
}

#[tokio::test]
async fn a_new_follower_hears_of_all_releases_that_receivers_use() -> anyhow::Result<()> {
    let (store, clock, _) = store().await?;
    store.commit_release(counting(b"ancient", None, 1), 100.0).await?;
    clock.advance(TimeDelta::days(731));
    for number in 1..30 {
        let payload = format!("payload {number:02}");
        store
            .commit_release(counting(payload.as_bytes(), Some(number), number + 1), 100.0)
            .await?;
    }
    gain_follower(&store, "a.example").await?;
    let queued = store.recent_deliveries(100).await?;
    let mut announced: Vec<_> = queued
        .iter()
        .rev()
        .filter(|delivery| delivery.activity_url.contains("/evidence/"))
        .map(|delivery| delivery.activity_url.clone())
        .collect();
    assert_eq!(announced.len(), 24);
    let newest = format!("https://self.example/evidence/{}", hex::encode("payload 29"));
    assert_eq!(announced.pop(), Some(newest), "the newest comes last");
    Ok(())
}
