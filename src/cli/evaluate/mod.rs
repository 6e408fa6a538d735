//! `shoal evaluate`: how well a model does on a public data set, and what it takes.

mod arguments;
mod cold_start;
mod data;
mod report;

use std::process::ExitCode;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::work::{self, Progress};
use super::{generated, output};
pub use arguments::EvaluateArguments;
use report::Report;

use crate::evaluation::EvaluationError;
use crate::evaluation::export::export;
use crate::evaluation::measure::{measure, tune};
use crate::evaluation::model::ModelParameters;
use crate::evaluation::resources;

/// Runs the command.
///
/// # Errors
/// When the data cannot be read, are too few for the protocol, or have no solution.
pub async fn run(arguments: EvaluateArguments, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let json = arguments.json;
    let progress = Progress::new("reading")?;
    let ended = work::run(progress, stop, move |progress| evaluate(&arguments, progress)).await?;
    match (ended, json) {
        (None, _) => return Ok(ExitCode::from(work::INTERRUPTED)),
        (Some(Found::Model(report)), true) => output::json(&report)?,
        (Some(Found::Model(report)), false) => report::print(&report),
        (Some(Found::ColdStart(document)), true) => output::json(&document)?,
        (Some(Found::ColdStart(document)), false) => cold_start::print(&document),
    }
    Ok(ExitCode::SUCCESS)
}

/// What was measured.
enum Found {
    /// One model on all held-out users.
    Model(Box<Report>),
    /// Who and what is new.
    ColdStart(cold_start::Document),
}

fn evaluate(arguments: &EvaluateArguments, progress: &Progress) -> anyhow::Result<Found> {
    // Before the data are read, which may take long.
    generated::users(&arguments.dataset)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads.map_or(0, usize::from))
        .build()
        .context("cannot start the threads")?;
    if arguments.cold_start {
        return Ok(Found::ColdStart(pool.install(|| cold_start::run(arguments, progress))?));
    }
    let report = pool.install(|| {
        let (dataset, split) = data::split(arguments).map_err(with_flags)?;
        if let Some(directory) = &arguments.export_split {
            export(&split, &dataset, directory)?;
        }
        drop(dataset);
        let mut parameters = arguments.parameters();
        let mut trials = Vec::new();
        if arguments.tune {
            progress.stage("tuning");
            let all = parameters.grid().len();
            let mut done = 0;
            trials = tune(&split, &parameters, |trial| {
                done += 1;
                progress.part("tuning: trial", done, all);
                progress.tell(&format!("{:.4} {}", trial.quality.objective(), trial.parameters));
            })
            .map_err(|error| with_flags(error.into()))?;
            if let Some(best) = trials.first() {
                progress.tell(&format!("chosen: {}", best.parameters));
                parameters = best.parameters.clone();
            }
        }
        let sweeps = match parameters {
            ModelParameters::Ials { sweeps, .. } => sweeps,
            _ => 1,
        };
        progress.stage("fitting");
        let measurement = measure(&split, &parameters, arguments.refinement(), |done| {
            if done < sweeps {
                progress.part("fitting: finished round", done, sweeps);
            } else {
                progress.stage("measuring");
            }
        })
        .map_err(|error| with_flags(error.into()))?;
        Ok(Report {
            dataset: arguments.dataset.display().to_string(),
            protocol: arguments.protocol,
            split_seed: arguments.split_seed,
            threads: rayon::current_num_threads(),
            training_users: split.training.users(),
            training_items: split.items.len(),
            training_clicks: split.training.len(),
            test_users: split.test.len(),
            parameters,
            measurement,
            peak_rss_bytes: resources::peak_resident_bytes(),
            trials,
        })
    });
    report.map(|report| Found::Model(Box::new(report)))
}

/// Adds the flags that could help.
fn with_flags(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(EvaluationError::TooFewUsers { .. }) => {
            anyhow::anyhow!("{error} with --validation-users and --test-users, or lower --threshold")
        }
        Some(EvaluationError::NoValidationUsers(_)) => {
            anyhow::anyhow!("{error}: give --validation-users a number above 0")
        }
        _ => error,
    }
}
