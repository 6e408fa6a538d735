//! The Grafana dashboard asks only for metrics and labels that the code records.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

const DASHBOARD: &str = include_str!("../docker/grafana-dashboard.json");
/// What Prometheus adds to the name of a histogram.
const HISTOGRAM: [&str; 3] = ["_bucket", "_sum", "_count"];

fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The words of `text` that begin with `shoal_`.
fn metrics(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("shoal_"))
        .collect()
}

#[test]
fn every_metric_of_the_dashboard_is_recorded() {
    let mut code = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut seen = BTreeSet::new();
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            for metric in metrics(expression) {
                let recorded = HISTOGRAM
                    .iter()
                    .find_map(|suffix| metric.strip_suffix(suffix))
                    .unwrap_or(metric);
                assert!(
                    code.contains(&format!("\"{recorded}\"")),
                    "{metric} in {}",
                    panel["title"]
                );
                seen.insert(recorded);
            }
            assert!(
                !metrics(expression).is_empty() || expression.starts_with("up{"),
                "{expression}"
            );
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
    for label in ["route", "strategy", "status", "direction", "outcome"] {
        assert!(
            DASHBOARD.contains(label) && code.contains(&format!("\"{label}\" =>")),
            "{label}"
        );
    }
}
