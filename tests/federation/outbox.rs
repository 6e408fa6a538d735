//! Announcements that were missed are found in the outbox, which says more to followers than to strangers.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use shoal::store::{DeliveryState, FollowingState, NewRelease};
use tokio::net::TcpListener;

use crate::support::{BUDGET, Sidecar, Signer, clock, evidence, settle};

/// Commits a release whose announcement gets lost.
async fn release_unheard(sidecar: &Sidecar, seed: u64) -> anyhow::Result<()> {
    sidecar.federation.release(&evidence(seed), None, BUDGET).await?;
    for delivery in sidecar.store.lease_deliveries(50, TimeDelta::seconds(60)).await? {
        sidecar.store.fail_delivery(&delivery, "lost").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_answers_404_for_a_while_gets_the_release_later() -> anyhow::Result<()> {
    let clock = clock();
    let (a, mut b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    b.down().await;
    // As PeerTube answers for a plugin that is not loaded yet.
    let listener = TcpListener::bind(b.config.listen).await?;
    let page = || async { (StatusCode::NOT_FOUND, "<html>Not found</html>") };
    let starting = tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(page)).await });
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a]).await?;
    let waiting = a.store.recent_deliveries(1).await?.remove(0);
    assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Pending, 1));

    starting.abort();
    let _ = starting.await;
    b.up().await?;
    clock.advance(TimeDelta::minutes(1));
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_announcement_is_found_in_the_outbox_and_used_once() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    release_unheard(&a, 1).await?;
    settle(&[&a, &b]).await?;
    assert!(b.store.usable_evidence().await?.is_empty());
    b.store.sync_all_soon().await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?[0].payload, evidence(1).encode()?);

    // Delivered as well, read again, and read after its id was forgotten: it is there once.
    let signer = Signer::of(&a).await?;
    let activity: Value = serde_json::from_slice(&a.store.latest_release().await?.expect("a release").activity)?;
    assert_eq!(signer.post(&b.url("/inbox"), &activity).await?, 202);
    clock.advance(TimeDelta::days(31));
    b.store.prune().await?;
    clock.advance(TimeDelta::days(-31));
    let report = b.federation.sync(Some(&a.actor())).await?.remove(0);
    assert_eq!(
        (report.announcements, report.missed, report.unusable),
        (1, 0, 0),
        "{report:?}"
    );
    assert_eq!(b.store.evidence_states(&a.actor()).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_synchronization_tells_what_it_found() -> anyhow::Result<()> {
    let clock = clock();
    let (mut a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    release_unheard(&a, 1).await?;
    release_unheard(&a, 2).await?;
    let report = b.federation.sync(None).await?.remove(0);
    assert_eq!(report.following, FollowingState::Accepted);
    assert!(report.stated && report.error.is_none(), "{report:?}");
    assert_eq!(
        (report.announcements, report.missed, report.unusable),
        (2, 2, 0),
        "{report:?}"
    );
    settle(&[&a, &b]).await?;
    let received = b.store.usable_evidence().await?;
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].payload, evidence(1).encode()?, "oldest first");

    a.down().await;
    let report = b.federation.sync(Some(&a.authority())).await?.remove(0);
    assert!(report.error.is_some(), "{report:?}");
    assert!(b.peer(&a).await?.is_some_and(|peer| peer.sync_error.is_some()));
    a.up().await?;
    assert!(b.federation.sync(None).await?[0].error.is_none());
    assert!(b.peer(&a).await?.is_some_and(|peer| peer.sync_error.is_none()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_announcement_passes_the_checks_of_a_delivered_one() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b, c) = (
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
    );
    b.follow(&a).await?;
    let changes = [
        ("/actor", json!(c.actor())),
        ("/id", json!(c.url("/evidence/1/create"))),
        ("/to", json!(["https://www.w3.org/ns/activitystreams#Public"])),
        ("/object/attributedTo", json!(c.actor())),
        ("/object/attachment/0/href", json!(c.url("/payloads/00"))),
        ("/object/noise/epsilon", json!("NaN")),
    ];
    for (seed, (property, value)) in changes.into_iter().enumerate() {
        let release = a.federation.announce(&evidence(seed as u64), None, None)?;
        let mut activity: Value = serde_json::from_slice(&release.activity)?;
        *activity.pointer_mut(property).expect("the property exists") = value;
        let release = NewRelease {
            activity: serde_json::to_vec(&activity)?.into(),
            ..release
        };
        a.store.commit_release(release, BUDGET).await?;
        let report = b.federation.sync(None).await?.remove(0);
        assert_eq!(
            (report.missed, report.unusable),
            (0, seed + 1),
            "{property}: {report:?}"
        );
    }
    assert!(b.store.evidence_states(&a.actor()).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_followers_see_announcements_and_only_the_asking_peer_its_own_state() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b, c) = (
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
    );
    b.follow(&a).await?;
    a.follow(&c).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    let (root, page) = (a.url("/actor/outbox"), a.url("/actor/outbox?page=1"));
    let whole = |text: &str| text.contains("application/vnd.shoal.evidence");

    let follower = Signer::of(&b).await?;
    let document: Value = follower.get(&root).await?.json().await?;
    assert_eq!(document["followerState"], "accepted");
    assert_eq!(document["followingState"], "none");
    assert_eq!(document["totalItems"], 1);
    let answer = follower.get(&page).await?;
    assert_eq!(answer.headers()["cache-control"], "private, no-store");
    let text = answer.text().await?;
    assert!(whole(&text), "{text}");

    // Followed, but no follower.
    let followed = Signer::of(&c).await?;
    let document: Value = followed.get(&root).await?.json().await?;
    assert_eq!(document["followerState"], "none");
    assert_eq!(document["followingState"], "accepted");
    assert!(!whole(&followed.get(&page).await?.text().await?));

    let stranger = Signer::new("http://localhost:1/actor", &shoal::federation::generate_keys().await?)?;
    let document: Value = stranger.get(&root).await?.json().await?;
    assert_eq!(
        (&document["followerState"], &document["followingState"]),
        (&json!("none"), &json!("none"))
    );
    assert!(!whole(&stranger.get(&page).await?.text().await?));

    let unsigned: Value = reqwest::get(&root).await?.json().await?;
    assert!(unsigned.get("followerState").is_none(), "{unsigned}");
    assert!(!whole(&reqwest::get(&page).await?.text().await?));

    let forged = Signer::new(&b.actor(), &shoal::federation::generate_keys().await?)?;
    assert_eq!(forged.get(&page).await?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}
