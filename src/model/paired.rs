//! Comparing two ways on the same users: whether one is surely better.

/// More standard errors that are asked for, divided by the number of users: a standard error of few users is itself
/// uncertain.
const CAUTION: f64 = 20.0;

/// The difference of two ways on the same users.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// Its mean.
    pub mean: f64,
    /// The standard error of the mean, from the differences of single users.
    pub standard_error: f64,
    /// Number of users.
    pub users: usize,
}

impl PairedDifference {
    /// From one value per user, `with` something and `without` it, in the same order.
    pub fn new(with: &[f64], without: &[f64]) -> Self {
        let differences: Vec<f64> = with.iter().zip(without).map(|(with, without)| with - without).collect();
        let count = differences.len() as f64;
        let mean = mean(&differences);
        let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
        Self {
            mean,
            standard_error: (squares / (count - 1.0).max(1.0) / count.max(1.0)).sqrt(),
            users: differences.len(),
        }
    }

    /// Whether the mean is above `standard_errors` standard errors, and above some more of them where users are few.
    pub fn exceeds(&self, standard_errors: f64) -> bool {
        let needed = (standard_errors + CAUTION / self.users as f64) * self.standard_error;
        self.mean > needed && self.mean > 0.0
    }
}

/// Mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_error_is_that_of_the_differences() {
        // Differences 0.1, 0.3, 0.2: mean 0.2, sample variance 0.01.
        let difference = PairedDifference::new(&[0.5, 0.4, 0.9], &[0.4, 0.1, 0.7]);
        assert!((difference.mean - 0.2).abs() < 1e-12);
        assert!((difference.standard_error - (0.01f64 / 3.0).sqrt()).abs() < 1e-12);
        let nothing = PairedDifference::new(&[], &[]);
        assert_eq!((nothing.mean, nothing.standard_error), (0.0, 0.0));
        assert!(!nothing.exceeds(1.0));
    }

    #[test]
    fn the_fewer_users_the_clearer_it_must_be() {
        // Mean 0.5, sample standard deviation about 0.5: 0.05 standard error of 100 users, 0.1 of 24.
        let of = |users: usize| {
            let with: Vec<f64> = (0..users).map(|user| (user % 2) as f64).collect();
            PairedDifference::new(&with, &vec![0.0; users])
        };
        assert!(of(100).exceeds(2.0) && of(100).exceeds(9.0) && !of(100).exceeds(11.0));
        assert!(of(24).exceeds(2.0) && !of(6).exceeds(1.0));
    }
}
