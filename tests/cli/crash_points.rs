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
        self.die_in(&["serve"], place).await;
    }

    /// Runs a command until it dies at `place`.
    async fn die_in(&self, arguments: &[&str], place: &str) {
        let mut command = self.setup.command(&self.setup.config().await, arguments);
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

/// Every place of a release, and where a release comes there more than once, every time.
fn steps() -> impl Iterator<Item = String> {
    PLACES.into_iter().flat_map(|(place, visits)| {
        (1..=visits).map(move |visit| match visit {
            1 => place.to_owned(),
            _ => format!("{place} {visit}"),
        })
    })
}

/// After whatever deaths: one release, of which only one version exists, and `corrections` debits for one that was cut short.
async fn assert_whole(scene: &mut Scene, place: &str, corrections: i64) -> Vec<Debit> {
    let debits = scene.ledger().await;
    assert_eq!(debits.len(), 1, "{place}: released once");
    assert_eq!(scene.corrections().await, corrections, "{place}");
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
    debits
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_any_step_loses_no_debit_and_makes_no_second_version() {
    let nothing = ["noise-drawn", "counter-prepared"];
    let begun = ["counter-renamed", "counter-begun", "ledger-written"];
    for place in steps() {
        let place = place.as_str();
        let mut scene = Scene::new().await;
        scene.die_at(place).await;
        let after_death = scene.ledger().await;
        let debited = !nothing.contains(&place) && !begun.contains(&place);
        assert_eq!(after_death.len(), usize::from(debited), "{place}");

        scene.live().await;
        // A release of which nobody knows how far it came is paid for.
        let corrections = i64::from(begun.contains(&place));
        let debits = assert_whole(&mut scene, place, corrections).await;
        if debited {
            assert_eq!(debits, after_death, "{place}: the debit of the dead process stands");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_death_while_the_first_is_mended_changes_nothing() {
    // What was begun is debited, and then the file is brought up to date.
    for place in ["ledger-corrected", "counter-prepared", "counter-renamed"] {
        let mut scene = Scene::new().await;
        scene.die_at("counter-begun").await;
        scene.die_at(place).await;
        assert_eq!(scene.corrections().await, 1, "{place}");
        scene.live().await;
        assert_whole(&mut scene, place, 1).await;
    }
    // What was committed is counted in the file.
    for place in ["counter-prepared", "counter-renamed"] {
        let mut scene = Scene::new().await;
        scene.die_at("ledger-committed").await;
        let debits = scene.ledger().await;
        scene.die_at(place).await;
        scene.live().await;
        assert_eq!(assert_whole(&mut scene, place, 0).await, debits, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_the_first_start_leaves_a_counter_that_is_begun_later() {
    for place in ["counter-prepared", "counter-renamed"] {
        let mut scene = Scene::new().await;
        fs::remove_file(scene.setup.counter()).unwrap();
        scene
            .setup
            .execute(
                &scene.setup.own,
                "DELETE FROM shoal.settings WHERE key = 'release_counter'",
            )
            .await;
        scene.die_in(&["ledger", "show"], place).await;
        scene.live().await;
        assert_whole(&mut scene, place, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_while_a_restore_is_confirmed_debits_once() {
    for place in ["ledger-corrected", "counter-prepared", "counter-renamed"] {
        let mut scene = Scene::new().await;
        scene.live().await;
        let restore = "DELETE FROM shoal.deliveries; DELETE FROM shoal.releases";
        scene.setup.execute(&scene.setup.own, restore).await;
        let confirm = ["ledger", "confirm-restore"];
        scene.die_in(&confirm, place).await;
        assert_eq!(scene.corrections().await, 1, "{place}");
        let config = scene.setup.config().await;
        assert_eq!(scene.setup.run(&config, &confirm).code, Some(0), "{place}");
        assert_eq!((scene.corrections().await, scene.counted()), (1, 1), "{place}");
    }
}
