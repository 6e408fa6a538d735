//! Which videos and channels a release lists follows from public data alone: private data is changed at will, and the list
//! stays the same. On real databases, by the cycle that releases.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use shoal::clock::{Clock, ManualClock};
use shoal::model::support::Support;
use shoal::privacy::{DecodeLimits, EvidenceGrid, Noised};
use shoal::store::{Level, SettingsChange};
use shoal::training::ReleaseOutcome;

use crate::support::{Tube, world};

/// Worlds of private data that are compared.
const CASES: usize = 12;

/// Something that users do, and nobody else can see. Users and videos are places in lists of the world.
#[derive(Debug, Clone)]
enum Change {
    Watch { user: usize, video: usize, seconds: u32 },
    Rate { user: usize, video: usize, like: bool },
    Forget { user: usize },
    SwitchHistory { user: usize, on: bool },
    Block { user: usize, blocked: bool },
    Delete { user: usize },
    Choose { user: usize, level: Option<Level> },
}

fn change() -> impl Strategy<Value = Change> {
    let (user, video) = (|| 0..1_000usize, || 0..1_000usize);
    let level = prop_oneof![Just(None), proptest::sample::select(&Level::ALL[..]).prop_map(Some)];
    prop_oneof![
        8 => (user(), video(), 0..5_000u32).prop_map(|(user, video, seconds)| Change::Watch { user, video, seconds }),
        4 => (user(), video(), any::<bool>()).prop_map(|(user, video, like)| Change::Rate { user, video, like }),
        2 => user().prop_map(|user| Change::Forget { user }),
        1 => (user(), any::<bool>()).prop_map(|(user, on)| Change::SwitchHistory { user, on }),
        1 => (user(), any::<bool>()).prop_map(|(user, blocked)| Change::Block { user, blocked }),
        1 => user().prop_map(|user| Change::Delete { user }),
        2 => (user(), level).prop_map(|(user, level)| Change::Choose { user, level }),
    ]
}

/// The statements of PeerTube for these changes, and the choices in Shoal.
async fn apply(tube: &Tube, users: &[i32], changes: &[Change]) {
    let videos: Vec<i32> = tube.world.videos.iter().map(|video| video.id).collect();
    let of = |list: &[i32], place: usize| list[place % list.len()];
    let mut statements = String::new();
    for change in changes {
        let statement = match *change {
            Change::Watch { user, video, seconds } => format!(
                r#"INSERT INTO "userVideoHistory" ("currentTime", "videoId", "userId", "createdAt", "updatedAt")
                   SELECT {seconds}, {video}, id, now(), now() FROM "user" u WHERE id = {user}
                     AND NOT EXISTS (SELECT 1 FROM "userVideoHistory" WHERE "userId" = u.id AND "videoId" = {video});"#,
                video = of(&videos, video),
                user = of(users, user),
            ),
            Change::Rate { user, video, like } => format!(
                r#"INSERT INTO "accountVideoRate" (type, url, "videoId", "accountId", "createdAt", "updatedAt")
                   SELECT '{kind}', 'https://tube.test/rates/' || a.id || '-{video}', {video}, a.id, now(), now()
                   FROM account a WHERE "userId" = {user}
                     AND NOT EXISTS (SELECT 1 FROM "accountVideoRate" WHERE "accountId" = a.id AND "videoId" = {video});"#,
                kind = if like { "like" } else { "dislike" },
                video = of(&videos, video),
                user = of(users, user),
            ),
            Change::Forget { user } => {
                format!(
                    r#"DELETE FROM "userVideoHistory" WHERE "userId" = {};"#,
                    of(users, user)
                )
            }
            Change::SwitchHistory { user, on } => format!(
                r#"UPDATE "user" SET "videosHistoryEnabled" = {on} WHERE id = {};"#,
                of(users, user)
            ),
            Change::Block { user, blocked } => {
                format!(
                    r#"UPDATE "user" SET blocked = {blocked} WHERE id = {};"#,
                    of(users, user)
                )
            }
            Change::Delete { user } => format!(
                r#"UPDATE account SET "userId" = NULL WHERE "userId" = {user}; DELETE FROM "user" WHERE id = {user};"#,
                user = of(users, user)
            ),
            Change::Choose { user, level } => {
                let change = SettingsChange {
                    level: Some(level),
                    ..SettingsChange::default()
                };
                let store = &tube.sidecar.store;
                store.change_user_settings(of(users, user), change).await.unwrap();
                continue;
            }
        };
        writeln!(statements, "{statement}").unwrap();
    }
    tube.peertube(&statements).await;
}

/// What a release of the cycle lists, and the bytes that left.
async fn released(tube: &Tube, clock: &ManualClock) -> (Support, Vec<u8>) {
    clock.advance(TimeDelta::days(122));
    tube.watch_again(clock.now() - TimeDelta::hours(2)).await;
    let outcome = tube.train().await.release;
    assert!(matches!(outcome, ReleaseOutcome::Released { .. }), "{outcome:?}");
    let payload = tube.sidecar.store.latest_release().await.unwrap().unwrap().payload;
    let evidence = Noised::<EvidenceGrid>::decode(&payload, DecodeLimits::default()).unwrap();
    (evidence.value().support().clone(), payload)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_of_a_release_do_not_depend_on_private_data() {
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let tube = Tube::create(0, world(&[25]).swap_remove(0), clock.clone(), |config| {
        config.privacy.releases_per_year = 3;
        config.privacy.minimum_contributors = 1;
        // Fewer than there are, so that choosing matters.
        (config.privacy.head_videos, config.privacy.head_channels) = (40, 8);
    })
    .await;
    tube.add_follower().await;
    // The first one keeps contributing, so that there is always a release.
    let mut users = tube.world.eligible_users.clone();
    let keeper = users.remove(0);
    let (expected, first) = released(&tube, &clock).await;
    assert_eq!((expected.videos().len(), expected.channels().len()), (40, 8));

    let mut runner = TestRunner::deterministic();
    let changes = proptest::collection::vec(change(), 1..60);
    for case in 0..CASES {
        let changes = changes.new_tree(&mut runner).unwrap().current();
        apply(&tube, &users, &changes).await;
        let watch = Change::Watch {
            user: 0,
            video: case,
            seconds: 100,
        };
        apply(&tube, &[keeper], &[watch]).await;
        let (support, payload) = released(&tube, &clock).await;
        assert!(support == expected, "case {case}: {changes:?}");
        assert!(payload != first);
    }

    // Public data does matter: the comparison can fail.
    let unlisted = &expected.videos()[0];
    tube.peertube(&format!("UPDATE video SET privacy = 2 WHERE url = '{unlisted}'"))
        .await;
    let (support, _) = released(&tube, &clock).await;
    assert!(!support.videos().contains(unlisted));
}
