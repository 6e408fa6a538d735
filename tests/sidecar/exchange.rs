//! Three sidecars from nothing to recommendations with the help of the others.

use reqwest::StatusCode;
use sha2::{Digest, Sha256};
use shoal::training::publishing::take_over;
use shoal::training::{CycleReport, ReleaseOutcome};
use tokio_util::sync::CancellationToken;

use crate::support::{Tube, ask, follow_all, until, wait_for_evidence, world};

async fn three() -> Vec<Tube> {
    let mut tubes = Vec::new();
    for (number, instance) in world(&[6, 40, 120]).into_iter().enumerate() {
        // The smallest instance has hardly five users with a history.
        let tube = Tube::start(number, instance, |config| config.privacy.minimum_contributors = 2).await;
        tubes.push(tube);
    }
    tubes
}

async fn train_all(tubes: &[Tube]) -> Vec<CycleReport> {
    let mut reports = Vec::new();
    for tube in tubes {
        reports.push(tube.train().await);
    }
    reports
}

/// A user with a history that may be used.
async fn viewer(tube: &Tube) -> i32 {
    let mut busiest = (0, 0);
    tube.sidecar
        .peertube
        .for_each_user(|user| busiest = busiest.max((user.signals.len(), user.user.0)))
        .await
        .unwrap();
    assert!(busiest.0 > 3, "somebody has watched something");
    busiest.1
}

/// Asks for lists without pause; each answer must be whole, whatever is published meanwhile. Returns how many it got.
fn ask_until(tube: &Tube, user: i32, stop: CancellationToken) -> tokio::task::JoinHandle<usize> {
    let address = tube.config.api.listen;
    tokio::spawn(async move {
        let mut answers = 0;
        while !stop.is_cancelled() {
            let (status, list) = ask(address, &format!("userId={user}&count=20")).await;
            assert_eq!(status, StatusCode::OK, "{list}");
            assert_eq!(list["data"].as_array().unwrap().len(), 20, "{list}");
            answers += 1;
        }
        answers
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_all_reaches_everyone_once() {
    let mut tubes = three().await;
    follow_all(&tubes).await;

    let first = train_all(&tubes).await;
    let mut released = Vec::new();
    for (number, (tube, report)) in tubes.iter().zip(&first).enumerate() {
        // Those before it have released already, and their evidence may have arrived.
        assert!(report.peers <= number, "{report:?}");
        assert!(report.users > 0 && report.interactions > report.users, "{report:?}");
        assert!(report.users <= tube.world.eligible_users.len());
        let ReleaseOutcome::Released {
            id,
            epsilon,
            delta,
            bytes,
        } = report.release
        else {
            panic!("not released: {report:?}");
        };
        assert!((epsilon - 4.0).abs() < 1e-3, "the whole year's budget: {epsilon}");
        assert!((delta - 1e-6).abs() < 1e-12);
        let ledger = tube.ledger().await;
        assert_eq!(ledger.len(), 1);
        assert_eq!(
            (ledger[0].id, ledger[0].payload_size),
            (id, i32::try_from(bytes).unwrap())
        );
        assert_eq!(ledger[0].contributors, Some(report.users as i64));
        released.push(tube.sidecar.store.latest_release().await.unwrap().unwrap());
    }

    for (number, tube) in tubes.iter().enumerate() {
        wait_for_evidence(tube, 2).await;
        for (other, release) in tubes.iter().zip(&released) {
            let actor = other.sidecar.federation.actor_url();
            if actor == tube.sidecar.federation.actor_url() {
                continue;
            }
            let evidence = tube.sidecar.store.usable_evidence().await.unwrap();
            let received: Vec<_> = evidence.iter().filter(|one| one.actor_url == actor.as_str()).collect();
            assert_eq!(received.len(), 1, "sidecar {number} has one release of {actor}");
            assert!(received[0].payload == release.payload, "the very bytes of the ledger");
            assert_eq!(Sha256::digest(&received[0].payload).as_slice(), release.payload_sha256);
            assert_eq!(received[0].activity_url, release.activity_url);
        }
        let traffic = tube.sidecar.federation.traffic();
        assert!(traffic.bytes_sent > 0 && traffic.bytes_received > 0);
    }

    let user = viewer(&tubes[1]).await;
    let stop = CancellationToken::new();
    let asking = ask_until(&tubes[1], user, stop.clone());
    let second = train_all(&tubes).await;
    stop.cancel();
    assert!(asking.await.unwrap() > 0);
    for ((tube, report), earlier) in tubes.iter().zip(&second).zip(&first) {
        // The noise of so small an instance may leave nobody in its number of accounts.
        let unused = &report.evidence.refused;
        assert_eq!(report.peers + unused.len(), 2, "{report:?}");
        assert!(unused.iter().all(|unused| unused.reason.contains("no account is left")));
        assert!(matches!(report.release, ReleaseOutcome::NotDue { .. }), "{report:?}");
        assert_eq!(tube.ledger().await.len(), 1, "nothing is released twice");
        assert!(report.model > earlier.model);
        assert_eq!(tube.model(), Some(report.model.to_string()));
        let snapshot = tube.sidecar.snapshot.load_full().unwrap();
        assert!(snapshot.recommender().components().federated.is_some());
        assert!((0..snapshot.videos().len() as u32).any(|item| snapshot.is_known_by_peers(item)));
        assert!(tube.scores().iter().all(|score| score.is_finite()));
    }

    for tube in &tubes {
        let user = viewer(tube).await;
        let list = tube.list(&format!("userId={user}&count=20")).await;
        assert_eq!(list.videos().len(), 20);
        assert!(list.sources().contains("for-you"), "{:?}", list.sources());
        assert!(!list.reasons().is_empty());
        let watched: Vec<i32> = tube
            .world
            .history
            .iter()
            .filter(|row| row.user_id == user)
            .map(|row| row.video_id)
            .collect();
        assert!(
            list.ids().iter().all(|id| !watched.contains(id)),
            "nothing is shown twice"
        );
    }

    the_model_survives_a_restart(&mut tubes[1], user).await;
    a_model_of_another_process_is_taken_over(&tubes[1], user).await;
    for tube in &mut tubes {
        tube.stop().await;
    }
}

async fn the_model_survives_a_restart(tube: &mut Tube, user: i32) {
    let question = format!("userId={user}&count=30");
    let (model, before) = (tube.model(), tube.list(&question).await);
    let scores = tube.scores();
    tube.restart().await;
    assert_eq!(tube.model(), model);
    assert!(tube.scores() == scores, "the same model to the last bit");
    // Preferences fade with the time of the request, so scores may differ in the last digits, the order may not.
    assert_eq!(tube.list(&question).await.ids(), before.ids());
}

async fn a_model_of_another_process_is_taken_over(tube: &Tube, user: i32) {
    let before = tube.model().unwrap();
    assert_eq!(
        take_over(&tube.sidecar.store, &tube.sidecar.snapshot).await.unwrap(),
        None
    );
    let other = tube.beside().await;
    let report = other.trainer().cycle(|_| ()).await.unwrap();
    other.close().await;
    assert_eq!(tube.model(), Some(before));
    let taken = take_over(&tube.sidecar.store, &tube.sidecar.snapshot).await.unwrap();
    assert_eq!(taken, Some(report.model));
    assert_eq!(tube.model(), Some(report.model.to_string()));
    assert_eq!(
        take_over(&tube.sidecar.store, &tube.sidecar.snapshot).await.unwrap(),
        None
    );
    tube.list(&format!("userId={user}&count=5")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_was_removed_leaves_the_next_model() {
    let mut tubes = Vec::new();
    for (number, instance) in world(&[30, 60]).into_iter().enumerate() {
        tubes.push(Tube::start(number, instance, |_| ()).await);
    }
    follow_all(&tubes).await;
    tubes[1].train().await;
    wait_for_evidence(&tubes[0], 1).await;
    assert_eq!(tubes[0].train().await.peers, 1);
    let with = tubes[0].federated_factors();
    let peer = tubes[1].sidecar.federation.actor_url();
    tubes[0].sidecar.federation.remove(peer.as_str()).await.unwrap();
    assert_eq!(tubes[0].train().await.peers, 0);
    assert!(tubes[0].federated_factors() != with);
    until("the other sidecar hears that it lost its follower", || async {
        tubes[1].sidecar.store.accepted_peers().await.unwrap().1 == 0
    })
    .await;
    for tube in &mut tubes {
        tube.stop().await;
    }
}
