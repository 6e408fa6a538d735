//! What releases cost: from noise to (epsilon, delta) and back.
//!
//! | module | mechanism | result |
//! |---|---|---|
//! | [`gaussian`] | continuous Gaussian noise | exact |
//! | [`discrete`] | discrete Gaussian noise on one integer | exact |
//! | [`concentrated`] | anything with a bound on its zero-concentrated divergence | upper bound |
//! | [`rounding`] | distance between discrete and rounded continuous noise | upper bound |
//! | [`release`] | a release as this crate makes it, and any number of them | the smaller of two upper bounds |
//!
//! Costs of releases are always charged by [`release`]; the others are what it is made of, and what it is tested with.
//!
//! Results are rounded to the safe side: a delta or an epsilon is never below the true one, a mu never above it. Each
//! formula bounds what `f64` can lose in it and adds that, and then a further part in 10^9 of delta, which is also more
//! than other accountants lose.

pub mod concentrated;
pub mod discrete;
pub mod gaussian;
pub mod release;
pub mod rounding;

pub use gaussian::{delta_at, epsilon_of, mu_of};

/// A delta, widened by more than is lost in computing it.
const WIDENED: f64 = 1.0 + 1e-9;

/// Bound on what a few roundings and elementary functions lose of a sum whose terms have absolute values that add up to
/// `size`.
fn lost(size: f64) -> f64 {
    16.0 * f64::EPSILON * (1.0 + size)
}

/// Smallest value in (`low`, `high`] at which the monotone `predicate` is true, to about 1e-13 relative.
fn bisect(mut low: f64, mut high: f64, predicate: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if predicate(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
