//! Strangers: nothing of what they make this sidecar fetch is echoed, they cannot lock newcomers out, and those that
//! cannot follow are told so.

use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::routing::{get, post};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use shoal::config::AcceptFollows;
use shoal::federation::generate_keys;
use shoal::store::{ActorKeys, FollowerState};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{Sidecar, Signer, clock, follow_activity, settle};

/// A server that is no sidecar: an actor, its inbox, and pages.
struct Elsewhere {
    origin: String,
    /// Paths and bodies of what was posted.
    posted: Arc<Mutex<Vec<(String, Value)>>>,
    server: JoinHandle<()>,
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Elsewhere {
    /// Serves `page` as it is, and the document that `actor` makes of the origin.
    async fn start(page: (&'static str, &'static str), actor: impl FnOnce(&str) -> Value) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://localhost:{}", listener.local_addr()?.port());
        let document = actor(&origin).to_string();
        let posted: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let kept = Arc::clone(&posted);
        let keep = move |request: Request| {
            let kept = Arc::clone(&kept);
            async move {
                let path = request.uri().path().to_owned();
                let signed = request.headers().contains_key("signature");
                let body = axum::body::to_bytes(request.into_body(), 100_000).await.unwrap();
                assert!(signed, "{path} must be signed");
                kept.lock()
                    .unwrap()
                    .push((path, serde_json::from_slice(&body).unwrap()));
            }
        };
        let router = axum::Router::new()
            .route(
                "/page",
                get(move || async move { ([("content-type", page.0)], page.1) }),
            )
            .route(
                "/accounts/peertube",
                get(move || async move { ([("content-type", "application/activity+json")], document) }),
            )
            .route("/accounts/peertube/inbox", post(keep.clone()))
            .route("/inbox", post(keep));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { origin, posted, server })
    }
}

/// The actor of an instance as PeerTube shows it.
fn instance(origin: &str, keys: &ActorKeys) -> Value {
    let actor = format!("{origin}/accounts/peertube");
    json!({
        "@context": "https://www.w3.org/ns/activitystreams", "type": "Application", "id": actor,
        "inbox": format!("{actor}/inbox"), "endpoints": { "sharedInbox": format!("{origin}/inbox") },
        "preferredUsername": "peertube",
        "publicKey": { "id": format!("{actor}#main-key"), "owner": actor, "publicKeyPem": keys.public_key_pem },
    })
}

/// Posts a follow with a signature that no key made. Returns status and answer.
async fn post_nonsense(sidecar: &Sidecar, actor: &str) -> anyhow::Result<(u16, HeaderMap, String)> {
    let keys = sidecar.store.actor_keys().await?.expect("the sidecar has keys");
    let inbox = sidecar.url("/inbox");
    let body = serde_json::to_vec(&follow_activity(&format!("{actor}/follow"), actor, &sidecar.actor()))?;
    let headers = Signer::new(actor, &keys)?.headers("post", &inbox, Some(&body))?;
    let request = reqwest::Client::new().post(inbox).headers(headers).body(body);
    let answer = request
        .header("content-type", "application/activity+json")
        .send()
        .await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok((status, headers, answer.text().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_fetched_page_is_echoed() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    for page in [
        ("text/html", "<p>secret\nINFO forged\x1b[2J</p>"),
        ("application/activity+json", "secret\nINFO forged\x1b[2J"),
        ("application/activity+json", "\"secret\\nINFO forged\\u001b[2J\""),
        ("application/activity+json", "{\"type\":\"secret\",\"id\":\"secret\"}"),
        ("application/activity+json", "\u{feff}{\"id\":{\"secret\":1}}"),
    ] {
        let elsewhere = Elsewhere::start(page, |_| Value::Null).await?;
        let actor = format!("{}/page", elsewhere.origin);
        let (status, _, answer) = post_nonsense(&a, &actor).await?;
        assert_eq!(status, 401, "{answer}");
        assert!(!answer.contains("secret") && answer.len() < 500, "{answer}");
        // An administrator is told no more.
        let refused = a.federation.follow(&actor).await.expect_err("that is no sidecar");
        assert!(!refused.to_string().contains("secret"), "{refused}");
        assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
    }
    assert!(a.store.peers().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_writes_is_escaped_and_cut() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let long = "y".repeat(60_000);
    for body in [
        format!(r#"{{"type":"Follow","id":"https://a.example/1","actor":{{"x\nINFO forged":1}},"object":"{long}"}}"#),
        format!(r#"{{"type":"Accept","id":"{long}\nINFO forged","actor":"x","object":"y"}}"#),
        format!(r#"{{"type":"Create","object":{{"type":"Evidence"}},"id":"{long}"}}"#),
    ] {
        let request = reqwest::Client::new().post(a.url("/inbox")).body(body);
        let answer = request
            .header("content-type", "application/activity+json")
            .send()
            .await?;
        assert_eq!(answer.status().as_u16(), 400);
        let problem: Value = answer.json().await?;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.chars().count() <= 201, "{detail}");
        assert!(!detail.contains(char::is_control), "{detail}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_domains_do_not_lock_newcomers_out() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let made_up = (0..150).map(|number| format!("http://made-up-{number}.invalid/actor"));
    let below = (0..50).map(|number| format!("http://n{number}.made-up.invalid/actor"));
    let actors: Vec<String> = made_up.chain(below).collect();
    let answers = futures_util::future::join_all(actors.iter().map(|actor| post_nonsense(&b, actor))).await;
    for answer in answers {
        let (status, headers, _) = answer?;
        assert!(matches!(status, 429 | 503), "{status}");
        assert!(headers.contains_key("retry-after"));
    }
    a.follow(&b).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_names_of_one_domain_are_told_to_come_later_and_others_are_not() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let mut statuses = Vec::new();
    for number in 0..10 {
        let actor = format!("http://n{number}.made-up.invalid/actor");
        statuses.push(post_nonsense(&b, &actor).await?.0);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    a.follow(&b).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_many_wait_the_oldest_request_makes_room() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let b = Sidecar::start_with(&clock, |config| config.accept_follows = AcceptFollows::Manual).await?;
    fill_with_requests(&b).await?;
    a.federation.follow(&b.authority()).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.follower(&a).await?, FollowerState::Pending);
    assert_eq!(b.store.peers().await?.len(), 500);
    Ok(())
}

/// Five hundred requests that wait.
async fn fill_with_requests(sidecar: &Sidecar) -> anyhow::Result<()> {
    for number in 0..500 {
        let host = format!("h{number}.example");
        let actor_url = format!("https://{host}/actor");
        let delivery = |kind: &str| shoal::store::NewDelivery {
            activity_url: format!("{}/{kind}-{number}", sidecar.actor()),
            recipient_url: actor_url.clone(),
            inbox_url: format!("{actor_url}/inbox"),
            body: Vec::new(),
            follow_url: None,
        };
        let received = shoal::store::Received {
            activity_url: format!("{actor_url}/follow"),
            actor_url: actor_url.clone(),
            kind: "Follow",
        };
        let peer = shoal::store::NewPeer {
            inbox_url: format!("{actor_url}/inbox"),
            actor_url: actor_url.clone(),
            shared_inbox_url: None,
            public_key_pem: String::new(),
            host: host.clone(),
            name: host.clone(),
            fetched_at: chrono::Utc::now(),
        };
        let origin = shoal::store::FollowerOrigin {
            domain: host,
            network: None,
        };
        let (accept, reject) = (delivery("accept"), delivery("reject"));
        let asked = sidecar
            .store
            .receive_follow(received, peer, origin, false, accept, reject);
        assert_eq!(asked.await?, shoal::store::Reception::Processed);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_of_other_software_is_answered_with_a_reject() -> anyhow::Result<()> {
    let clock = clock();
    let b = Sidecar::start(&clock).await?;
    let keys = generate_keys().await?;
    let elsewhere = Elsewhere::start(("text/html", ""), |origin| instance(origin, &keys)).await?;
    let actor = format!("{}/accounts/peertube", elsewhere.origin);
    let signer = Signer::new(&actor, &keys)?;
    let follow = |number: u32| follow_activity(&format!("{}/follow/{number}", elsewhere.origin), &actor, &b.actor());
    assert_eq!(signer.post(&b.url("/inbox"), &follow(1)).await?, 202);
    assert_eq!(signer.post(&b.url("/inbox"), &follow(1)).await?, 202, "arrived before");
    settle(&[&b]).await?;
    {
        let posted = elsewhere.posted.lock().unwrap();
        assert_eq!(posted.len(), 1, "{posted:?}");
        let (path, reject) = &posted[0];
        assert_eq!(
            path, "/accounts/peertube/inbox",
            "PeerTube takes no refusal in the shared inbox"
        );
        assert_eq!(reject["type"], "Reject");
        assert_eq!(reject["actor"], json!(b.actor()));
        assert_eq!(reject["object"]["id"], follow(1)["id"]);
        assert_eq!(reject["object"]["actor"], json!(actor));
    }
    assert!(b.store.peers().await?.is_empty(), "nothing is remembered of it");
    assert!(b.federation.follow(&actor).await.is_err());
    let mut statuses = Vec::new();
    for number in 2..5 {
        statuses.push(signer.post(&b.url("/inbox"), &follow(number)).await?);
    }
    assert_eq!(statuses, [202, 429, 429], "three were answered");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_tables_is_malformed() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let signer = Signer::of(&a).await?;
    // Random, so that an index cannot compress it.
    let mut state = 1u64;
    let long: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    })
    .take(20_000)
    .collect();
    let follow = follow_activity(&a.url(&format!("/{long}")), &a.actor(), &b.actor());
    assert_eq!(signer.post(&b.url("/inbox"), &follow).await?, 400, "a long id");

    let keys = generate_keys().await?;
    let elsewhere = Elsewhere::start(("text/html", ""), |origin| {
        let mut document = instance(origin, &keys);
        document["endpoints"]["sharedInbox"] = json!(format!("{origin}/{long}"));
        document["implements"] = json!([{ "href": "urn:shoal:evidence:v1" }]);
        document
    })
    .await?;
    let actor = format!("{}/accounts/peertube", elsewhere.origin);
    let follow = follow_activity(&format!("{}/follow/1", elsewhere.origin), &actor, &b.actor());
    assert_eq!(
        Signer::new(&actor, &keys)?.post(&b.url("/inbox"), &follow).await?,
        400,
        "a long shared inbox"
    );
    assert!(b.store.peers().await?.is_empty());
    Ok(())
}
