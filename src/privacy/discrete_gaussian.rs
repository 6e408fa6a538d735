//! Exact samples of the discrete Gaussian distribution, in integer arithmetic.
//!
//! The discrete Gaussian with deviation `s` takes every integer `y` with probability proportional to
//! `exp(-y^2 / (2 s^2))`. Adding it to an integer with sensitivity `D` is `D^2 / (2 s^2)`-concentrated differentially
//! private (Canonne, Kamath, Steinke 2020, theorem 4). No floating point takes part, so that no artefact of it
//! (Mironov 2012) can reach a release, and every probability is exact, not approximated to some number of bits.
//!
//! # The algorithm, and why it is exact
//!
//! Write `|y| = s V + U` with integers `V >= 0` and `0 <= U < s`, and `f = U / s`. Then
//!
//! ```text
//! exp(-y^2 / (2 s^2)) = exp(-(V + f)^2 / 2) = exp(-V^2 / 2) * exp(-f (2 V + f) / 2),
//! ```
//!
//! so rejection sampling gives the distribution from a uniform sign, a uniform `U` and a `V` whose probability is
//! proportional to `exp(-V^2 / 2)`, accepted with probability `exp(-f (2 V + f) / 2)`. Zero has two signs and is accepted
//! with one of them only. This is the decomposition of Karney (2016, algorithm D) in place of the discrete Laplace
//! proposal of Canonne, Kamath and Steinke's algorithm 3; the coins are theirs:
//!
//! - `V`: successes of coins that fall with probability `exp(-1/2)` before the first failure give `V` with probability
//!   proportional to `exp(-V / 2)`; it is accepted with probability `exp(-V (V - 1) / 2)`, which is `V (V - 1)` more such
//!   coins. The product is `exp(-V^2 / 2)`.
//! - `exp(-x)` for rational `x` in `[0, 1]`: algorithm 1 of the same paper.
//! - `exp(-f (2 V + f) / 2)` is the product of `V + 1` coins `exp(-x)` with `x = f * (2 V + f) / (2 V + 2) < 1`. A coin of
//!   probability `x / k` is the conjunction of independent coins of probability `1 / k`, `f`, and `(2 V + f) / (2 V + 2)`.
//!   The last one is the mixture: draw `j` uniformly below `2 V + 2`; it is 1 if `j < 2 V`, a coin `f` if `j = 2 V`, else 0.
//!   Hence every coin is one comparison of uniform integers below 2^64.
//!
//! Uniform integers are those of Lemire (2019), which are exact.
//!
//! The running time depends on the sample. Whoever can measure the time of a single draw learns something about it; a
//! release draws all of its noise before anything is sent, so peers see none of these times.

use rand::CryptoRng;

use super::PrivacyError;

/// Discrete Gaussian distribution around 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscreteGaussian {
    deviation: u64,
}

impl DiscreteGaussian {
    /// Largest deviation. Samples then stay within the range of `i64` unless an event of probability below `exp(-2^24)`
    /// happens, in which case they are clamped.
    pub const LARGEST_DEVIATION: u64 = 1 << 50;

    /// `deviation` is the parameter `s` in steps of the grid. The standard deviation is at most `s`, and equal to it in
    /// `f64` from `s = 3` on.
    ///
    /// # Errors
    /// [`PrivacyError::GridOverflow`] unless `deviation` lies between 1 and [`Self::LARGEST_DEVIATION`].
    pub fn new(deviation: u64) -> Result<Self, PrivacyError> {
        if (1..=Self::LARGEST_DEVIATION).contains(&deviation) {
            Ok(Self { deviation })
        } else {
            Err(PrivacyError::GridOverflow)
        }
    }

    /// The parameter, in steps of the grid.
    pub fn deviation(self) -> u64 {
        self.deviation
    }

    /// One sample.
    pub fn sample(self, randomness: &mut impl CryptoRng) -> i64 {
        loop {
            let whole = half_normal(randomness);
            let part = below(self.deviation, randomness);
            if !self.accept(whole, part, randomness) {
                continue;
            }
            let negative = coin(randomness);
            if negative && whole == 0 && part == 0 {
                continue;
            }
            let magnitude = whole.saturating_mul(self.deviation).saturating_add(part);
            let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
            return if negative { -magnitude } else { magnitude };
        }
    }

    /// Coin of probability `exp(-f (2 V + f) / 2)`.
    fn accept(self, whole: u64, part: u64, randomness: &mut impl CryptoRng) -> bool {
        (0..=whole).all(|_| {
            exponential_coin(randomness, |randomness| {
                if below(self.deviation, randomness) >= part {
                    return false;
                }
                let which = below(2 * whole + 2, randomness);
                which < 2 * whole || (which == 2 * whole && below(self.deviation, randomness) < part)
            })
        })
    }
}

/// `V >= 0` with probability proportional to `exp(-V^2 / 2)`.
fn half_normal(randomness: &mut impl CryptoRng) -> u64 {
    loop {
        let mut value: u64 = 0;
        while inverse_root_e(randomness) {
            value += 1;
        }
        if value < 2 || (0..value * (value - 1)).all(|_| inverse_root_e(randomness)) {
            return value;
        }
    }
}

/// Coin of probability `exp(-1/2)`.
fn inverse_root_e(randomness: &mut impl CryptoRng) -> bool {
    exponential_coin(randomness, |randomness| coin(randomness))
}

/// Coin of probability `exp(-x)`, where `inner` is a coin of probability `x` (Canonne, Kamath, Steinke 2020, algorithm 1).
fn exponential_coin<R: CryptoRng>(randomness: &mut R, inner: impl Fn(&mut R) -> bool) -> bool {
    let mut k = 1;
    // A coin of probability x / k.
    while (k == 1 || below(k, randomness) == 0) && inner(randomness) {
        k += 1;
    }
    k % 2 == 1
}

/// Fair coin.
fn coin(randomness: &mut impl CryptoRng) -> bool {
    randomness.next_u32() >> 31 == 1
}

/// Uniform integer in `[0, bound)`, for `bound >= 1`.
pub(super) fn below(bound: u64, randomness: &mut impl CryptoRng) -> u64 {
    if let Ok(bound) = u16::try_from(bound) {
        return below_small(bound.into(), randomness).into();
    }
    let mut product = u128::from(randomness.next_u64()) * u128::from(bound);
    if (product as u64) < bound {
        let rejected = bound.wrapping_neg() % bound;
        while (product as u64) < rejected {
            product = u128::from(randomness.next_u64()) * u128::from(bound);
        }
    }
    (product >> 64) as u64
}

/// The same for small bounds, with half of the random bits.
fn below_small(bound: u32, randomness: &mut impl CryptoRng) -> u32 {
    let mut product = u64::from(randomness.next_u32()) * u64::from(bound);
    if (product as u32) < bound {
        let rejected = bound.wrapping_neg() % bound;
        while (product as u32) < rejected {
            product = u64::from(randomness.next_u32()) * u64::from(bound);
        }
    }
    (product >> 32) as u32
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    /// Chi-square statistic of observed against expected counts, and its degrees of freedom. Cells whose expectation is
    /// below 8 are merged with their neighbours.
    fn chi_square(observed: &[u64], expected: &[f64]) -> (f64, f64) {
        let (mut statistic, mut cells) = (0.0, 0.0);
        let (mut seen, mut awaited) = (0.0, 0.0);
        for (o, e) in observed.iter().zip(expected) {
            seen += *o as f64;
            awaited += e;
            if awaited >= 8.0 {
                statistic += (seen - awaited).powi(2) / awaited;
                cells += 1.0;
                (seen, awaited) = (0.0, 0.0);
            }
        }
        (statistic, cells - 1.0)
    }

    /// Upper bound of a chi-square variable that honest code exceeds with probability below 1e-6 (Laurent, Massart 2000).
    fn limit(degrees: f64) -> f64 {
        let t = 14.0f64;
        degrees + 2.0 * (degrees * t).sqrt() + 2.0 * t
    }

    fn probabilities(deviation: u64, reach: i64) -> Vec<f64> {
        let s = deviation as f64;
        let weights: Vec<f64> = (-reach..=reach)
            .map(|y| (-0.5 * (y as f64 / s).powi(2)).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect()
    }

    fn counts(samples: impl Iterator<Item = i64>, reach: i64) -> Vec<u64> {
        let mut counts = vec![0; (2 * reach + 1) as usize];
        for sample in samples {
            counts[(sample.clamp(-reach, reach) + reach) as usize] += 1;
        }
        counts
    }

    #[test]
    fn frequencies_follow_the_closed_form() {
        const SAMPLES: usize = 400_000;
        for (seed, deviation) in [1, 2, 3, 7, 50, 333].into_iter().enumerate() {
            let mut randomness = ChaCha20Rng::seed_from_u64(seed as u64);
            let distribution = DiscreteGaussian::new(deviation).unwrap();
            let reach = 8 * deviation as i64;
            let observed = counts((0..SAMPLES).map(|_| distribution.sample(&mut randomness)), reach);
            let expected: Vec<f64> = probabilities(deviation, reach)
                .into_iter()
                .map(|p| p * SAMPLES as f64)
                .collect();
            let (statistic, degrees) = chi_square(&observed, &expected);
            assert!(
                statistic < limit(degrees),
                "deviation {deviation}: {statistic} with {degrees}"
            );
            // Symmetry, sign by sign.
            let (mut difference, mut pairs) = (0.0, 0.0);
            for y in 1..=reach {
                let (a, b) = (
                    observed[(reach - y) as usize] as f64,
                    observed[(reach + y) as usize] as f64,
                );
                if a + b >= 16.0 {
                    difference += (a - b).powi(2) / (a + b);
                    pairs += 1.0;
                }
            }
            assert!(
                difference < limit(pairs),
                "deviation {deviation}: {difference} with {pairs}"
            );
        }
    }

    #[test]
    fn the_test_of_frequencies_notices_a_deviation_that_is_two_percent_off() {
        let mut randomness = ChaCha20Rng::seed_from_u64(9);
        let distribution = DiscreteGaussian::new(51).unwrap();
        let observed = counts((0..400_000).map(|_| distribution.sample(&mut randomness)), 400);
        let expected: Vec<f64> = probabilities(50, 400).into_iter().map(|p| p * 400_000.0).collect();
        let (statistic, degrees) = chi_square(&observed, &expected);
        assert!(statistic > limit(degrees));
    }

    #[test]
    fn moments_of_large_deviations() {
        for (seed, exponent) in [20, 37, 50].into_iter().enumerate() {
            const SAMPLES: usize = 300_000;
            let mut randomness = ChaCha20Rng::seed_from_u64(100 + seed as u64);
            let distribution = DiscreteGaussian::new(1 << exponent).unwrap();
            let scale = 1.0 / (1u64 << exponent) as f64;
            let samples: Vec<f64> = (0..SAMPLES)
                .map(|_| distribution.sample(&mut randomness) as f64 * scale)
                .collect();
            let moment = |power: i32| samples.iter().map(|x| x.powi(power)).sum::<f64>() / SAMPLES as f64;
            let n = (SAMPLES as f64).sqrt();
            // Five standard errors of each moment of the standard normal distribution.
            assert!(moment(1).abs() < 5.0 / n, "mean {}", moment(1));
            assert!(
                (moment(2) - 1.0).abs() < 5.0 * 2f64.sqrt() / n,
                "variance {}",
                moment(2)
            );
            assert!(moment(3).abs() < 5.0 * 15f64.sqrt() / n, "third moment {}", moment(3));
            assert!(
                (moment(4) - 3.0).abs() < 5.0 * 96f64.sqrt() / n,
                "fourth moment {}",
                moment(4)
            );
            // The low bits are as fine as the high ones: every residue is taken.
            let mut residues = [0u32; 16];
            for _ in 0..16_000 {
                residues[distribution.sample(&mut randomness).rem_euclid(16) as usize] += 1;
            }
            assert!(
                residues.iter().all(|&count| (800..1200).contains(&count)),
                "{residues:?}"
            );
        }
    }

    /// Algorithm 3 of Canonne, Kamath and Steinke as printed, for small deviations.
    fn as_printed(deviation: u64, randomness: &mut impl CryptoRng) -> i64 {
        let bernoulli = |n: u128, d: u128, randomness: &mut _| u128::from(below(d as u64, randomness)) < n;
        let decay = |mut n: u128, d: u128, randomness: &mut _| {
            while n > d {
                if !exponential_coin(randomness, |_| true) {
                    return false;
                }
                n -= d;
            }
            exponential_coin(randomness, |randomness| bernoulli(n, d, randomness))
        };
        let t = deviation + 1;
        loop {
            let u = below(t, randomness);
            if !decay(u.into(), t.into(), randomness) {
                continue;
            }
            let mut v = 0;
            while decay(1, 1, randomness) {
                v += 1;
            }
            let magnitude = u + t * v;
            let negative = coin(randomness);
            if negative && magnitude == 0 {
                continue;
            }
            // (|y| - s^2 / t)^2 / (2 s^2), over the denominator 2 s^2 t^2.
            let (s, t, y) = (i128::from(deviation), i128::from(t), i128::from(magnitude));
            let numerator = (y * t - s * s).pow(2) as u128;
            if decay(numerator, (2 * s * s * t * t) as u128, randomness) {
                return if negative {
                    -(magnitude as i64)
                } else {
                    magnitude as i64
                };
            }
        }
    }

    #[test]
    fn agrees_with_the_printed_algorithm() {
        const SAMPLES: usize = 200_000;
        for deviation in [1, 4, 20] {
            let mut randomness = ChaCha20Rng::seed_from_u64(deviation);
            let reach = 8 * deviation as i64;
            let observed = counts((0..SAMPLES).map(|_| as_printed(deviation, &mut randomness)), reach);
            let distribution = DiscreteGaussian::new(deviation).unwrap();
            let own = counts((0..SAMPLES).map(|_| distribution.sample(&mut randomness)), reach);
            let (mut statistic, mut cells) = (0.0, 0.0);
            for (a, b) in observed.into_iter().zip(own).filter(|(a, b)| a + b >= 16) {
                statistic += (a as f64 - b as f64).powi(2) / (a + b) as f64;
                cells += 1.0;
            }
            assert!(
                statistic < limit(cells),
                "deviation {deviation}: {statistic} with {cells}"
            );
        }
    }

    #[test]
    fn deviations_outside_the_range_are_refused() {
        for deviation in [0, DiscreteGaussian::LARGEST_DEVIATION + 1, u64::MAX] {
            assert_eq!(DiscreteGaussian::new(deviation), Err(PrivacyError::GridOverflow));
        }
    }

    #[test]
    fn equal_seeds_give_equal_noise() {
        let draw = || {
            let mut randomness = ChaCha20Rng::seed_from_u64(5);
            let distribution = DiscreteGaussian::new(1 << 30).unwrap();
            (0..100)
                .map(|_| distribution.sample(&mut randomness))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
    }
}
