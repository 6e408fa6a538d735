//! A follower who fetches a release again, also from a later process, gets the same bytes: noise was drawn once.

use sha2::{Digest, Sha256};
use shoal::federation::generate_keys;
use sqlx::{Connection, PgConnection};

use crate::signer::Signer;
use crate::support::{Running, Setup, cluster};

/// Lets an instance release, fetches the payload twice, kills the process, and fetches twice from the next one. Returns the
/// digest in the ledger, and what was fetched.
async fn fetched(planted_bug: Option<&str>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let setup = Setup::new().await;
    let config = setup.config().await;
    // Makes the tables, and the file that counts.
    assert_eq!(setup.run(&config, &["ledger", "show"]).code, Some(0));
    let (port, _) = setup.follower().await;
    let keys = generate_keys().await.unwrap();
    let learn_key = format!("UPDATE shoal.peers SET public_key_pem = '{}'", keys.public_key_pem);
    setup.execute(&setup.own, &learn_key).await;
    let follower = Signer::new(&format!("http://localhost:{port}/actor"), &keys).unwrap();
    let mut connection = PgConnection::connect(&cluster().await.url(&setup.own)).await.unwrap();

    let mut bodies = Vec::new();
    for _ in 0..2 {
        let mut command = setup.command(&config, &["serve"]);
        command.envs(planted_bug.map(|bug| ("SHOAL_PLANTED_BUG", bug)));
        let mut running = Running::start(command);
        running.wait_for("a new model is in use").await;
        let digest: Vec<u8> = sqlx::query_scalar("SELECT payload_sha256 FROM shoal.releases")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let url = format!("http://localhost:{}/payloads/{}", setup.federation, hex::encode(digest));
        for _ in 0..2 {
            let answer = follower.get(&url).await.unwrap();
            assert_eq!(answer.status(), 200, "{}", running.said());
            bodies.push(answer.bytes().await.unwrap().to_vec());
        }
        running.kill().await;
    }
    let digests: Vec<Vec<u8>> = sqlx::query_scalar("SELECT payload_sha256 FROM shoal.releases")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(digests.len(), 1, "released once");
    (digests.concat(), bodies)
}

/// Whether everybody got the one version that was paid for.
fn is_one_version(digest: &[u8], bodies: &[Vec<u8>]) -> bool {
    bodies.iter().all(|body| Sha256::digest(body)[..] == *digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_the_same_however_often_and_whenever_it_is_fetched() {
    let (digest, bodies) = fetched(None).await;
    assert!(is_one_version(&digest, &bodies));
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[cfg(feature = "planted-bugs")]
#[tokio::test(flavor = "multi_thread")]
async fn noise_that_is_drawn_again_is_noticed() {
    let (digest, bodies) = fetched(Some("noise-redrawn")).await;
    assert!(!is_one_version(&digest, &bodies));
    for (place, body) in bodies.iter().enumerate() {
        assert!(!bodies[..place].contains(body), "each has other noise");
    }
}
