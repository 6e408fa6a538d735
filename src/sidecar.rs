//! One running sidecar: its parts wired together, its workers, its end.
//!
//! `shoal serve` runs one, the demo runs several in one process. Parts that must exist once per process (logs, the
//! metrics recorder) come from outside.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use rand::SeedableRng;
use rand::rngs::SysRng;
use rand_chacha::ChaCha20Rng;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::health::Releases;
use crate::api::{self, ApiState};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::connections::{self, ConnectionLimits};
use crate::federation::{self, Federation, FederationError};
use crate::panics::contained;
use crate::peertube::{PeerTube, PeerTubeError};
use crate::recommend::{SharedSnapshot, fresh};
use crate::store::{Store, StoreError};
use crate::training::attempts::Attempts;
use crate::training::releasing::{self, NoiseRandomness};
use crate::training::{Trainer, TrainingError, ownership, publishing, standstill, sweeping, watching, worker};

/// Longest pause between two attempts to reach a database at start.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Attempts to reach a database at start: about ten minutes.
const ATTEMPTS: usize = 45;

/// Why a sidecar did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// PeerTube's database.
    #[error("PeerTube's database: {0}")]
    PeerTube(#[from] PeerTubeError),
    /// Shoal's database.
    #[error("Shoal's database: {0}")]
    Store(#[from] StoreError),
    /// The federation.
    #[error("federation: {0}")]
    Federation(#[from] FederationError),
    /// The stored model, or forgetting users who are gone.
    #[error("at start: {0}")]
    Training(#[from] TrainingError),
    /// The REST interface.
    #[error(transparent)]
    Api(#[from] api::StartError),
    /// An account or channel of the instance has the name of Shoal's actor, and both are on the same host.
    #[error(
        "{name} is an account or channel of PeerTube, and would be the name of Shoal's actor on the same host; give Shoal a host of its own in `federation.public_url`, or rename the account"
    )]
    NameTaken {
        /// The name.
        name: &'static str,
    },
    /// A port.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A worker ended although it should not have.
    #[error("a part of the sidecar ended: {0}")]
    Worker(String),
}

/// The parts of a sidecar, connected, not yet working.
#[derive(Clone)]
pub struct Sidecar {
    /// Settings.
    pub config: Arc<Config>,
    /// The instance.
    pub peertube: PeerTube,
    /// Shoal's tables.
    pub store: Store,
    /// The federation.
    pub federation: Federation,
    /// The model in use.
    pub snapshot: SharedSnapshot,
    clock: SharedClock,
    noise_randomness: NoiseRandomness,
    attempts: Arc<Attempts>,
}

/// The two listeners of a sidecar.
pub struct Listeners {
    /// REST, health, metrics: private.
    pub api: TcpListener,
    /// ActivityPub: public.
    pub federation: TcpListener,
}

impl Listeners {
    /// Binds the addresses of the configuration.
    ///
    /// # Errors
    /// [`SidecarError::Listen`] names the address that is taken or not allowed.
    pub async fn bind(config: &Config) -> Result<Self, SidecarError> {
        let bind = async |address: std::net::SocketAddr| {
            TcpListener::bind(address).await.map_err(|reason| SidecarError::Listen {
                address: address.to_string(),
                reason,
            })
        };
        Ok(Self {
            api: bind(config.api.listen).await?,
            federation: bind(config.federation.listen).await?,
        })
    }
}

/// Noise seeded by the operating system, anew for each release.
pub fn system_noise() -> NoiseRandomness {
    Arc::new(|| {
        // A system without randomness cannot promise privacy; ending is the only safe answer.
        ChaCha20Rng::try_from_rng(&mut SysRng)
            .unwrap_or_else(|error| panic!("the operating system gives no randomness: {error}"))
    })
}

impl Sidecar {
    /// Connects to both databases, waiting for them with back-off, migrates Shoal's own tables and puts the stored model
    /// in use.
    ///
    /// # Errors
    /// [`SidecarError`] when a database refuses for a reason that waiting does not mend, or stays away.
    pub async fn connect(
        config: Arc<Config>,
        clock: SharedClock,
        noise_randomness: NoiseRandomness,
    ) -> Result<Self, SidecarError> {
        releasing::check_budget(&config.privacy)?;
        let store = wait_for("Shoal's database", StoreError::is_transient, || async {
            let store = Store::connect(&config.database, clock.clone()).await?;
            store.migrate().await?;
            Ok(store)
        })
        .await?;
        let peertube = wait_for("PeerTube's database", PeerTubeError::is_transient, || {
            PeerTube::connect(&config.peertube.database_url, config.peertube.max_connections)
        })
        .await?
        .with_clock(clock.clone());
        for warning in check_actor_name(&config, &peertube).await? {
            tracing::warn!("{warning}");
        }
        ownership::check(&peertube, &store).await?;
        watching::at_start(&store).await?;
        store.note_default_level(config.privacy.contribution.into()).await?;
        // Shoal may have been off while accounts were deleted.
        sweeping::sweep(&peertube, &store).await?;
        let federation = Federation::start(&config.federation, store.clone(), clock.clone()).await?;
        releasing::check_ledger(&config, &store).await?;
        let snapshot = SharedSnapshot::default();
        if let Some(model) = publishing::restore(&store, &snapshot).await? {
            tracing::info!(model, "the stored model is in use");
        }
        Ok(Self {
            config,
            peertube,
            store,
            federation,
            snapshot,
            clock,
            noise_randomness,
            attempts: Arc::default(),
        })
    }

    /// The trainer of this sidecar.
    pub fn trainer(&self) -> Trainer {
        Trainer {
            config: Arc::clone(&self.config),
            peertube: self.peertube.clone(),
            store: self.store.clone(),
            federation: self.federation.clone(),
            snapshot: Arc::clone(&self.snapshot),
            clock: self.clock.clone(),
            noise_randomness: Arc::clone(&self.noise_randomness),
            attempts: Arc::clone(&self.attempts),
        }
    }

    /// Serves, federates and, with `scheduled_training`, trains until `stop` is cancelled; then finishes what is under way.
    ///
    /// # Errors
    /// [`SidecarError::Worker`] when a part ends on its own.
    pub async fn run(
        &self,
        listeners: Listeners,
        metrics: PrometheusHandle,
        scheduled_training: bool,
        stop: CancellationToken,
    ) -> Result<(), SidecarError> {
        let mut workers: JoinSet<Result<(), std::io::Error>> = JoinSet::new();
        let store = self.store.clone();
        let state = ApiState::new(
            &self.config,
            self.peertube.clone(),
            self.store.clone(),
            Arc::clone(&self.snapshot),
            metrics,
            self.clock.clone(),
        )?
        .with_database("Shoal", move || {
            let store = store.clone();
            async move { store.ping().await.is_ok() }
        })
        .with_standstill(self.standstill());
        let (recommendations, prepare_stop) = (state.recommendations().clone(), stop.clone());
        workers.spawn(async move {
            tokio::select! {
                () = prepare_stop.cancelled() => {}
                // Without it, the first lists take longer.
                _ = contained("preparation", recommendations.prepare()) => prepare_stop.cancelled().await,
            }
            Ok(())
        });
        workers.spawn(api::Server::new(listeners.api, state).run(stop.clone()));
        workers.spawn(connections::serving::serve(
            "federation",
            listeners.federation,
            self.federation.router(),
            ConnectionLimits::default(),
            stop.clone(),
        ));
        let federation = self.federation.clone();
        let federation_stop = stop.clone();
        workers.spawn(async move {
            federation.run(federation_stop).await;
            Ok(())
        });
        let (store, snapshot, follow_stop) = (self.store.clone(), Arc::clone(&self.snapshot), stop.clone());
        workers.spawn(async move {
            publishing::follow(store, snapshot, follow_stop).await;
            Ok(())
        });
        let (peertube, snapshot, fresh_stop) = (self.peertube.clone(), Arc::clone(&self.snapshot), stop.clone());
        workers.spawn(async move {
            fresh::keep(peertube, snapshot, fresh_stop).await;
            Ok(())
        });
        let watching = watching::run(self.peertube.clone(), self.store.clone(), stop.clone());
        workers.spawn(async move { watching.await.map_err(std::io::Error::other) });
        if scheduled_training {
            let (trainer, training_stop) = (self.trainer(), stop.clone());
            workers.spawn(async move {
                worker::run(trainer, worker::PAUSE_AFTER_FAILURE, training_stop.clone()).await;
                // A single cycle may end by itself; the sidecar goes on.
                training_stop.cancelled().await;
                Ok(())
            });
        }

        let mut outcome = Ok(());
        while let Some(ended) = workers.join_next().await {
            let failure = match ended {
                Ok(Ok(())) if stop.is_cancelled() => None,
                Ok(Ok(())) => Some("a worker stopped early".to_owned()),
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(failure) = failure {
                outcome = Err(SidecarError::Worker(failure));
                stop.cancel();
            }
        }
        outcome
    }

    /// What tells the REST interface why nothing is released. It looks anew each time, because another process may have
    /// confirmed a restored ledger.
    fn standstill(&self) -> impl Fn() -> BoxFuture<'static, Option<Releases>> + Send + Sync + 'static {
        let (config, store) = (Arc::clone(&self.config), self.store.clone());
        move || {
            let (config, store) = (Arc::clone(&config), store.clone());
            Box::pin(async move {
                let found = standstill::standstill(&config, &store).await?;
                let (status, detail) = (found.status, found.detail);
                Some(Releases { status, detail })
            })
        }
    }

    /// Closes the connections to both databases.
    pub async fn close(&self) {
        // What passed until now counts for the ledger, even if the machine is started again.
        if let Err(error) = self.store.observe_time().await {
            tracing::debug!(%error, "the time of the end could not be written down");
        }
        self.peertube.close().await;
        self.store.close().await;
    }
}

/// Checks that no account or channel of the instance has the name of Shoal's actor: on one host both would be the same to
/// other servers. Returns what an administrator should know.
///
/// # Errors
/// [`SidecarError::NameTaken`] if one has it, [`SidecarError::PeerTube`] if the database does not answer.
pub async fn check_actor_name(config: &Config, peertube: &PeerTube) -> Result<Vec<String>, SidecarError> {
    let host = |url: &url::Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
    if host(&config.federation.public_url) != host(&config.peertube.url) {
        return Ok(Vec::new());
    }
    if peertube.has_local_actor(federation::USERNAME).await? {
        return Err(SidecarError::NameTaken {
            name: federation::USERNAME,
        });
    }
    let mut warnings = Vec::new();
    if peertube.has_local_actor(federation::FORMER_USERNAME).await? {
        warnings.push(format!(
            "PeerTube has an account or channel called {0}, which was the name of Shoal's actor in version 0.1; servers that \
             looked that actor up may take one for the other until they fetch it again",
            federation::FORMER_USERNAME
        ));
    }
    Ok(warnings)
}

async fn wait_for<T, E, F>(
    what: &'static str,
    is_transient: fn(&E) -> bool,
    connect: impl FnMut() -> F,
) -> Result<T, SidecarError>
where
    E: std::fmt::Display + Into<SidecarError>,
    F: Future<Output = Result<T, E>>,
{
    let pauses = ExponentialBuilder::default()
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(ATTEMPTS)
        .with_jitter();
    connect
        .retry(pauses)
        .when(is_transient)
        .notify(|error, pause| {
            tracing::warn!(
                "{what} does not answer yet, next attempt in {} s: {error}",
                pause.as_secs().max(1)
            );
        })
        .await
        .map_err(Into::into)
}
