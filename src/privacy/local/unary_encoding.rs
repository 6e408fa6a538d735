//! Optimized unary encoding: one bit per answer, each flipped with a probability of its own.

use rand::CryptoRng;

use super::estimate::{Estimate, estimate};
use super::{WHOLE, check};
use crate::privacy::discrete_gaussian::below;
use crate::privacy::{Epsilon, PrivacyError};

/// Optimized unary encoding: the bit of the true answer is sent with probability one half, every other bit with probability
/// `1 / (exp(epsilon) + 1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnaryEncoding {
    categories: u32,
    /// Probability of a bit whose answer is not the true one, as a fraction of [`WHOLE`].
    rise: u64,
}

impl UnaryEncoding {
    /// A question with `categories` answers, 0 to `categories - 1`.
    ///
    /// # Errors
    /// [`PrivacyError::Epsilon`] above 20, [`PrivacyError::Categories`] unless there are 2 to 65,536 answers.
    pub fn new(epsilon: Epsilon, categories: u32) -> Result<Self, PrivacyError> {
        check(epsilon.get(), categories)?;
        let candidate = |rise: u64| Self { categories, rise };
        // Rounded up, and once more if the logarithm of the fractions says so.
        let mut rise = (WHOLE as f64 / (epsilon.get().exp() + 1.0)).ceil() as u64;
        while candidate(rise).epsilon() > epsilon.get() {
            rise += 1;
        }
        Ok(candidate(rise))
    }

    /// Number of answers.
    pub fn categories(&self) -> u32 {
        self.categories
    }

    /// The exact epsilon. Reports of two answers differ in two bits only, and the worst of their four values has the ratio
    /// `(1/2) (1 - q) / (q (1/2))`.
    pub fn epsilon(&self) -> f64 {
        ((WHOLE - self.rise) as f64 / self.rise as f64).ln()
    }

    /// Probability that a bit is sent, for the true answer and for any other one.
    pub fn probabilities(&self) -> (f64, f64) {
        (0.5, self.rise as f64 / WHOLE as f64)
    }

    /// A report for `answer`: one bit per answer.
    ///
    /// # Errors
    /// [`PrivacyError::Report`] if there is no such answer.
    pub fn report(&self, answer: u32, randomness: &mut impl CryptoRng) -> Result<Vec<bool>, PrivacyError> {
        if answer >= self.categories {
            return Err(PrivacyError::Report);
        }
        Ok((0..self.categories)
            .map(|category| {
                let threshold = if category == answer { WHOLE / 2 } else { self.rise };
                below(WHOLE, randomness) < threshold
            })
            .collect())
    }

    /// People per answer, from the number of reports with each bit among `all` reports.
    ///
    /// # Errors
    /// [`PrivacyError::Report`] unless there is one count per answer and none exceeds `all`.
    pub fn estimate(&self, bits: &[u64], all: u64, confidence: f64) -> Result<Vec<Estimate>, PrivacyError> {
        if bits.len() != self.categories as usize || bits.iter().any(|&seen| seen > all) {
            return Err(PrivacyError::Report);
        }
        let (truly, falsely) = self.probabilities();
        Ok(bits
            .iter()
            .map(|&seen| estimate(seen, all, truly, falsely, confidence))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    fn mechanism(epsilon: f64, categories: u32) -> UnaryEncoding {
        UnaryEncoding::new(Epsilon::new(epsilon).unwrap(), categories).unwrap()
    }

    fn probability(encoding: &UnaryEncoding, answer: u32, report: u32) -> f64 {
        let (truly, falsely) = encoding.probabilities();
        (0..encoding.categories())
            .map(|category| {
                let p = if category == answer { truly } else { falsely };
                if report >> category & 1 == 1 { p } else { 1.0 - p }
            })
            .product()
    }

    proptest! {
        #[test]
        fn all_ratios_of_all_reports_keep_the_promise(epsilon in 0.01f64..15.0, categories in 2u32..9) {
            let encoding = mechanism(epsilon, categories);
            let (mut largest, mut total): (f64, f64) = (0.0, 0.0);
            for report in 0..1u32 << categories {
                total += probability(&encoding, 0, report);
                for (a, b) in (0..categories).flat_map(|a| (0..categories).map(move |b| (a, b))) {
                    largest = largest.max((probability(&encoding, a, report) / probability(&encoding, b, report)).ln());
                }
            }
            prop_assert!((total - 1.0).abs() < 1e-9);
            prop_assert!(largest <= epsilon + 1e-9, "{largest}");
            prop_assert!((largest - encoding.epsilon()).abs() < 1e-9);
            prop_assert!(encoding.epsilon() <= epsilon && encoding.epsilon() > epsilon - 1e-3);
        }
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let encoding = mechanism(1.0, 12);
        let truth = [500u64, 200, 100, 60, 40, 30, 25, 20, 15, 10, 0, 0];
        let (mut covered, mut error) = (0, 0.0);
        for seed in 0..60 {
            let mut randomness = ChaCha20Rng::seed_from_u64(seed);
            let mut bits = [0u64; 12];
            for (answer, people) in (0..).zip(truth) {
                for _ in 0..people {
                    for (count, bit) in bits.iter_mut().zip(encoding.report(answer, &mut randomness).unwrap()) {
                        *count += u64::from(bit);
                    }
                }
            }
            for (estimate, people) in encoding.estimate(&bits, 1_000, 0.9).unwrap().iter().zip(truth) {
                covered += u32::from((estimate.lower..=estimate.upper).contains(&(people as f64)));
                error += (estimate.count - people as f64) / 720.0;
            }
        }
        assert!(f64::from(covered) / 720.0 > 0.85, "{covered}");
        // 720 unbiased estimates with deviations of about 70.
        assert!(error.abs() < 5.0 * 70.0 / 720f64.sqrt(), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let encoding = mechanism(1.0, 3);
        let mut randomness = ChaCha20Rng::seed_from_u64(0);
        assert_eq!(encoding.report(3, &mut randomness), Err(PrivacyError::Report));
        assert_eq!(encoding.estimate(&[1, 2], 5, 0.95), Err(PrivacyError::Report));
        assert_eq!(encoding.estimate(&[1, 2, 6], 5, 0.95), Err(PrivacyError::Report));
        assert!(UnaryEncoding::new(Epsilon::new(1.0).unwrap(), 1).is_err());
    }
}
