//! A release goes from one sidecar to its followers: announced, fetched, checked.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shoal::store::{EvidenceState, NewRelease};

use crate::support::{BUDGET, Sidecar, Signer, clock, evidence, settle};

#[tokio::test(flavor = "multi_thread")]
async fn a_release_reaches_followers_byte_by_byte() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b, c) = (
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
    );
    b.follow(&a).await?;
    a.federation.release(&evidence(1), Some(12), BUDGET).await?;
    settle(&[&a, &b, &c]).await?;

    let received = b.store.usable_evidence().await?;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].payload, evidence(1).encode()?);
    assert_eq!(received[0].actor_url, a.actor());
    assert!(c.store.usable_evidence().await?.is_empty());
    let announced = received[0].announced.to_string();
    assert!(
        !announced.contains("contributors"),
        "the exact number of contributors stays at home: {announced}"
    );

    // A follower of later days gets the same.
    c.follow(&a).await?;
    settle(&[&a, &b, &c]).await?;
    let late = c.store.usable_evidence().await?;
    assert_eq!(late[0].payload, received[0].payload);
    assert_eq!(late[0].activity_url, received[0].activity_url);

    let sent = a.federation.traffic().bytes_sent;
    assert!(sent >= 2 * received[0].payload.len() as u64, "{sent}");
    assert!(b.federation.traffic().bytes_received >= received[0].payload.len() as u64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_are_for_accepted_followers_only() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b, c) = (
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
    );
    b.follow(&a).await?;
    a.follow(&c).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    let digest = hex::encode(Sha256::digest(evidence(1).encode()?));
    let payload = a.url(&format!("/payloads/{digest}"));

    let unsigned = reqwest::get(&payload).await?;
    assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(unsigned.headers()["content-type"], "application/problem+json");
    assert!(unsigned.headers().contains_key("www-authenticate"));

    let follower = Signer::of(&b).await?;
    let answer = follower.get(&payload).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["cache-control"].to_str()?.contains("immutable"));
    let etag = answer.headers()["etag"].clone();
    assert_eq!(answer.bytes().await?, evidence(1).encode()?);
    let mut headers = follower.headers("get", &payload, None)?;
    headers.insert("if-none-match", etag);
    let cached = reqwest::Client::new().get(&payload).headers(headers).send().await?;
    assert_eq!(cached.status(), StatusCode::NOT_MODIFIED);

    // Known, because it is followed, but no follower itself.
    assert_eq!(
        Signer::of(&c).await?.get(&payload).await?.status(),
        StatusCode::FORBIDDEN
    );
    let stranger = Signer::new(
        &format!("{}/stranger", c.url("")),
        &c.store.actor_keys().await?.expect("keys"),
    )?;
    assert_eq!(stranger.get(&payload).await?.status(), StatusCode::UNAUTHORIZED);
    let forged = Signer::new(&b.actor(), &c.store.actor_keys().await?.expect("keys"))?;
    assert_eq!(forged.get(&payload).await?.status(), StatusCode::UNAUTHORIZED);
    let nothing = a.url(&format!("/payloads/{}", "0".repeat(64)));
    assert_eq!(follower.get(&nothing).await?.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        follower.get(&a.url("/payloads/..%2Fkeys")).await?.status(),
        StatusCode::NOT_FOUND
    );

    // A signature for one address does not open another.
    let other = follower.headers("get", &nothing, None)?;
    let moved = reqwest::Client::new().get(&payload).headers(other).send().await?;
    assert_eq!(moved.status(), StatusCode::UNAUTHORIZED);

    for path in ["", "/create"] {
        let object = a.url(&format!("/evidence/{digest}{path}"));
        assert_eq!(reqwest::get(&object).await?.status(), StatusCode::UNAUTHORIZED);
        let document: Value = follower.get(&object).await?.json().await?;
        assert_eq!(document["id"], json!(object));
        assert!(document["@context"].is_array());
    }
    Ok(())
}

/// Lets `a` commit a release whose announcement or payload was changed; returns what `b` made of it.
async fn tampered(change: impl FnOnce(&mut Value, &mut Vec<u8>)) -> anyhow::Result<(EvidenceState, String)> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    let release = a.federation.announce(&evidence(1), None, None)?;
    let mut activity: Value = serde_json::from_slice(&release.activity)?;
    let mut payload = release.payload.to_vec();
    change(&mut activity, &mut payload);
    // The address names the digest of what is really served.
    let digest = hex::encode(Sha256::digest(&payload));
    activity["object"]["attachment"][0]["href"] = json!(a.url(&format!("/payloads/{digest}")));
    let release = NewRelease {
        activity: serde_json::to_vec(&activity)?.into(),
        payload: payload.into(),
        ..release
    };
    a.store.commit_release(release, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert!(b.store.usable_evidence().await?.is_empty(), "nothing of it is used");
    let states = b.store.evidence_states(&a.actor()).await?;
    assert_eq!(states.len(), 1);
    Ok((states[0].1, states[0].2.clone().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_with_another_digest_is_refused() -> anyhow::Result<()> {
    let (state, reason) = tampered(|_, payload| {
        let middle = payload.len() / 2;
        payload[middle] ^= 1;
    })
    .await?;
    assert_eq!(state, EvidenceState::Refused);
    assert!(reason.contains("digest"), "{reason}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_of_another_size_is_refused() -> anyhow::Result<()> {
    let (state, reason) = tampered(|_, payload| payload.extend([0; 100])).await?;
    assert_eq!(state, EvidenceState::Refused);
    assert!(reason.contains("larger than announced"), "{reason}");
    let (_, reason) = tampered(|_, payload| payload.truncate(20)).await?;
    assert!(reason.contains("smaller than announced"), "{reason}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_no_evidence_is_refused() -> anyhow::Result<()> {
    let (state, reason) = tampered(|activity, payload| {
        *payload = b"not evidence at all".to_vec();
        describe(activity, payload);
    })
    .await?;
    assert_eq!(state, EvidenceState::Refused);
    assert!(reason.contains("payload"), "{reason}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_that_flatters_its_payload_is_refused() -> anyhow::Result<()> {
    for (property, value) in [
        ("/object/noise/noiseMultiplier", json!("0.5")),
        ("/object/noise/epsilon", json!("0.1")),
        ("/object/basis", json!("00".repeat(32))),
        ("/object/videos", json!(7)),
        ("/object/supportDigest", json!("11".repeat(32))),
    ] {
        let (state, reason) = tampered(|activity, _| {
            *activity.pointer_mut(property).expect("the property exists") = value;
        })
        .await?;
        assert_eq!(state, EvidenceState::Refused, "{property}");
        assert!(
            reason.contains("something else than its announcement"),
            "{property}: {reason}"
        );
    }
    Ok(())
}

/// A check that ends the process leaves nothing behind but the number of checks begun.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_whose_check_never_ends_is_given_up() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    a.federation.work_once().await?;
    for begun in 1..=5 {
        let leased = b.store.lease_evidence(9, TimeDelta::seconds(300)).await?;
        assert_eq!(leased.len(), 1);
        assert_eq!(b.store.begin_evidence_check(&leased[0]).await?, Some(begun));
        assert_eq!(b.store.lease_evidence(9, TimeDelta::seconds(300)).await?.len(), 0);
        clock.advance(TimeDelta::seconds(301));
    }
    settle(&[&a, &b]).await?;
    let states = b.store.evidence_states(&a.actor()).await?;
    assert_eq!((states.len(), states[0].1), (1, EvidenceState::Refused));
    let reason = states[0].2.as_deref().unwrap_or_default();
    assert!(reason.contains("begun 5 times"), "{reason}");
    Ok(())
}

/// Makes the attachment describe `payload`.
fn describe(activity: &mut Value, payload: &[u8]) {
    let multihash = [&[0x12, 0x20][..], &Sha256::digest(payload)].concat();
    let attachment = &mut activity["object"]["attachment"][0];
    attachment["digestMultibase"] = json!(format!("z{}", bs58::encode(multihash).into_string()));
    attachment["size"] = json!(payload.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_payloads_are_refused_at_the_announcement() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let b = Sidecar::start_with(&clock, |config| config.maximum_payload_bytes = 100).await?;
    b.follow(&a).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert!(b.store.evidence_states(&a.actor()).await?.is_empty());
    let delivery = &a.store.recent_deliveries(1).await?[0];
    assert!(
        delivery
            .last_error
            .as_deref()
            .is_some_and(|error| error.contains("larger")),
        "{delivery:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_peers_that_are_not_followed_changes_nothing() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    // `a` follows `b`, so it is known there; `b` does not follow `a`.
    a.follow(&b).await?;
    let activity: Value = serde_json::from_slice(&a.federation.announce(&evidence(1), None, None)?.activity)?;
    let status = Signer::of(&a).await?.post(&b.url("/inbox"), &activity).await?;
    assert_eq!(status, 403);
    assert!(b.store.evidence_states(&a.actor()).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_fetched_when_its_server_comes_back() -> anyhow::Result<()> {
    let clock = clock();
    let (mut a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    // Announced, but the server is gone before the payload is fetched.
    a.federation.work_once().await?;
    a.down().await;
    assert_eq!(b.federation.work_once().await?.payloads, 1);
    assert_eq!(
        b.store.evidence_states(&a.actor()).await?[0].1,
        EvidenceState::Announced
    );
    a.up().await?;
    settle(&[&a, &b]).await?;
    assert!(
        b.store.usable_evidence().await?.is_empty(),
        "not before the pause is over"
    );
    clock.advance(chrono::TimeDelta::seconds(10));
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?.len(), 1);
    Ok(())
}
