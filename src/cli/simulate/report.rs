//! What `shoal simulate` prints.

use crate::cli::output;
use crate::evaluation::simulation::{ExposureGini, Quality, Report, Row};

/// One simulation with what it took.
#[derive(serde::Serialize)]
pub struct Document {
    #[serde(flatten)]
    pub report: Report,
    pub epsilon: f64,
    pub delta: f64,
    pub aggregation: String,
    pub cpu_seconds: f64,
    pub wall_seconds: f64,
    pub peak_rss_bytes: Option<u64>,
}

/// Prints it for people.
pub fn print(document: &Document) {
    output::line(&format!(
        "NDCG@{} at epsilon {}, {} noise",
        document.report.overall.pooled.cutoff(),
        document.epsilon,
        document.aggregation
    ));
    output::line("instance size  instances  users  popularity  content    own  federated  combined  pooled");
    for row in document.report.buckets.iter().filter(|row| row.instances > 0) {
        output::line(&line(&row.sizes(), row));
    }
    output::line(&line("all", &document.report.overall));
    output::line(&exposure(&document.report.exposure_gini));
    output::line(&format!(
        "{} instances worse off than alone; {} bytes of payloads; {:.1} CPU s, {:.1} s",
        document.report.worse_than_alone, document.report.bytes, document.cpu_seconds, document.wall_seconds
    ));
    let overall = &document.report.overall;
    let gain = |quality: &Quality| quality.ndcg() - overall.own.ndcg();
    let share = document.report.gap_closed.map_or_else(String::new, |share| {
        format!("; {:.0} % of that gap is closed", 100.0 * share)
    });
    output::line(&format!(
        "against own alone: combined {:+.4}, all in one place (pooled) {:+.4}{share}",
        gain(&overall.combined),
        gain(&overall.pooled)
    ));
}

/// In the columns of [`line()`].
fn exposure(gini: &ExposureGini) -> String {
    let value = |gini: Option<f64>| gini.map_or_else(|| "-".to_owned(), |gini| format!("{gini:.4}"));
    format!(
        "{:<31}{:>12}{:>9}{:>7}{:>11}{:>10}{:>8}",
        "Gini index of the first 20",
        value(gini.popularity),
        value(gini.content),
        value(gini.own),
        value(gini.federated),
        value(gini.combined),
        value(gini.pooled)
    )
}

fn line(name: &str, row: &Row) -> String {
    let ndcg = |quality: &Quality| match row.users {
        0 => "-".to_owned(),
        _ => format!("{:.4}", quality.ndcg()),
    };
    format!(
        "{name:<13}{:>11}{:>7}{:>12}{:>9}{:>7}{:>11}{:>10}{:>8}",
        row.instances,
        row.users,
        ndcg(&row.popularity),
        ndcg(&row.content),
        ndcg(&row.own),
        ndcg(&row.federated),
        ndcg(&row.combined),
        ndcg(&row.pooled)
    )
}
