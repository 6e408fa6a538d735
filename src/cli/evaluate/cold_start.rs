//! `shoal evaluate --cold-start`: how well is served who and what is new.

use super::arguments::EvaluateArguments;
use super::{data, with_flags};
use crate::cli::output;
use crate::cli::work::Progress;
use crate::evaluation::cold_start::{ColdStartParameters, ColdStartReport, Part, VideoQuality, measure};
use crate::model::alternating::AlternatingParameters;
use crate::model::learning::LearningParameters;
use crate::privacy::{Delta, Epsilon, mechanism};

/// Epsilon of what the peers of a new instance release.
const EPSILON: f64 = 4.0;
/// Delta of it.
const DELTA: f64 = 1e-5;
/// Dimensions of what they release, as sidecars use them.
const DIMENSIONS: usize = 32;

/// What is printed.
#[derive(serde::Serialize)]
pub struct Document {
    dataset: String,
    split_seed: u64,
    epsilon: f64,
    delta: f64,
    #[serde(flatten)]
    report: ColdStartReport,
}

/// Measures.
///
/// # Errors
/// When the data cannot be read or are too few.
pub fn run(arguments: &EvaluateArguments, progress: &Progress) -> anyhow::Result<Document> {
    let dataset = data::clicks(arguments)?;
    let parameters = ColdStartParameters {
        test_users: arguments.test_users,
        seed: arguments.split_seed,
        learning: LearningParameters {
            alternating: AlternatingParameters {
                dimensions: usize::from(arguments.factors),
                ..AlternatingParameters::default()
            },
            seed: arguments.split_seed,
        },
        dimensions: DIMENSIONS,
        epsilon: Epsilon::new(EPSILON)?,
        delta: Delta::new(DELTA)?,
        shares: mechanism::shares()?,
    };
    let report = measure(&dataset, &parameters, |part| match part {
        Part::Users => progress.stage("new users"),
        Part::Videos(watches) => progress.stage(&format!("new videos with {watches} watches")),
        Part::Instances(users) => progress.stage(&format!("new instances with {users} users")),
    })
    .map_err(|error| with_flags(error.into()))?;
    Ok(Document {
        dataset: arguments.dataset.display().to_string(),
        split_seed: arguments.split_seed,
        epsilon: EPSILON,
        delta: DELTA,
        report,
    })
}

/// Prints it for people.
pub fn print(document: &Document) {
    let report = &document.report;
    output::line("new users: NDCG@20 of what comes after the first five watches");
    output::line("watches given  users  popularity  content     own  served");
    for row in &report.users {
        output::line(&format!(
            "{:<13}{:>7}{:>12.4}{:>9.4}{:>8.4}{:>8.4}",
            row.watches, row.users, row.popularity, row.content, row.own, row.served
        ));
    }
    output::line("");
    output::line(
        "new videos: share of other new videos behind one that is watched / NDCG@20 among new videos / share of the first 20 places",
    );
    output::line(
        "watches kept   videos  users  chance             popularity         content            own                evidence           served",
    );
    let cell = |quality: &VideoQuality| format!("{:.3} {:.4} {:.3}", quality.ahead, quality.ndcg_20, quality.shown);
    for row in &report.videos {
        output::line(&format!(
            "{:<14}{:>7}{:>7}  {:<19}{:<19}{:<19}{:<19}{:<19}{}",
            row.watches,
            row.videos,
            row.users,
            cell(&row.chance),
            cell(&row.popularity),
            cell(&row.content),
            cell(&row.own),
            cell(&row.evidence),
            cell(&row.served)
        ));
    }
    if let Some(row) = report.videos.first() {
        output::line(&format!(
            "they are {:.1} % of the videos, and {:.1} % of what these users watched",
            100.0 * row.share,
            100.0 * row.clicked
        ));
    }
    output::line("");
    output::line(&format!(
        "new instances: NDCG@100 beside peers that release at epsilon {}, delta {}",
        document.epsilon, document.delta
    ));
    output::line("own users      users  popularity  content     own  federated  served  pooled");
    for row in &report.instances {
        output::line(&format!(
            "{:<13}{:>7}{:>12.4}{:>9.4}{:>8.4}{:>11.4}{:>8.4}{:>8.4}",
            row.own_users, row.users, row.popularity, row.content, row.own, row.federated, row.served, row.pooled
        ));
    }
}
