//! A listener, served until it is told to stop; requests under way are answered first.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::state::ApiState;

/// How long requests under way may take after the order to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How often measured durations are folded into their histograms, so that they need no memory of their own.
const UPKEEP: Duration = Duration::from_secs(5);

/// The private listener.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
    metrics: PrometheusHandle,
}

impl Server {
    /// Will serve `state` on `listener`.
    pub fn new(listener: TcpListener, state: ApiState) -> Self {
        let metrics = state.metrics.clone();
        Self {
            listener,
            router: super::router(state),
            metrics,
        }
    }

    /// Serves until `shutdown` is cancelled, then answers what is under way, for at most ten seconds.
    ///
    /// # Errors
    /// What the system says when the listener cannot be used.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let Self {
            listener,
            router,
            metrics,
        } = self;
        let listener = listener.tap_io(|stream| {
            // Answers are small and whole: waiting for more to send would only delay them.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot switch off the delay of small packets");
            }
        });
        let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let overdue = async {
            shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let upkeep = async {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                metrics.run_upkeep();
            }
        };
        tokio::select! {
            served = async { serving.await } => served,
            () = overdue => {
                tracing::warn!("requests under way were cut off");
                Ok(())
            }
            () = upkeep => Ok(()),
        }
    }
}
