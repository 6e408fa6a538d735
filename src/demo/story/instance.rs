//! One instance of the demonstration: its databases, its read role, its sidecar.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use secrecy::SecretString;
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::super::DemoError;
use super::super::fill;
use super::super::postgres::DemoServer;
use super::super::schema::Layout;
use super::super::world::InstanceWorld;
use super::options::{DemoOptions, EPSILON};
use crate::clock::SystemClock;
use crate::config::{
    AcceptFollows, ApiConfig, Config, ContributionDefault, DatabaseConfig, FederationConfig, LoggingConfig,
    PeerTubeConfig, PreferencesConfig, PrivacyConfig, RecommendConfig, TrainingConfig,
};
use crate::peertube::read_role_sql;
use crate::sidecar::{Listeners, Sidecar, SidecarError};
use crate::training::Trainer;

/// Connections of each of the two pools: twenty sidecars share one server.
const CONNECTIONS: u32 = 4;

/// A running sidecar beside its generated instance.
pub(super) struct DemoInstance {
    host: String,
    token: String,
    api: String,
    held_out: Vec<(i32, Vec<i32>)>,
    eligible: Vec<i32>,
    sidecar: Sidecar,
    running: JoinHandle<Result<(), SidecarError>>,
    /// Holds the count of releases; it disappears with the instance.
    _folder: tempfile::TempDir,
}

impl DemoInstance {
    pub(super) async fn create(
        server: &DemoServer,
        number: usize,
        world: InstanceWorld,
        options: &DemoOptions,
        metrics: PrometheusHandle,
        stop: &CancellationToken,
    ) -> Result<Self, DemoError> {
        let peertube = server.create_database(&format!("peertube_{}", number + 1)).await?;
        let own = server.create_database(&format!("shoal_{}", number + 1)).await?;
        let url = server.url(&peertube);
        let mut connection = PgConnection::connect(&url)
            .await
            .map_err(DemoError::database("fill a database"))?;
        fill::fill(&mut connection, Layout::V8_2, &world).await?;
        let role = server.role_name(&format!("shoal_reader_{}", number + 1));
        let password = format!("{:032x}", rand::random::<u128>());
        create_role(connection, &role, &password).await?;
        server.remove_role_at_end(&role);

        let listeners = Listeners {
            api: bind().await?,
            federation: bind().await?,
        };
        let token = format!("{:032x}", rand::random::<u128>());
        let api = format!("http://localhost:{}", port(&listeners.api)?);
        let public = format!("http://localhost:{}", port(&listeners.federation)?);
        let reader = server.url_as(&role, &password, &peertube);
        let folder = server.temporary_folder()?;
        let mut config = config(&world.host, &reader, &server.url(&own), &public, &token, options)?;
        config.privacy.counter_file = folder.path().join("release-counter.json");
        let noise_seed = options.seed ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let sidecar = Sidecar::connect(
            Arc::new(config),
            Arc::new(SystemClock),
            // Fixed by the seed, so that the demonstration can be repeated. A real sidecar asks the operating system.
            Arc::new(move || ChaCha20Rng::seed_from_u64(noise_seed)),
        )
        .await?;
        let (serving, stop) = (sidecar.clone(), stop.clone());
        let running = tokio::spawn(async move { serving.run(listeners, metrics, false, stop).await });
        Ok(Self {
            host: world.host,
            token,
            api,
            held_out: world.held_out,
            eligible: world.eligible_users,
            sidecar,
            running,
            _folder: folder,
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn sidecar(&self) -> &Sidecar {
        &self.sidecar
    }

    pub(super) fn trainer(&self) -> Trainer {
        self.sidecar.trainer()
    }

    /// Watches that no database holds: (user, videos).
    pub(super) fn held_out(&self) -> &[(i32, Vec<i32>)] {
        &self.held_out
    }

    /// Users whose history may be used.
    pub(super) fn eligible(&self) -> &[i32] {
        &self.eligible
    }

    /// Address of the REST interface.
    pub(super) fn api(&self) -> &str {
        &self.api
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn curl_lines(&self) -> Vec<String> {
        let user = self.eligible.first().copied().unwrap_or(1);
        let path = "/api/v1/recommendations/videos";
        vec![
            format!("# {}", self.host),
            format!(
                "curl -s -H 'Authorization: Bearer {}' '{}{path}?userId={user}&count=5'",
                self.token, self.api
            ),
            format!(
                "curl -s -H 'Authorization: Bearer {}' '{}{path}?strategy=popular&count=5'",
                self.token, self.api
            ),
            format!(
                "curl -s -H 'Accept: application/activity+json' '{}'",
                self.sidecar.federation.actor_url()
            ),
            format!("curl -s '{}/metrics'", self.api),
        ]
    }

    /// Waits for the sidecar, which was told to stop, and closes its connections.
    pub(super) async fn finish(self) {
        match self.running.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(host = self.host, %error, "a sidecar ended badly"),
            Err(error) => tracing::warn!(host = self.host, %error, "a sidecar ended badly"),
        }
        self.sidecar.close().await;
    }
}

/// Exactly what an administrator runs: the SQL of `docs/sql/peertube-read-role.sql`.
async fn create_role(mut connection: PgConnection, role: &str, password: &str) -> Result<(), DemoError> {
    let sql = sqlx::AssertSqlSafe(read_role_sql(role, password));
    sqlx::raw_sql(sql)
        .execute(&mut connection)
        .await
        .map_err(DemoError::database("create the reading role"))?;
    connection
        .close()
        .await
        .map_err(DemoError::database("create the reading role"))
}

async fn bind() -> Result<TcpListener, DemoError> {
    TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|error| DemoError::Story(format!("no free port: {error}")))
}

fn port(listener: &TcpListener) -> Result<u16, DemoError> {
    Ok(listener
        .local_addr()
        .map_err(|error| DemoError::Story(error.to_string()))?
        .port())
}

fn config(
    host: &str,
    reader: &str,
    own: &str,
    public: &str,
    token: &str,
    options: &DemoOptions,
) -> Result<Config, DemoError> {
    let url = |text: &str| Url::parse(text).map_err(|error| DemoError::Story(format!("{text}: {error}")));
    let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        peertube: PeerTubeConfig {
            url: url(&format!("https://{host}"))?,
            database_url: SecretString::from(reader),
            max_connections: CONNECTIONS,
            api_url: options.token_url.clone().unwrap_or_default(),
        },
        database: DatabaseConfig {
            url: SecretString::from(own),
            max_connections: CONNECTIONS,
        },
        api: ApiConfig {
            listen: anywhere,
            service_token: SecretString::from(token),
            plugin_secret: options.plugin_secret.clone().unwrap_or_default().into(),
        },
        federation: FederationConfig {
            listen: anywhere,
            public_url: url(public)?,
            accept_follows: AcceptFollows::Automatic,
            allowed_hosts: Vec::new(),
            blocked_hosts: Vec::new(),
            maximum_payload_bytes: 16 * 1024 * 1024,
            insecure_development: true,
        },
        preferences: PreferencesConfig::default(),
        training: TrainingConfig {
            seed: options.seed,
            ..TrainingConfig::default()
        },
        privacy: PrivacyConfig {
            epsilon_per_year: EPSILON,
            releases_per_year: 1,
            // The generated users were not asked: the demonstration says so.
            contribution: ContributionDefault::OptOut,
            ..PrivacyConfig::default()
        },
        recommend: RecommendConfig::default(),
        logging: LoggingConfig::default(),
        retired: Vec::new(),
    };
    config.check().map_err(|error| DemoError::Story(error.to_string()))?;
    Ok(config)
}
