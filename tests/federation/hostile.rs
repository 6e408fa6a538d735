//! Messages that must change nothing.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use shoal::federation::{FederationError, generate_keys};
use shoal::store::FollowerState;

use crate::support::{BUDGET, Sidecar, Signer, clock, evidence, follow_activity, post, settle};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_an_activity_of_a_known_media_type_is_refused() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let client = reqwest::Client::new();
    let inbox = a.url("/actor/inbox");
    let plain = client
        .post(&inbox)
        .header("content-type", "text/plain")
        .body("hello")
        .send()
        .await?;
    assert_eq!(plain.status().as_u16(), 415);
    assert_eq!(plain.headers()["content-type"], "application/problem+json");
    let problem: Value = plain.json().await?;
    assert_eq!(problem["status"], 415);

    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ("\"Follow\"", 400),
        ("{}", 400),
        (r#"{"type":"Follow"}"#, 400),
        (r#"{"type":"Follow","id":"not a url","actor":"x","object":"y"}"#, 400),
        (r#"{"type":"Create","object":{"type":"Evidence"}}"#, 400),
        (r#"{"type":"ModelUpdate","id":"https://a.example/1"}"#, 202),
        (r#"{"type":"Create","object":{"type":"Note","content":"hello"}}"#, 202),
        (r#"{"type":"Undo","object":{"type":"Like"}}"#, 202),
    ] {
        assert_eq!(post(&inbox, HeaderMap::new(), body.into()).await?, status, "{body}");
    }
    assert_eq!(client.get(&inbox).send().await?.status().as_u16(), 405);
    assert_eq!(client.get(a.url("/nothing")).send().await?.status().as_u16(), 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_are_refused_with_413() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let body = format!(r#"{{"type":"Note","content":"{}"}}"#, "x".repeat(70_000));
    assert_eq!(post(&a.url("/inbox"), HeaderMap::new(), body.into_bytes()).await?, 413);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_forged_and_damaged_follows_are_refused() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b, c) = (
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
    );
    let inbox = b.url("/inbox");
    let follow = follow_activity(&a.url("/activities/1"), &a.actor(), &b.actor());
    let body = serde_json::to_vec(&follow)?;

    assert_eq!(post(&inbox, HeaderMap::new(), body.clone()).await?, 401, "unsigned");

    let stranger = Signer::new(&a.actor(), &generate_keys().await?)?;
    assert_eq!(stranger.post(&inbox, &follow).await?, 401, "another key");

    assert_eq!(Signer::of(&c).await?.post(&inbox, &follow).await?, 401, "another actor");

    let signer = Signer::of(&a).await?;
    let headers = signer.headers("post", &inbox, Some(&body))?;
    let mut changed = body.clone();
    changed.push(b' ');
    assert_eq!(post(&inbox, headers, changed).await?, 401, "another body");

    let elsewhere = signer.headers("post", &c.url("/inbox"), Some(&body))?;
    assert_eq!(
        post(&inbox, elsewhere, body.clone()).await?,
        401,
        "signed for another server"
    );

    let other_origin = follow_activity(&c.url("/activities/1"), &a.actor(), &b.actor());
    assert_eq!(
        signer.post(&inbox, &other_origin).await?,
        403,
        "an id of another server"
    );

    let not_for_us = follow_activity(&a.url("/activities/2"), &a.actor(), &c.actor());
    assert_eq!(signer.post(&inbox, &not_for_us).await?, 403, "for another actor");

    let ourselves = follow_activity(&b.url("/activities/3"), &b.actor(), &b.actor());
    assert_eq!(
        Signer::of(&b).await?.post(&inbox, &ourselves).await?,
        403,
        "from ourselves"
    );

    let address = follow_activity("http://127.0.0.1:1/x", "http://127.0.0.1:1/actor", &b.actor());
    assert_eq!(signer.post(&inbox, &address).await?, 403, "an IP address");

    assert!(b.store.peers().await?.is_empty(), "nothing was stored");
    assert_eq!(signer.post(&inbox, &follow).await?, 202, "and the real one still works");
    assert_eq!(b.follower(&a).await?, FollowerState::Accepted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_cover_too_little_are_refused() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let inbox = b.url("/inbox");
    let body = serde_json::to_vec(&follow_activity(&a.url("/activities/1"), &a.actor(), &b.actor()))?;
    let signer = Signer::of(&a).await?;
    let complete = signer.headers("post", &inbox, Some(&body))?;
    let signature = complete["signature"].to_str()?.to_owned();
    for left_out in ["(request-target) ", "host ", "date ", " digest"] {
        let mut headers = complete.clone();
        headers.insert("signature", signature.replace(left_out, "").parse()?);
        assert_eq!(post(&inbox, headers, body.clone()).await?, 401, "without {left_out}");
    }
    // Numbers beyond the range of times.
    for field in ["created", "expires"] {
        let mut headers = complete.clone();
        headers.insert(
            "signature",
            format!("{field}=18446744073709551615,{signature}").parse()?,
        );
        assert_eq!(post(&inbox, headers, body.clone()).await?, 401, "{field}");
    }
    assert_eq!(post(&inbox, complete, body).await?, 202);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_activity_has_no_second_effect() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    let activity: Value = serde_json::from_slice(&a.federation.announce(&evidence(1), None, None)?.activity)?;
    let signer = Signer::of(&a).await?;
    for _ in 0..3 {
        assert_eq!(signer.post(&b.url("/inbox"), &activity).await?, 202);
    }
    assert_eq!(b.store.evidence_states(&a.actor()).await?.len(), 1);

    // A follow that was undone does not come back by replaying it.
    let follow = follow_activity(&a.url("/activities/1"), &a.actor(), &b.actor());
    assert_eq!(signer.post(&b.url("/inbox"), &follow).await?, 202);
    let undo = json!({ "type": "Undo", "id": a.url("/activities/2"), "actor": a.actor(), "object": follow });
    assert_eq!(signer.post(&b.url("/inbox"), &undo).await?, 202);
    assert_eq!(b.follower(&a).await?, FollowerState::None);
    assert_eq!(signer.post(&b.url("/inbox"), &follow).await?, 202);
    assert_eq!(b.follower(&a).await?, FollowerState::None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_follows_that_were_never_sent_are_refused() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    let signer = Signer::of(&a).await?;
    for kind in ["Accept", "Reject"] {
        let by_id = json!({ "type": kind, "id": a.url("/activities/1"), "actor": a.actor(), "object": b.url("/activities/none") });
        assert_eq!(signer.post(&b.url("/inbox"), &by_id).await?, 403);
        let foreign = follow_activity(&b.url("/activities/none"), &a.actor(), &b.actor());
        let embedded = json!({ "type": kind, "id": a.url("/activities/2"), "actor": a.actor(), "object": foreign });
        assert_eq!(signer.post(&b.url("/inbox"), &embedded).await?, 403);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_for_the_public_or_from_elsewhere_is_refused() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b, c) = (
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
        Sidecar::start(&clock).await?,
    );
    b.follow(&a).await?;
    let good: Value = serde_json::from_slice(&a.federation.announce(&evidence(1), None, None)?.activity)?;
    let signer = Signer::of(&a).await?;
    for (property, value) in [
        ("/to", json!(["as:Public"])),
        ("/to", json!("https://www.w3.org/ns/activitystreams#Public")),
        ("/object/attributedTo", json!(c.actor())),
        ("/object/attachment/0/href", json!(c.url("/payloads/00"))),
        ("/object/attachment/0/href", json!("http://127.0.0.1:5432/")),
        ("/object/attachment/0/mediaType", json!("text/html")),
        ("/object/attachment/0/size", json!(0)),
        ("/object/attachment/0/size", json!(u64::MAX)),
        ("/object/attachment/0/digestMultibase", json!("zzzz")),
        ("/object/attachment", json!([])),
        ("/object/noise/epsilon", json!("NaN")),
        ("/object/noise/delta", json!("inf")),
        ("/object/noise/mechanism", json!("trust me")),
        ("/object/basis", json!("short")),
        ("/object/dimensions", json!(-1)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(property).expect("the property exists") = value.clone();
        assert_eq!(signer.post(&b.url("/inbox"), &bad).await?, 400, "{property} {value}");
    }
    assert!(b.store.evidence_states(&a.actor()).await?.is_empty());
    assert_eq!(signer.post(&b.url("/inbox"), &good).await?, 202);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_sends_too_much_is_told_to_wait() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    let activity: Value = serde_json::from_slice(&a.federation.announce(&evidence(1), None, None)?.activity)?;
    let signer = Signer::of(&a).await?;
    let mut statuses = Vec::new();
    for _ in 0..70 {
        statuses.push(signer.post(&b.url("/inbox"), &activity).await?);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    clock.advance(chrono::TimeDelta::seconds(5));
    assert_eq!(signer.post(&b.url("/inbox"), &activity).await?, 202);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_sender_does_not_hold_the_inbox() -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let mut stream = tokio::net::TcpStream::connect(a.config.listen).await?;
    let head = format!(
        "POST /inbox HTTP/1.1\r\nhost: {}\r\ncontent-type: application/activity+json\r\ncontent-length: 1000\r\n\r\n{{",
        a.authority()
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = vec![0; 64];
    let length = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut answer)).await??;
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_release_still_arrives_after_all_that_noise() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    let forger = Signer::new(&a.actor(), &generate_keys().await?)?;
    let activity: Value = serde_json::from_slice(&a.federation.announce(&evidence(1), None, None)?.activity)?;
    for _ in 0..5 {
        assert_eq!(forger.post(&b.url("/inbox"), &activity).await?, 401);
    }
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_production_nothing_but_public_https_is_contacted() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let b = Sidecar::start_with(&clock, |config| config.insecure_development = false).await?;
    for target in [
        a.authority(),
        a.actor(),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "https://[::1]/actor".to_owned(),
    ] {
        let refused = b.federation.follow(&target).await;
        assert!(
            matches!(refused, Err(FederationError::Discovery { .. })),
            "{target}: {refused:?}"
        );
    }
    let follow = follow_activity(&a.url("/activities/1"), &a.actor(), &b.actor());
    assert_eq!(Signer::of(&a).await?.post(&b.url("/inbox"), &follow).await?, 403);
    // A name that leads to a private address: only connecting could tell.
    let private = follow_activity("https://localhost/activities/1", "https://localhost/actor", &b.actor());
    let signer = Signer::new("https://localhost/actor", &generate_keys().await?)?;
    assert_eq!(signer.post(&b.url("/inbox"), &private).await?, 503);
    assert!(b.store.peers().await?.is_empty());
    Ok(())
}
