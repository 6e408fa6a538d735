//! Public documents, and how sidecars are found.

use serde_json::{Value, json};
use shoal::federation::{FederationError, USERNAME};
use shoal::store::FollowingState;
use url::Url;

use crate::support::{BUDGET, Sidecar, clock, evidence, settle};

async fn get(url: &str) -> anyhow::Result<(u16, String, Value)> {
    let answer = reqwest::get(url).await?;
    let status = answer.status().as_u16();
    let media_type = answer.headers()["content-type"].to_str()?.to_owned();
    Ok((status, media_type, answer.json().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actor_can_be_fetched_unsigned_and_says_what_others_need() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let (status, media_type, actor) = get(&a.url("/actor")).await?;
    assert_eq!((status, media_type.as_str()), (200, "application/activity+json"));
    assert_eq!(actor["type"], "Application");
    assert_eq!(actor["id"], json!(a.actor()));
    let name = actor["preferredUsername"].as_str().unwrap_or_default();
    assert_eq!(name, USERNAME);
    // PeerTube's users and channels have at most 50 characters; older sidecars read 64.
    assert!((51..=64).contains(&name.len()), "{name}");
    assert!(
        name.chars()
            .all(|character| character.is_ascii_lowercase() || character == '_'),
        "every software must be able to read {name}"
    );
    assert_eq!(actor["publicKey"]["id"], json!(format!("{}#main-key", a.actor())));
    assert_eq!(actor["publicKey"]["owner"], json!(a.actor()));
    let pem = actor["publicKey"]["publicKeyPem"].as_str().unwrap_or_default();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(actor["generator"]["implements"][0]["href"], "urn:shoal:evidence:v1");
    for property in ["inbox", "outbox", "followers", "following"] {
        assert!(
            actor[property]
                .as_str()
                .is_some_and(|url| url.starts_with(&a.url("/actor/"))),
            "{property}"
        );
    }
    assert_eq!(actor["endpoints"]["sharedInbox"], json!(a.url("/inbox")));

    let (status, media_type, context) = get(&a.url("/ns/v1")).await?;
    assert_eq!((status, media_type.as_str()), (200, "application/ld+json"));
    assert_eq!(context["@context"]["Evidence"], "shoal:Evidence");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_find_a_page_at_the_address_of_the_actor() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let b = Sidecar::start_with(&clock, |config| {
        config.public_url.set_path("/plugins/shoal/router/federation");
    })
    .await?;
    for sidecar in [&a, &b] {
        let (_, _, actor) = get(&sidecar.actor()).await?;
        let url = actor["url"].as_str().unwrap_or_default().to_owned();
        for address in [url.clone(), url.trim_end_matches('/').to_owned() + "/"] {
            let answer = reqwest::get(&address).await?;
            assert_eq!(answer.status().as_u16(), 200, "{address}");
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
            let page = answer.text().await?;
            let link = page.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
            let link = Url::parse(&url)?.join(link.unwrap_or_default())?;
            let privacy = reqwest::get(link).await?;
            assert_eq!(privacy.status().as_u16(), 200);
            assert!(privacy.text().await?.starts_with("# "), "the text about privacy");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn web_finger_and_node_info_lead_to_the_actor() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    let finger = |resource: &str| {
        let mut url = Url::parse(&a.url("/.well-known/webfinger")).expect("an address");
        url.query_pairs_mut().append_pair("resource", resource);
        url.to_string()
    };
    let account = format!("acct:{USERNAME}@{}", a.authority());
    // The former name leads to the actor, too, and tells the present one.
    for asked in [account.clone(), format!("acct:shoal@{}", a.authority())] {
        let (status, media_type, answer) = get(&finger(&asked)).await?;
        assert_eq!((status, media_type.as_str()), (200, "application/jrd+json"));
        assert_eq!(answer["subject"], json!(account));
        assert_eq!(answer["links"][0]["rel"], "self");
        assert_eq!(answer["links"][0]["href"], json!(a.actor()));
    }
    assert_eq!(get(&finger(&a.actor())).await?.0, 200);
    assert_eq!(get(&finger(&a.url(""))).await?.0, 200);
    assert_eq!(get(&finger("acct:somebody@elsewhere.example")).await?.0, 404);
    assert_eq!(get(&a.url("/.well-known/webfinger")).await?.0, 400);

    let (_, _, links) = get(&a.url("/.well-known/nodeinfo")).await?;
    let application = &links["links"][1];
    assert_eq!(application["rel"], "https://www.w3.org/ns/activitystreams#Application");
    assert_eq!(application["href"], json!(a.actor()));
    let (_, _, info) = get(links["links"][0]["href"].as_str().unwrap_or_default()).await?;
    assert_eq!(info["version"], "2.1");
    assert_eq!(info["software"]["name"], "shoal");
    assert_eq!(info["usage"], json!({ "users": {} }), "nothing is said about accounts");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_are_paged() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    b.follow(&a).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    for (collection, item) in [("followers", Some(b.actor())), ("outbox", None), ("following", None)] {
        let total = usize::from(collection != "following");
        let (_, _, whole) = get(&a.url(&format!("/actor/{collection}"))).await?;
        assert_eq!(whole["type"], "OrderedCollection");
        assert_eq!(whole["totalItems"], total, "{collection}");
        let (_, _, page) = get(whole["first"].as_str().unwrap_or_default()).await?;
        assert_eq!(page["type"], "OrderedCollectionPage");
        assert_eq!(page["orderedItems"].as_array().map(Vec::len), Some(total));
        assert!(page.get("next").is_none());
        if let Some(item) = item {
            assert_eq!(page["orderedItems"], json!([item]));
        }
        if collection == "outbox" {
            // PeerTube would take a bare address for an activity without a type, and fetch an object named by its
            // address. What is announced is for followers.
            let item = &page["orderedItems"][0];
            let id = item["id"].as_str().unwrap_or_default();
            assert!(id.starts_with(&a.url("/evidence/")), "{item}");
            let expected = json!({
                "type": "Create", "id": id, "actor": a.actor(), "to": [a.url("/actor/followers")],
                "object": { "type": "Evidence", "id": id.trim_end_matches("/create"), "attributedTo": a.actor() },
            });
            assert_eq!(*item, expected);
        }
        let (_, _, beyond) = get(&a.url(&format!("/actor/{collection}?page=4000000000"))).await?;
        assert_eq!(beyond["orderedItems"], json!([]));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_is_found_by_every_kind_of_address() -> anyhow::Result<()> {
    let clock = clock();
    let (a, b) = (Sidecar::start(&clock).await?, Sidecar::start(&clock).await?);
    let account = format!("shoal@{}", b.authority());
    let present = format!("{USERNAME}@{}", b.authority());
    for target in [
        b.authority(),
        b.actor(),
        b.url(""),
        b.url("/"),
        account.clone(),
        format!("acct:{account}"),
        format!("@{account}"),
        present,
    ] {
        let peer = a.federation.follow(&target).await?;
        assert_eq!(peer.actor_url, b.actor(), "{target}");
    }
    let itself = a.federation.follow(&a.authority()).await;
    assert!(matches!(itself, Err(FederationError::Discovery { .. })), "{itself:?}");
    let nobody = a.federation.follow("localhost:1").await;
    let Err(FederationError::Discovery { reason, .. }) = nobody else {
        panic!("{nobody:?}")
    };
    assert!(reason.contains("webfinger") && reason.contains("nodeinfo"), "{reason}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_prefix_works_throughout() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start_with(&clock, |config| config.public_url.set_path("/shoal/")).await?;
    let b = Sidecar::start(&clock).await?;
    assert!(a.actor().ends_with("/shoal/actor"));
    assert_eq!(
        reqwest::get(format!("http://{}/actor", a.authority()))
            .await?
            .status()
            .as_u16(),
        404
    );
    // By WebFinger at the root of the host, and by the address with its path.
    b.follow(&a).await?;
    assert_eq!(
        b.federation.follow(&a.url("")).await?.following,
        FollowingState::Accepted
    );
    a.follow(&b).await?;
    a.federation.release(&evidence(1), None, BUDGET).await?;
    settle(&[&a, &b]).await?;
    assert_eq!(b.store.usable_evidence().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_cannot_be_read_are_refused_with_a_problem_document() -> anyhow::Result<()> {
    let clock = clock();
    let a = Sidecar::start(&clock).await?;
    for path in [
        "/actor/outbox?page=MARK",
        "/actor/outbox?page=-1",
        "/actor/followers?page=1&page=2",
        "/actor/following?page=99999999999",
        "/.well-known/webfinger?resource=a&resource=MARK",
        "/payloads/%FF",
        "/evidence/%FF",
        "/evidence/%FF/create",
    ] {
        let (status, media_type, problem) = get(&a.url(path)).await?;
        assert_eq!(
            (status, media_type.as_str()),
            (400, "application/problem+json"),
            "{path}"
        );
        assert_eq!(problem["status"], 400, "{path}");
        assert!(!problem.to_string().contains("MARK"), "{path}: {problem}");
    }
    Ok(())
}
