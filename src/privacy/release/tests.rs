//! Tests of a release: sensitivity, noise, encoding, refusals.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::model::evidence::EvidenceSource;
use crate::model::interactions::Interactions;
use crate::privacy::DecodeLimits;

const DIMENSIONS: u16 = 4;

fn empty_sum(videos: usize, channels: usize) -> EvidenceSum {
    empty_sum_of(DIMENSIONS, videos, channels)
}

fn empty_sum_of(dimensions: u16, videos: usize, channels: usize) -> EvidenceSum {
    let names = |prefix: &str, n: usize| (0..n).map(|i| format!("https://{prefix}.example/{i:04}")).collect();
    EvidenceSum::new(
        BasisId([7; 32]),
        dimensions,
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
        for other in &others {
            sum.add(other);
        }
        let without = sum.integers();
        sum.add(&account);
        let squared: i128 = sum.integers().iter().zip(&without).map(|(a, b)| i128::from(a - b).pow(2)).sum();
        prop_assert!(squared <= i128::from(STEPS_PER_UNIT).pow(2), "{squared}");
    }

    #[test]
    fn what_is_encoded_is_what_is_decoded(accounts in proptest::collection::vec(any_contribution(), 1..6), seed: u64) {
        let mut sum = empty_sum(10, 8);
        for account in &accounts {
            sum.add(account);
        }
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

/// Mean square of numbers of a release, each in units of the clipping norm.
fn mean_square(values: &[f32], share: f64) -> f64 {
    values
        .iter()
        .map(|value| (f64::from(*value) * share).powi(2))
        .sum::<f64>()
        / values.len() as f64
}

#[test]
fn the_noise_has_the_stated_deviation_and_no_part_is_left_out() {
    let mu = 0.4;
    let mut sum = empty_sum_of(64, 150, 150);
    sum.add(&Contribution {
        factor: vec![1.0],
        videos: vec![],
        channels: vec![],
    });
    let mut randomness = ChaCha20Rng::seed_from_u64(1);
    let released = sum.release(mu, Delta::new(1e-6).unwrap(), 1, &mut randomness).unwrap();
    let (value, shares) = (released.value(), released.value().shares());
    let gram = value.gram();
    let diagonal: Vec<f32> = (1..64).map(|i| gram[i * 64 + i]).collect();
    let others: Vec<f32> = (0..64).flat_map(|i| gram[i * 64..i * 64 + i].to_vec()).collect();
    for (what, values, share) in [
        ("videos", value.video_sums(), shares.videos),
        ("channels", value.channel_sums(), shares.channels),
        ("diagonal of the second moments", diagonal, shares.gram),
        // One number for two entries of the matrix.
        ("other second moments", others, shares.gram * std::f64::consts::SQRT_2),
    ] {
        let deviation = mean_square(&values, share).sqrt() * mu;
        // Five standard errors.
        let error = 5.0 / (2.0 * values.len() as f64).sqrt();
        assert!((deviation - 1.0).abs() < error, "{what}: {deviation}");
        // On the published grid one in twenty is zero by chance.
        let zeros = values.iter().filter(|value| **value == 0.0).count();
        assert!(
            zeros * 10 < values.len() + 60,
            "{what}: {zeros} of {} are zero",
            values.len()
        );
    }
    // The count is a single number: seen in many releases.
    let counts: Vec<f32> = (0..2_000)
        .map(|seed| {
            let mut randomness = ChaCha20Rng::seed_from_u64(seed);
            let released = one_account(1).release(mu, Delta::new(1e-6).unwrap(), 1, &mut randomness);
            (released.unwrap().value().contributors() - 1.0) as f32
        })
        .collect();
    let deviation = mean_square(&counts, shares.contributors).sqrt() * mu;
    assert!((deviation - 1.0).abs() < 5.0 / 4_000f64.sqrt(), "count: {deviation}");
}

proptest! {
    #[test]
    fn the_deviation_of_the_noise_is_never_rounded_down(exponent in -9.0f64..16.0) {
        let mu = exponent.exp2();
        let deviation = noise_distribution(1.0 / mu).unwrap().deviation();
        // In 128-bit integers, with mu as the fraction that it is: deviation * mu >= 2^36.
        let fraction = (mu * 2f64.powi(62)) as u128;
        let product = u128::from(deviation).checked_mul(fraction).unwrap();
        prop_assert!(product >= 1u128 << (36 + 62), "{mu}: {deviation}");
        prop_assert!((deviation as f64) < STEPS_PER_UNIT as f64 / mu * (1.0 + 1e-9) + 3.0);
    }
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

fn one_account(videos: usize) -> EvidenceSum {
    let mut sum = empty_sum(videos, 1);
    sum.add(&Contribution {
        factor: vec![1.0; 4],
        videos: vec![],
        channels: vec![],
    });
    sum
}

#[test]
fn a_senseless_mu_releases_nothing() {
    let mut randomness = ChaCha20Rng::seed_from_u64(1);
    let delta = Delta::new(1e-6).unwrap();
    for mu in [0.0, -1.0, f64::NAN, f64::INFINITY, LARGEST_MU * 2.0] {
        let error = one_account(1).release(mu, delta, 1, &mut randomness).unwrap_err();
        assert!(matches!(error, PrivacyError::Epsilon(_)), "{mu}: {error}");
    }
}

#[test]
fn sums_that_do_not_fit_their_integers_release_nothing() {
    let mut randomness = ChaCha20Rng::seed_from_u64(1);
    let delta = Delta::new(1e-6).unwrap();
    let mut crowded = one_account(1);
    crowded.contributors = MOST_CONTRIBUTORS + 1;
    let error = crowded.release(0.5, delta, 1, &mut randomness).unwrap_err();
    assert_eq!(error, PrivacyError::GridOverflow);
    // So does a value that the published grid cannot hold.
    let mut large = one_account(1);
    large.videos[0] = i64::MAX;
    let error = large.release(60_000.0, delta, 1, &mut randomness).unwrap_err();
    assert_eq!(error, PrivacyError::GridOverflow);
}

#[test]
fn accounts_beyond_the_limit_are_counted_but_not_summed() {
    let mut sum = one_account(1);
    sum.contributors = MOST_CONTRIBUTORS;
    let before = sum.gram.clone();
    sum.add(&Contribution {
        factor: vec![1.0; 4],
        videos: vec![],
        channels: vec![],
    });
    assert_eq!(sum.gram, before);
    assert_eq!(sum.contributors(), MOST_CONTRIBUTORS + 1);
}

/// Much noise widens the published grid to one clipping norm at most, which is what receivers accept.
#[test]
fn very_noisy_releases_can_be_decoded() {
    let mut randomness = ChaCha20Rng::seed_from_u64(1);
    for mu in [1e-3, 1.5e-4] {
        let delta = Delta::new(1e-3).unwrap();
        let released = one_account(5).release(mu, delta, 1, &mut randomness).unwrap();
        let bytes = released.encode().unwrap();
        assert!(Noised::<EvidenceGrid>::decode(&bytes, DecodeLimits::default()).unwrap() == released);
    }
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

/// With a million numbers, rounding to the nearest would lengthen an account by more than the margin of the scaling.
#[test]
fn rounding_many_numbers_lengthens_no_account() {
    for more in 0..6 {
        let entries = (1 << 20) + more;
        let mut sum = EvidenceSum::new(
            BasisId([7; 32]),
            2,
            Support::default(),
            BudgetShares::from_weights(0.6, 0.2, 0.15, 0.05).unwrap(),
        );
        sum.videos = vec![0; entries * 2];
        sum.channels = vec![0; 2];
        sum.add(&Contribution {
            factor: vec![1.0, 0.0],
            videos: (0..entries as u32).map(|place| (place, 1.0)).collect(),
            channels: vec![(0, 1.0)],
        });
        let squared: i128 = sum.integers().iter().map(|value| i128::from(*value).pow(2)).sum();
        let bound = i128::from(STEPS_PER_UNIT).pow(2);
        assert!(
            squared <= bound && squared > bound - bound / 10_000_000,
            "{entries}: {squared}"
        );
    }
}

#[test]
fn a_release_has_no_more_numbers_than_the_proof_counts() {
    assert_eq!(check_size(MOST_CONTRIBUTORS, LARGEST_RELEASE), Ok(()));
    for (contributors, values) in [(5, LARGEST_RELEASE + 1), (MOST_CONTRIBUTORS + 1, 100)] {
        assert_eq!(check_size(contributors, values), Err(PrivacyError::GridOverflow));
    }
}

/// With next to no noise, what a receiver reads is what was summed: nothing is scaled otherwise on the way out than on the
/// way in.
#[test]
fn receivers_read_the_sums_that_were_added() {
    let mut sum = empty_sum(2, 1);
    sum.add(&Contribution {
        factor: vec![0.5, -0.5, 0.5, -0.5],
        videos: vec![(1, 1.0)],
        channels: vec![(0, -1.0)],
    });
    let mut randomness = ChaCha20Rng::seed_from_u64(1);
    let released = sum
        .release(LARGEST_MU, Delta::new(1e-6).unwrap(), 1, &mut randomness)
        .unwrap();
    let value = released.value();
    let near = |found: Vec<f32>, wanted: &[f32]| {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 0.01, "{found} {wanted}");
        }
    };
    near(value.video_sums(), &[0.0, 0.0, 0.0, 0.0, 0.5, -0.5, 0.5, -0.5]);
    near(value.channel_sums(), &[-0.5, 0.5, -0.5, 0.5]);
    let signs = [0.25, -0.25, 0.25, -0.25];
    let gram: Vec<f32> = (0..16).map(|place| signs[(place / 4 + place % 4) % 2]).collect();
    near(value.gram(), &gram);
    assert!((value.contributors() - 1.0).abs() < 0.01);
}

/// What the compiler guarantees: there is no way to let go of these without wiping them.
#[test]
fn raw_values_are_wiped_when_they_are_dropped() {
    fn wiped<T: ZeroizeOnDrop>() {}
    wiped::<EvidenceSum>();
    wiped::<Contribution>();
    wiped::<UnitBall>();
    wiped::<Interactions>();
    wiped::<EvidenceSource>();
}

/// What wiping does, as dropping does it: no number stays, in no field.
#[test]
fn wiping_leaves_no_number() {
    let mut sum = one_account(3);
    assert!(sum.integers().iter().any(|value| *value != 0));
    sum.zeroize();
    assert_eq!((sum.integers(), sum.contributors(), sum.dimensions), (vec![0], 0, 0));
    let mut contribution = Contribution {
        factor: vec![1.0; 4],
        videos: vec![(1, 0.5)],
        channels: vec![(2, 0.5)],
    };
    contribution.zeroize();
    let Contribution {
        factor,
        videos,
        channels,
    } = &contribution;
    assert!(factor.is_empty() && videos.is_empty() && channels.is_empty());
    let mut interactions = Interactions::new(5);
    interactions.push_user([(1, 0.5), (3, -0.5)]);
    interactions.zeroize();
    assert_eq!((interactions.len(), interactions.items()), (0, 0));
}

/// Whichever number does not fit: all sums are still in the value that is wiped when it is dropped, none has left.
#[test]
fn a_release_that_fails_half_way_lets_nothing_go() {
    let mut randomness = ChaCha20Rng::seed_from_u64(1);
    let distribution = noise_distribution(1.0 / 60_000.0).unwrap();
    let too_large: [fn(&mut EvidenceSum); 4] = [
        |sum| sum.videos[1] = i64::MAX,
        |sum| sum.channels[0] = i64::MIN,
        |sum| *sum.gram.last_mut().unwrap() = i64::MAX,
        |sum| sum.contributors = MOST_CONTRIBUTORS,
    ];
    for enlarge in too_large {
        let mut sum = one_account(3);
        let numbers = sum.integers().len();
        enlarge(&mut sum);
        let coarse = sum.coarse_step(distribution);
        let failed = sum.add_noise(distribution, coarse, &mut randomness);
        assert_eq!(failed, Err(PrivacyError::GridOverflow));
        assert_eq!(sum.integers().len(), numbers, "nothing was taken out");
        let mut sum = one_account(3);
        enlarge(&mut sum);
        let delta = Delta::new(1e-6).unwrap();
        let released = sum.release(60_000.0, delta, 1, &mut randomness);
        assert_eq!(released.err(), Some(PrivacyError::GridOverflow));
    }
}
