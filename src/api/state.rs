//! What the handlers share.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;

use super::authentication::ServiceToken;
use super::health::Releases;
use super::users::Users;
use super::vouching::{PluginSecret, RefusalLog};
use crate::clock::SharedClock;
use crate::config::{Config, PrivacyConfig};
use crate::connections::ConnectionLimits;
use crate::peertube::tokens::{TokenError, TokenOwners};
use crate::peertube::{PeerTube, Viewer};
use crate::recommend::service::Settings;
use crate::recommend::{Recommendations, SharedSnapshot};
use crate::store::{Level, Store};

/// Why the REST interface cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// PeerTube cannot be asked about tokens.
    #[error(transparent)]
    Tokens(#[from] TokenError),
}

/// Bounds on what requests may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests for recommendations worked on at once; more are refused.
    pub concurrent_requests: usize,
    /// Longest time for any request.
    pub deadline: Duration,
    /// Largest body in bytes.
    pub body_bytes: usize,
    /// Connections, and how slow their callers may be.
    pub connections: ConnectionLimits,
}

/// A list of 100,000 videos takes about 12 ms of a processor, the database's part included: with so many at once, each is
/// answered within the 300 ms that the plugin waits. More would all be late.
const CONCURRENT_PER_PROCESSOR: usize = 8;

impl Default for Limits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            concurrent_requests: CONCURRENT_PER_PROCESSOR * processors.max(2),
            deadline: Duration::from_secs(5),
            body_bytes: 16 * 1024,
            connections: ConnectionLimits::default(),
        }
    }
}

/// A question to a database: does it answer?
type Ping = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// A question to whoever releases evidence: does it stand still, and why?
pub(super) type Standstill = Arc<dyn Fn() -> BoxFuture<'static, Option<Releases>> + Send + Sync>;

/// A database that readiness depends on.
#[derive(Clone)]
pub struct Database {
    /// Whose database it is.
    pub name: &'static str,
    /// Asks it.
    pub ping: Ping,
}

/// What the handlers share. Every layer of every request clones it, so it is one pointer.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

/// What is behind the pointer.
#[derive(Clone)]
pub struct Shared {
    pub(super) recommendations: Recommendations,
    pub(super) peertube: PeerTube,
    pub(super) store: Store,
    pub(super) snapshot: SharedSnapshot,
    pub(super) databases: Vec<Database>,
    pub(super) standstill: Option<Standstill>,
    pub(super) token: ServiceToken,
    pub(super) plugin: Option<PluginSecret>,
    pub(super) refusals: Arc<RefusalLog>,
    pub(super) users: Users,
    pub(super) privacy: PrivacyConfig,
    pub(super) limits: Limits,
    pub(super) metrics: PrometheusHandle,
    pub(super) clock: SharedClock,
}

impl ApiState {
    /// Serves `peertube`'s videos, ranked by whatever model is published in `snapshot`, to users who decided what is in
    /// `store`. `metrics` belongs to the recorder that counts for this process, see [`super::metrics::recorder`].
    ///
    /// # Errors
    /// [`StartError`] when a setting cannot be used.
    pub fn new(
        config: &Config,
        peertube: PeerTube,
        store: Store,
        snapshot: SharedSnapshot,
        metrics: PrometheusHandle,
        clock: SharedClock,
    ) -> Result<Self, StartError> {
        let settings = Settings::from_config(config);
        let state = Shared {
            recommendations: Recommendations::new(
                peertube.clone(),
                store.clone(),
                snapshot.clone(),
                settings,
                clock.clone(),
            ),
            peertube: peertube.clone(),
            store,
            snapshot,
            databases: Vec::new(),
            standstill: None,
            token: ServiceToken::new(&config.api.service_token),
            plugin: PluginSecret::new(&config.api.plugin_secret),
            refusals: Arc::default(),
            users: Users::new(TokenOwners::new(config.peertube.api_address())?),
            privacy: config.privacy.clone(),
            limits: Limits::default(),
            metrics,
            clock,
        };
        Ok(Self(Arc::new(state)).with_database("PeerTube", move || {
            let peertube = peertube.clone();
            async move { peertube.ping().await.is_ok() }
        }))
    }

    /// The level of users who made no choice.
    pub(super) fn default_level(&self) -> Level {
        self.privacy.contribution.into()
    }

    /// Whether the next release would be made from this user's history, too.
    pub(super) fn is_contributing(&self, viewer: &Viewer, level: Level) -> bool {
        self.privacy.contribute && viewer.history_enabled && !viewer.blocked && level.contributes()
    }

    /// What makes the lists.
    pub fn recommendations(&self) -> &Recommendations {
        &self.recommendations
    }

    fn shared(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.0)
    }

    /// Makes readiness depend on one more database. `ping` says whether it answers.
    #[must_use]
    pub fn with_database<F>(mut self, name: &'static str, ping: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.shared().databases.push(Database {
            name,
            ping: Arc::new(move || Box::pin(ping())),
        });
        self
    }

    /// Lets readiness say why no evidence is released. `ask` gives the reason, or `None` when nothing is wrong or nobody can
    /// tell.
    #[must_use]
    pub fn with_standstill<F>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<Releases>> + Send + 'static,
    {
        self.shared().standstill = Some(Arc::new(move || Box::pin(ask())));
        self
    }

    /// Replaces the bounds on what requests may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.shared().limits = limits;
        self
    }
}

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiState")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
