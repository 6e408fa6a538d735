//! The process dies at every step of a release, and is started again: no debit is lost, no release has two versions, and
//! what was sent is what the ledger holds. Needs the feature `planted-bugs`, which makes the process able to die.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shoal::failpoints::PLACES;
use sqlx::{Connection, FromRow, PgConnection};

use crate::support::{PATIENCE, Running, Setup, cluster};

/// What the ledger says about a release.
#[derive(Debug, Clone, PartialEq, FromRow)]
struct Debit {
    gdp_mu: f64,
    payload_sha256: Vec<u8>,
    payload: Vec<u8>,
    activity: Vec<u8>,
}

/// An instance with a follower, between the deaths of its sidecar.
struct Scene {
    setup: Setup,
    connection: PgConnection,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Scene {
    async fn new() -> Self {
        let setup = Setup::new().await;
        let config = setup.config().await;
        // Makes the tables, and the file that counts.
        assert_eq!(setup.run(&config, &["ledger", "show"]).code, Some(0));
        let (_, received) = setup.follower().await;
        let connection = PgConnection::connect(&cluster().await.url(&setup.own)).await.unwrap();
        Self {
            setup,
            connection,
            received,
        }
    }

    /// Runs the sidecar until it dies at `place`.
    async fn die_at(&self, place: &str) {
        let mut command = self.setup.command(&self.setup.config().await, &["serve"]);
        command.env("SHOAL_DIE_AT", place);
        let (status, said) = Running::start(command).end(PATIENCE).await;
        assert!(said.contains(&format!("dying at {place}")), "{said}");
        assert_eq!(status.code(), None, "{place}: it must end by a signal");
    }

    async fn ledger(&mut self) -> Vec<Debit> {
        sqlx::query_as("SELECT gdp_mu, payload_sha256, payload, activity FROM shoal.releases ORDER BY id")
            .fetch_all(&mut self.connection)
            .await
            .unwrap()
    }

    /// How many releases were debited without being there.
    async fn corrections(&mut self) -> i64 {
        sqlx::query_scalar("SELECT coalesce(sum(releases), 0)::bigint FROM shoal.ledger_corrections")
            .fetch_one(&mut self.connection)
            .await
            .unwrap()
    }

    /// Runs the sidecar until the follower has the announcement, and ends it properly.
    async fn live(&mut self) {
        // A dead process may hold the delivery for some minutes; its lease runs out at once here.
        let lease = "UPDATE shoal.deliveries SET lease_token = NULL, lease_expires_at = NULL, next_attempt_at = now()
                     WHERE state = 'pending'";
        sqlx::query(lease).execute(&mut self.connection).await.unwrap();
        let mut running = Running::start(self.setup.command(&self.setup.config().await, &["serve"]));
        running.wait_for("a new model is in use").await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let delivered: i64 = sqlx::query_scalar("SELECT count(*) FROM shoal.deliveries WHERE state = 'delivered'")
                .fetch_one(&mut self.connection)
                .await
                .unwrap();
            if delivered == 1 {
                break;
            }
            assert!(Instant::now() < deadline, "never delivered:\n{}", running.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        running.signal("TERM");
        let (status, said) = running.end(Duration::from_secs(10)).await;
        assert_eq!(status.code(), Some(0), "{said}");
    }

    /// The count beside the ledger, when nothing is under way.
    fn counted(&self) -> i64 {
        let text = fs::read_to_string(self.setup.counter()).unwrap();
        let counter: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(counter["underWay"].is_null(), "{text}");
        counter["releases"].as_i64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_any_step_loses_no_debit_and_makes_no_second_version() {
    for place in PLACES {
        let mut scene = Scene::new().await;
        scene.die_at(place).await;
        let after_death = scene.ledger().await;
        let debited = !["noise-drawn", "counter-prepared", "counter-begun", "ledger-written"].contains(&place);
        assert_eq!(after_death.len(), usize::from(debited), "{place}");
        let begun = ["counter-begun", "ledger-written"].contains(&place);

        scene.live().await;
        let debits = scene.ledger().await;
        assert_eq!(debits.len(), 1, "{place}: released once");
        if debited {
            assert_eq!(debits, after_death, "{place}: the debit of the dead process stands");
        }
        // A release of which nobody knows how far it came is paid for.
        let corrections = scene.corrections().await;
        assert_eq!(corrections, i64::from(begun), "{place}");
        assert_eq!(scene.counted(), 1 + corrections, "{place}");

        let received = scene.received.lock().unwrap().clone();
        assert!(!received.is_empty(), "{place}");
        assert!(
            received.iter().all(|body| *body == debits[0].activity),
            "{place}: only what the ledger holds was ever sent"
        );
        let sent: serde_json::Value = serde_json::from_slice(&debits[0].activity).unwrap();
        let size = sent["object"]["attachment"][0]["size"].as_u64();
        assert_eq!(size, Some(debits[0].payload.len() as u64), "{place}");

        // And a further start changes nothing.
        let config = scene.setup.config().await;
        let shown = scene.setup.run(&config, &["ledger", "show", "--json"]);
        assert_eq!(shown.code, Some(0), "{place}: {shown:?}");
        let shown = shown.json();
        assert_eq!(shown["releases"], 1 + corrections, "{place}");
        assert!(shown["problem"].is_null(), "{place}");
        assert_eq!(scene.ledger().await, debits, "{place}");
    }
}
