//! A federation server for tests, evidence to exchange, and requests that a stranger might make.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use anyhow::{Context, ensure};
use chrono::{TimeDelta, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use shoal::clock::{ManualClock, SharedClock};
use shoal::config::{AcceptFollows, DatabaseConfig, FederationConfig};
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::federation::{Federation, generate_keys};
use shoal::model::contribution::Contribution;
use shoal::model::evidence::BasisId;
use shoal::model::support::Support;
use shoal::privacy::release::EvidenceSum;
use shoal::privacy::{BudgetShares, Delta, EvidenceGrid, Noised};
use shoal::store::{ActorKeys, FollowerState, FollowingState, Peer, Store};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use url::Url;

pub use crate::signer::Signer;

/// A budget that allows a handful of the releases of [`evidence`].
pub const BUDGET: f64 = 10.0;

/// One server for all tests of this process; it disappears with the process.
async fn cluster() -> anyhow::Result<&'static ThrowAwayCluster> {
    static CLUSTER: OnceCell<ThrowAwayCluster> = OnceCell::const_new();
    let start = || async { ThrowAwayCluster::start(&Options::default()).await };
    CLUSTER
        .get_or_try_init(start)
        .await
        .context("the test database could not be started")
}

/// The world of one test: its clock, and the keys that its servers have not taken yet.
pub struct World {
    clock: Arc<ManualClock>,
    servers: AtomicUsize,
}

/// Signatures are also checked by the real clock, so the test's clock starts there.
pub fn clock() -> World {
    World {
        clock: Arc::new(ManualClock::new(Utc::now())),
        servers: AtomicUsize::new(0),
    }
}

impl World {
    pub fn advance(&self, delta: TimeDelta) {
        self.clock.advance(delta);
    }

    /// Keys for the next server. Generating them takes most of the time of such a test, so tests share them; no two
    /// servers of one test have the same.
    async fn keys(&self) -> anyhow::Result<ActorKeys> {
        static KEYS: [OnceCell<ActorKeys>; 4] = [const { OnceCell::const_new() }; 4];
        let number = self.servers.fetch_add(1, Ordering::Relaxed);
        let keys = KEYS.get(number).context("more servers than keys")?;
        Ok(keys.get_or_try_init(generate_keys).await?.clone())
    }
}

/// A database with Shoal's tables.
pub async fn database(clock: SharedClock) -> anyhow::Result<Store> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let cluster = cluster().await?;
    let name = format!("federation_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    cluster.create_database(&name).await?;
    let config = DatabaseConfig {
        url: SecretString::from(cluster.url(&name)),
        max_connections: 4,
    };
    let store = Store::connect(&config, clock).await?;
    store.migrate().await?;
    Ok(store)
}

/// One sidecar's federation server. Its workers do not run: tests say when something is sent.
pub struct Sidecar {
    pub config: FederationConfig,
    pub store: Store,
    pub federation: Federation,
    clock: Arc<ManualClock>,
    server: Option<JoinHandle<()>>,
}

impl Sidecar {
    /// A running server that accepts follows automatically.
    pub async fn start(world: &World) -> anyhow::Result<Self> {
        Self::start_with(world, |_| ()).await
    }

    /// A running server with a changed configuration.
    pub async fn start_with(world: &World, change: impl FnOnce(&mut FederationConfig)) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let listen = listener.local_addr()?;
        let mut config = FederationConfig {
            listen,
            public_url: Url::parse(&format!("http://localhost:{}", listen.port()))?,
            accept_follows: AcceptFollows::Automatic,
            allowed_hosts: Vec::new(),
            blocked_hosts: Vec::new(),
            maximum_payload_bytes: 1_000_000,
            insecure_development: true,
        };
        change(&mut config);
        let clock = Arc::clone(&world.clock);
        let store = database(clock.clone()).await?;
        store.keep_actor_keys(&world.keys().await?).await?;
        let federation = Federation::start(&config, store.clone(), clock.clone()).await?;
        let server = Some(serve(listener, &federation));
        Ok(Self {
            config,
            store,
            federation,
            clock,
            server,
        })
    }

    /// Stops listening, as a crash would: the next [`Sidecar::up`] is a new process with the same tables.
    pub async fn down(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
        }
    }

    /// Starts again on the same port with the same tables.
    pub async fn up(&mut self) -> anyhow::Result<()> {
        self.down().await;
        let clock = Arc::clone(&self.clock) as SharedClock;
        self.federation = Federation::start(&self.config, self.store.clone(), clock).await?;
        self.server = Some(serve(TcpListener::bind(self.config.listen).await?, &self.federation));
        Ok(())
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.public_url.as_str().trim_end_matches('/'))
    }

    pub fn actor(&self) -> String {
        self.federation.actor_url().to_string()
    }

    pub fn authority(&self) -> String {
        format!("localhost:{}", self.config.listen.port())
    }

    /// What this sidecar knows about `other`.
    pub async fn peer(&self, other: &Sidecar) -> anyhow::Result<Option<Peer>> {
        Ok(self.store.peer(&other.actor()).await?)
    }

    pub async fn following(&self, other: &Sidecar) -> anyhow::Result<FollowingState> {
        Ok(self
            .peer(other)
            .await?
            .map_or(FollowingState::None, |peer| peer.following))
    }

    pub async fn follower(&self, other: &Sidecar) -> anyhow::Result<FollowerState> {
        Ok(self
            .peer(other)
            .await?
            .map_or(FollowerState::None, |peer| peer.follower))
    }

    /// Follows `other`, and sees it through.
    pub async fn follow(&self, other: &Sidecar) -> anyhow::Result<()> {
        self.federation.follow(&other.authority()).await?;
        settle(&[self, other]).await?;
        ensure!(
            self.following(other).await? == FollowingState::Accepted,
            "the follow was not accepted"
        );
        Ok(())
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

fn serve(listener: TcpListener, federation: &Federation) -> JoinHandle<()> {
    let router = federation.router();
    tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    })
}

/// Lets everybody work until nobody has anything left that is due.
pub async fn settle(sidecars: &[&Sidecar]) -> anyhow::Result<()> {
    for _ in 0..50 {
        let mut idle = true;
        for sidecar in sidecars {
            let pass = sidecar.federation.work_once().await?;
            idle &= pass.deliveries == 0 && pass.payloads == 0 && pass.syncs == 0;
        }
        if idle {
            return Ok(());
        }
    }
    anyhow::bail!("the sidecars never come to rest")
}

/// Noised evidence; another `seed` is another release.
pub fn evidence(seed: u64) -> Noised<EvidenceGrid> {
    let videos = (0..6)
        .map(|number| format!("https://video.example/videos/watch/{number}"))
        .collect();
    let channels = vec!["https://video.example/video-channels/sea".to_owned()];
    let shares = BudgetShares::from_weights(0.6, 0.2, 0.15, 0.05).expect("the weights are positive");
    let mut sum = EvidenceSum::new(BasisId([7; 32]), 4, Support::new(videos, channels), shares);
    sum.add(&Contribution {
        factor: vec![0.5; 4],
        videos: vec![(1, 1.0)],
        channels: vec![(0, 1.0)],
    });
    let delta = Delta::new(1e-6).expect("the delta is possible");
    sum.release(1.0, delta, 1, &mut ChaCha20Rng::seed_from_u64(seed))
        .expect("one contributor is enough")
}

impl Signer {
    /// Speaks for a sidecar, with its real key.
    pub async fn of(sidecar: &Sidecar) -> anyhow::Result<Self> {
        let keys = sidecar.store.actor_keys().await?.context("the sidecar has no keys")?;
        Self::new(&sidecar.actor(), &keys)
    }

    /// Posts an activity. Returns the status.
    pub async fn post(&self, url: &str, activity: &Value) -> anyhow::Result<u16> {
        let body = serde_json::to_vec(activity)?;
        let headers = self.headers("post", url, Some(&body))?;
        post(url, headers, body).await
    }
}

/// Posts bytes as an activity. Returns the status.
pub async fn post(url: &str, headers: HeaderMap, body: Vec<u8>) -> anyhow::Result<u16> {
    let request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/activity+json");
    Ok(request.headers(headers).body(body).send().await?.status().as_u16())
}

/// A Follow from one actor to another.
pub fn follow_activity(id: &str, from: &str, to: &str) -> Value {
    serde_json::json!({ "@context": "https://www.w3.org/ns/activitystreams", "type": "Follow", "id": id, "actor": from, "object": to })
}
