//! `shoal check-config`: says whether everything that `serve` needs is there, and what to do when it is not.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use secrecy::ExposeSecret;
use serde::Serialize;

use super::{ConfigArguments, output};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::peertube::{CheckReport, PeerTube};
use crate::sidecar::{SidecarError, check_actor_name};
use crate::store::Store;
use crate::training::{ownership, releasing, standstill};

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
        let store = Store::connect(&config.database, Arc::new(SystemClock)).await?;
        store.migrate().await?;
        // Everything but releasing goes on.
        let standstill = standstill::mended_standstill(&config, &store).await?;
        if peertube.as_ref().is_some_and(CheckReport::is_usable) {
            let peertube = PeerTube::connect(&config.peertube.database_url, 1).await?;
            let owned = ownership::check(&peertube, &store).await;
            peertube.close().await;
            owned?;
        }
        store.close().await;
        anyhow::Ok(standstill)
    };
    match own.await {
        Ok(standstill) => warnings.extend(standstill.map(|standstill| standstill.detail)),
        Err(error) => problems.push(format!("Shoal's database: {error}")),
    }
    warnings.extend(readable_secrets(arguments.config.file(), &config));
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

/// A warning when everybody on this machine can read secrets in the configuration file.
fn readable_secrets(file: Option<&Path>, config: &Config) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    const BY_EVERYBODY: u32 = 0o004;
    let file = file?;
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    let text = std::fs::read_to_string(file).ok()?;
    let holds_secrets = config
        .secrets()
        .iter()
        .any(|secret| !secret.expose_secret().is_empty() && text.contains(secret.expose_secret()));
    (mode & BY_EVERYBODY != 0 && holds_secrets).then(|| {
        let file = file.display();
        format!(
            "everybody on this machine can read {file}, which holds secrets: let it belong to the user who runs Shoal, and run \
             `chmod o-rwx {file}`"
        )
    })
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
