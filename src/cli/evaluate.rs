//! `shoal evaluate`: how well a model does on a public data set, and what it takes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use tokio_util::sync::CancellationToken;

use super::{generated, output};
use crate::evaluation::dataset::{self, Dataset};
use crate::evaluation::export::export;
use crate::evaluation::feedback::Feedback;
use crate::evaluation::measure::{Measurement, Quality, Trial, measure, tune};
use crate::evaluation::model::ModelParameters;
use crate::evaluation::refine::Refine;
use crate::evaluation::resources;
use crate::evaluation::split::Split;
use crate::model::alternating::AlternatingParameters;
use crate::model::refinement::RefinementParameters;

/// How users and items are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Protocol {
    /// Strong generalization: unseen users, four fifths of their clicks given (Liang et al. 2018).
    Strong,
    /// One given test item per user against given negatives (He et al. 2017).
    LeaveOneOut,
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Model {
    /// Alternating least squares on implicit feedback.
    Ials,
    /// Linear item-item model in closed form.
    Ease,
    /// Cosine nearest neighbours of items.
    ItemKnn,
    /// Number of users per item.
    Popularity,
}

/// How values enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FeedbackArgument {
    /// Rows of at least the threshold are clicks, other rows are not known.
    Liked,
    /// Every row is a click.
    Clicks,
    /// By the rules for watching and rating; the largest value stands for a whole video, negative ones for dislikes.
    Graded,
}

/// When the ranking refinement is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RefineArgument {
    /// Never.
    Off,
    /// Always.
    On,
    /// Where it beats the plain fold-in on the validation users.
    Validation,
}

/// Arguments of `shoal evaluate`.
#[derive(Debug, clap::Args)]
pub struct EvaluateArguments {
    /// Directory with interactions.tsv (heading; user, item, value, timestamp), u.data, ratings.dat or ratings.csv, or one such
    /// file; or `generated:USERS` for the watch shares of one generated instance.
    ///
    /// Names of users and items are any text without the separator, spaces and quotes included. Values that are not finite are
    /// left out, repeated rows of a user and an item count once, and items without interactions cost nothing.
    dataset: PathBuf,
    /// How users and items are held out.
    #[arg(long, value_enum, default_value_t = Protocol::Strong)]
    protocol: Protocol,
    /// What is fitted.
    #[arg(long, value_enum, default_value_t = Model::Ials)]
    model: Model,
    /// Smallest value that counts as a click [default: 4 for strong, 0.6 for generated data, every value for leave-one-out].
    #[arg(long)]
    threshold: Option<f32>,
    /// strong: hold out rows of all values instead of clicks only; held-out values of at least the threshold are to be found.
    /// The split is the same for all three.
    #[arg(long, value_enum)]
    feedback: Option<FeedbackArgument>,
    /// Seed of the split, and of generated data.
    #[arg(long, default_value_t = 0)]
    split_seed: u64,
    /// Held-out users for choosing hyper-parameters.
    #[arg(long, default_value_t = 600)]
    validation_users: usize,
    /// Held-out users for measuring.
    #[arg(long, default_value_t = 600)]
    test_users: usize,
    /// leave-one-out: file of user, test item [default: ncf-test.tsv in the data set].
    #[arg(long)]
    tests: Option<PathBuf>,
    /// leave-one-out: file of user, negative items [default: ncf-negatives.tsv in the data set].
    #[arg(long)]
    negatives: Option<PathBuf>,
    /// iALS: length of the factors.
    #[arg(long, default_value_t = AlternatingParameters::default().dimensions, value_parser = positive)]
    factors: usize,
    /// iALS: rounds.
    #[arg(long, default_value_t = AlternatingParameters::default().sweeps)]
    sweeps: usize,
    /// iALS: steps of conjugate gradients per row and round.
    #[arg(long, default_value_t = AlternatingParameters::default().steps, value_parser = positive)]
    steps: usize,
    /// iALS: weight of unobserved entries.
    #[arg(long, default_value_t = AlternatingParameters::default().unobserved_weight)]
    unobserved_weight: f32,
    /// iALS: regularization.
    #[arg(long, default_value_t = AlternatingParameters::default().regularization)]
    regularization: f32,
    /// iALS: how far regularization grows with frequency, from 0 to 1.
    #[arg(long, default_value_t = AlternatingParameters::default().regularization_exponent)]
    exponent: f32,
    /// iALS: seed of the initial factors.
    #[arg(long, default_value_t = AlternatingParameters::default().seed)]
    seed: u64,
    /// iALS: move folded-in users towards higher smooth ranks of their own items.
    #[arg(long, value_enum, default_value_t = RefineArgument::Off)]
    refine: RefineArgument,
    /// --refine on: weight of the ranks against the loss of the fold-in.
    #[arg(long, default_value_t = 0.1, value_parser = weight)]
    refine_strength: f64,
    /// --refine on: steps.
    #[arg(long, default_value_t = 2)]
    refine_steps: usize,
    /// EASE: ridge, in clicks.
    #[arg(long, default_value_t = 500.0)]
    ease_regularization: f64,
    /// item-knn: neighbours per item.
    #[arg(long, default_value_t = 100)]
    neighbours: usize,
    /// item-knn: added to the denominator of the cosine.
    #[arg(long, default_value_t = 0.0)]
    shrinkage: f32,
    /// Choose hyper-parameters on the validation users first, by a grid.
    #[arg(long)]
    tune: bool,
    /// Write the split into this directory, for other programs.
    #[arg(long, value_name = "DIR")]
    export_split: Option<PathBuf>,
    /// Threads [default: all cores].
    #[arg(long)]
    threads: Option<usize>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Report {
    dataset: String,
    protocol: Protocol,
    split_seed: u64,
    threads: usize,
    training_users: usize,
    training_items: usize,
    training_clicks: usize,
    test_users: usize,
    #[serde(flatten)]
    parameters: ModelParameters,
    #[serde(flatten)]
    measurement: Measurement,
    peak_rss_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trials: Vec<Trial>,
}

/// Runs the command.
///
/// # Errors
/// When the data cannot be read, are too few for the protocol, or have no solution.
pub async fn run(arguments: EvaluateArguments, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let json = arguments.json;
    let work = tokio::task::spawn_blocking(move || evaluate(&arguments));
    let report = tokio::select! {
        report = work => report.context("the evaluation broke off")??,
        () = stop.cancelled() => anyhow::bail!("interrupted"),
    };
    if json {
        output::json(&report)?;
    } else {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn evaluate(arguments: &EvaluateArguments) -> anyhow::Result<Report> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads.unwrap_or(0))
        .build()
        .context("cannot start the threads")?;
    pool.install(|| {
        let (dataset, split) = split(arguments)?;
        if let Some(directory) = &arguments.export_split {
            export(&split, &dataset, directory)?;
        }
        drop(dataset);
        let mut parameters = parameters(arguments);
        let mut trials = Vec::new();
        if arguments.tune {
            trials = tune(&split, &parameters, |trial| {
                eprintln!("{:.4} {:?}", trial.quality.objective(), trial.parameters);
            })?;
            if let Some(best) = trials.first() {
                eprintln!("chosen: {:?}", best.parameters);
                parameters = best.parameters.clone();
            }
        }
        let measurement = measure(&split, &parameters, refine(arguments), |_| ())?;
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
    })
}

fn split(arguments: &EvaluateArguments) -> anyhow::Result<(Dataset, Split)> {
    match arguments.protocol {
        Protocol::Strong => {
            let users = (arguments.validation_users, arguments.test_users);
            let (threshold, seed) = (threshold(arguments), arguments.split_seed);
            let split = match arguments.feedback {
                None => {
                    let dataset = read(arguments, threshold)?;
                    let split = Split::strong(&dataset, users.0, users.1, seed)?;
                    (dataset, split)
                }
                Some(feedback) => {
                    let feedback = match feedback {
                        FeedbackArgument::Liked => Feedback::Liked,
                        FeedbackArgument::Clicks => Feedback::Clicks,
                        FeedbackArgument::Graded => Feedback::Graded,
                    };
                    let dataset = read(arguments, f32::MIN)?;
                    let split = Split::with_feedback(&dataset, feedback, threshold, users, seed)?;
                    (dataset, split)
                }
            };
            Ok(split)
        }
        Protocol::LeaveOneOut => {
            anyhow::ensure!(
                arguments.feedback.is_none(),
                "--feedback needs held-out users: use it with --protocol strong"
            );
            let mut dataset = Dataset::read(&arguments.dataset, arguments.threshold.unwrap_or(f32::MIN))?;
            let given = |flag: &Option<PathBuf>, name: &str| {
                flag.clone()
                    .unwrap_or_else(|| directory_of(&arguments.dataset).join(name))
            };
            let given = dataset::read_leave_one_out(
                &mut dataset,
                &given(&arguments.tests, "ncf-test.tsv"),
                &given(&arguments.negatives, "ncf-negatives.tsv"),
            )?;
            // Only choosing needs validation clicks; otherwise they stay in the training data.
            let chooses = arguments.tune || arguments.refine == RefineArgument::Validation;
            let validation = if chooses { arguments.validation_users } else { 0 };
            let split = Split::leave_one_out(
                &dataset,
                &given.tests,
                &given.negatives,
                validation,
                arguments.split_seed,
            )?;
            Ok((dataset, split))
        }
    }
}

fn read(arguments: &EvaluateArguments, threshold: f32) -> anyhow::Result<Dataset> {
    Ok(match generated::users(&arguments.dataset)? {
        Some(users) => generated::dataset(users, arguments.split_seed, threshold),
        None => Dataset::read(&arguments.dataset, threshold)?,
    })
}

/// A like of a generated user, or most of a video, as 4 of 5 stars elsewhere.
fn threshold(arguments: &EvaluateArguments) -> f32 {
    let generated = matches!(generated::users(&arguments.dataset), Ok(Some(_)));
    arguments.threshold.unwrap_or(if generated { 0.6 } else { 4.0 })
}

fn refine(arguments: &EvaluateArguments) -> Refine {
    match arguments.refine {
        RefineArgument::Off => Refine::Off,
        RefineArgument::On => Refine::On(RefinementParameters {
            strength: arguments.refine_strength,
            steps: arguments.refine_steps,
        }),
        RefineArgument::Validation => Refine::Validation,
    }
}

fn directory_of(path: &Path) -> &Path {
    if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    }
}

fn parameters(arguments: &EvaluateArguments) -> ModelParameters {
    match arguments.model {
        Model::Ials => ModelParameters::Ials {
            factors: arguments.factors,
            sweeps: arguments.sweeps,
            steps: arguments.steps,
            unobserved_weight: arguments.unobserved_weight,
            regularization: arguments.regularization,
            exponent: arguments.exponent,
            seed: arguments.seed,
        },
        Model::Ease => ModelParameters::Ease {
            regularization: arguments.ease_regularization,
        },
        Model::ItemKnn => ModelParameters::ItemKnn {
            neighbours: arguments.neighbours,
            shrinkage: arguments.shrinkage,
        },
        Model::Popularity => ModelParameters::Popularity,
    }
}

fn weight(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number >= 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("must be a number of at least 0".to_owned()),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("must be a whole number of at least 1".to_owned()),
    }
}

fn print(report: &Report) {
    output::line(&format!("parameters       {:?}", report.parameters));
    output::line(&format!(
        "training         {} clicks of {} users on {} items",
        report.training_clicks, report.training_users, report.training_items
    ));
    match report.measurement.quality {
        Quality::Strong {
            ndcg_100,
            recall_20,
            recall_50,
        } => output::line(&format!(
            "quality          NDCG@100 {ndcg_100:.4}, recall@20 {recall_20:.4}, recall@50 {recall_50:.4} ({} users)",
            report.test_users
        )),
        Quality::LeaveOneOut { hit_rate_10, ndcg_10 } => output::line(&format!(
            "quality          hit rate@10 {hit_rate_10:.4}, NDCG@10 {ndcg_10:.4} ({} users)",
            report.test_users
        )),
    }
    if let Some(refinement) = &report.measurement.refinement {
        let values = match (refinement.validation_plain, refinement.validation_refined) {
            (Some(plain), Some(refined)) => {
                format!(
                    ": validation users {refined:.4} against {plain:.4}, {:+.4}",
                    refined - plain
                )
            }
            _ => String::new(),
        };
        output::line(&format!(
            "refinement       {}, strength {}, {} steps{values}",
            if refinement.on { "on" } else { "off" },
            refinement.parameters.strength,
            refinement.parameters.steps
        ));
    }
    output::line(&format!(
        "time             {:.2} CPU seconds, {:.2} seconds, {} threads",
        report.measurement.usage.cpu_seconds, report.measurement.usage.wall_seconds, report.threads
    ));
    if let Some(bytes) = report.peak_rss_bytes {
        output::line(&format!("memory           {} MB at most", bytes / 1_000_000));
    }
}
