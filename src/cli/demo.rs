//! `shoal demo`: a small fediverse on this machine.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context;
use clap::builder::RangedU64ValueParser;
use indicatif::{MultiProgress, ProgressDrawTarget};
use tokio_util::sync::CancellationToken;

use super::output;
use crate::api;
use crate::config::{LogFormat, LoggingConfig};
use crate::demo::story::options::{MOST_INSTANCES, SIZES};
use crate::demo::story::{Demo, DemoOptions};
use crate::telemetry;

/// Largest instance that the demo generates.
const MOST_USERS: u64 = 100_000;

/// Arguments of `shoal demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArguments {
    /// Number of instances, from 1 to 20.
    #[arg(long, default_value_t = 3, value_parser = RangedU64ValueParser::<usize>::new().range(1..=MOST_INSTANCES as u64))]
    instances: usize,
    /// Users per instance with commas between them, such as 12,150,1500 (the default); taken again and again when there
    /// are more instances.
    #[arg(long, value_delimiter = ',', default_values_t = SIZES, hide_default_value = true, value_name = "USERS",
        value_parser = RangedU64ValueParser::<usize>::new().range(0..=MOST_USERS))]
    sizes: Vec<usize>,
    /// Decides the world, every split, and the noise.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// PostgreSQL to use instead of a private one: databases are created in it and dropped at the end.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Keep everything running until Ctrl-C, and print lines to try.
    #[arg(long)]
    serve: bool,
    /// Root of a PeerTube that is asked whose access token it is. The generated instances have no PeerTube of their own, so
    /// without this only the service token opens anything.
    #[arg(long, requires = "serve", value_name = "URL")]
    token_url: Option<String>,
    /// Secret with which a PeerTube plugin signs for whom it asks, at least 16 characters; without this, signed requests are
    /// refused.
    #[arg(long, requires = "serve", value_name = "SECRET")]
    plugin_secret: Option<String>,
    /// Log filter, such as `info`.
    #[arg(long, default_value = "warn")]
    log: String,
}

/// Runs the command.
///
/// # Errors
/// When a step fails; everything that was started is stopped and removed.
pub async fn run(arguments: DemoArguments, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    telemetry::start(&LoggingConfig {
        format: LogFormat::Human,
        filter: arguments.log,
    })
    .map_err(anyhow::Error::msg)
    .context("--log")?;
    let options = DemoOptions {
        instances: arguments.instances,
        sizes: arguments.sizes,
        seed: arguments.seed,
        database_url: arguments.database_url,
        token_url: arguments.token_url,
        plugin_secret: arguments.plugin_secret,
    };
    let hidden = arguments.json || !std::io::stderr().is_terminal();
    let bars = MultiProgress::with_draw_target(if hidden {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    });
    let metrics = api::metrics::install()?;
    // Ctrl-C ends the story; its sidecars end with their own token, so that they can be ended without Ctrl-C too.
    let sidecars = stop.child_token();
    let demo = tokio::select! {
        demo = Demo::run(&options, metrics, &bars, sidecars.clone()) => demo?,
        () = stop.cancelled() => {
            bars.clear()?;
            eprintln!("interrupted; everything that was started is stopped and removed");
            return Ok(ExitCode::from(130));
        }
    };
    if arguments.json {
        output::json(&demo.report)?;
    } else {
        output::line(demo.report.text().trim_end());
    }
    if arguments.serve {
        // With --json, standard output stays one document.
        for line in demo.curl_lines() {
            if arguments.json {
                eprintln!("{line}");
            } else {
                output::line(&line);
            }
        }
        eprintln!("running until Ctrl-C");
        stop.cancelled().await;
    }
    demo.finish(sidecars).await?;
    Ok(ExitCode::SUCCESS)
}
