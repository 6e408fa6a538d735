//! The attack's curve as a picture.

use super::AuditReport;
use crate::evaluation::plot::{LineChart, Positions, Series};

/// True against false positive rates of the attack, what the proof allows, and blind guessing.
pub fn svg(report: &AuditReport) -> String {
    let curve = &report.histories.membership.curve;
    LineChart {
        title: format!(
            "promised epsilon {}, shown by attack at least {:.2} ({} % confidence)",
            report.promised_epsilon,
            report.epsilon_lower_bound,
            (report.confidence * 1000.0).round() / 10.0
        ),
        x_label: "share of absent accounts that are accused".to_owned(),
        y_label: "share of present accounts that are accused".to_owned(),
        x: Positions::Linear(curve.iter().map(|point| point.0).collect()),
        series: vec![
            Series::new("measured attack", curve.iter().map(|point| point.1)),
            Series::new("limit of the proof", curve.iter().map(|point| point.2)),
            Series::new("blind guessing", curve.iter().map(|point| point.0)).dashed(),
        ],
    }
    .svg()
}
