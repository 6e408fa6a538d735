//! Accounting against golden values of Google's `dp_accounting` (see `tools/oracles/gaussian_dp.py`).

use serde::Deserialize;
use shoal::privacy::accountant::{self, concentrated, discrete, release};
use shoal::privacy::{Delta, Epsilon};

#[derive(Deserialize)]
struct Golden {
    gaussian: Vec<GaussianRow>,
    calibration: Vec<CalibrationRow>,
    discrete: Vec<DiscreteRow>,
    concentrated: Vec<ConcentratedRow>,
}

#[derive(Deserialize)]
struct GaussianRow {
    noise: f64,
    releases: u32,
    delta_at: Vec<(f64, f64)>,
    epsilon_of: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct CalibrationRow {
    epsilon: f64,
    delta: f64,
    noise: f64,
}

#[derive(Deserialize)]
struct DiscreteRow {
    deviation: u64,
    sensitivity: u64,
    delta_at: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct ConcentratedRow {
    rho: f64,
    epsilon_of: Vec<(f64, f64)>,
}

/// What two correct programs may differ by in the last digits of `f64`.
const ARITHMETIC: f64 = 1e-10;

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/accounting.json")).unwrap()
}

/// Equal to 1e-6 and not below.
fn matches(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-6 * expected.max(1.0),
        "{what}: {found} against {expected}"
    );
    assert!(
        found >= expected - ARITHMETIC * expected.max(1.0),
        "{what}: {found} below {expected}"
    );
}

fn delta(value: f64) -> Delta {
    Delta::new(value).unwrap()
}

#[test]
fn gaussian_releases() {
    for row in golden().gaussian {
        let mu = f64::from(row.releases).sqrt() / row.noise;
        for (epsilon, expected) in row.delta_at {
            let what = format!("delta at {epsilon}, mu {mu}");
            matches(accountant::delta_at(mu, epsilon), expected, &what);
            // The released bound is never below, and equal unless it had to fall back to the concentrated one.
            assert!(
                release::delta_at(mu, epsilon) >= expected * (1.0 - 1e-6) - ARITHMETIC,
                "{what}"
            );
        }
        for (at, expected) in row.epsilon_of {
            let what = format!("epsilon at {at}, mu {mu}");
            matches(accountant::epsilon_of(mu, delta(at)), expected, &what);
            let released = release::epsilon_of(mu, delta(at));
            assert!(
                released >= expected - ARITHMETIC * expected.max(1.0),
                "{what}: {released} below {expected}"
            );
            if expected < 10.0 && at > 1e-10 {
                matches(released, expected, &what);
            }
        }
    }
}

#[test]
fn calibration() {
    for row in golden().calibration {
        let (epsilon, at) = (Epsilon::new(row.epsilon).unwrap(), delta(row.delta));
        let what = format!("noise for {} {}", row.epsilon, row.delta);
        matches(1.0 / accountant::mu_of(epsilon, at), row.noise, &what);
        let released = release::noise_of(epsilon, at, 1);
        assert!(released >= row.noise * (1.0 - ARITHMETIC), "{what}: {released}");
        // Beyond, the price of discreteness shows.
        if row.epsilon < 10.0 && row.delta > 1e-10 {
            matches(released, row.noise, &what);
        }
        matches(release::noise_of(epsilon, at, 12), released * 12f64.sqrt(), &what);
    }
}

#[test]
fn discrete_noise_on_one_integer() {
    for row in golden().discrete {
        for (epsilon, expected) in row.delta_at {
            let what = format!("{} {} at {epsilon}", row.deviation, row.sensitivity);
            matches(
                discrete::delta_at(row.deviation, row.sensitivity, epsilon),
                expected,
                &what,
            );
        }
    }
}

#[test]
fn concentrated_conversion() {
    for row in golden().concentrated {
        for (at, expected) in row.epsilon_of {
            // Theirs is the best of a grid of orders, ours of all orders: a little smaller is right.
            let found = concentrated::epsilon_of(row.rho, delta(at));
            assert!(
                (found - expected).abs() <= 1e-6 * expected.max(1.0),
                "{} {at}: {found} {expected}",
                row.rho
            );
        }
    }
}
