//! Simulations as pictures: quality against the size of instances, and against epsilon.

use super::{Report, Row};
use crate::evaluation::plot::{LineChart, Positions, Series};

/// A method's name, where its NDCG stands, and whether it is only there to compare with.
type Method = (&'static str, fn(&Row) -> f64, bool);

const METHODS: [Method; 6] = [
    ("combined", |row| row.combined.ndcg(), false),
    ("federated", |row| row.federated.ndcg(), false),
    ("own instance alone", |row| row.own.ndcg(), false),
    ("content", |row| row.content.ndcg(), true),
    ("popularity", |row| row.popularity.ndcg(), true),
    ("all in one place", |row| row.pooled.ndcg(), true),
];

/// Mean NDCG by the size of the users' instance, one point per bucket with users.
pub fn by_size(report: &Report, epsilon: f64) -> String {
    let rows: Vec<&Row> = report.buckets.iter().filter(|row| row.users > 0).collect();
    LineChart {
        title: format!("quality by size of the instance, epsilon {epsilon}"),
        x_label: "users of an instance".to_owned(),
        y_label: y_label(report),
        x: Positions::Names(rows.iter().map(|row| row.sizes()).collect()),
        series: lines(&rows),
    }
    .svg()
}

/// Mean NDCG over all users by epsilon, in any order.
pub fn by_epsilon(runs: &[(f64, &Report)]) -> String {
    let mut runs = runs.to_vec();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rows: Vec<&Row> = runs.iter().map(|(_, report)| &report.overall).collect();
    LineChart {
        title: "quality by privacy budget".to_owned(),
        x_label: "epsilon of everything that is released (a smaller one is more private)".to_owned(),
        y_label: runs.first().map_or_else(String::new, |(_, report)| y_label(report)),
        x: Positions::Logarithmic(runs.iter().map(|(epsilon, _)| *epsilon).collect()),
        series: lines(&rows),
    }
    .svg()
}

fn y_label(report: &Report) -> String {
    format!("NDCG@{}, mean over users", report.overall.pooled.cutoff())
}

fn lines(rows: &[&Row]) -> Vec<Series> {
    METHODS
        .iter()
        .map(|(name, ndcg, compared)| {
            let series = Series::new(*name, rows.iter().map(|row| ndcg(row)));
            if *compared { series.dashed() } else { series }
        })
        .collect()
}
