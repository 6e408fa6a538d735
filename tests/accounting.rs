//! Accounting against golden values of Google's `dp_accounting` (`tools/oracles/gaussian_dp.py`), and of sums of discrete
//! Gaussians computed from their definition (`tools/oracles/discrete_sums.py`).

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use shoal::privacy::accountant::{self, concentrated, discrete, release, rounding};
use shoal::privacy::distributed::{sum_delta_at, sum_gap};
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

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/accounting.json")).unwrap()
}

#[derive(Deserialize)]
struct GoldenSums {
    sums: Vec<SumRow>,
}

#[derive(Deserialize)]
struct SumRow {
    deviation: f64,
    shares: u32,
    sensitivity: u32,
    gap: Option<f64>,
    delta_at: Vec<(f64, f64)>,
}

/// Never below, and above by no more than a millionth of it.
fn matches(found: f64, expected: f64, what: &str) {
    assert!(found >= expected, "{what}: {found} is below {expected}");
    // Golden deltas are differences of numbers up to 1 in `f64`.
    assert!(
        found <= expected * (1.0 + 1e-6) + 1e-15,
        "{what}: {found} is above {expected}"
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
            let released = release::delta_at(mu, epsilon);
            assert!(released >= expected, "{what}: {released} is below {expected}");
        }
        for (at, expected) in row.epsilon_of {
            let what = format!("epsilon at {at}, mu {mu}");
            matches(accountant::epsilon_of(mu, delta(at)), expected, &what);
            let released = release::epsilon_of(mu, delta(at));
            assert!(released >= expected, "{what}: {released} is below {expected}");
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
        assert!(released >= row.noise, "{what}: {released} is below {}", row.noise);
        // Beyond, the price of discreteness shows.
        if row.epsilon < 10.0 && row.delta > 1e-10 {
            matches(released, row.noise, &what);
        }
        let twelve = release::noise_of(epsilon, at, 12) / 12f64.sqrt();
        assert!((twelve / released - 1.0).abs() < 1e-14, "{what}: {twelve} {released}");
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
            let what = format!("epsilon at {at}, rho {}", row.rho);
            matches(concentrated::epsilon_of(row.rho, delta(at)), expected, &what);
        }
    }
}

#[test]
fn sums_of_discrete_noise() {
    let golden: GoldenSums = serde_json::from_str(include_str!("golden/discrete_sums.json")).unwrap();
    for row in golden.sums {
        let sensitivity = f64::from(row.sensitivity);
        let deviation = row.deviation * f64::from(row.shares).sqrt();
        let what = format!("{} shares of deviation {}", row.shares, row.deviation);
        if let Some(gap) = row.gap {
            // How far a sum is from one discrete Gaussian.
            let bound = sum_gap(row.deviation, row.shares);
            assert!(bound >= gap, "{what}: {bound} is below {gap}");
            assert!(bound <= 3.0 * gap, "{what}: {bound} is far above {gap}");
        }
        for (epsilon, exact) in row.delta_at {
            let what = format!("{what}, sensitivity {sensitivity}, epsilon {epsilon}");
            let bound = sum_delta_at(row.deviation, row.shares, sensitivity, 1, epsilon);
            assert!(bound >= exact, "{what}: {bound} is below {exact}");
            // Nothing is paid but the stated prices of discreteness.
            let price = (1.0 + f64::exp(epsilon)) * rounding::gap(deviation, 1.0);
            assert!(
                bound <= 1.0 && bound <= exact * (1.0 + 1e-6) + price * 2.0,
                "{what}: {bound} is far above {exact}"
            );
        }
    }
}
