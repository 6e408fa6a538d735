//! How `shoal serve` begins and ends.

use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{PATIENCE, Running, Setup, cluster, free_port};

/// How long a graceful end may take.
const SOON: Duration = Duration::from_secs(10);

async fn ready(setup: &Setup) -> bool {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client
        .get(format!("http://127.0.0.1:{}/readyz", setup.api))
        .send()
        .await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

async fn wait_until_ready(setup: &Setup) {
    let waiting = async {
        while !ready(setup).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "never ready");
}

#[tokio::test]
async fn a_sidecar_serves_until_sigterm_and_ends_with_success() {
    let setup = Setup::new().await;
    let config = setup.config().await;
    for signal in ["TERM", "INT"] {
        let mut running = Running::start(setup.command(&config, &["serve"]));
        running.wait_for("a new model is in use").await;
        wait_until_ready(&setup).await;
        let health = setup.run(&config, &["health", "--json"]);
        assert_eq!(health.code, Some(0), "{health:?}");
        assert_eq!(health.json()["status"], "ready");
        let health = setup.run(&config, &["health"]);
        assert!(health.out.contains("ready; model "), "{health:?}");
        running.signal(signal);
        let (status, said) = running.end(SOON).await;
        assert_eq!(status.code(), Some(0), "{said}");
        assert!(said.contains("stopped"), "{said}");
    }
    setup
        .run(&config, &["health"])
        .assert_failed(1, &["no sidecar answers at", "shoal serve"]);
    // In the middle of training, too.
    let mut running = Running::start(setup.command(&config, &["serve"]));
    running.wait_for("serving").await;
    running.signal("TERM");
    let (status, said) = running.end(SOON).await;
    assert_eq!(status.code(), Some(0), "{said}");
}

#[tokio::test]
async fn databases_that_come_later_are_waited_for() {
    let setup = Setup::new().await;
    let port = free_port();
    let there = format!(":{}/", cluster().await.port());
    let behind = |url: String| url.replace(&there, &format!(":{port}/"));
    let config = setup.config_with(&behind(setup.peertube_url().await), &behind(setup.own_url().await));
    let mut running = Running::start(setup.command(&config, &["serve", "--without-training"]));
    running
        .wait_for("Shoal's database does not answer yet, next attempt in")
        .await;

    // Now the database comes up: whoever connects to the port gets to it.
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let target = cluster().await.port();
    let forwarding = tokio::spawn(async move {
        loop {
            let (mut from, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut to = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                let _ = copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    running.wait_for("serving").await;
    running.signal("TERM");
    let (status, said) = running.end(SOON).await;
    forwarding.abort();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[tokio::test]
async fn waiting_for_a_database_can_be_ended() {
    let setup = Setup::new().await;
    let nobody = format!(
        "postgres://nobody:word@127.0.0.1:{}/nothing?sslmode=disable",
        free_port()
    );
    let config = setup.config_with(&nobody, &nobody);
    let mut running = Running::start(setup.command(&config, &["serve"]));
    running.wait_for("does not answer yet").await;
    running.signal("TERM");
    let (status, said) = running.end(SOON).await;
    assert_eq!(status.code(), Some(0), "{said}");
}

#[tokio::test]
async fn what_waiting_does_not_mend_is_an_error_at_once() {
    let setup = Setup::new().await;
    let own = setup.own_url().await;
    let wrong = cluster().await.url_as(&setup.role, "wrong", &setup.peertube);
    for (peertube, part) in [(&wrong, "refuses the role"), (&own, "is not PeerTube's")] {
        let config = setup.config_with(peertube, &own);
        let running = Running::start(setup.command(&config, &["serve"]));
        let (status, said) = running.end(PATIENCE).await;
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(!said.contains("next attempt"), "{said}");
        let (_, error) = said.split_once("error: ").unwrap();
        assert_eq!(error.matches(part).count(), 1, "told once: {error}");
    }
    // A port that is taken.
    let config = setup.config().await;
    let _taken = TcpListener::bind(("127.0.0.1", setup.api)).await.unwrap();
    let running = Running::start(setup.command(&config, &["serve"]));
    let (status, said) = running.end(PATIENCE).await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("cannot listen on 127.0.0.1:{}", setup.api)),
        "{said}"
    );
}
