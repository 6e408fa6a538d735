//! Speed of noise and of accounting.

use divan::{Bencher, black_box};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use shoal::privacy::accountant::{self, concentrated, release};
use shoal::privacy::discrete_gaussian::DiscreteGaussian;
use shoal::privacy::{Delta, Epsilon};

fn main() {
    divan::main();
}

/// The noise of 100,000 videos with 65 numbers each, on one core; at most 3 seconds are wanted.
#[divan::bench(sample_count = 3, args = [20, 38])]
fn noise_of_a_large_release(bencher: Bencher, exponent: u32) {
    let Ok(distribution) = DiscreteGaussian::new(1 << exponent) else {
        return;
    };
    bencher.bench_local(|| {
        let mut randomness = ChaCha20Rng::seed_from_u64(1);
        (0..100_000 * 65).fold(0i64, |sum, _| sum.wrapping_add(distribution.sample(&mut randomness)))
    });
}

#[divan::bench]
fn gaussian_delta() -> f64 {
    accountant::delta_at(black_box(0.7), black_box(4.0))
}

#[divan::bench]
fn concentrated_delta() -> f64 {
    concentrated::delta_at(black_box(0.245), black_box(4.0))
}

#[divan::bench]
fn epsilon_of_a_release(bencher: Bencher) {
    if let Ok(delta) = Delta::new(1e-6) {
        bencher.bench(|| release::epsilon_of(black_box(0.7), delta));
    }
}

#[divan::bench]
fn calibration(bencher: Bencher) {
    if let (Ok(epsilon), Ok(delta)) = (Epsilon::new(4.0), Delta::new(1e-6)) {
        bencher.bench(|| release::noise_of(black_box(epsilon), delta, 12));
    }
}
