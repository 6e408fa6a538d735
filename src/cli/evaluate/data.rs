//! The data set of an evaluation, divided as its protocol says.

use std::path::{Path, PathBuf};

use super::arguments::{EvaluateArguments, FeedbackArgument, Protocol, RefineArgument};
use crate::cli::generated;
use crate::evaluation::dataset::Dataset;
use crate::evaluation::feedback::Feedback;
use crate::evaluation::given_tests::GivenTests;
use crate::evaluation::split::Split;

/// Reads the data set and divides it as the protocol says.
///
/// # Errors
/// When a file cannot be used, or too little is in it.
pub fn split(arguments: &EvaluateArguments) -> anyhow::Result<(Dataset, Split)> {
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
            anyhow::ensure!(
                generated::users(&arguments.dataset)?.is_none(),
                "generated data have no given test items: use --protocol strong"
            );
            let mut dataset = Dataset::read(&arguments.dataset, arguments.threshold.unwrap_or(f32::MIN))?;
            let given = |flag: &Option<PathBuf>, name: &str| {
                flag.clone()
                    .unwrap_or_else(|| directory_of(&arguments.dataset).join(name))
            };
            let given = GivenTests::read(
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

/// The clicks of the data set.
///
/// # Errors
/// When a file cannot be used.
pub fn clicks(arguments: &EvaluateArguments) -> anyhow::Result<Dataset> {
    read(arguments, threshold(arguments))
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

fn directory_of(path: &Path) -> &Path {
    if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    }
}
