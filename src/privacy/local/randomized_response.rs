//! k-ary randomized response: the true answer with a known probability, else any other one.

use rand::CryptoRng;

use super::estimate::{Estimate, estimate};
use super::{WHOLE, check};
use crate::privacy::discrete_gaussian::below;
use crate::privacy::{Epsilon, PrivacyError};

/// k-ary randomized response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomizedResponse {
    categories: u32,
    /// Probability of the true answer, as a fraction of [`WHOLE`].
    keep: u64,
}

impl RandomizedResponse {
    /// A question with `categories` answers, 0 to `categories - 1`.
    ///
    /// # Errors
    /// [`PrivacyError::Epsilon`] above 20, [`PrivacyError::Categories`] unless there are 2 to 65,536 answers.
    pub fn new(epsilon: Epsilon, categories: u32) -> Result<Self, PrivacyError> {
        check(epsilon.get(), categories)?;
        let odds = epsilon.get().exp();
        let probability = odds / (odds + f64::from(categories - 1));
        let candidate = |keep: u64| Self { categories, keep };
        // Rounded down, and once more if the logarithm of the fractions says so.
        let mut keep = (probability * WHOLE as f64).floor() as u64;
        while candidate(keep).epsilon() > epsilon.get() {
            keep -= 1;
        }
        Ok(candidate(keep))
    }

    /// Number of answers.
    pub fn categories(&self) -> u32 {
        self.categories
    }

    /// The exact epsilon: the logarithm of the largest ratio between the probabilities of one report under two answers.
    pub fn epsilon(&self) -> f64 {
        (self.probability(0, 0) / self.probability(1, 0)).ln().abs()
    }

    /// Probability that somebody whose answer is `answer` reports `report`.
    pub fn probability(&self, answer: u32, report: u32) -> f64 {
        let keep = self.keep as f64 / WHOLE as f64;
        if answer == report {
            keep
        } else {
            (WHOLE - self.keep) as f64 / WHOLE as f64 / f64::from(self.categories - 1)
        }
    }

    /// A report for `answer`.
    ///
    /// # Errors
    /// [`PrivacyError::Report`] if there is no such answer.
    pub fn report(&self, answer: u32, randomness: &mut impl CryptoRng) -> Result<u32, PrivacyError> {
        if answer >= self.categories {
            return Err(PrivacyError::Report);
        }
        if below(WHOLE, randomness) < self.keep {
            return Ok(answer);
        }
        let other = below(u64::from(self.categories - 1), randomness) as u32;
        Ok(if other < answer { other } else { other + 1 })
    }

    /// People per answer, from the number of reports per answer.
    ///
    /// # Errors
    /// [`PrivacyError::Report`] unless there is one count per answer.
    pub fn estimate(&self, reports: &[u64], confidence: f64) -> Result<Vec<Estimate>, PrivacyError> {
        if reports.len() != self.categories as usize {
            return Err(PrivacyError::Report);
        }
        let all = reports.iter().sum();
        let (truly, falsely) = (self.probability(0, 0), self.probability(1, 0));
        Ok(reports
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

    fn mechanism(epsilon: f64, categories: u32) -> RandomizedResponse {
        RandomizedResponse::new(Epsilon::new(epsilon).unwrap(), categories).unwrap()
    }

    proptest! {
        #[test]
        fn all_ratios_of_all_reports_keep_the_promise(epsilon in 0.01f64..15.0, categories in 2u32..40) {
            let response = mechanism(epsilon, categories);
            let mut largest: f64 = 0.0;
            for report in 0..categories {
                for (a, b) in (0..categories).flat_map(|a| (0..categories).map(move |b| (a, b))) {
                    largest = largest.max((response.probability(a, report) / response.probability(b, report)).ln());
                }
            }
            let total: f64 = (0..categories).map(|report| response.probability(0, report)).sum();
            prop_assert!((total - 1.0).abs() < 1e-9);
            prop_assert!(largest <= epsilon * (1.0 + 1e-12), "{largest}");
            prop_assert!((largest - response.epsilon()).abs() < 1e-12);
            prop_assert!(largest > epsilon - 1e-3, "{largest}");
        }
    }

    #[test]
    fn reports_have_the_stated_probabilities() {
        const REPORTS: u32 = 100_000;
        let response = mechanism(1.0, 5);
        let mut randomness = ChaCha20Rng::seed_from_u64(11);
        let mut counts = [0f64; 5];
        for _ in 0..REPORTS {
            counts[response.report(2, &mut randomness).unwrap() as usize] += 1.0;
        }
        for (report, count) in (0..).zip(counts) {
            let p = response.probability(2, report);
            let error = (p * (1.0 - p) * f64::from(REPORTS)).sqrt();
            assert!(
                (count - p * f64::from(REPORTS)).abs() < 5.0 * error,
                "{report}: {count}"
            );
        }
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let response = mechanism(1.5, 4);
        let truth = [600u64, 250, 100, 50];
        let (mut covered, mut error) = (0, [0f64; 4]);
        for seed in 0..300 {
            let mut randomness = ChaCha20Rng::seed_from_u64(seed);
            let mut reports = [0u64; 4];
            for (answer, people) in (0..).zip(truth) {
                for _ in 0..people {
                    reports[response.report(answer, &mut randomness).unwrap() as usize] += 1;
                }
            }
            for (place, estimate) in response.estimate(&reports, 0.9).unwrap().iter().enumerate() {
                let people = truth[place] as f64;
                covered += u32::from((estimate.lower..=estimate.upper).contains(&people));
                error[place] += (estimate.count - people) / 300.0;
            }
        }
        // 1,200 intervals, of which at least 90 % should cover; five standard deviations of luck are about 4 %.
        assert!(f64::from(covered) / 1200.0 > 0.86, "{covered}");
        // The mean error of 300 unbiased estimates with deviations of about 30.
        assert!(error.iter().all(|error| error.abs() < 10.0), "{error:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let response = mechanism(1.0, 3);
        let mut randomness = ChaCha20Rng::seed_from_u64(0);
        assert_eq!(response.report(3, &mut randomness), Err(PrivacyError::Report));
        assert_eq!(response.estimate(&[1, 2], 0.95), Err(PrivacyError::Report));
        let epsilon = Epsilon::new(1.0).unwrap();
        for categories in [0, 1, 70_000] {
            assert!(RandomizedResponse::new(epsilon, categories).is_err());
        }
        assert!(RandomizedResponse::new(Epsilon::new(21.0).unwrap(), 3).is_err());
    }
}
