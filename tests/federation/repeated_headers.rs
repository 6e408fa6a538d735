//! A header that counts may be there only once: otherwise one component could verify one occurrence, and another one
//! could use the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use rsa::sha2::{Digest, Sha256};
use shoal::store::FollowerState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Sidecar, Signer, clock, follow_activity, settle};

/// Sends a request as its bytes and returns the status.
async fn send(sidecar: &Sidecar, head: &str, headers: &[(String, String)], body: &[u8]) -> anyhow::Result<u16> {
    let mut text = format!("{head} HTTP/1.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    let mut stream = tokio::net::TcpStream::connect(sidecar.config.listen).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.write_all(body).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split(' ').nth(1).unwrap_or_default().parse()?)
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_body_cannot_be_replaced_by_repeating_a_header() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    let inbox = b.url("/inbox");
    let signer = Signer::of(&a).await?;
    let harmless = serde_json::to_vec(&follow_activity(&a.url("/activities/1"), &a.actor(), &b.actor()))?;
    let undo = format!(
        r#"{{"type":"Undo","id":"{}","actor":"{}","object":"{}"}}"#,
        a.url("/activities/2"),
        a.actor(),
        a.url("/activities/1")
    );
    let mut signed = listed(&signer.headers("post", &inbox, Some(&harmless))?);
    signed.push(("content-type".to_owned(), "application/activity+json".to_owned()));
    signed.push(("content-length".to_owned(), undo.len().to_string()));
    let replaced = format!("SHA-256={}", STANDARD.encode(Sha256::digest(undo.as_bytes())));
    for first in [true, false] {
        let mut headers = signed.clone();
        let place = if first { 0 } else { headers.len() };
        headers.insert(place, ("Digest".to_owned(), replaced.clone()));
        let status = send(&b, "POST /inbox", &headers, undo.as_bytes()).await?;
        assert_eq!(status, 400, "a second digest, first: {first}");
    }
    assert_eq!(b.follower(&a).await?, FollowerState::Accepted, "nothing was undone");

    // The same for every header that is signed or decides how the body is read, even when both say the same.
    for (name, value) in &mut signed {
        if name == "content-length" {
            *value = harmless.len().to_string();
        }
    }
    for repeated in ["digest", "signature", "host", "date", "content-type"] {
        let mut headers = signed.clone();
        let again = headers.iter().find(|(name, _)| name == repeated).cloned();
        headers.extend(again);
        let status = send(&b, "POST /inbox", &headers, &harmless).await?;
        assert_eq!(status, 400, "{repeated}");
    }
    assert_eq!(send(&b, "POST /inbox", &signed, &harmless).await?, 202, "once each");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_get_with_a_repeated_header_is_refused() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    a.follow(&b).await?;
    settle(&[&a, &b]).await?;
    let path = format!("/payloads/{}", "0".repeat(64));
    let headers = listed(&Signer::of(&a).await?.headers("get", &b.url(&path), None)?);
    let head = format!("GET {path}");
    assert_eq!(send(&b, &head, &headers, b"").await?, 404, "a follower may ask");
    for repeated in ["signature", "host", "date"] {
        let mut twice = headers.clone();
        twice.extend(headers.iter().find(|(name, _)| name == repeated).cloned());
        assert_eq!(send(&b, &head, &twice, b"").await?, 400, "{repeated}");
    }
    Ok(())
}
