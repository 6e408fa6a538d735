//! Which user lives on which instance of a simulation.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Spreads `users` evenly over `instances`, at random. One instance number per user.
pub fn even(users: usize, instances: usize, seed: u64) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..users).map(|user| (user % instances.max(1)) as u32).collect();
    numbers.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    numbers
}

/// Fills instances whose sizes are drawn from `sizes` until all `users` have a place; the last one may stay smaller.
/// Sizes of 0 are left out; without any other, all users live together.
pub fn drawn(users: usize, sizes: &[usize], seed: u64) -> Vec<u32> {
    let sizes: Vec<usize> = sizes.iter().copied().filter(|size| *size > 0).collect();
    if sizes.is_empty() {
        return vec![0; users];
    }
    let mut randomness = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..users).collect();
    order.shuffle(&mut randomness);
    let mut instance_of = vec![0; users];
    let (mut instance, mut places) = (0, sizes[randomness.random_range(0..sizes.len())]);
    for user in order {
        if places == 0 {
            instance += 1;
            places = sizes[randomness.random_range(0..sizes.len())];
        }
        instance_of[user] = instance;
        places -= 1;
    }
    instance_of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instance_of: &[u32]) -> Vec<usize> {
        let mut counts = vec![0; instance_of.iter().max().map_or(0, |last| *last as usize + 1)];
        instance_of.iter().for_each(|instance| counts[*instance as usize] += 1);
        counts
    }

    #[test]
    fn even_instances_differ_by_at_most_one_user() {
        assert_eq!(counts(&even(10, 4, 1)), [3, 3, 2, 2]);
        assert_eq!(counts(&even(3, 0, 1)), [3]);
    }

    #[test]
    fn drawn_instances_have_drawn_sizes() {
        let counts = counts(&drawn(100, &[0, 3, 8], 1));
        assert_eq!(counts.iter().sum::<usize>(), 100);
        assert!(
            counts[..counts.len() - 1].iter().all(|size| [3, 8].contains(size)),
            "{counts:?}"
        );
        assert_eq!(drawn(3, &[0], 1), [0, 0, 0]);
    }
}
