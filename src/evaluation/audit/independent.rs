//! A tighter lower bound for mechanisms whose noise is Gaussian and independent between canaries, as ours claims to be.
//!
//! Every canary is then a trial of its own. A test that accuses the present with rate `t` and the absent with rate `f`
//! shows that the mechanism is not mu-GDP for any `mu` below `Phi^-1(t) - Phi^-1(f)` (Nasr et al. 2023). Both rates are
//! replaced by bounds that hold with the wanted confidence, by the Chernoff bound.

use super::Canaries;
use super::membership::normal_quantile;

/// A presence score above this is an accusation; chosen before anything is seen.
const THRESHOLD: f32 = 0.5;

/// Lower bound on mu that is wrong with probability at most `risk`.
pub fn mu_lower_bound(canaries: &Canaries, risk: f64) -> f64 {
    let rate = |present: bool| {
        let (mut accused, mut all) = (0usize, 0usize);
        for (score, _) in canaries
            .scores()
            .iter()
            .zip(canaries.present())
            .filter(|(_, p)| **p == present)
        {
            all += 1;
            accused += usize::from(*score > THRESHOLD);
        }
        (accused, all)
    };
    let ((hits, present), (alarms, absent)) = (rate(true), rate(false));
    let hit_rate = smallest_rate(hits, present, risk / 2.0);
    let alarm_rate = 1.0 - smallest_rate(absent - alarms, absent, risk / 2.0);
    if hit_rate <= 0.0 || alarm_rate >= 1.0 {
        return 0.0;
    }
    (normal_quantile(hit_rate) - normal_quantile(alarm_rate)).max(0.0)
}

/// Smallest probability under which `successes` of `trials` or more are not less likely than `risk`, by
/// `P <= exp(-n KL(observed, p))`.
fn smallest_rate(successes: usize, trials: usize, risk: f64) -> f64 {
    if trials == 0 {
        return 0.0;
    }
    let observed = successes as f64 / trials as f64;
    let term = |a: f64, b: f64| if a > 0.0 { a * (a / b).ln() } else { 0.0 };
    let limit = -risk.ln() / trials as f64;
    let (mut low, mut high) = (0.0, observed);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if term(observed, middle) + term(1.0 - observed, 1.0 - middle) > limit {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_successes_bound_the_rate_by_the_closed_form() {
        // p^n = risk.
        let found = smallest_rate(1_000, 1_000, 0.01);
        assert!((found - 0.01f64.powf(1e-3)).abs() < 1e-12, "{found}");
        assert!(smallest_rate(0, 1_000, 0.01).abs() < 1e-12);
    }

    #[test]
    fn lies_below_the_observed_rate_by_a_few_standard_errors() {
        let found = smallest_rate(60_000, 100_000, 0.01);
        let error = (0.6f64 * 0.4 / 1e5).sqrt();
        assert!(found < 0.6 - 2.0 * error && found > 0.6 - 4.0 * error, "{found}");
    }
}
