//! `shoal serve`: runs the sidecar of one instance until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ConfigArguments;
use crate::api;
use crate::clock::SystemClock;
use crate::sidecar::{Listeners, Sidecar, system_noise};

/// Arguments of `shoal serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Serve and federate, but do not train on schedule.
    #[arg(long)]
    without_training: bool,
}

/// Runs the command.
///
/// # Errors
/// When the sidecar cannot start, or ends for another reason than a signal.
pub async fn run(arguments: ServeArguments, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let metrics = api::metrics::install()?;
    let listeners = Listeners::bind(&config).await?;
    let connecting = Sidecar::connect(Arc::clone(&config), Arc::new(SystemClock), system_noise());
    let sidecar = tokio::select! {
        connected = connecting => connected?,
        () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
    };
    tracing::info!(
        api = %config.api.listen,
        federation = %config.federation.listen,
        actor = %sidecar.federation.actor_url(),
        peertube = %config.peertube.url,
        "serving"
    );
    sidecar
        .run(listeners, metrics, !arguments.without_training, stop)
        .await?;
    sidecar.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
