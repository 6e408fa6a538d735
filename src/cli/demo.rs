//! `shoal demo`.
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;
/// Arguments of `shoal demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArguments {}
/// Runs the command.
///
/// # Errors
/// none
pub async fn run(_arguments: DemoArguments, _stop: CancellationToken) -> anyhow::Result<ExitCode> { Ok(ExitCode::SUCCESS) }
