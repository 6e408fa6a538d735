//! Generated instances with running sidecars, wired as `shoal serve` wires them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use shoal::api::metrics::recorder;
use shoal::clock::{SharedClock, SystemClock};
use shoal::config::{
    AcceptFollows, ApiConfig, Config, ContributionDefault, DatabaseConfig, FederationConfig, LoggingConfig,
    PeerTubeConfig, PreferencesConfig, PrivacyConfig, RecommendConfig, TrainingConfig,
};
use shoal::demo::fill::fill;
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::demo::schema::Layout;
use shoal::demo::world::{InstanceWorld, World, WorldParameters};
use shoal::federation::generate_keys;
use shoal::peertube::read_role_sql;
use shoal::sidecar::{Listeners, Sidecar, SidecarError};
use shoal::store::{ActorKeys, FollowingState, LedgerEntry, Store};
use shoal::training::CycleReport;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_mins(1);
/// The token of every REST interface here.
const TOKEN: &str = "a service token for tests";
/// Where recommendations are.
const PATH: &str = "/api/v1/recommendations/videos";

/// One server for all tests of this process; it disappears with the process.
async fn cluster() -> &'static ThrowAwayCluster {
    static CLUSTER: OnceCell<ThrowAwayCluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async { ThrowAwayCluster::start(&Options::default()).await.unwrap() })
        .await
}

/// A key pair. Generating one takes long, so the tests share a few; within a world no two sidecars have the same.
async fn keys(number: usize) -> ActorKeys {
    static KEYS: [OnceCell<ActorKeys>; 3] = [const { OnceCell::const_new() }; 3];
    let make = || async { generate_keys().await.unwrap() };
    KEYS[number].get_or_init(make).await.clone()
}

/// A small world whose instances have so many users.
pub fn world(sizes: &[usize]) -> Vec<InstanceWorld> {
    let parameters = WorldParameters {
        videos: 160,
        channels: 20,
        mean_watches: 14.0,
        ..WorldParameters::new(11, sizes.to_vec(), Utc::now())
    };
    World::generate(&parameters).instances
}

/// An instance with its databases, and the sidecar beside it.
pub struct Tube {
    pub world: InstanceWorld,
    pub config: Arc<Config>,
    pub sidecar: Sidecar,
    clock: SharedClock,
    peertube_admin: String,
    #[expect(dead_code, reason = "it disappears with the tube")]
    folder: tempfile::TempDir,
    running: Option<(CancellationToken, JoinHandle<Result<(), SidecarError>>)>,
}

impl Tube {
    /// A running sidecar under the machine's clock.
    pub async fn start(number: usize, world: InstanceWorld, change: impl FnOnce(&mut Config)) -> Self {
        let mut tube = Self::create(number, world, Arc::new(SystemClock), change).await;
        tube.run().await;
        tube
    }

    /// A sidecar that is connected but neither serves nor federates.
    pub async fn create(
        number: usize,
        world: InstanceWorld,
        clock: SharedClock,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        static DATABASES: AtomicUsize = AtomicUsize::new(0);
        let cluster = cluster().await;
        let unique = DATABASES.fetch_add(1, Ordering::Relaxed);
        let (peertube, own) = (format!("peertube_{unique}"), format!("shoal_{unique}"));
        cluster.create_database(&peertube).await.unwrap();
        cluster.create_database(&own).await.unwrap();
        let peertube_admin = cluster.url(&peertube);
        let mut connection = PgConnection::connect(&peertube_admin).await.unwrap();
        fill(&mut connection, Layout::V8_2, &world).await.unwrap();
        let role = format!("reader_{unique}");
        sqlx::raw_sql(AssertSqlSafe(read_role_sql(&role, "word")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();

        let folder = tempfile::tempdir().unwrap();
        // The ports stay the same when the sidecar is started again.
        let (api, federation) = (free_address().await, free_address().await);
        let mut config = Config {
            peertube: PeerTubeConfig {
                url: Url::parse(&format!("https://{}", world.host)).unwrap(),
                database_url: SecretString::from(cluster.url_as(&role, "word", &peertube)),
                max_connections: 4,
                api_url: String::new(),
            },
            database: DatabaseConfig {
                url: SecretString::from(cluster.url(&own)),
                max_connections: 4,
            },
            api: ApiConfig {
                listen: api,
                service_token: SecretString::from(TOKEN),
                plugin_secret: SecretString::default(),
            },
            federation: FederationConfig {
                listen: federation,
                public_url: Url::parse(&format!("http://localhost:{}", federation.port())).unwrap(),
                accept_follows: AcceptFollows::Automatic,
                allowed_hosts: Vec::new(),
                blocked_hosts: Vec::new(),
                maximum_payload_bytes: 16 * 1024 * 1024,
                insecure_development: true,
            },
            preferences: PreferencesConfig::default(),
            training: TrainingConfig {
                factors: 16,
                sweeps: 4,
                ..TrainingConfig::default()
            },
            privacy: PrivacyConfig {
                releases_per_year: 1,
                contribution: ContributionDefault::OptOut,
                dimensions: 12,
                counter_file: folder.path().join("release-counter.json"),
                ..PrivacyConfig::default()
            },
            recommend: RecommendConfig::default(),
            logging: LoggingConfig::default(),
            retired: Vec::new(),
        };
        change(&mut config);
        config.check().unwrap();
        let config = Arc::new(config);
        let store = Store::connect(&config.database, Arc::clone(&clock)).await.unwrap();
        store.migrate().await.unwrap();
        store.keep_actor_keys(&keys(number).await).await.unwrap();
        store.close().await;
        let sidecar = connect(&config, &clock, number as u64).await;
        Self {
            world,
            config,
            sidecar,
            clock,
            peertube_admin,
            folder,
            running: None,
        }
    }

    /// Where a superuser reaches PeerTube's database.
    pub fn peertube_admin_url(&self) -> &str {
        &self.peertube_admin
    }

    /// Serves and federates. Training happens when a test says so.
    pub async fn run(&mut self) {
        let stop = CancellationToken::new();
        let listeners = Listeners::bind(&self.config).await.unwrap();
        let metrics = recorder().unwrap().handle();
        let (sidecar, stopped) = (self.sidecar.clone(), stop.clone());
        let running = tokio::spawn(async move { sidecar.run(listeners, metrics, false, stopped).await });
        self.running = Some((stop, running));
    }

    /// Ends as after SIGTERM.
    pub async fn stop(&mut self) {
        if let Some((stop, running)) = self.running.take() {
            stop.cancel();
            running.await.unwrap().unwrap();
        }
        self.sidecar.close().await;
    }

    /// Ends, and starts a new sidecar from the same databases.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.sidecar = connect(&self.config, &self.clock, 99).await;
        self.run().await;
    }

    /// Another sidecar with the same configuration, as `shoal train` makes one.
    pub async fn beside(&self) -> Sidecar {
        connect(&self.config, &self.clock, 77).await
    }

    /// One cycle.
    pub async fn train(&self) -> CycleReport {
        self.sidecar.trainer().cycle(|_| ()).await.unwrap()
    }

    /// One cycle under a changed configuration.
    pub async fn train_with(&self, change: impl FnOnce(&mut Config)) -> CycleReport {
        let mut trainer = self.sidecar.trainer();
        let mut config = (*self.config).clone();
        change(&mut config);
        trainer.config = Arc::new(config);
        trainer.cycle(|_| ()).await.unwrap()
    }

    /// All debits ever.
    pub async fn ledger(&self) -> Vec<LedgerEntry> {
        let beginning = chrono::DateTime::UNIX_EPOCH;
        self.sidecar.store.ledger_since(beginning).await.unwrap()
    }

    /// Runs statements in PeerTube's database, as PeerTube would.
    pub async fn peertube(&self, statements: &str) {
        let mut connection = PgConnection::connect(&self.peertube_admin).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// As if all that was ever watched and rated had been deleted, and done for the first time at `at`.
    pub async fn watch_again(&self, at: DateTime<Utc>) {
        self.peertube(&format!(
            r#"UPDATE "userVideoHistory" SET "createdAt" = '{at}', "updatedAt" = '{at}';
               UPDATE "accountVideoRate" SET "createdAt" = '{at}', "updatedAt" = '{at}'"#
        ))
        .await;
    }

    /// One number from PeerTube's database.
    pub async fn peertube_number(&self, query: &str) -> i64 {
        let mut connection = PgConnection::connect(&self.peertube_admin).await.unwrap();
        let number = sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        number
    }

    /// Texts from Shoal's own database.
    pub async fn own_texts(&self, query: &str) -> Vec<String> {
        use secrecy::ExposeSecret;

        let url = self.config.database.url.expose_secret();
        let mut connection = PgConnection::connect(url).await.unwrap();
        let texts = sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        texts
    }

    /// Runs a statement in Shoal's own database.
    pub async fn own(&self, statements: &str) {
        use secrecy::ExposeSecret;

        let url = self.config.database.url.expose_secret();
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// A sidecar somewhere else follows this one; it is never contacted in these tests.
    pub async fn add_follower(&self) {
        self.own(
            "INSERT INTO shoal.peers (actor_url, inbox_url, public_key_pem, host, name, fetched_at, follower,
                                      follower_confirmed_at)
             VALUES ('http://localhost:9/actor', 'http://localhost:9/inbox', 'key', 'localhost:9', 'elsewhere', now(),
                     'accepted', '2200-01-01')",
        )
        .await;
    }

    /// Asks the REST interface, whatever it answers.
    pub async fn ask(&self, query: &str) -> (StatusCode, Value) {
        ask(self.config.api.listen, query).await
    }

    /// Asks the sidecar whether it is ready, which it must be.
    pub async fn ready(&self) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/readyz", self.config.api.listen);
        let response = client.get(url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    /// Asks the REST interface, which must answer with a list.
    pub async fn list(&self, query: &str) -> List {
        let (status, answer) = self.ask(query).await;
        assert_eq!(status, StatusCode::OK, "{query}: {answer}");
        List(answer)
    }

    /// Scores of all items for somebody who watched the first videos of the model; they show any change of a model.
    pub fn scores(&self) -> Vec<f32> {
        let snapshot = self.sidecar.snapshot.load_full().unwrap();
        let recommender = snapshot.recommender();
        recommender.scores(&recommender.profile(&[(0, 1.0), (1, 0.5), (2, -0.5)]))
    }

    /// Item factors learned from evidence; they show any evidence, even when the chosen weights leave it out.
    pub fn federated_factors(&self) -> Vec<f32> {
        let snapshot = self.sidecar.snapshot.load_full().unwrap();
        let federated = snapshot.recommender().components().federated.as_ref();
        federated.unwrap().items.values().to_vec()
    }

    /// The number of the model in use.
    pub fn model(&self) -> Option<String> {
        let snapshot = self.sidecar.snapshot.load_full()?;
        Some(snapshot.model().to_owned())
    }
}

/// An answer of the REST interface.
#[derive(Debug, PartialEq)]
pub struct List(pub Value);

impl List {
    /// The videos.
    pub fn videos(&self) -> &[Value] {
        self.0["data"].as_array().unwrap()
    }

    /// Their numbers, in order.
    pub fn ids(&self) -> Vec<i32> {
        let id = |video: &Value| i32::try_from(video["id"].as_i64().unwrap()).unwrap();
        self.videos().iter().map(id).collect()
    }

    /// What brought them in.
    pub fn sources(&self) -> BTreeSet<&str> {
        let sources = self.videos().iter().map(|video| &video["recommendation"]["source"]);
        sources.filter_map(Value::as_str).collect()
    }

    /// Kinds of all reasons.
    pub fn reasons(&self) -> BTreeSet<&str> {
        let reasons = self.videos().iter();
        let reasons = reasons.flat_map(|video| video["recommendation"]["reasons"].as_array().unwrap());
        reasons.map(|reason| reason["type"].as_str().unwrap()).collect()
    }
}

/// Asks a REST interface.
pub async fn ask(address: SocketAddr, query: &str) -> (StatusCode, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{address}{PATH}?{query}");
    let response = client.get(url).bearer_auth(TOKEN).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

/// Every sidecar follows every other one.
pub async fn follow_all(tubes: &[Tube]) {
    for tube in tubes {
        for other in tubes {
            let target = other.sidecar.federation.actor_url();
            if target != tube.sidecar.federation.actor_url() {
                tube.sidecar.federation.follow(target.as_str()).await.unwrap();
            }
        }
    }
    until("all follows are accepted", || async {
        for tube in tubes {
            let peers = tube.sidecar.federation.peers().await.unwrap();
            let accepted = peers.iter().filter(|peer| peer.following == FollowingState::Accepted);
            if accepted.count() + 1 < tubes.len() || tube.sidecar.store.accepted_peers().await.unwrap().1 == 0 {
                return false;
            }
        }
        true
    })
    .await;
}

/// Waits until a sidecar has fetched and checked the evidence of so many peers.
pub async fn wait_for_evidence(tube: &Tube, count: usize) {
    until("evidence arrives", || async {
        tube.sidecar.store.usable_evidence().await.unwrap().len() >= count
    })
    .await;
}

/// Looks again and again until it is so.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "not within {PATIENCE:?}: {what}");
}

async fn connect(config: &Arc<Config>, clock: &SharedClock, noise: u64) -> Sidecar {
    // Other noise for every release, as from the operating system: equal sums must not give equal payloads.
    let releases = AtomicU64::new(0);
    let randomness =
        Arc::new(move || ChaCha20Rng::seed_from_u64(noise + 1_000 * releases.fetch_add(1, Ordering::Relaxed)));
    Sidecar::connect(Arc::clone(config), Arc::clone(clock), randomness)
        .await
        .unwrap()
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    listener.local_addr().unwrap()
}
