//! Panics, and data that brought panics out: what panics has failed, and the sidecar goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use shoal::clock::{Clock, SystemClock, Uptime};
use shoal::training::worker;
use tokio_util::sync::CancellationToken;

use crate::support::{Tube, follow_all, until, world};

/// A clock that makes whoever asks it panic, while it is armed. Every worker asks it in each turn.
#[derive(Default)]
struct Trap(AtomicBool);

impl Clock for Trap {
    fn now(&self) -> DateTime<Utc> {
        assert!(!self.0.load(Ordering::SeqCst), "a trap of the tests");
        Utc::now()
    }

    fn uptime(&self) -> Uptime {
        SystemClock.uptime()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_panic_ends_a_worker_or_the_sidecar() {
    let metrics = shoal::api::metrics::install().unwrap();
    let trap = Arc::new(Trap::default());
    let mut worlds = world(&[20, 20]);
    let other = Tube::start(1, worlds.remove(1), |_| ()).await;
    let mut tube = Tube::create(0, worlds.remove(0), trap.clone(), |_| ()).await;

    trap.0.store(true, Ordering::SeqCst);
    tube.run().await;
    let stop = CancellationToken::new();
    let training = tokio::spawn(worker::run(
        tube.sidecar.trainer(),
        Duration::from_millis(20),
        stop.clone(),
    ));
    until("every worker has panicked", || async {
        let counted = metrics.render();
        ["training", "delivery", "payload", "sync", "pruning"]
            .iter()
            .all(|worker| counted.contains(&format!("shoal_worker_panics_total{{worker=\"{worker}\"}} ")))
    })
    .await;
    let (status, problem) = tube.ask("strategy=recent").await;
    assert_eq!(
        (status, &problem["status"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &500.into())
    );
    let inbox = format!("http://{}/inbox", tube.config.federation.listen);
    let answer = reqwest::Client::new().post(inbox).body("{}").send().await.unwrap();
    assert!(answer.status().is_client_error() || answer.status() == StatusCode::INTERNAL_SERVER_ERROR);

    trap.0.store(false, Ordering::SeqCst);
    until("a model is in use", || async { tube.model().is_some() }).await;
    stop.cancel();
    training.await.unwrap();
    assert_eq!(tube.list("strategy=recent&count=5").await.videos().len(), 5);
    // Requests and their answers are delivered.
    let mut tubes = [tube, other];
    follow_all(&tubes).await;
    for tube in &mut tubes {
        tube.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_learns_from_all_but_the_odd_rows() {
    let instance = world(&[20]).remove(0);
    let mut tube = Tube::start(0, instance, |_| ()).await;
    let before = tube.train().await;
    tube.peertube(
        r#"UPDATE video SET "publishedAt" = '294276-12-31' WHERE id = (SELECT min(id) FROM video);
           UPDATE video SET "publishedAt" = 'infinity', "createdAt" = '-infinity' WHERE id = (SELECT max(id) FROM video);
           UPDATE "userVideoHistory" SET "createdAt" = 'infinity' WHERE "userId" = (SELECT min("userId") FROM "userVideoHistory");
           UPDATE "accountVideoRate" SET "updatedAt" = '-infinity';
           UPDATE "actorFollow" SET "createdAt" = 'infinity';
           UPDATE "videoComment" SET "createdAt" = 'infinity'"#,
    )
    .await;
    let after = tube.train().await;
    assert_eq!(after.videos, before.videos - 1);
    assert!(after.users < before.users && after.interactions > 0, "{after:?}");
    // At the next start as well.
    tube.restart().await;
    let again = tube.train().await;
    assert_eq!((again.videos, again.interactions), (after.videos, after.interactions));
    assert_eq!(tube.list("strategy=recent&count=10").await.videos().len(), 10);
    tube.stop().await;
}
