//! The command line: one file or folder per subcommand, thin.

pub mod audit;
pub mod check_config;
pub mod demo;
pub mod evaluate;
mod generated;
pub mod health;
pub mod ledger;
mod numbers;
mod output;
pub mod peers;
mod picture;
pub mod privacy;
pub mod recommend;
pub mod serve;
pub mod simulate;
pub mod train;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::config::load::variables;
use crate::telemetry;

/// Private, federated video recommendations: a sidecar for PeerTube.
#[derive(Debug, Parser)]
#[command(name = "shoal", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a small fediverse on this machine: private PostgreSQL, generated instances, one sidecar each.
    Demo(demo::DemoArguments),
    /// Run the sidecar of one instance.
    Serve(serve::ServeArguments),
    /// Run one learning cycle now.
    Train(train::TrainArguments),
    /// Measure a model on a public data set.
    Evaluate(evaluate::EvaluateArguments),
    /// Simulate a federation on a public data set in one process.
    Simulate(simulate::SimulateArguments),
    /// See and change the peers of this sidecar.
    Peers(peers::PeersArguments),
    /// See the privacy ledger, and confirm that an older one was restored or that the clock is right.
    Ledger(ledger::LedgerArguments),
    /// See what is done with what users watch, and what left this instance.
    Privacy(privacy::PrivacyArguments),
    /// Ask for recommendations, as the REST interface would give them.
    Recommend(recommend::RecommendArguments),
    /// Ask the running sidecar whether it can do its work.
    Health(health::HealthArguments),
    /// Check the configuration, both databases and the rights of the reading role.
    CheckConfig(check_config::CheckConfigArguments),
    /// Attack releases as a peer could, and compare what is learned with what is promised.
    Audit(audit::AuditArguments),
}

/// Where the configuration comes from.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArguments {
    /// TOML file; `SHOAL_<TABLE>__<KEY>` variables are laid over it.
    #[arg(long, short, env = "SHOAL_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl ConfigArguments {
    /// The file, if one was named.
    fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Loads the configuration and starts logging as it says.
    ///
    /// # Errors
    /// When the file, a variable or a value is not usable.
    pub fn load(&self) -> anyhow::Result<Arc<Config>> {
        let variables = variables(std::env::vars_os())?;
        let config = Config::load(self.config.as_deref(), variables).with_context(|| match &self.config {
            Some(path) => format!("in {}", path.display()),
            None => "no --config FILE was given, so all settings were looked for in SHOAL_<TABLE>__<KEY> variables"
                .to_owned(),
        })?;
        telemetry::start(&config.logging)
            .map_err(anyhow::Error::msg)
            .context("`logging.filter`")?;
        for warning in &config.retired {
            tracing::warn!("the configuration: {warning}");
        }
        Ok(Arc::new(config))
    }
}

/// Runs the program. Failures are told on standard error.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let finished = runtime.block_on(async {
        let stop = stop_on_signal();
        match arguments.command {
            Command::Demo(arguments) => demo::run(arguments, stop).await,
            Command::Serve(arguments) => serve::run(arguments, stop).await,
            Command::Train(arguments) => train::run(arguments, stop).await,
            Command::Evaluate(arguments) => evaluate::run(arguments, stop).await,
            Command::Peers(arguments) => peers::run(arguments).await,
            Command::Ledger(arguments) => ledger::run(arguments).await,
            Command::Privacy(arguments) => privacy::run(arguments).await,
            Command::Recommend(arguments) => recommend::run(arguments).await,
            Command::Health(arguments) => health::run(arguments).await,
            Command::CheckConfig(arguments) => check_config::run(arguments).await,
            Command::Audit(arguments) => audit::run(arguments, stop).await,
            Command::Simulate(arguments) => simulate::run(arguments, stop).await,
        }
    });
    // Blocking work that was cut short must not hold the process.
    runtime.shutdown_background();
    match finished {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, each told once: many errors repeat their cause in their own words.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        match text.as_str() {
            "" => cause,
            told if told.contains(&cause) => text,
            told => format!("{told}: {cause}"),
        }
    })
}

/// Cancelled by the first Ctrl-C or SIGTERM; a second one ends the process at once.
fn stop_on_signal() -> CancellationToken {
    use tokio::signal::unix::{SignalKind, signal};

    let stop = CancellationToken::new();
    let token = stop.clone();
    // Both are listened to before anything else is done, so that none ends the process in the middle.
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        return stop;
    };
    tokio::spawn(async move {
        for last in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if last {
                std::process::exit(130);
            }
            token.cancel();
        }
    });
    stop
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        use clap::CommandFactory;

        Arguments::command().debug_assert();
    }

    #[test]
    fn the_file_may_be_named_before_or_after_the_action() {
        for words in [["--config", "a.toml", "list"], ["list", "--config", "a.toml"]] {
            let parsed = Arguments::try_parse_from(["shoal", "peers"].into_iter().chain(words));
            assert!(parsed.is_ok(), "{words:?}: {parsed:?}");
        }
    }

    #[test]
    fn the_default_sizes_can_be_typed_as_they_are_shown() {
        let parsed = Arguments::try_parse_from(["shoal", "demo", "--sizes", "12,150,1500"]).unwrap();
        assert!(matches!(parsed.command, Command::Demo(_)));
        assert!(Arguments::try_parse_from(["shoal", "demo", "--sizes", "12 150"]).is_err());
    }

    #[test]
    fn no_cause_is_told_twice() {
        let error = anyhow::anyhow!("refused")
            .context("cannot connect: refused")
            .context("in a.toml");
        assert_eq!(told(&error), "in a.toml: cannot connect: refused");
    }
}
