//! Privacy parameters that cannot hold a senseless value, and the division of a year's budget into releases.

use super::PrivacyError;
use super::accountant::release;

/// The epsilon of (epsilon, delta) differential privacy: positive and finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Epsilon(f64);

impl Epsilon {
    /// # Errors
    /// [`PrivacyError::Epsilon`] unless `value` is positive and finite.
    pub fn new(value: f64) -> Result<Self, PrivacyError> {
        if value > 0.0 && value.is_finite() {
            Ok(Self(value))
        } else {
            Err(PrivacyError::Epsilon(value))
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The delta of (epsilon, delta) differential privacy: strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Delta(f64);

impl Delta {
    /// # Errors
    /// [`PrivacyError::Delta`] unless 0 < `value` < 1.
    pub fn new(value: f64) -> Result<Self, PrivacyError> {
        if value > 0.0 && value < 1.0 {
            Ok(Self(value))
        } else {
            Err(PrivacyError::Delta(value))
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// What one account may lose in a year, and among how many releases it is divided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnnualBudget {
    epsilon: Epsilon,
    delta: Delta,
    releases: u32,
}

impl AnnualBudget {
    /// # Errors
    /// [`PrivacyError::NoReleases`] when `releases` is 0.
    pub fn new(epsilon: Epsilon, delta: Delta, releases: u32) -> Result<Self, PrivacyError> {
        if releases == 0 {
            Err(PrivacyError::NoReleases)
        } else {
            Ok(Self {
                epsilon,
                delta,
                releases,
            })
        }
    }

    /// Epsilon of the whole year.
    pub fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    /// Delta of the whole year, and of every single release when its own epsilon is stated.
    pub fn delta(&self) -> Delta {
        self.delta
    }

    /// Gaussian-DP parameter mu of the whole year. Squares of mu add up over releases
    /// (Dong, Roth, Su 2022, corollary 3.3); the price of discrete noise is included, see [`release`].
    pub fn annual_mu(&self) -> f64 {
        release::mu_of(self.epsilon, self.delta)
    }

    /// Epsilon, at the budget's delta, of releases with these Gaussian-DP parameters together; 0 for none.
    pub fn epsilon_of(&self, mus: &[f64]) -> f64 {
        let squared: f64 = mus.iter().map(|mu| mu * mu).sum();
        if squared > 0.0 {
            release::epsilon_of(squared.sqrt(), self.delta)
        } else {
            0.0
        }
    }

    /// Which share of the year's budget releases have used up together whose squares of mu add up to `mu_squared`: 0.25 after
    /// three of twelve equal releases. It is the share of what the accountant adds up, squares of mu (equally, the `rho` of
    /// zero-concentrated differential privacy); epsilon does not add up, so its own ratio would say 0.45 then.
    pub fn share_of(&self, mu_squared: f64) -> f64 {
        mu_squared.max(0.0) / self.annual_mu().powi(2)
    }

    /// Gaussian-DP parameter mu of one of the equal releases.
    pub fn release_mu(&self) -> f64 {
        self.annual_mu() / f64::from(self.releases).sqrt()
    }

    /// Whether a release can be made with it: its noise must fit the grid, and be enough for the proofs.
    pub fn is_usable(&self) -> bool {
        (release::SMALLEST_MU..=release::LARGEST_MU).contains(&self.release_mu())
    }

    /// Smallest and largest usable epsilon with this delta and this number of releases, rounded to three digits that are
    /// usable themselves. A smallest one of 0 means that every positive epsilon is large enough.
    pub fn usable_epsilons(&self) -> (f64, f64) {
        let epsilon_at = |mu: f64| release::epsilon_of(mu * f64::from(self.releases).sqrt(), self.delta);
        let tiniest = Self {
            epsilon: Epsilon(f64::MIN_POSITIVE),
            ..*self
        };
        let smallest = if tiniest.is_usable() {
            0.0
        } else {
            three_digits(epsilon_at(release::SMALLEST_MU), f64::ceil)
        };
        (smallest, three_digits(epsilon_at(release::LARGEST_MU), f64::floor))
    }
}

fn three_digits(value: f64, round: fn(f64) -> f64) -> f64 {
    let digit = 10f64.powf(value.log10().floor() - 2.0);
    let rounded = round(value / digit) * digit;
    // Without the dust of the multiplication.
    format!("{rounded:.2e}").parse().unwrap_or(rounded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_said_to_be_usable_is_and_what_lies_beyond_is_not(exponent in -12.0f64..-2.0, releases in 1u32..400) {
            let delta = Delta::new(10f64.powf(exponent)).unwrap();
            let usable = |epsilon| AnnualBudget::new(Epsilon::new(epsilon).unwrap(), delta, releases).unwrap().is_usable();
            let any = AnnualBudget::new(Epsilon::new(1.0).unwrap(), delta, releases).unwrap();
            let (smallest, largest) = any.usable_epsilons();
            prop_assert!(smallest > 0.0 || usable(1e-12));
            prop_assert!(smallest <= 0.0 || (usable(smallest) && !usable(smallest * 0.98)), "{smallest}");
            prop_assert!(usable(largest) && !usable(largest * 1.02), "{largest}");
            prop_assert!(usable(4.0));
        }
    }

    #[test]
    fn the_shipped_delta_and_number_of_releases_need_an_epsilon_that_is_not_tiny() {
        let budget =
            |epsilon: f64| AnnualBudget::new(Epsilon::new(epsilon).unwrap(), Delta::new(1e-6).unwrap(), 12).unwrap();
        let (smallest, _) = budget(4.0).usable_epsilons();
        assert!(smallest > 1e-4 && smallest < 1e-2, "{smallest}");
        for (epsilon, usable) in [
            (f64::MIN_POSITIVE, false),
            (1e-9, false),
            (smallest, true),
            (4.0, true),
            (f64::MAX, false),
        ] {
            assert_eq!(budget(epsilon).is_usable(), usable, "{epsilon}");
        }
    }

    #[test]
    fn senseless_numbers_are_refused() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Epsilon::new(value), Err(PrivacyError::Epsilon(_))), "{value}");
        }
        for value in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
            assert!(matches!(Delta::new(value), Err(PrivacyError::Delta(_))), "{value}");
        }
        let (epsilon, delta) = (Epsilon::new(4.0).unwrap(), Delta::new(1e-6).unwrap());
        assert_eq!(AnnualBudget::new(epsilon, delta, 0), Err(PrivacyError::NoReleases));
    }

    #[test]
    fn shares_of_equal_releases_add_up_to_the_year() {
        let (epsilon, delta) = (Epsilon::new(4.0).unwrap(), Delta::new(1e-6).unwrap());
        let budget = AnnualBudget::new(epsilon, delta, 12).unwrap();
        let one = budget.share_of(budget.release_mu().powi(2));
        assert!((one - 1.0 / 12.0).abs() < 1e-12, "{one}");
        assert!(budget.share_of(0.0).abs() < 1e-12);
        // The ratio of epsilons, which would mislead.
        let ratio = budget.epsilon_of(&[budget.release_mu()]) / 4.0;
        assert!(ratio > 0.25, "{ratio}");
        let three = budget.epsilon_of(&[budget.release_mu(); 3]) / 4.0;
        assert!((three - 0.45).abs() < 0.05, "{three}");
    }

    #[test]
    fn the_releases_of_a_year_use_up_its_budget_and_not_more() {
        let (epsilon, delta) = (Epsilon::new(4.0).unwrap(), Delta::new(1e-6).unwrap());
        for releases in [1, 12, 52, 365] {
            let budget = AnnualBudget::new(epsilon, delta, releases).unwrap();
            let epsilon = budget.epsilon_of(&vec![budget.release_mu(); releases as usize]);
            assert!(budget.epsilon_of(&[]).abs() < 1e-12);
            assert!(epsilon <= 4.0 + 1e-9 && epsilon > 4.0 - 1e-6, "{epsilon}");
        }
    }
}
