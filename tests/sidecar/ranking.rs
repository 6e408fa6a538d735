//! The second stage of ranking through a whole cycle: learned, stored, put in use, and taken over again.

use shoal::model::ranking::{Feature, Verdict};

use crate::support::{Tube, world};

/// Every user follows, since before everything, the channels of what the user will have watched last.
const PLANTED: &str = r#"
    DELETE FROM "actorFollow" WHERE "actorId" IN (
        SELECT follower.id FROM actor follower JOIN account a ON a.id = follower."accountId" WHERE a."userId" IS NOT NULL
    );
    INSERT INTO "actorFollow" (state, score, url, "actorId", "targetActorId", "createdAt", "updatedAt")
    SELECT DISTINCT 'accepted'::"enum_actorFollow_state", 0, follower.id || ' follows ' || channel.id, follower.id, channel.id,
           '2000-01-01'::timestamptz, now()
    FROM "userVideoHistory" h
    JOIN account a ON a."userId" = h."userId"
    JOIN actor follower ON follower."accountId" = a.id
    JOIN video v ON v.id = h."videoId"
    JOIN actor channel ON channel."videoChannelId" = v."channelId"
    WHERE h."createdAt" > (SELECT percentile_disc(0.7) WITHIN GROUP (ORDER BY "createdAt") FROM "userVideoHistory");
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_signal_is_found_used_stored_and_taken_over() {
    let mut tube = Tube::start(0, world(&[150]).swap_remove(0), |_| ()).await;
    tube.peertube(PLANTED).await;
    let report = tube.train().await.ranking;
    assert_eq!(report.verdict, Verdict::Used, "{report:?}");
    assert!(report.ranked_ndcg_20 > report.factor_score_ndcg_20);
    assert_eq!(report.features.len(), Feature::ALL.len());
    let best = report
        .features
        .iter()
        .max_by(|one, other| one.alone.ndcg_20.total_cmp(&other.alone.ndcg_20))
        .unwrap();
    assert_eq!(best.feature, Feature::Subscription);

    let uses = |tube: &Tube| {
        let snapshot = tube.sidecar.snapshot.load_full().unwrap();
        snapshot.second_stage().is_some()
    };
    assert!(uses(&tube));
    let stored = tube.sidecar.store.latest_model().await.unwrap().unwrap();
    assert_eq!(stored.metadata["ranking"]["verdict"], "used");
    tube.restart().await;
    shoal::training::publishing::take_over(&tube.sidecar.store, &tube.sidecar.snapshot)
        .await
        .unwrap();
    assert!(uses(&tube));
    tube.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_little_history_the_factor_score_ranks() {
    let mut tube = Tube::start(1, world(&[6]).swap_remove(0), |_| ()).await;
    let report = tube.train().await.ranking;
    assert_eq!(report.verdict, Verdict::TooLittleHistory, "{report:?}");
    assert!(report.features.is_empty());
    let snapshot = tube.sidecar.snapshot.load_full().unwrap();
    assert!(snapshot.second_stage().is_none());
    tube.stop().await;
}
