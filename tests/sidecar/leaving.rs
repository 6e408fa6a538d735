//! What people delete or forbid is gone from the next model, the next message and the next answer.

use std::collections::BTreeMap;

use shoal::training::ReleaseOutcome;

use crate::support::{Tube, world};

/// Number of signals per user.
async fn signals(tube: &Tube) -> BTreeMap<i32, usize> {
    let mut counts = BTreeMap::new();
    tube.sidecar
        .peertube
        .for_each_user(|user| {
            counts.insert(user.user.0, user.signals.len());
        })
        .await
        .unwrap();
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn users_who_opt_out_and_deleted_rows_are_gone_from_the_next_model() {
    let mut tube = Tube::start(0, world(&[40]).swap_remove(0), |_| ()).await;
    let before = tube.train().await;
    let counts = signals(&tube).await;
    let (&user, &count) = counts.iter().max_by_key(|(_, count)| **count).unwrap();
    let list = tube.list(&format!("userId={user}&count=20")).await;
    assert!(list.reasons().contains("watched"), "{:?}", list.reasons());

    // History switched off.
    let switch = |on: bool| format!(r#"UPDATE "user" SET "videosHistoryEnabled" = {on} WHERE id = {user}"#);
    tube.peertube(&switch(false)).await;
    let list = tube.list(&format!("userId={user}&count=20")).await;
    assert!(
        !list.reasons().contains("watched"),
        "before any training: {:?}",
        list.reasons()
    );
    assert!(!list.sources().contains("for-you"), "{:?}", list.sources());
    let without = tube.train().await;
    assert_eq!(without.users, before.users - 1);
    let gone = before.interactions - without.interactions;
    assert!(0 < gone && gone <= count, "{gone} of {count}");

    // Switched on again, everything is as before.
    tube.peertube(&switch(true)).await;
    let again = tube.train().await;
    assert_eq!((again.users, again.interactions), (before.users, before.interactions));

    // Blocked by the administrators.
    tube.peertube(&format!(r#"UPDATE "user" SET blocked = true WHERE id = {user}"#))
        .await;
    let blocked = tube.train().await;
    assert_eq!(
        (blocked.users, blocked.interactions),
        (without.users, without.interactions)
    );
    tube.peertube(&format!(r#"UPDATE "user" SET blocked = false WHERE id = {user}"#))
        .await;

    // One watch deleted: exactly one preference is missing.
    let watch = r#"FROM "userVideoHistory" h JOIN video v ON v.id = h."videoId"
        WHERE h."userId" = $user AND h."currentTime" > 0 AND v.duration > 0 AND NOT v."isLive" AND v.privacy = 1
          AND NOT EXISTS (SELECT 1 FROM "accountVideoRate" r WHERE r."videoId" = v.id)
          AND NOT EXISTS (SELECT 1 FROM "videoBlacklist" b WHERE b."videoId" = v.id)
        ORDER BY h.id LIMIT 1"#
        .replace("$user", &user.to_string());
    let row = tube.peertube_number(&format!("SELECT h.id::bigint {watch}")).await;
    let video = tube.peertube_number(&format!("SELECT v.id::bigint {watch}")).await;
    tube.peertube(&format!(r#"DELETE FROM "userVideoHistory" WHERE id = {row}"#))
        .await;
    let list = tube.list(&format!("userId={user}&count=100")).await;
    let names_it = |list: &crate::support::List| list.0.to_string().contains(&format!(r#""videoId":{video},"#));
    assert!(!names_it(&list), "a deleted watch is no reason any more");
    assert_eq!(tube.train().await.interactions, before.interactions - 1);

    // The account deleted.
    tube.peertube(&format!(
        r#"DELETE FROM "userVideoHistory" WHERE "userId" = {user};
           DELETE FROM "accountVideoRate" WHERE "accountId" IN (SELECT id FROM account WHERE "userId" = {user})"#
    ))
    .await;
    let deleted = tube.train().await;
    assert_eq!(
        (deleted.users, deleted.interactions),
        (without.users, without.interactions)
    );

    // The message speaks of those who are left.
    tube.add_follower().await;
    let released = tube.train().await;
    assert!(matches!(released.release, ReleaseOutcome::Released { .. }));
    assert_eq!(tube.ledger().await[0].contributors, Some(without.users as i64));
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_turns_private_is_shown_to_nobody_and_sent_to_nobody() {
    let mut tube = Tube::start(0, world(&[40]).swap_remove(0), |_| ()).await;
    tube.train().await;
    let popular = tube.list("strategy=popular&count=5").await;
    let video = popular.ids()[0];
    let url = popular.videos()[0]["url"].as_str().unwrap().to_owned();
    tube.peertube(&format!("UPDATE video SET privacy = 3 WHERE id = {video}"))
        .await;
    for strategy in ["for-you", "popular", "recent"] {
        let list = tube.list(&format!("strategy={strategy}&count=100")).await;
        assert!(!list.ids().contains(&video), "{strategy}, before any training");
    }
    tube.add_follower().await;
    assert!(matches!(tube.train().await.release, ReleaseOutcome::Released { .. }));
    let release = tube.sidecar.store.latest_release().await.unwrap().unwrap();
    let plain = zstd::decode_all(release.payload.as_slice()).unwrap();
    let contains = |text: &str| plain.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!contains(&url));
    let other = popular.videos()[1]["url"].as_str().unwrap();
    assert!(contains(other), "the payload lists what is public: {other}");
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_that_fails_changes_nothing_and_the_next_one_succeeds() {
    let mut tube = Tube::start(0, world(&[20]).swap_remove(0), |_| ()).await;
    let report = tube.train().await;
    let (model, scores) = (tube.model(), tube.scores());
    let question = "strategy=popular&count=10";
    let before = tube.list(question).await;
    tube.peertube(r#"ALTER TABLE "userVideoHistory" RENAME TO hidden"#)
        .await;
    let error = tube.sidecar.trainer().cycle(|_| ()).await.unwrap_err().to_string();
    assert!(!error.is_empty());
    assert_eq!(tube.model(), model);
    assert!(tube.scores() == scores);
    tube.peertube(r#"ALTER TABLE hidden RENAME TO "userVideoHistory""#)
        .await;
    assert_eq!(tube.list(question).await, before);
    assert_eq!(tube.train().await.interactions, report.interactions);
    tube.stop().await;
}
