//! The arguments of `shoal simulate`, and the parameters that they stand for.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::numbers;
use crate::evaluation::simulation::{Aggregation, Protocol, SimulationParameters};
use crate::model::alternating::AlternatingParameters;
use crate::model::learning::LearningParameters;
use crate::privacy::{BudgetShares, Delta, Epsilon};

/// How evidence is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protection {
    /// Exact sums: an upper bound, not private.
    None,
    /// Full noise at every instance.
    Local,
    /// One noise for the sum of all instances, as secure aggregation gives.
    Secure,
}

/// What is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HeldOut {
    /// A fifth of every user's items; NDCG@20.
    Items,
    /// Whole users, a fifth of whose items is to be found from the others; NDCG@100.
    Strong,
}

/// Arguments of `shoal simulate`.
#[derive(Debug, clap::Args)]
pub struct SimulateArguments {
    /// Directory with interactions.tsv (heading; user, item, value, timestamp) and, if there is content, items.tsv (heading; item,
    /// title, tags joined by `|`); or a data set of MovieLens.
    ///
    /// Of repeated rows of a user and an item the largest value counts, values that are not finite are left out.
    pub(super) dataset: PathBuf,
    /// Smallest value that counts.
    #[arg(long, default_value_t = 4.0, value_parser = numbers::finite, allow_negative_numbers = true)]
    pub(super) threshold: f32,
    /// What is held out.
    #[arg(long, value_enum, default_value_t = HeldOut::Items)]
    pub(super) protocol: HeldOut,
    /// Held-out users for choosing parameters, and as many for measuring, with `--protocol strong`.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) held_out_users: u32,
    /// Measure on the validation users of `--protocol strong`, to choose parameters.
    #[arg(long)]
    pub(super) on_validation: bool,
    /// Relative budgets of the sweeps; only secure aggregation, or none, gives the common sum that a second one needs.
    #[arg(long, value_delimiter = ',', default_value = "1,1,2", value_parser = numbers::positive, allow_negative_numbers = true)]
    pub(super) sweeps: Vec<f64>,
    /// Releases per sweep among which every user's items are divided, as over a year: they share the budget, and receivers
    /// accumulate them.
    #[arg(long, default_value = "1")]
    pub(super) releases: NonZeroUsize,
    /// Instances of equal size, users spread at random.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["partition", "sizes"])]
    pub(super) instances: u32,
    /// Table with the instance of every user: a heading, then lines of user, tab, instance.
    #[arg(long, value_name = "FILE", conflicts_with = "sizes")]
    pub(super) partition: Option<PathBuf>,
    /// Sizes of instances, whole numbers of at least 1, one per line, from which the sizes are drawn.
    #[arg(long, value_name = "FILE")]
    pub(super) sizes: Option<PathBuf>,
    /// Epsilon of everything that is released; several, such as `1,3,8`, are simulated one after the other.
    #[arg(long, value_delimiter = ',', default_value = "4", value_parser = numbers::positive, allow_negative_numbers = true)]
    pub(super) epsilon: Vec<f64>,
    /// Delta of everything that is released.
    #[arg(long, default_value_t = 1e-5, allow_negative_numbers = true)]
    pub(super) delta: f64,
    /// How evidence is protected.
    #[arg(long, value_enum, default_value_t = Protection::Local)]
    pub(super) aggregation: Protection,
    /// Dimensions of the basis.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(2..=512))]
    pub(super) dimensions: u16,
    /// Dimensions of the own-only factors.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(2..=512))]
    pub(super) factors: u16,
    /// Seed of the split, the instances and the noise.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// Draw the quality as SVG: against the size of instances, or against epsilon where there are several.
    #[arg(long, value_name = "FILE")]
    pub(super) plot: Option<PathBuf>,
    /// Print one JSON document; with several epsilons it holds one document each in `runs`.
    #[arg(long)]
    pub(super) json: bool,
}

impl SimulateArguments {
    /// What is simulated at one epsilon.
    pub(super) fn parameters(&self, epsilon: Epsilon, delta: Delta, shares: BudgetShares) -> SimulationParameters {
        let factors = usize::from(self.factors);
        let held_out_users = self.held_out_users as usize;
        SimulationParameters {
            protocol: match self.protocol {
                HeldOut::Items => Protocol::HeldOutItems,
                HeldOut::Strong => Protocol::Strong {
                    validation_users: held_out_users,
                    test_users: held_out_users,
                    on_validation: self.on_validation,
                },
            },
            sweeps: self.sweeps.clone(),
            releases: self.releases,
            aggregation: match self.aggregation {
                Protection::None => Aggregation::None,
                Protection::Local => Aggregation::Local,
                Protection::Secure => Aggregation::Secure,
            },
            epsilon,
            delta,
            dimensions: usize::from(self.dimensions),
            learning: LearningParameters {
                alternating: AlternatingParameters {
                    dimensions: factors,
                    ..AlternatingParameters::default()
                },
                seed: self.seed,
            },
            shares,
            seed: self.seed,
        }
    }
}
