//! What the handlers share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;

use super::authentication::ServiceToken;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::peertube::PeerTube;
use crate::recommend::service::Settings;
use crate::recommend::{Recommendations, SharedSnapshot};

/// Bounds on what requests may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests for recommendations worked on at once; more are refused.
    pub concurrent_requests: usize,
    /// Longest time for any request.
    pub deadline: Duration,
    /// Largest body in bytes.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrent_requests: 64,
            deadline: Duration::from_secs(5),
            body_bytes: 16 * 1024,
        }
    }
}

/// A question to a database: does it answer?
type Ping = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// A database that readiness depends on.
#[derive(Clone)]
pub struct Database {
    /// Whose database it is.
    pub name: &'static str,
    /// Asks it.
    pub ping: Ping,
}

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    pub(super) recommendations: Recommendations,
    pub(super) snapshot: SharedSnapshot,
    pub(super) databases: Vec<Database>,
    pub(super) token: ServiceToken,
    pub(super) limits: Limits,
    pub(super) metrics: PrometheusHandle,
    pub(super) clock: SharedClock,
}

impl ApiState {
    /// Serves `peertube`'s videos, ranked by whatever model is published in `snapshot`. `metrics` belongs to the recorder
    /// that counts for this process, see [`super::metrics::recorder`].
    pub fn new(
        config: &Config,
        peertube: PeerTube,
        snapshot: SharedSnapshot,
        metrics: PrometheusHandle,
        clock: SharedClock,
    ) -> Self {
        let settings = Settings::from_config(config);
        let state = Self {
            recommendations: Recommendations::new(peertube.clone(), snapshot.clone(), settings, clock.clone()),
            snapshot,
            databases: Vec::new(),
            token: ServiceToken::new(&config.api.service_token),
            limits: Limits::default(),
            metrics,
            clock,
        };
        state.with_database("PeerTube", move || {
            let peertube = peertube.clone();
            async move { peertube.ping().await.is_ok() }
        })
    }

    /// Makes readiness depend on one more database. `ping` says whether it answers.
    #[must_use]
    pub fn with_database<F>(mut self, name: &'static str, ping: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.databases.push(Database {
            name,
            ping: Arc::new(move || Box::pin(ping())),
        });
        self
    }

    /// Replaces the bounds on what requests may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
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
