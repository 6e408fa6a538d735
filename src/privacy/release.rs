//! One release: bounded contributions are summed on an integer grid, noise is added once, the grid is coarsened.

use rand::CryptoRng;
use rand_distr::{Distribution, StandardNormal};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::clipping::{UnitBall, clip_weights};
use super::grid::packed_length;
use super::{BudgetShares, Delta, EvidenceGrid, NoiseStatement, Noised, PrivacyError, accountant};
use crate::model::contribution::Contribution;
use crate::model::evidence::BasisId;
use crate::model::support::Support;

/// Grid steps per unit of the clipping norm while summing: fine enough that truncation loses nothing that matters.
const STEPS_PER_UNIT: i64 = 1 << 20;
/// The published grid has about this many steps per standard deviation of the noise.
const STEPS_PER_DEVIATION: f64 = 8.0;

/// Sums contributions. Holds raw evidence, so it can be neither printed nor encoded, and is wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct EvidenceSum {
    #[zeroize(skip)]
    basis: BasisId,
    dimensions: u16,
    #[zeroize(skip)]
    support: Support,
    #[zeroize(skip)]
    shares: BudgetShares,
    videos: Vec<i64>,
    channels: Vec<i64>,
    gram: Vec<i64>,
    contributors: usize,
}

impl EvidenceSum {
    /// An empty sum over `support` in a basis of `dimensions`.
    pub fn new(basis: BasisId, dimensions: u16, support: Support, shares: BudgetShares) -> Self {
        let d = usize::from(dimensions);
        Self {
            basis,
            dimensions,
            videos: vec![0; support.videos().len() * d],
            channels: vec![0; support.channels().len() * d],
            gram: vec![0; packed_length(d)],
            contributors: 0,
            support,
            shares,
        }
    }

    /// Accounts added so far.
    pub fn contributors(&self) -> usize {
        self.contributors
    }

    /// Adds one account. Places outside the list are ignored; a factor of another length counts as cut or padded with
    /// zeros.
    pub fn add(&mut self, contribution: &Contribution) {
        let d = usize::from(self.dimensions);
        let mut factor = contribution.factor.clone();
        factor.resize(d, 0.0);
        let factor_in_ball = UnitBall::clip(&factor);
        factor.zeroize();
        let x = &factor_in_ball.0;

        let shares = self.shares;
        add_products(&mut self.videos, d, x, shares.videos, &contribution.videos);
        add_products(&mut self.channels, d, x, shares.channels, &contribution.channels);
        let mut place = 0;
        for row in 0..d {
            for column in 0..=row {
                let weight = if row == column { 1.0 } else { std::f64::consts::SQRT_2 };
                self.gram[place] += to_grid(shares.gram * weight * x[row] * x[column]);
                place += 1;
            }
        }
        self.contributors += 1;
    }

    /// Adds noise and gives the sum away: the only way out of it.
    ///
    /// `mu` is the Gaussian-DP parameter of this release; `delta` is that of the stated epsilon.
    ///
    /// # Errors
    /// [`PrivacyError::TooFewContributors`], or [`PrivacyError::GridOverflow`]; nothing is released then.
    pub fn release(
        mut self,
        mu: f64,
        delta: Delta,
        minimum_contributors: usize,
        randomness: &mut impl CryptoRng,
    ) -> Result<Noised<EvidenceGrid>, PrivacyError> {
        if self.contributors < minimum_contributors.max(1) {
            return Err(PrivacyError::TooFewContributors {
                contributors: self.contributors,
                minimum: minimum_contributors.max(1),
            });
        }
        if !(mu > 0.0 && mu.is_finite()) {
            return Err(PrivacyError::Epsilon(mu));
        }
        let noise_multiplier = 1.0 / mu;
        let deviation = noise_multiplier * STEPS_PER_UNIT as f64;
        if deviation > 2f64.powi(50) {
            return Err(PrivacyError::GridOverflow);
        }
        let coarse = coarse_step(deviation);
        let mut noised = |values: &mut Vec<i64>| {
            let mut values = std::mem::take(values);
            for value in &mut values {
                let noise: f64 = StandardNormal.sample(randomness);
                *value = round_to_multiple(*value + (noise * deviation).round() as i64, coarse);
            }
            values
        };
        let mut count = vec![to_grid(self.shares.contributors * self.contributors as f64)];
        let value = EvidenceGrid {
            basis: self.basis,
            dimensions: self.dimensions,
            support: std::mem::take(&mut self.support),
            shares: self.shares,
            step: coarse as f64 / STEPS_PER_UNIT as f64,
            videos: noised(&mut self.videos),
            channels: noised(&mut self.channels),
            gram: noised(&mut self.gram),
            contributors: noised(&mut count)[0],
        };
        let noise = NoiseStatement {
            noise_multiplier,
            clipping_norm: 1.0,
            epsilon: accountant::epsilon_of(mu, delta),
            delta: delta.get(),
        };
        Ok(Noised { value, noise })
    }
}

fn add_products(sums: &mut [i64], d: usize, x: &[f64], share: f64, weights: &[(u32, f32)]) {
    let (places, weights) = clip_weights(weights);
    for (&place, weight) in places.iter().zip(&weights.0) {
        let start = place as usize * d;
        if let Some(row) = sums.get_mut(start..start + d) {
            for (sum, x) in row.iter_mut().zip(x) {
                *sum += to_grid(share * weight * x);
            }
        }
    }
}

/// Towards zero, so that no vector gets longer. Sums stay far below the range of `i64`.
fn to_grid(value: f64) -> i64 {
    (value * STEPS_PER_UNIT as f64).trunc() as i64
}

/// Largest power of two that leaves [`STEPS_PER_DEVIATION`] steps in one standard deviation.
fn coarse_step(deviation: f64) -> i64 {
    let exponent = (deviation / STEPS_PER_DEVIATION).log2().floor().clamp(0.0, 40.0);
    1i64 << exponent as u32
}

/// `value` in units of `step`, to the nearest; `step` is a power of two.
fn round_to_multiple(value: i64, step: i64) -> i64 {
    (value + step / 2).div_euclid(step)
}

#[cfg(test)]
impl EvidenceSum {
    /// All integers of the sum in one list, with the contributor count on the grid; for tests of sensitivity.
    fn integers(&self) -> Vec<i64> {
        let mut all = self.videos.clone();
        all.extend(&self.channels);
        all.extend(&self.gram);
        all.push(to_grid(self.shares.contributors * self.contributors as f64));
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::privacy::DecodeLimits;

    const DIMENSIONS: u16 = 4;

    fn empty_sum(videos: usize, channels: usize) -> EvidenceSum {
        let names = |prefix: &str, n: usize| (0..n).map(|i| format!("https://{prefix}.example/{i:04}")).collect();
        EvidenceSum::new(
            BasisId([7; 32]),
            DIMENSIONS,
            Support::new(names("v", videos), names("c", channels)),
            BudgetShares::from_weights(0.6, 0.2, 0.15, 0.05).unwrap(),
        )
    }

    fn any_value() -> impl Strategy<Value = f32> {
        prop_oneof![
            -2.0f32..2.0,
            Just(0.0),
            Just(f32::MAX),
            Just(f32::MIN_POSITIVE),
            Just(f32::NAN),
            Just(f32::INFINITY),
            Just(f32::NEG_INFINITY),
            -1e30f32..1e30,
        ]
    }

    fn any_contribution() -> impl Strategy<Value = Contribution> {
        let weights = || proptest::collection::vec((0u32..12, any_value()), 0..30);
        (proptest::collection::vec(any_value(), 0..6), weights(), weights()).prop_map(|(factor, videos, channels)| {
            Contribution {
                factor,
                videos,
                channels,
            }
        })
    }

    proptest! {
        /// The claim of `clipping`: one whole account moves the integers by at most one clipping norm.
        #[test]
        fn one_account_moves_the_integers_by_at_most_the_clipping_norm(
            others in proptest::collection::vec(any_contribution(), 0..5),
            account in any_contribution(),
        ) {
            let mut sum = empty_sum(10, 8);
            others.iter().for_each(|other| sum.add(other));
            let without = sum.integers();
            sum.add(&account);
            // The count is computed from the total, so its own truncation is allowed one step.
            let squared: i128 = sum.integers().iter().zip(&without).map(|(a, b)| i128::from(a - b).pow(2)).sum();
            let bound = i128::from(STEPS_PER_UNIT) + 1;
            prop_assert!(squared <= bound * bound, "{squared}");
        }

        #[test]
        fn what_is_encoded_is_what_is_decoded(accounts in proptest::collection::vec(any_contribution(), 1..6), seed: u64) {
            let mut sum = empty_sum(10, 8);
            accounts.iter().for_each(|account| sum.add(account));
            let mut randomness = ChaCha20Rng::seed_from_u64(seed);
            let released = sum.release(0.5, Delta::new(1e-6).unwrap(), 1, &mut randomness).unwrap();
            let bytes = released.encode().unwrap();
            let decoded = Noised::<EvidenceGrid>::decode(&bytes, DecodeLimits::default()).unwrap();
            prop_assert!(decoded == released);
        }

        #[test]
        fn damaged_payloads_never_panic(seed: u64, place in 0usize..4000, bit in 0u8..8, cut in 0usize..4000) {
            let mut sum = empty_sum(10, 8);
            sum.add(&Contribution { factor: vec![1.0; 4], videos: vec![(1, 1.0)], channels: vec![(2, 1.0)] });
            let mut randomness = ChaCha20Rng::seed_from_u64(seed);
            let mut bytes = sum.release(0.5, Delta::new(1e-6).unwrap(), 1, &mut randomness).unwrap().encode().unwrap();
            let length = bytes.len();
            bytes[place % length] ^= 1 << bit;
            let _ = Noised::<EvidenceGrid>::decode(&bytes, DecodeLimits::default());
            let _ = Noised::<EvidenceGrid>::decode(&bytes[..cut % length], DecodeLimits::default());
        }
    }

    #[test]
    fn the_noise_has_the_stated_deviation_and_no_entry_is_left_out() {
        let mu = 0.4;
        let mut sum = empty_sum(2_000, 10);
        sum.add(&Contribution {
            factor: vec![1.0, 0.0, 0.0, 0.0],
            videos: vec![],
            channels: vec![],
        });
        let mut randomness = ChaCha20Rng::seed_from_u64(1);
        let released = sum.release(mu, Delta::new(1e-6).unwrap(), 1, &mut randomness).unwrap();
        let share = released.value().shares().videos;
        let values = released.value().video_sums();
        let variance = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64;
        let deviation = variance.sqrt() * share;
        // 8,000 values: the sample deviation lies within 4 % with overwhelming probability.
        assert!((deviation * mu - 1.0).abs() < 0.04, "{deviation}");
        let zeros = values.iter().filter(|v| **v == 0.0).count();
        assert!(zeros < values.len() / 10, "{zeros} entries are zero");
    }

    #[test]
    fn too_few_contributors_release_nothing() {
        let mut randomness = ChaCha20Rng::seed_from_u64(1);
        let delta = Delta::new(1e-6).unwrap();
        let error = empty_sum(1, 1).release(0.5, delta, 0, &mut randomness).unwrap_err();
        assert_eq!(
            error,
            PrivacyError::TooFewContributors {
                contributors: 0,
                minimum: 1
            }
        );
    }

    #[test]
    fn an_absurd_amount_of_noise_is_an_overflow() {
        let mut sum = empty_sum(1, 1);
        sum.add(&Contribution {
            factor: vec![1.0; 4],
            videos: vec![],
            channels: vec![],
        });
        let mut randomness = ChaCha20Rng::seed_from_u64(1);
        let error = sum
            .release(1e-30, Delta::new(1e-6).unwrap(), 1, &mut randomness)
            .unwrap_err();
        assert_eq!(error, PrivacyError::GridOverflow);
    }
}
