//! The private listener, served until it is told to stop; requests under way are answered first.

use std::io;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::state::ApiState;
use crate::connections::ConnectionLimits;
use crate::connections::serving::serve;
use crate::panics::contained;

/// How often measured durations are folded into their histograms, so that they need no memory of their own.
const UPKEEP: Duration = Duration::from_secs(5);

/// The private listener.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
    connections: ConnectionLimits,
    metrics: PrometheusHandle,
}

impl Server {
    /// Will serve `state` on `listener`.
    pub fn new(listener: TcpListener, state: ApiState) -> Self {
        Self {
            listener,
            connections: state.limits.connections,
            metrics: state.metrics.clone(),
            router: super::router(state),
        }
    }

    /// Serves until `shutdown` is cancelled, then answers what is under way, for at most ten seconds.
    ///
    /// # Errors
    /// What the system says when the listener cannot be used.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let upkeep = async {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                // A panic leaves the durations for the next turn.
                _ = contained("metrics", async { self.metrics.run_upkeep() }).await;
            }
        };
        tokio::select! {
            served = serve("api", self.listener, self.router, self.connections, shutdown) => served,
            () = upkeep => Ok(()),
        }
    }
}
