//! `train`, `recommend` and `peers` against real databases.

use crate::support::{SECRET, Setup, free_port};

#[tokio::test]
async fn training_and_recommending_work_without_a_running_sidecar() {
    let setup = Setup::new().await;
    let config = setup.config().await;

    // Without a model there are still the lists that need none.
    let said = setup.run(&config, &["recommend", "--json", "--count", "3"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.json()["data"].as_array().unwrap().len(), 3);

    let said = setup.run(&config, &["train", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = said.json();
    assert_eq!(report["release"]["outcome"], "nobody-follows");
    assert_eq!(report["peers"], 0);
    for key in ["model", "videos", "users", "interactions"] {
        assert!(report[key].as_u64().unwrap() > 0, "{key}: {report}");
    }
    for key in ["seconds", "validation_ndcg_20", "popularity_ndcg_20"] {
        assert!(report[key].is_number(), "{key}: {report}");
    }
    let text = setup.run(&config, &["train"]);
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(
        text.out.contains("no accepted follower, so no budget is spent"),
        "{text:?}"
    );

    let page = setup
        .run(&config, &["recommend", "--user", "3", "--count", "5", "--json"])
        .json();
    let data = page["data"].as_array().unwrap();
    assert_eq!(data.len(), 5);
    assert!(data.iter().all(|video| video["recommendation"]["source"].is_string()));
    let text = setup.run(&config, &["recommend", "--user", "3", "--count", "5"]);
    assert_eq!(text.code, Some(0));
    assert!(text.out.contains(data[0]["name"].as_str().unwrap()), "{text:?}");

    let first = data[0]["uuid"].as_str().unwrap();
    let similar = setup
        .run(
            &config,
            &["recommend", "--strategy", "similar", "--video", first, "--json"],
        )
        .json();
    assert!(!similar["data"].as_array().unwrap().is_empty());
    let unknown = setup.run(&config, &["recommend", "--user", "999999", "--json"]);
    assert_eq!(unknown.code, Some(0), "{unknown:?}");

    for (arguments, parts) in [
        (
            &["recommend", "--strategy", "magic"][..],
            &["--strategy", "for-you"][..],
        ),
        (&["recommend", "--video", "no video"], &["--video"]),
        (&["recommend", "--strategy", "similar"], &["error: "]),
        (&["recommend", "--count", "100000"], &["error: "]),
    ] {
        setup.run(&config, arguments).assert_failed(1, parts);
    }
}

#[tokio::test]
async fn peers_are_listed_and_mistakes_are_told() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    let said = setup.run(&config, &["peers", "list", "--json"]);
    assert_eq!((said.code, said.json()), (Some(0), serde_json::json!([])), "{said:?}");
    let said = setup.run(&config, &["peers", "list"]);
    assert_eq!(said.code, Some(0), "{said:?}");

    setup
        .execute(
            &setup.own,
            "INSERT INTO shoal.peers (actor_url, inbox_url, public_key_pem, host, name, fetched_at, follower,
                 follower_activity_url)
             VALUES ('https://other.test/actor', 'https://other.test/inbox', 'key', 'other.test', 'Other', now(),
                 'pending', 'https://other.test/follows/1')",
        )
        .await;
    let peers = setup.run(&config, &["peers", "list", "--json"]).json();
    assert_eq!(peers[0]["actor"], "https://other.test/actor");
    assert_eq!(
        (&peers[0]["follower"], &peers[0]["following"]),
        (&"pending".into(), &"none".into())
    );
    let said = setup.run(&config, &["peers", "list"]);
    assert!(said.out.contains("other.test"), "{said:?}");
    let accepted = setup.run(&config, &["peers", "accept", "other.test", "--json"]);
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    assert_eq!(accepted.json()[0]["follower"], "accepted");
    let rejected = setup.run(&config, &["peers", "reject", "other.test", "--json"]);
    assert_eq!(rejected.json()[0]["follower"], "rejected");
    let removed = setup.run(&config, &["peers", "remove", "other.test"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(
        setup.run(&config, &["peers", "list", "--json"]).json(),
        serde_json::json!([])
    );

    let nobody = format!("http://localhost:{}/actor", free_port());
    for (arguments, part) in [
        (["peers", "accept", "stranger.test"], "stranger.test"),
        (["peers", "remove", "stranger.test"], "stranger.test"),
        (["peers", "follow", nobody.as_str()], "localhost"),
        (["peers", "follow", "not a host"], "not a host"),
    ] {
        setup.run(&config, &arguments).assert_failed(1, &["error: ", part]);
    }
}

#[tokio::test]
async fn synchronizing_says_which_peer_does_not_answer() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    let said = setup.run(&config, &["peers", "sync", "--json"]);
    assert_eq!((said.code, said.json()), (Some(0), serde_json::json!([])), "{said:?}");
    let host = format!("localhost:{}", free_port());
    let peer = format!(
        "INSERT INTO shoal.peers (actor_url, inbox_url, public_key_pem, host, name, fetched_at, following,
             following_activity_url)
         VALUES ('http://{host}/actor', 'http://{host}/inbox', 'key', '{host}', 'Away', now(), 'accepted',
             'http://localhost:1/follows/1')"
    );
    setup.execute(&setup.own, &peer).await;
    for arguments in [
        &["peers", "sync", "--json"][..],
        &["peers", "sync", host.as_str(), "--json"],
    ] {
        let said = setup.run(&config, arguments);
        assert_eq!(said.code, Some(1), "{said:?}");
        let report = &said.json()[0];
        assert_eq!(report["following"], "accepted");
        assert!(report["error"].is_string(), "{report}");
    }
    let said = setup.run(&config, &["peers", "list"]);
    assert!(said.out.contains("does not answer"), "{said:?}");
    let unfollowed = setup.run(&config, &["peers", "unfollow", host.as_str()]);
    assert_eq!(unfollowed.code, Some(0), "{unfollowed:?}");
    setup
        .run(&config, &["peers", "unfollow", host.as_str()])
        .assert_failed(1, &["error: ", host.as_str()]);
}

#[tokio::test]
async fn json_logs_are_json_and_hold_no_secret() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    let mut command = setup.command(&config, &["train", "--json"]);
    command
        .env("SHOAL_LOGGING__FORMAT", "json")
        .env("SHOAL_LOGGING__FILTER", "trace");
    let said = crate::support::finish(command);
    assert_eq!(said.code, Some(0), "{said:?}");
    said.json();
    assert!(!said.err.is_empty());
    for line in said.err.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(event["level"].is_string(), "{line}");
    }
    assert!(!said.err.contains(SECRET));
}
