//! The arguments of `shoal evaluate`, and the parameters that they stand for.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::numbers;
use crate::evaluation::model::ModelParameters;
use crate::evaluation::refine::Refine;
use crate::model::alternating::AlternatingParameters;
use crate::model::refinement::RefinementParameters;

/// How users and items are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Strong generalization: unseen users, four fifths of their clicks given (Liang et al. 2018).
    Strong,
    /// One given test item per user against given negatives (He et al. 2017).
    LeaveOneOut,
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Model {
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
pub enum FeedbackArgument {
    /// Rows of at least the threshold are clicks, other rows are not known.
    Liked,
    /// Every row is a click.
    Clicks,
    /// By the rules for watching and rating; the largest value stands for a whole video, negative ones for dislikes.
    Graded,
}

/// When the ranking refinement is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RefineArgument {
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
    /// left out, of repeated rows of a user and an item the largest value counts, and items without interactions cost nothing.
    pub(super) dataset: PathBuf,
    /// How users and items are held out.
    #[arg(long, value_enum, default_value_t = Protocol::Strong)]
    pub(super) protocol: Protocol,
    /// What is fitted.
    #[arg(long, value_enum, default_value_t = Model::Ials)]
    pub(super) model: Model,
    /// Smallest value that counts as a click [default: 4 for strong, 0.6 for generated data, every value for leave-one-out].
    #[arg(long, value_parser = numbers::finite, allow_negative_numbers = true)]
    pub(super) threshold: Option<f32>,
    /// strong: hold out rows of all values instead of clicks only; held-out values of at least the threshold are to be found.
    /// The split is the same for all three.
    #[arg(long, value_enum)]
    pub(super) feedback: Option<FeedbackArgument>,
    /// Seed of the split, and of generated data.
    #[arg(long, default_value_t = 0)]
    pub(super) split_seed: u64,
    /// Held-out users for choosing hyper-parameters.
    #[arg(long, default_value_t = 600)]
    pub(super) validation_users: usize,
    /// Held-out users for measuring.
    #[arg(long, default_value_t = 600)]
    pub(super) test_users: usize,
    /// leave-one-out: file of user, test item [default: ncf-test.tsv in the data set].
    #[arg(long)]
    pub(super) tests: Option<PathBuf>,
    /// leave-one-out: file of user, negative items [default: ncf-negatives.tsv in the data set].
    #[arg(long)]
    pub(super) negatives: Option<PathBuf>,
    /// iALS: length of the factors.
    #[arg(long, default_value_t = AlternatingParameters::default().dimensions as u16, value_parser = clap::value_parser!(u16).range(1..=2048))]
    pub(super) factors: u16,
    /// iALS: rounds.
    #[arg(long, default_value_t = AlternatingParameters::default().sweeps)]
    pub(super) sweeps: usize,
    /// iALS: steps of conjugate gradients per row and round.
    #[arg(long, default_value_t = AlternatingParameters::default().steps, value_parser = numbers::count)]
    pub(super) steps: usize,
    /// iALS: weight of unobserved entries.
    #[arg(long, default_value_t = AlternatingParameters::default().unobserved_weight, value_parser = numbers::not_negative_single, allow_negative_numbers = true)]
    pub(super) unobserved_weight: f32,
    /// iALS: regularization.
    #[arg(long, default_value_t = AlternatingParameters::default().regularization, value_parser = numbers::not_negative_single, allow_negative_numbers = true)]
    pub(super) regularization: f32,
    /// iALS: how far regularization grows with frequency, from 0 to 1.
    #[arg(long, default_value_t = AlternatingParameters::default().regularization_exponent, value_parser = numbers::share, allow_negative_numbers = true)]
    pub(super) exponent: f32,
    /// iALS: seed of the initial factors.
    #[arg(long, default_value_t = AlternatingParameters::default().seed)]
    pub(super) seed: u64,
    /// iALS: move folded-in users towards higher smooth ranks of their own items.
    #[arg(long, value_enum, default_value_t = RefineArgument::Off)]
    pub(super) refine: RefineArgument,
    /// --refine on: weight of the ranks against the loss of the fold-in.
    #[arg(long, default_value_t = 0.1, value_parser = numbers::not_negative, allow_negative_numbers = true)]
    pub(super) refine_strength: f64,
    /// --refine on: steps.
    #[arg(long, default_value_t = 2)]
    pub(super) refine_steps: usize,
    /// EASE: ridge, in clicks.
    #[arg(long, default_value_t = 500.0, value_parser = numbers::not_negative, allow_negative_numbers = true)]
    pub(super) ease_regularization: f64,
    /// item-knn: neighbours per item.
    #[arg(long, default_value_t = 100, value_parser = numbers::count)]
    pub(super) neighbours: usize,
    /// item-knn: added to the denominator of the cosine.
    #[arg(long, default_value_t = 0.0, value_parser = numbers::not_negative_single, allow_negative_numbers = true)]
    pub(super) shrinkage: f32,
    /// Choose hyper-parameters on the validation users first, by a grid.
    #[arg(long)]
    pub(super) tune: bool,
    /// Measure what is new instead: users, videos and instances with 0, 1, 3 and 5 watches or users. `--split-seed`, `--test-users`,
    /// `--threshold` and `--factors` count; a directory needs items.tsv (heading; item, title, tags joined by `|`) for content.
    #[arg(long, conflicts_with_all = ["protocol", "model", "feedback", "tests", "negatives", "tune", "export_split", "refine"])]
    pub(super) cold_start: bool,
    /// Write the split into this directory, for other programs.
    #[arg(long, value_name = "DIR")]
    pub(super) export_split: Option<PathBuf>,
    /// Threads [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// Print one JSON document.
    #[arg(long)]
    pub(super) json: bool,
}

impl EvaluateArguments {
    /// The model with its hyper-parameters.
    pub(super) fn parameters(&self) -> ModelParameters {
        match self.model {
            Model::Ials => ModelParameters::Ials {
                factors: usize::from(self.factors),
                sweeps: self.sweeps,
                steps: self.steps,
                unobserved_weight: self.unobserved_weight,
                regularization: self.regularization,
                exponent: self.exponent,
                seed: self.seed,
            },
            Model::Ease => ModelParameters::Ease {
                regularization: self.ease_regularization,
            },
            Model::ItemKnn => ModelParameters::ItemKnn {
                neighbours: self.neighbours,
                shrinkage: self.shrinkage,
            },
            Model::Popularity => ModelParameters::Popularity,
        }
    }

    /// When the ranking refinement is used.
    pub(super) fn refinement(&self) -> Refine {
        match self.refine {
            RefineArgument::Off => Refine::Off,
            RefineArgument::On => Refine::On(RefinementParameters {
                strength: self.refine_strength,
                steps: self.refine_steps,
            }),
            RefineArgument::Validation => Refine::Validation,
        }
    }
}
