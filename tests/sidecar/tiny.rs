//! Instances with hardly anybody on them: they give nothing, and still get and serve the others' knowledge.

use shoal::training::ReleaseOutcome;

use crate::support::{Tube, follow_all, wait_for_evidence, world};

#[tokio::test(flavor = "multi_thread")]
async fn instances_with_nobody_and_with_two_users_serve_what_others_know() {
    let mut tubes = Vec::new();
    for (number, instance) in world(&[0, 2, 60]).into_iter().enumerate() {
        tubes.push(Tube::start(number, instance, |_| ()).await);
    }
    follow_all(&tubes).await;
    for (number, tube) in tubes.iter().enumerate() {
        let report = tube.train().await;
        let released = matches!(report.release, ReleaseOutcome::Released { .. });
        assert_eq!(released, number == 2, "{report:?}");
        if number < 2 {
            let too_few = ReleaseOutcome::TooFewContributors {
                contributors: report.users,
                minimum: 5,
            };
            assert_eq!(report.release, too_few);
            assert_eq!(tube.ledger().await, []);
        }
    }
    assert_eq!(tubes[0].train().await.interactions, 0);

    for tube in &tubes[..2] {
        wait_for_evidence(tube, 1).await;
        let report = tube.train().await;
        assert_eq!(report.peers, 1, "{report:?}");
        let snapshot = tube.sidecar.snapshot.load_full().unwrap();
        let components = snapshot.recommender().components();
        assert!(components.federated.is_some());
        assert_eq!(components.own.is_some(), report.interactions > 0);
        assert!(tube.scores().iter().all(|score| score.is_finite()));
        for question in [
            "count=10",
            "userId=987654&count=10",
            "strategy=popular&count=10",
            "strategy=recent&count=10",
        ] {
            assert_eq!(tube.list(question).await.videos().len(), 10, "{question}");
        }
    }

    // Somebody registers on the empty instance and watches: the answer is theirs at once, from the others' model.
    let empty = &tubes[0];
    let before = empty.list("userId=500&count=10").await;
    assert!(!before.sources().contains("for-you"), "{before:?}");
    let watched = before.ids()[..3].to_vec();
    let rows: Vec<String> = watched
        .iter()
        .map(|video| {
            format!("((SELECT greatest(duration, 1) FROM video WHERE id = {video}), {video}, 500, now(), now())")
        })
        .collect();
    empty
        .peertube(&format!(
            r#"INSERT INTO "user" (id, username, email, "nsfwPolicy", "nsfwFlagsDisplayed", "nsfwFlagsHidden",
                   "nsfwFlagsBlurred", "nsfwFlagsWarned", "p2pEnabled", "autoPlayVideo", "autoPlayNextVideoPlaylist",
                   "adminFlags", blocked, role, "videoQuota", "videoQuotaDaily", theme, "noInstanceConfigWarningModal",
                   "noWelcomeModal", "noAccountSetupWarningModal", "newFeaturesInfoRead", "feedToken", "createdAt",
                   "updatedAt")
               VALUES (500, 'newcomer', 'newcomer@tube.test', 'display', 0, 0, 0, 0, true, true, true, 0, false, 2, -1, -1,
                   'default', true, true, true, 0, gen_random_uuid(), now(), now());
               INSERT INTO "userVideoHistory" ("currentTime", "videoId", "userId", "createdAt", "updatedAt") VALUES {}"#,
            rows.join(", ")
        ))
        .await;
    let after = empty.list("userId=500&count=10").await;
    assert!(after.sources().contains("for-you"), "{after:?}");
    assert!(after.ids().iter().all(|id| !watched.contains(id)));
    // Three watches say little about single videos, but something is given that more than chance speaks for.
    let personal = ["watched", "channel", "federation"];
    let reasons = after.reasons();
    assert!(personal.iter().any(|reason| reasons.contains(*reason)), "{reasons:?}");
    for tube in &mut tubes {
        tube.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_any_video_is_no_error() {
    let mut world = world(&[6, 6]).swap_remove(0);
    world.videos.clear();
    world.shares.clear();
    world.blacklisted.clear();
    world.history.clear();
    world.rates.clear();
    world.comments.clear();
    world.playlists.clear();
    world.view_counts.clear();
    let mut tube = Tube::start(0, world, |_| ()).await;
    let report = tube.train().await;
    assert_eq!((report.videos, report.users, report.interactions), (0, 0, 0));
    for question in ["count=10", "userId=1&count=10", "strategy=popular", "strategy=recent"] {
        let list = tube.list(question).await;
        assert_eq!(list.0["total"], 0, "{question}");
    }
    tube.restart().await;
    assert_eq!(tube.model(), Some(report.model.to_string()));
    tube.stop().await;
}
