//! What `shoal evaluate` prints.

use super::arguments::Protocol;
use crate::cli::output;
use crate::evaluation::measure::{Measurement, Quality, Trial};
use crate::evaluation::model::ModelParameters;

/// What an evaluation found.
#[derive(serde::Serialize)]
pub struct Report {
    pub dataset: String,
    pub protocol: Protocol,
    pub split_seed: u64,
    pub threads: usize,
    pub training_users: usize,
    pub training_items: usize,
    pub training_clicks: usize,
    pub test_users: usize,
    #[serde(flatten)]
    pub parameters: ModelParameters,
    #[serde(flatten)]
    pub measurement: Measurement,
    pub peak_rss_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
}

/// Prints it for people.
pub fn print(report: &Report) {
    output::line(&format!("parameters       {}", report.parameters));
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
    if let Some(gini) = &report.measurement.exposure_gini {
        output::line(&format!(
            "exposure         Gini index of the first 20: {:.4}, of popularity {:.4}",
            gini.model, gini.popularity
        ));
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
