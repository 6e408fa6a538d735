//! Local differential privacy against golden values from exact arithmetic, which the plugin's tests check too: a report that a
//! browser randomizes must have the probabilities with which the sidecar estimates.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use shoal::privacy::Epsilon;
use shoal::privacy::local::{RandomizedResponse, UnaryEncoding};

#[derive(Deserialize)]
struct Golden {
    mechanisms: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    epsilon: f64,
    categories: u32,
    keep: u64,
    rise: u64,
}

#[test]
fn the_fractions_are_those_that_browsers_use() {
    let golden: Golden = serde_json::from_str(include_str!("../plugin/test/golden/local-privacy.json")).unwrap();
    assert!(golden.mechanisms.len() >= 40);
    let whole = 2f64.powi(40);
    for row in golden.mechanisms {
        let epsilon = Epsilon::new(row.epsilon).unwrap();
        let response = RandomizedResponse::new(epsilon, row.categories).unwrap();
        let encoding = UnaryEncoding::new(epsilon, row.categories).unwrap();
        // Both are fractions of 2^40, which floating-point numbers hold exactly.
        assert_eq!(
            (response.probability(0, 0) * whole) as u64,
            row.keep,
            "{} {}",
            row.epsilon,
            row.categories
        );
        assert_eq!(
            (encoding.probabilities().1 * whole) as u64,
            row.rise,
            "{} {}",
            row.epsilon,
            row.categories
        );
    }
}
