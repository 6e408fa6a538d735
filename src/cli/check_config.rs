//! `shoal check-config`: says whether everything that `serve` needs is there, and what to do when it is not.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::{ConfigArguments, output};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::peertube::{CheckReport, PeerTube};
use crate::sidecar::{SidecarError, check_actor_name};
use crate::store::Store;
use crate::training::releasing;

/// Arguments of `shoal check-config`.
#[derive(Debug, clap::Args)]
pub struct CheckConfigArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    usable: bool,
    actor: String,
    peertube: Option<CheckReport>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

/// Runs the command. The exit code is 1 when something must be mended.
///
/// # Errors
/// When the configuration itself cannot be read.
pub async fn run(arguments: CheckConfigArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let (mut problems, mut warnings) = (Vec::new(), config.retired.clone());
    let peertube = match PeerTube::check(&config.peertube.database_url).await {
        Ok(report) => {
            problems.extend(report.problems.iter().cloned());
            warnings.extend(report.warnings.iter().cloned());
            Some(report)
        }
        Err(error) => {
            problems.push(format!("PeerTube's database: {error}"));
            None
        }
    };
    if peertube.as_ref().is_some_and(CheckReport::is_usable) {
        match actor_name(&config).await {
            Ok(said) => warnings.extend(said),
            Err(error) => problems.push(error.to_string()),
        }
    }
    problems.extend(
        releasing::check_budget(&config.privacy)
            .err()
            .map(|error| error.to_string()),
    );
    let own = async {
        let clock = Arc::new(SystemClock);
        let store = Store::connect(&config.database, clock.clone()).await?;
        store.migrate().await?;
        // Everything but releasing goes on.
        let standstill = releasing::mended_standstill(&config, &store, clock.now()).await?;
        store.close().await;
        anyhow::Ok(standstill)
    };
    match own.await {
        Ok(standstill) => warnings.extend(standstill.map(|standstill| standstill.detail)),
        Err(error) => problems.push(format!("Shoal's database: {error}")),
    }
    if config.federation.insecure_development {
        warnings.push("federation.insecure_development is on: never use it on the internet".to_owned());
    }
    let actor = format!("{}/actor", config.federation.public_url.as_str().trim_end_matches('/'));
    let report = Report {
        usable: problems.is_empty(),
        actor,
        peertube,
        problems,
        warnings,
    };
    if arguments.json {
        output::json(&report)?;
    } else {
        print(&report);
    }
    Ok(if report.usable {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn actor_name(config: &Config) -> Result<Vec<String>, SidecarError> {
    let peertube = PeerTube::connect(&config.peertube.database_url, 1).await?;
    let said = check_actor_name(config, &peertube).await;
    peertube.close().await;
    said
}

fn print(report: &Report) {
    if let Some(peertube) = &report.peertube {
        output::line(&format!(
            "PeerTube's database   {} as {}",
            peertube.database, peertube.role
        ));
        output::line(&format!("PostgreSQL            {}", peertube.postgresql));
        let migration = peertube
            .migration
            .map_or_else(|| "not readable".to_owned(), |number| number.to_string());
        output::line(&format!("migration version     {migration}"));
        if let Some(counts) = &peertube.counts {
            output::line(&format!(
                "users                 {} ({} with history on)",
                counts.users, counts.eligible_users
            ));
            output::line(&format!("videos                {}", counts.videos));
        }
    }
    output::line(&format!("actor                 {}", report.actor));
    for warning in &report.warnings {
        output::line(&format!("warning: {warning}"));
    }
    for problem in &report.problems {
        output::line(&format!("problem: {problem}"));
    }
    output::line(if report.usable {
        "everything that `shoal serve` needs is there"
    } else {
        "not usable yet"
    });
}
