//! A lower bound on epsilon from a single release (Steinke, Nasr, Jagielski 2023).
//!
//! Each of `m` canaries takes part with probability one half. The attacker guesses about `r` of them and abstains about the
//! rest. If the release is (epsilon, delta)-differentially private, then by theorem 5.2 the number of correct guesses is
//! at least `v` with probability at most
//!
//! ```text
//! P[B >= v] + 2 m delta max over i of P[v > B >= v - i] / i,    B ~ Binomial(r, exp(epsilon) / (1 + exp(epsilon))).
//! ```

use crate::privacy::Delta;

/// Probability that a mechanism with `epsilon` and `delta` allows at least `correct` of `guesses` about `canaries`.
pub fn p_value(canaries: usize, guesses: usize, correct: usize, epsilon: f64, delta: Delta) -> f64 {
    let (n, v) = (guesses as f64, correct as f64);
    // The odds of the binomial variable are exp(epsilon). At or below its mean nothing is refuted, and the sums below
    // would start where terms are too small for f64.
    if v <= n / (1.0 + (-epsilon).exp()) {
        return 1.0;
    }
    let (log_q, log_rest) = (-(-epsilon).exp().ln_1p(), -epsilon - (-epsilon).exp().ln_1p());
    let log_mass = |k: f64| {
        libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0) + k * log_q + (n - k) * log_rest
    };
    // Upwards from v, where terms only fall.
    let mut tail = 0.0;
    let mut log = log_mass(v);
    let mut k = v;
    while k <= n {
        let mass = log.exp();
        tail += mass;
        if mass <= tail * 1e-17 {
            break;
        }
        log += ((n - k) / (k + 1.0)).ln() + epsilon;
        k += 1.0;
    }
    // Downwards from v - 1, where they rise before they fall; logarithms, because the first may be too small for f64.
    let (mut steepest, mut sum): (f64, f64) = (0.0, 0.0);
    let mut log = log_mass(v - 1.0);
    for i in 1..=correct {
        let k = v - i as f64;
        sum += log.exp();
        steepest = steepest.max(sum / i as f64);
        if 1.0 / (i as f64) <= steepest {
            break;
        }
        log += (k / (n - k + 1.0)).ln() - epsilon;
    }
    (tail + 2.0 * canaries as f64 * delta.get() * steepest).min(1.0)
}

/// Largest epsilon whose [`p_value`] is at most `risk`; 0 when there is none.
pub fn epsilon_lower_bound(canaries: usize, guesses: usize, correct: usize, delta: Delta, risk: f64) -> f64 {
    let refuted = |epsilon: f64| p_value(canaries, guesses, correct, epsilon, delta) <= risk;
    if !refuted(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while refuted(high) {
        (low, high) = (high, high * 2.0);
    }
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if refuted(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TINY: f64 = 1e-300;

    fn binomial(n: usize, q: f64) -> Vec<f64> {
        let mut masses = vec![0.0; n + 1];
        masses[0] = 1.0;
        for step in 0..n {
            for k in (0..=step).rev() {
                masses[k + 1] += masses[k] * q;
                masses[k] *= 1.0 - q;
            }
        }
        masses
    }

    proptest! {
        #[test]
        fn equals_the_formula(n in 1usize..60, share in 0.0f64..=1.0, epsilon in 0.0f64..5.0, exponent in -9.0f64..-1.0) {
            let v = ((n as f64 * share) as usize).max(1);
            let q = 1.0 / (1.0 + (-epsilon).exp());
            let masses = binomial(n, q);
            let tail: f64 = masses[v..].iter().sum();
            let steepest = (1..=v).map(|i| masses[v - i..v].iter().sum::<f64>() / i as f64).fold(0.0, f64::max);
            let delta = 10f64.powf(exponent);
            let above = v as f64 > n as f64 * q;
            let expected = if above { (tail + 2.0 * 100.0 * delta * steepest).min(1.0) } else { 1.0 };
            let found = p_value(100, n, v, epsilon, Delta::new(delta).unwrap());
            prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn all_correct_guesses_bound_epsilon_by_the_closed_form() {
        // q^r = 0.05.
        let delta = Delta::new(TINY).unwrap();
        let found = epsilon_lower_bound(10_000, 10_000, 10_000, delta, 0.05);
        let q = 0.05f64.powf(1.0 / 10_000.0);
        assert!((found - (q / (1.0 - q)).ln()).abs() < 1e-6, "{found}");
    }

    #[test]
    fn numbers_that_are_too_small_for_floating_point_do_not_look_like_proof() {
        let delta = Delta::new(1e-6).unwrap();
        // Far fewer right than expected: the terms around v vanish.
        assert!((p_value(200_000, 59_618, 55_952, 30.0, delta) - 1.0).abs() < TINY);
        // Far more right than expected: what is left is the part of delta, about 2 m delta / (v - mean).
        let rest = p_value(200_000, 4_000, 4_000, 0.1, delta);
        assert!(rest > 0.4 / 2_000.0 && rest < 0.4 / 1_500.0, "{rest}");
    }

    #[test]
    fn guessing_blindly_proves_nothing() {
        let delta = Delta::new(1e-6).unwrap();
        assert!(epsilon_lower_bound(10_000, 1_000, 500, delta, 0.05).abs() < TINY);
        assert!(epsilon_lower_bound(10_000, 1_000, 0, delta, 0.05).abs() < TINY);
    }
}
