//! `shoal simulate`: a federation on a public data set in one process, through the same code as a sidecar's.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::output;
use crate::evaluation::dataset::{Dataset, read_partition};
use crate::evaluation::partition;
use crate::evaluation::resources::{Meter, peak_resident_bytes};
use crate::evaluation::simulation::{Aggregation, Protocol, Report, Row, SimulationParameters, chart, simulate};
use crate::model::alternating::AlternatingParameters;
use crate::model::learning::LearningParameters;
use crate::privacy::{Delta, Epsilon};
use crate::training::releasing;

/// How evidence is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protection {
    /// Exact sums: an upper bound, not private.
    None,
    /// Full noise at every instance.
    Local,
    /// One noise for the sum of all instances, as secure aggregation gives.
    Secure,
}

/// What is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HeldOut {
    /// A fifth of every user's items; NDCG@20.
    Items,
    /// Whole users, a fifth of whose items is to be found from the others; NDCG@100.
    Strong,
}

/// Arguments of `shoal simulate`.
#[derive(Debug, clap::Args)]
pub struct SimulateArguments {
    /// Directory with interactions.tsv and, if there is content, items.tsv.
    dataset: PathBuf,
    /// Smallest value that counts.
    #[arg(long, default_value_t = 4.0)]
    threshold: f32,
    /// What is held out.
    #[arg(long, value_enum, default_value_t = HeldOut::Items)]
    protocol: HeldOut,
    /// Held-out users for choosing parameters, and as many for measuring, with `--protocol strong`.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    held_out_users: u32,
    /// Measure on the validation users of `--protocol strong`, to choose parameters.
    #[arg(long)]
    on_validation: bool,
    /// Relative budgets of the sweeps; only secure aggregation, or none, gives the common sum that a second one needs.
    #[arg(long, value_delimiter = ',', default_value = "1,1,2", value_parser = positive)]
    sweeps: Vec<f64>,
    /// Instances of equal size, users spread at random.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["partition", "sizes"])]
    instances: u32,
    /// Table with the instance of every user: user, instance.
    #[arg(long, value_name = "FILE", conflicts_with = "sizes")]
    partition: Option<PathBuf>,
    /// Sizes of instances, one per line, from which the sizes are drawn.
    #[arg(long, value_name = "FILE")]
    sizes: Option<PathBuf>,
    /// Epsilon of everything that is released; several, such as `1,3,8`, are simulated one after the other.
    #[arg(long, value_delimiter = ',', default_value = "4", value_parser = positive)]
    epsilon: Vec<f64>,
    /// Delta of everything that is released.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// How evidence is protected.
    #[arg(long, value_enum, default_value_t = Protection::Local)]
    aggregation: Protection,
    /// Dimensions of the basis.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(2..=512))]
    dimensions: u16,
    /// Dimensions of the own-only factors.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(2..=512))]
    factors: u16,
    /// Seed of the split, the instances and the noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw the quality as SVG: against the size of instances, or against epsilon where there are several.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Print one JSON document; with several epsilons it holds one document each in `runs`.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Document {
    #[serde(flatten)]
    report: Report,
    epsilon: f64,
    delta: f64,
    aggregation: String,
    cpu_seconds: f64,
    wall_seconds: f64,
    peak_rss_bytes: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// When the data or a parameter is not usable.
pub fn run(arguments: &SimulateArguments) -> anyhow::Result<ExitCode> {
    if let Some(path) = &arguments.plot {
        // Before the long work, not after it; an older picture stays until there is a new one.
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        file.with_context(|| format!("cannot write the plot {}", path.display()))?;
    }
    let delta = Delta::new(arguments.delta)?;
    let epsilons = arguments.epsilon.iter().copied().map(Epsilon::new);
    let epsilons = epsilons.collect::<Result<Vec<Epsilon>, _>>()?;
    let shares = releasing::shares()?;
    let dataset = Dataset::read(&arguments.dataset, arguments.threshold)?;
    let users = dataset.users.len();
    let instance_of = match (&arguments.partition, &arguments.sizes) {
        (Some(path), _) => read_partition(path, &dataset)?,
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let sizes = text
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<Vec<usize>, _>>()
                .with_context(|| format!("{} must hold one number per line", path.display()))?;
            partition::drawn(users, &sizes, arguments.seed)
        }
        (None, None) => partition::even(users, arguments.instances as usize, arguments.seed),
    };
    let factors = usize::from(arguments.factors);
    let held_out_users = arguments.held_out_users as usize;
    let parameters = |epsilon| SimulationParameters {
        protocol: match arguments.protocol {
            HeldOut::Items => Protocol::HeldOutItems,
            HeldOut::Strong => Protocol::Strong {
                validation_users: held_out_users,
                test_users: held_out_users,
                on_validation: arguments.on_validation,
            },
        },
        sweeps: arguments.sweeps.clone(),
        aggregation: match arguments.aggregation {
            Protection::None => Aggregation::None,
            Protection::Local => Aggregation::Local,
            Protection::Secure => Aggregation::Secure,
        },
        epsilon,
        delta,
        dimensions: usize::from(arguments.dimensions),
        learning: LearningParameters {
            alternating: AlternatingParameters {
                dimensions: factors,
                ..AlternatingParameters::default()
            },
            seed: arguments.seed,
        },
        shares,
        seed: arguments.seed,
    };
    let runs = epsilons
        .into_iter()
        .map(|epsilon| one(arguments, &dataset, &instance_of, &parameters(epsilon)))
        .collect::<anyhow::Result<Vec<Document>>>()?;
    if let Some(path) = &arguments.plot {
        let picture = match runs.as_slice() {
            [run] => chart::by_size(&run.report, run.epsilon),
            runs => chart::by_epsilon(&runs.iter().map(|run| (run.epsilon, &run.report)).collect::<Vec<_>>()),
        };
        std::fs::write(path, picture).with_context(|| format!("cannot write the plot {}", path.display()))?;
    }
    match (arguments.json, runs.as_slice()) {
        (true, [run]) => output::json(run)?,
        (true, runs) => output::json(&serde_json::json!({ "runs": runs }))?,
        (false, runs) => runs.iter().for_each(print),
    }
    Ok(ExitCode::SUCCESS)
}

/// One simulation with its progress and its cost; reading the data is not part of it.
fn one(
    arguments: &SimulateArguments,
    dataset: &Dataset,
    instance_of: &[u32],
    parameters: &SimulationParameters,
) -> anyhow::Result<Document> {
    let meter = Meter::start();
    let bar = ProgressBar::new(0);
    if arguments.json {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let report = simulate(dataset, instance_of, parameters, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
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

fn print(document: &Document) {
    output::line(&format!(
        "NDCG@{} at epsilon {}, {} noise",
        document.report.overall.pooled.cutoff(),
        document.epsilon,
        document.aggregation
    ));
    output::line("instance size  instances  users  popularity  content    own  federated  combined  pooled");
    for row in document.report.buckets.iter().filter(|row| row.instances > 0) {
        let most = row.max_users.map_or_else(String::new, |most| most.to_string());
        output::line(&line(&format!("{}-{most}", row.min_users), row));
    }
    output::line(&line("all", &document.report.overall));
    output::line(&format!(
        "{} instances worse off than alone; {} bytes of payloads; {:.1} CPU s, {:.1} s",
        document.report.worse_than_alone, document.report.bytes, document.cpu_seconds, document.wall_seconds
    ));
    if let Some(share) = document.report.gap_closed {
        output::line(&format!(
            "{:.0} % of the gap between own and pooled is closed",
            100.0 * share
        ));
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err(format!("`{text}` is not a positive number")),
    }
}

fn line(name: &str, row: &Row) -> String {
    format!(
        "{name:<13}{:>11}{:>7}{:>12.4}{:>9.4}{:>7.4}{:>11.4}{:>10.4}{:>8.4}",
        row.instances,
        row.users,
        row.popularity.ndcg(),
        row.content.ndcg(),
        row.own.ndcg(),
        row.federated.ndcg(),
        row.combined.ndcg(),
        row.pooled.ndcg()
    )
}
