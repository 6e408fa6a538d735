//! `shoal simulate`: a federation on a public data set in one process, through the same code as a sidecar's.

mod arguments;
mod report;

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::output;
use super::picture::Picture;
use super::work::{self, Progress};
use crate::evaluation::dataset::Dataset;
use crate::evaluation::resources::{Meter, peak_resident_bytes};
use crate::evaluation::simulation::{Progress as Step, SimulationParameters, chart, simulate};
use crate::evaluation::{EvaluationError, partition};
use crate::privacy::{Delta, Epsilon, mechanism};
pub use arguments::SimulateArguments;
use report::Document;

/// Runs the command.
///
/// # Errors
/// When the data or a parameter is not usable.
pub async fn run(arguments: SimulateArguments, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let json = arguments.json;
    let progress = Progress::new("reading")?;
    let ended = work::run(progress, stop, move |progress| simulations(&arguments, progress)).await?;
    let Some(runs) = ended else {
        return Ok(ExitCode::from(work::INTERRUPTED));
    };
    match (json, runs.as_slice()) {
        (true, [run]) => output::json(run)?,
        (true, runs) => output::json(&serde_json::json!({ "runs": runs }))?,
        (false, runs) => runs.iter().for_each(report::print),
    }
    Ok(ExitCode::SUCCESS)
}

/// One simulation per epsilon, and the picture of all.
fn simulations(arguments: &SimulateArguments, progress: &Progress) -> anyhow::Result<Vec<Document>> {
    // What can be refused at once is refused before the long work.
    let picture = arguments.plot.as_deref().map(Picture::new).transpose()?;
    let delta = Delta::new(arguments.delta)?;
    let epsilons = arguments.epsilon.iter().copied().map(Epsilon::new);
    let epsilons = epsilons.collect::<Result<Vec<Epsilon>, _>>()?;
    let shares = mechanism::shares()?;
    let sizes = arguments.sizes.as_deref().map(partition::read_sizes).transpose()?;
    let dataset = Dataset::read(&arguments.dataset, arguments.threshold)?;
    let users = dataset.users.len();
    let instance_of = match (&arguments.partition, sizes) {
        (Some(path), _) => partition::read_partition(path, &dataset)?,
        (None, Some(sizes)) => partition::drawn(users, &sizes, arguments.seed),
        (None, None) => partition::even(users, arguments.instances as usize, arguments.seed),
    };
    let mut runs = Vec::new();
    for (place, epsilon) in epsilons.iter().enumerate() {
        let parameters = arguments.parameters(*epsilon, delta, shares);
        let run = one(arguments, &dataset, &instance_of, &parameters, progress)?;
        if epsilons.len() > 1 {
            let (done, all) = (place + 1, epsilons.len());
            progress.tell(&format!(
                "epsilon {}: done after {:.1} s ({done} of {all})",
                epsilon.get(),
                run.wall_seconds
            ));
        }
        runs.push(run);
    }
    if let Some(picture) = picture {
        picture.write(&match runs.as_slice() {
            [run] => chart::by_size(&run.report, run.epsilon),
            runs => chart::by_epsilon(&runs.iter().map(|run| (run.epsilon, &run.report)).collect::<Vec<_>>()),
        })?;
    }
    Ok(runs)
}

/// One simulation with its progress and its cost; reading the data is not part of it.
fn one(
    arguments: &SimulateArguments,
    dataset: &Dataset,
    instance_of: &[u32],
    parameters: &SimulationParameters,
    progress: &Progress,
) -> anyhow::Result<Document> {
    let meter = Meter::start();
    let report = simulate(dataset, instance_of, parameters, |step| match step {
        Step::Pooled => progress.stage("learning from all users in one place, to compare with"),
        Step::Releases => progress.stage("releasing"),
        Step::Instances(done, all) => progress.part("learning: finished instance", done, all),
    })
    .map_err(with_flags)?;
    let usage = meter.read();
    Ok(Document {
        report,
        epsilon: parameters.epsilon.get(),
        delta: parameters.delta.get(),
        aggregation: format!("{:?}", arguments.aggregation).to_lowercase(),
        cpu_seconds: usage.cpu_seconds,
        wall_seconds: usage.wall_seconds,
        peak_rss_bytes: peak_resident_bytes(),
    })
}

/// Adds the flags that could help.
fn with_flags(error: EvaluationError) -> anyhow::Error {
    match error {
        EvaluationError::TooFewUsers { .. } => {
            anyhow::anyhow!(
                "{error} with --held-out-users (once for choosing, once for measuring), or lower --threshold"
            )
        }
        EvaluationError::NobodyToMeasure(_) => {
            anyhow::anyhow!("{error}; a lower --threshold keeps more of the data")
        }
        EvaluationError::Privacy(_) => anyhow::anyhow!("{error}; try a larger --epsilon"),
        _ => error.into(),
    }
}
