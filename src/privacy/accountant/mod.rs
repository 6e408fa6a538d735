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
//! Results are rounded to the safe side of what is computed in `f64`; the computation itself is good to about 12 digits.

pub mod concentrated;
pub mod discrete;
pub mod gaussian;
pub mod release;
pub mod rounding;

pub(crate) use gaussian::log_normal_cdf;
pub use gaussian::{delta_at, epsilon_of, mu_of};

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
