//! An instance with two tastes: users who watch music and users who watch bees. A model trained on them, a server that
//! answers from it, and a client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::{Value, json};
use shoal::api::vouching::PluginSecret;
use shoal::api::{ApiState, Limits, Server};
use shoal::clock::{Hour, ManualClock, SharedClock};
use shoal::config::{Config, DatabaseConfig};
use shoal::demo::world::InstanceWorld;
use shoal::model::alternating::AlternatingParameters;
use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::head::public_support;
use shoal::model::learning::{LearningParameters, learn};
use shoal::peertube::{PeerTube, UserId};
use shoal::recommend::{SharedSnapshot, Snapshot};
use shoal::store::{CountedWatches, Level, Store};
use shoal::training::ranking::Ground;
use shoal::training::reading::{Consent, Reading, item, read};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::instance::{Instance, VIEWER, cluster, fresh_name};

/// The token of all servers here.
pub const TOKEN: &str = "a service token for tests";
/// The secret that the plugin shares with all servers here.
pub const PLUGIN_SECRET: &str = "a plugin secret for tests";
/// The present.
pub const NOW: &str = "2026-02-01T00:00:00Z";
/// Music videos; odd ones in channel 20, even ones in channel 21.
pub const MUSIC: std::ops::RangeInclusive<i32> = 101..=120;
/// Videos about bees; odd ones in channel 22, even ones in channel 23.
pub const BEES: std::ops::RangeInclusive<i32> = 201..=220;
/// A user without any history.
pub const NEWCOMER: i32 = 6;
/// Where recommendations are.
pub const PATH: &str = "/api/v1/recommendations/videos";

/// An instance, its sidecar's private side, and a client.
pub struct World {
    pub instance: Instance,
    pub peertube: PeerTube,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    /// The PeerTube that is asked whose token it is.
    pub fake: FakePeerTube,
    pub snapshot: SharedSnapshot,
    pub address: String,
    client: reqwest::Client,
    shutdown: Option<DropGuard>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// An answer, whatever it says.
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// Checks that it is a problem in the standard's shape with this status and code.
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{}",
            self.text
        );
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["error"], problem["detail"]);
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

/// A page of recommendations.
#[derive(Debug)]
pub struct Listed {
    pub total: u64,
    pub data: Vec<Value>,
}

impl Listed {
    /// The ids of the videos, in order.
    pub fn ids(&self) -> Vec<i32> {
        self.data
            .iter()
            .map(|video| video["id"].as_i64().unwrap() as i32)
            .collect()
    }

    /// The distinct sources, in order of appearance.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources: Vec<&str> = self
            .data
            .iter()
            .map(|video| video["recommendation"]["source"].as_str().unwrap())
            .collect();
        sources.dedup();
        sources
    }

    /// All reasons with the video they belong to.
    pub fn reasons(&self) -> Vec<(i32, &Value)> {
        let of = |video: &'_ Value| video["id"].as_i64().unwrap() as i32;
        self.data
            .iter()
            .flat_map(|video| {
                video["recommendation"]["reasons"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(move |reason| (of(video), reason))
            })
            .collect()
    }
}

impl World {
    /// Trained and published.
    pub async fn start() -> Self {
        let mut world = Self::untrained().await;
        world.train().await;
        world
    }

    /// Beside a generated instance, trained and published.
    pub async fn generated(instance: &InstanceWorld) -> Self {
        let instance = Instance::generated(instance).await;
        let mut world = Self::beside(instance, Limits::default(), &[]).await;
        world.train().await;
        world
    }

    /// Without a model.
    pub async fn untrained() -> Self {
        Self::with_limits(Limits::default()).await
    }

    /// Trained and published, under changed settings.
    pub async fn with_settings(settings: &[(&str, &str)]) -> Self {
        let mut world = Self::with(Limits::default(), settings).await;
        world.train().await;
        world
    }

    /// Without a model, under other limits.
    pub async fn with_limits(limits: Limits) -> Self {
        Self::with(limits, &[]).await
    }

    /// Trained and published, beside a PeerTube whose tables were altered by `statement`.
    pub async fn altered(statement: &str) -> Self {
        let mut instance = Instance::start().await;
        instance.execute(statement).await;
        instance.grant().await;
        populate(&mut instance).await;
        let mut world = Self::beside(instance, Limits::default(), &[]).await;
        world.train().await;
        world
    }

    async fn with(limits: Limits, settings: &[(&str, &str)]) -> Self {
        let mut instance = Instance::start().await;
        populate(&mut instance).await;
        Self::beside(instance, limits, settings).await
    }

    async fn beside(instance: Instance, limits: Limits, settings: &[(&str, &str)]) -> Self {
        let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
        let peertube = PeerTube::connect(&instance.url().await, 4).await.unwrap();
        let peertube = peertube.with_clock(clock.clone());
        let snapshot: SharedSnapshot = Arc::new(ArcSwapOption::empty());
        let store = store(clock.clone()).await;
        let fake = FakePeerTube::start().await;
        let mut all = vec![("SHOAL_PEERTUBE__API_URL", fake.address.as_str())];
        all.extend(settings);
        let config = config(&all);
        let (address, shutdown, serving) = serve(
            &config,
            peertube.clone(),
            store.clone(),
            snapshot.clone(),
            clock.clone(),
            limits,
        )
        .await;
        Self {
            instance,
            peertube,
            store,
            clock,
            fake,
            snapshot,
            address,
            client: reqwest::Client::new(),
            shutdown: Some(shutdown.drop_guard()),
            serving,
        }
    }

    /// Trains on the present history and publishes the model.
    pub async fn train(&mut self) {
        let snapshot = trained(&self.peertube, &self.store).await;
        self.snapshot.store(Some(Arc::new(snapshot)));
    }

    /// Adds a video that was watched for so many of its 60 seconds.
    pub async fn watch(&mut self, user: i32, video: i32, seconds: i32) {
        self.instance.watch(user, video, seconds, "2026-01-31T00:00:00Z").await;
    }

    /// Asks for `path_and_query` with the token.
    pub async fn get(&self, path_and_query: &str) -> Answer {
        self.send(self.request(reqwest::Method::GET, path_and_query).bearer_auth(TOKEN))
            .await
    }

    /// A request for which the plugin vouches: signed now, for `user`.
    pub fn signed(&self, method: reqwest::Method, path: &str, user: i32, body: &str) -> reqwest::RequestBuilder {
        let time = NOW.parse::<DateTime<Utc>>().unwrap().timestamp();
        let signature = plugin().sign(method.as_str(), path, UserId(user), time, body.as_bytes());
        self.request(method, path)
            .header("Shoal-User", user.to_string())
            .header("Shoal-Timestamp", time.to_string())
            .header("Shoal-Signature", signature)
            .body(body.to_owned())
    }

    /// Sends a signed request that must succeed; returns what it says, or null.
    pub async fn as_user(&self, method: reqwest::Method, path: &str, user: i32, body: &str) -> Value {
        let answer = self.send(self.signed(method, path, user, body)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        if answer.text.is_empty() {
            Value::Null
        } else {
            answer.json()
        }
    }

    /// Changes settings of `user`, as the plugin does.
    pub async fn set(&self, user: i32, settings: Value) -> Value {
        let path = "/api/v1/users/me/settings";
        self.as_user(reqwest::Method::PUT, path, user, &settings.to_string())
            .await
    }

    /// Changes settings of `user` with the service token, which works at any time.
    pub async fn set_at_service(&self, user: i32, settings: Value) {
        let path = format!("/api/v1/users/me/settings?userId={user}");
        let request = self.request(reqwest::Method::PUT, &path).bearer_auth(TOKEN);
        let answer = self.send(request.body(settings.to_string())).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// A request without the token.
    pub fn request(&self, method: reqwest::Method, path_and_query: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path_and_query}", self.address))
    }

    /// Sends a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// Asks for recommendations, which must succeed.
    pub async fn list(&self, query: &str) -> Listed {
        let answer = self.get(&format!("{PATH}?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/json");
        let page = answer.json();
        Listed {
            total: page["total"].as_u64().unwrap(),
            data: page["data"].as_array().unwrap().clone(),
        }
    }

    /// Orders the server to stop.
    pub fn stop(&mut self) {
        self.shutdown = None;
    }

    /// Waits for the server's end.
    pub async fn stopped(self) {
        self.serving.await.unwrap().unwrap();
    }
}

/// Starts a server; returns its address, what stops it, and its task.
pub async fn serve(
    config: &Config,
    peertube: PeerTube,
    store: Store,
    snapshot: SharedSnapshot,
    clock: SharedClock,
    limits: Limits,
) -> (String, CancellationToken, JoinHandle<std::io::Result<()>>) {
    let state = ApiState::new(config, peertube, store, snapshot, metrics_handle(), clock)
        .unwrap()
        .with_limits(limits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(Server::new(listener, state).run(shutdown.clone()));
    (address, shutdown, serving)
}

/// One recorder for all tests of this process.
fn metrics_handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| shoal::api::metrics::install().unwrap()).clone()
}

/// The plugin's way of signing.
pub fn plugin() -> PluginSecret {
    PluginSecret::new(&SecretString::from(PLUGIN_SECRET)).unwrap()
}

/// Shoal's own tables, in a database of their own.
pub async fn store(clock: SharedClock) -> Store {
    let name = fresh_name();
    cluster().await.create_database(&name).await.unwrap();
    let config = DatabaseConfig {
        url: cluster().await.url(&name).into(),
        max_connections: 4,
    };
    let store = Store::connect(&config, clock).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// What PeerTube says about tokens, over real HTTP: `token-of-3` is user 3's.
pub struct FakePeerTube {
    pub address: String,
    /// Questions so far.
    pub asked: Arc<AtomicUsize>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl FakePeerTube {
    async fn start() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let me = async move |headers: HeaderMap| {
            counter.fetch_add(1, Ordering::SeqCst);
            let token = headers.get("authorization").and_then(|value| value.to_str().ok());
            let token = token.and_then(|value| value.strip_prefix("Bearer "));
            match token.map(|token| token.strip_prefix("token-of-").unwrap_or(token)) {
                Some("broken") => (axum::http::StatusCode::OK, axum::Json(json!({ "id": "x" }))),
                Some("failing") => (axum::http::StatusCode::BAD_GATEWAY, axum::Json(Value::Null)),
                Some(user) if user.parse::<i32>().is_ok() => {
                    let id: i32 = user.parse().unwrap();
                    (
                        axum::http::StatusCode::OK,
                        axum::Json(json!({ "id": id, "username": "somebody" })),
                    )
                }
                _ => (axum::http::StatusCode::UNAUTHORIZED, axum::Json(Value::Null)),
            }
        };
        let routes = axum::Router::new().route("/api/v1/users/me", axum::routing::get(me));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            address,
            asked,
            serving,
        }
    }
}

impl Drop for FakePeerTube {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The settings of all servers here, with some changed.
pub fn config(changed: &[(&str, &str)]) -> Config {
    let settings = [
        ("SHOAL_PEERTUBE__URL", "https://here.test"),
        ("SHOAL_PEERTUBE__DATABASE_URL", "postgres://unused"),
        ("SHOAL_DATABASE__URL", "postgres://unused"),
        ("SHOAL_API__SERVICE_TOKEN", TOKEN),
        ("SHOAL_API__PLUGIN_SECRET", PLUGIN_SECRET),
        ("SHOAL_FEDERATION__PUBLIC_URL", "https://shoal.here.test"),
    ];
    let all = settings.iter().chain(changed);
    Config::load(None, all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
}

/// 20 music videos and 20 videos about bees, 12 users of each taste who watched 8 of them, [`VIEWER`] who watched three
/// music videos, and [`NEWCOMER`].
async fn populate(instance: &mut Instance) {
    for channel in [21, 22, 23] {
        instance.add_channel(channel, crate::instance::OWNER, None).await;
    }
    for (videos, channels, word) in [(MUSIC, [21, 20], "music"), (BEES, [23, 22], "bees")] {
        for id in videos {
            let channel = channels[(id % 2) as usize];
            let day = 1 + id % 20;
            let with = json!({
                "channelId": channel, "name": format!("{word} number {id}"), "views": id % 7 * 10,
                "publishedAt": format!("2026-01-{day:02}T00:00:00Z"),
            });
            instance.add_video(id, with).await;
        }
    }
    for (first_user, first_video) in [(1000, MUSIC.start()), (2000, BEES.start())] {
        for user in first_user..first_user + 12 {
            instance.add_user(user, json!({})).await;
        }
        let watches = format!(
            r#"INSERT INTO "userVideoHistory" ("userId", "videoId", "currentTime", "createdAt", "updatedAt")
               SELECT person, video, 60, '2026-01-20', '2026-01-20'
               FROM generate_series({first_user}, {first_user} + 11) person,
               LATERAL (
                   SELECT video FROM generate_series({first_video}, {first_video} + 19) video
                   ORDER BY md5(person || ' ' || video) LIMIT 8
               ) chosen"#
        );
        instance.execute(&watches).await;
    }
    instance.add_user(NEWCOMER, json!({})).await;
    for video in [101, 102, 103] {
        instance.watch(VIEWER, video, 60, "2026-01-30T00:00:00Z").await;
    }
}

/// A model of the instance as it is.
async fn trained(peertube: &PeerTube, store: &Store) -> Snapshot {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let Reading {
        videos,
        interactions,
        habits,
        ..
    } = reading(peertube, store).await;
    let catalogue = Arc::new(Catalogue::new(
        videos.iter().map(item).collect(),
        EvidenceBasis::new(32),
    ));
    let ground = Ground::new(&catalogue, &videos, habits, &config(&[]), Hour::of(now));
    let support = public_support(catalogue.items(), 100, 10);
    let alternating = AlternatingParameters {
        dimensions: 8,
        ..AlternatingParameters::default()
    };
    let parameters = LearningParameters { alternating, seed: 1 };
    let learned = learn(
        &catalogue,
        &interactions,
        &support,
        &mut Vec::new(),
        &parameters,
        |_| (),
    );
    let ranked = ground.learn(&catalogue, &support, &mut Vec::new(), &parameters, &learned.recommender);
    Snapshot::new(learned.recommender, videos, now, "test".to_owned())
        .unwrap()
        .with_ranker(ranked.ranker)
}

/// What a model of the instance as it is would be made from.
pub async fn reading(peertube: &PeerTube, store: &Store) -> Reading {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let consent = Consent::new(store.user_choices().await.unwrap(), Level::Local);
    let rules = config(&[]).preferences.rules();
    let counts = CountedWatches {
        after: None,
        until: now,
    };
    let maximum = config(&[]).training.maximum_videos;
    read(peertube, &rules, &consent, counts, maximum, Hour::of(now))
        .await
        .unwrap()
}
