//! Random draws that the generator uses; all of them cannot fail.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Parts of the generator, each with its own random numbers, so that a change in one leaves the others as they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Channels = 1,
    Videos,
    Reach,
    Communities,
    People,
    Watching,
    Visitors,
    Rows,
}

/// The random numbers of a part.
pub(super) fn numbers(seed: u64, part: Part) -> ChaCha8Rng {
    let mut numbers = ChaCha8Rng::seed_from_u64(seed);
    numbers.set_stream(part as u64);
    numbers
}

/// A factor with mean 1 whose logarithm has the standard deviation `spread`.
pub(super) fn factor(rng: &mut impl Rng, spread: f64) -> f64 {
    let normal: f64 = rng.sample(StandardNormal);
    (spread * normal - spread * spread / 2.0).exp()
}

/// Shares that sum to 1; the larger `spread`, the more unequal.
pub(super) fn shares(rng: &mut impl Rng, count: usize, spread: f64) -> Vec<f64> {
    let factors: Vec<f64> = (0..count).map(|_| factor(rng, spread)).collect();
    let sum: f64 = factors.iter().sum();
    factors.into_iter().map(|factor| factor / sum).collect()
}

/// An index, with probability proportional to its weight; 0 when there are none.
pub(super) fn weighted(rng: &mut impl Rng, weights: &[f64]) -> usize {
    let mut point = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        point -= weight;
        if point < 0.0 {
            return index;
        }
    }
    weights.len().saturating_sub(1)
}

/// One of `choices`, each as likely as the others; there must be one.
pub(super) fn one_of<T: Copy>(rng: &mut impl Rng, choices: &[T]) -> T {
    choices.choose(rng).copied().unwrap_or(choices[0])
}
