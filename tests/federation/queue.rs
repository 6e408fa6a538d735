//! The delivery queue against receivers that are down, refuse, or ask for patience.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::TimeDelta;
use shoal::store::{DeliveryState, FollowingState, NewDelivery, NewPeer, QueuedDelivery};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::{BUDGET, Sidecar, clock, evidence, settle};

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_down_gets_the_same_bytes_later() -> anyhow::Result<()> {
    let clock = clock();
    let (a, mut b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    b.down().await;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a]).await?;
    let waiting = &a.store.recent_deliveries(1).await?[0];
    assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Pending, 1));
    assert!(waiting.last_error.is_some());

    b.up().await?;
    clock.advance(TimeDelta::seconds(5));
    settle(&[&a, &b]).await?;
    let received = b.store.usable_evidence().await?;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].payload, evidence(1).encode()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn running_workers_do_all_of_it_by_themselves() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let stop = CancellationToken::new();
    let workers: Vec<_> = [&a, &b]
        .map(|sidecar| {
            let (federation, stop) = (sidecar.federation.clone(), stop.clone());
            tokio::spawn(async move { federation.run(stop).await })
        })
        .into();
    b.federation.follow(&a.authority()).await?;
    wait_until(async || Ok(b.following(&a).await? == FollowingState::Accepted)).await?;
    // Written straight into the table, as another process would: found by polling.
    let release = a.federation.announce(&evidence(1), None, None)?;
    a.store.commit_release(release, BUDGET).await?;
    wait_until(async || Ok(b.store.usable_evidence().await?.len() == 1)).await?;
    stop.cancel();
    for worker in workers {
        tokio::time::timeout(Duration::from_secs(5), worker).await??;
    }
    Ok(())
}

/// Polls until `condition` holds, for half a minute at most.
async fn wait_until(condition: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    for _ in 0..600 {
        if condition().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("it did not happen within 30 seconds")
}

/// Status and `Retry-After`.
type Answer = (u16, Option<&'static str>);

/// A receiver that answers as told and remembers what it got.
#[derive(Clone, Default)]
struct Receiver {
    answers: Arc<Mutex<Vec<Answer>>>,
    bodies: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Receiver {
    async fn start(self) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let inbox = format!("http://localhost:{}/inbox", listener.local_addr()?.port());
        let answer = |State(receiver): State<Self>, headers: HeaderMap, body: Bytes| async move {
            receiver.bodies.lock().unwrap().push((headers, body));
            let (status, retry_after) = receiver.answers.lock().unwrap().pop().unwrap_or((202, None));
            let mut headers = HeaderMap::new();
            if let Some(value) = retry_after {
                headers.insert("retry-after", value.parse().unwrap());
            }
            (StatusCode::from_u16(status).unwrap(), headers)
        };
        let router = axum::Router::new()
            .route("/inbox", axum::routing::post(answer))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(inbox)
    }

    fn bodies(&self) -> Vec<Bytes> {
        self.bodies
            .lock()
            .unwrap()
            .iter()
            .map(|(_, body)| body.clone())
            .collect()
    }
}

async fn queue(a: &Sidecar, inbox: &str, name: &str) -> anyhow::Result<()> {
    let actor = inbox.replace("/inbox", "/actor");
    let peer = NewPeer {
        actor_url: actor.clone(),
        inbox_url: inbox.to_owned(),
        shared_inbox_url: None,
        public_key_pem: String::new(),
        host: "localhost".to_owned(),
        name: "receiver".to_owned(),
        fetched_at: chrono::Utc::now(),
    };
    let delivery = NewDelivery {
        activity_url: a.url(&format!("/activities/{name}")),
        recipient_url: actor,
        inbox_url: inbox.to_owned(),
        body: format!("{{\"name\":\"{name}\"}}").into_bytes(),
        follow_url: None,
    };
    Ok(a.store.request_following(peer, delivery).await?)
}

async fn newest(a: &Sidecar) -> anyhow::Result<QueuedDelivery> {
    Ok(a.store.recent_deliveries(1).await?.remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_receiver_is_given_the_time_it_asks_for() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let receiver = Receiver::default();
    receiver
        .answers
        .lock()
        .unwrap()
        .extend([(429, Some("3600")), (503, None)]);
    let inbox = receiver.clone().start().await?;
    queue(&a, &inbox, "one").await?;

    settle(&[&a]).await?;
    assert_eq!(newest(&a).await?.last_error.as_deref(), Some("status 503"));
    clock.advance(TimeDelta::seconds(4));
    settle(&[&a]).await?;
    let waiting = newest(&a).await?;
    assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Pending, 2));
    clock.advance(TimeDelta::minutes(59));
    settle(&[&a]).await?;
    assert_eq!(newest(&a).await?.attempts, 2, "Retry-After was an hour");
    clock.advance(TimeDelta::minutes(2));
    settle(&[&a]).await?;
    assert_eq!(newest(&a).await?.state, DeliveryState::Delivered);
    assert_eq!(receiver.bodies().len(), 3);
    assert!(
        receiver
            .bodies()
            .iter()
            .all(|body| body == &Bytes::from_static(b"{\"name\":\"one\"}"))
    );

    let (headers, _) = receiver.bodies.lock().unwrap()[0].clone();
    let signature = headers["signature"].to_str()?.to_owned();
    for covered in ["(request-target)", "host", "date", "digest"] {
        assert!(signature.contains(covered), "{covered} in {signature}");
    }
    assert!(headers["digest"].to_str()?.starts_with("SHA-256="));
    assert_eq!(headers["content-type"], "application/activity+json");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_and_its_reason_is_kept() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let receiver = Receiver::default();
    receiver.answers.lock().unwrap().push((410, None));
    let inbox = receiver.clone().start().await?;
    queue(&a, &inbox, "one").await?;
    settle(&[&a]).await?;
    clock.advance(TimeDelta::days(1));
    settle(&[&a]).await?;
    let delivery = newest(&a).await?;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert_eq!(delivery.last_error.as_deref(), Some("status 410"));
    assert_eq!(receiver.bodies().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let receiver = Receiver::default();
    receiver.answers.lock().unwrap().push((307, None));
    let inbox = receiver.clone().start().await?;
    queue(&a, &inbox, "one").await?;
    settle(&[&a]).await?;
    assert_eq!(newest(&a).await?.state, DeliveryState::Pending);
    assert_eq!(receiver.bodies().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_week_a_delivery_is_given_up() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    // A port on which nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let inbox = format!("http://localhost:{}/inbox", listener.local_addr()?.port());
    drop(listener);
    queue(&a, &inbox, "one").await?;
    let mut hours = 0;
    while newest(&a).await?.state == DeliveryState::Pending {
        a.federation.work_once().await?;
        clock.advance(TimeDelta::hours(6));
        hours += 6;
        assert!(hours <= 8 * 24, "it was never given up");
    }
    let delivery = newest(&a).await?;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert!(hours >= 7 * 24);
    assert!(delivery.attempts >= 14, "{delivery:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_to_one_inbox_keep_their_order_and_do_not_hold_up_others() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    let receiver = Receiver::default();
    receiver.answers.lock().unwrap().push((503, None));
    let inbox = receiver.clone().start().await?;
    queue(&a, &inbox, "first").await?;
    // The follow to the same inbox replaces the first one, so use a farewell for the second.
    let actor = inbox.replace("/inbox", "/actor");
    settle(&[&a]).await?;
    assert_eq!(receiver.bodies().len(), 1);
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(
        b.store.usable_evidence().await?.len(),
        1,
        "another inbox is not held up"
    );

    a.federation.remove(&actor).await?;
    settle(&[&a]).await?;
    let bodies = receiver.bodies();
    assert_eq!(
        bodies.len(),
        2,
        "the pending follow was given up, the farewell was sent"
    );
    assert!(String::from_utf8_lossy(&bodies[1]).contains("\"Undo\""));
    Ok(())
}
