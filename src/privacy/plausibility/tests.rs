//! Honest releases are never refused, whatever is in them; what no honest release can say is.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::model::contribution::Contribution;
use crate::model::evidence::BasisId;
use crate::model::support::Support;
use crate::privacy::mechanism::{self, Mechanism};
use crate::privacy::{BudgetShares, Delta, inspect_payload};

/// A release of these accounts about `rows` videos and as many channels.
fn released(
    basis: BasisId,
    dimensions: u16,
    rows: usize,
    shares: BudgetShares,
    mu: f64,
    accounts: &[Contribution],
    seed: u64,
) -> Noised<EvidenceGrid> {
    let names = |prefix: &str| (0..rows).map(|i| format!("https://{prefix}.example/{i:05}")).collect();
    let support = Support::new(names("v"), names("c"));
    let mechanism = Mechanism::new(shares, mu, Delta::new(1e-6).unwrap(), 1);
    let mut randomness = ChaCha20Rng::seed_from_u64(seed);
    mechanism
        .release_contributions(basis, dimensions, &support, accounts, &mut randomness)
        .unwrap()
}

fn known_basis(dimensions: u16) -> BasisId {
    EvidenceBasis::new(usize::from(dimensions)).id()
}

/// As [`crate::model::contribution::Contributor`] makes them: the constant, and a direction of a given length.
fn taste(direction: &[f32], content: bool) -> Vec<f32> {
    let norm = direction.iter().map(|value| value * value).sum::<f32>().sqrt();
    let length = (1.0 - EvidenceBasis::CONSTANT * EvidenceBasis::CONSTANT).sqrt();
    let scale = if content && norm > 0.0 { length / norm } else { 0.0 };
    let rest = direction.iter().map(|value| value * scale);
    std::iter::once(EvidenceBasis::CONSTANT).chain(rest).collect()
}

/// Accounts who resemble each other as much as possible, or not at all, some of them extreme.
fn accounts(dimensions: usize, rows: u32) -> impl Strategy<Value = Vec<Contribution>> {
    let value = prop_oneof![-1.0f32..1.0, Just(0.0), Just(1.0), Just(1e30), Just(f32::NAN)];
    let weights = || proptest::collection::vec((0..rows, value.clone()), 0..8);
    let account = (
        proptest::collection::vec(-1.0f32..1.0, dimensions - 1),
        weights(),
        weights(),
        any::<bool>(),
    );
    let account = account.prop_map(|(direction, videos, channels, content)| Contribution {
        factor: taste(&direction, content),
        videos,
        channels,
    });
    (proptest::collection::vec(account, 1..6), 1usize..60).prop_map(|(different, times)| {
        different
            .iter()
            .cycle()
            .take(times * different.len())
            .cloned()
            .collect()
    })
}

fn shares() -> impl Strategy<Value = BudgetShares> {
    let weight = || 0.02f64..1.0;
    (weight(), weight(), weight(), weight())
        .prop_map(|(videos, channels, gram, contributors)| {
            BudgetShares::from_weights(videos, channels, gram, contributors).unwrap()
        })
        .prop_filter("receivers accept the shares", |shares| {
            shares
                .videos
                .min(shares.channels)
                .min(shares.gram)
                .min(shares.contributors)
                >= BudgetShares::SMALLEST
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_honest_release_is_never_refused(
        (dimensions, accounts) in (2usize..9).prop_flat_map(|d| (Just(d as u16), accounts(d, 12))),
        shares in shares(),
        mu in (-3.0f64..4.0).prop_map(|exponent| 10f64.powf(exponent)),
        known: bool,
        seed: u64,
    ) {
        let basis = if known { known_basis(dimensions) } else { BasisId([7; 32]) };
        let released = released(basis, dimensions, 12, shares, mu, &accounts, seed);
        prop_assert_eq!(released.check_plausible(), Ok(()));
        let payload = released.encode().unwrap();
        prop_assert_eq!(inspect_payload(&payload).unwrap(), released.summary());
    }
}

/// Of the size that a sidecar releases, at the shipped budget: it is also long enough for its numbers.
#[test]
fn a_release_of_the_usual_size_is_not_refused() {
    let account = |place: u32| Contribution {
        factor: taste(&[1.0; 31], true),
        videos: vec![(0, 1.0), (place, 1.0)],
        channels: vec![(place, 1.0)],
    };
    for (count, mu) in [(1, 0.25), (2_000, 0.25), (300, 0.05), (300, 30.0)] {
        let accounts: Vec<Contribution> = (0..count).map(account).collect();
        let released = released(
            known_basis(32),
            32,
            1_500,
            mechanism::shares().unwrap(),
            mu,
            &accounts,
            5,
        );
        let payload = released.encode().unwrap();
        assert_eq!(inspect_payload(&payload).unwrap(), released.summary(), "{count} {mu}");
        // Half as long would be too short for these numbers.
        assert!(payload.len() > 3_000 * 32 / 2 + 10_000, "{}", payload.len());
    }
}

/// A release of 400 equal accounts with hardly any noise, and numbers of the grid that stand for one account.
fn large() -> (Noised<EvidenceGrid>, i64) {
    let account = Contribution {
        factor: taste(&[1.0, 0.0, 0.0], true),
        videos: vec![(3, 1.0)],
        channels: vec![(3, 1.0)],
    };
    let shares = BudgetShares::new(0.5, 0.5, 0.5, 0.5).unwrap();
    let released = released(known_basis(4), 4, 200, shares, 20.0, &vec![account; 400], 1);
    let one = (0.5 / released.value.step) as i64;
    (released, one)
}

#[test]
fn numbers_that_do_not_fit_each_other_are_refused() {
    type Change = (&'static str, fn(&mut EvidenceGrid, i64));
    let changes: [Change; 12] = [
        // A thousand times the accounts, with the norms of 400.
        ("does not fit its second moments", |value, one| {
            value.contributors = 400_000 * one;
        }),
        ("does not fit its second moments", |value, _| value.gram.fill(0)),
        ("impossible", |value, one| value.contributors = -400 * one),
        ("impossible", |value, one| value.contributors = (1 << 27) * one),
        ("too large for its accounts", |value, one| value.contributors = one),
        ("too large for its accounts", |value, one| value.gram[2] = 900 * one),
        ("negative", |value, one| value.gram[2] = -100 * one),
        ("negative", |value, one| value.gram[1] = 2_000 * one),
        ("a row is too long", |value, one| value.videos[8] = 500 * one),
        ("a row is too long", |value, one| value.channels[8] = -500 * one),
        ("rows together", |value, one| {
            value.videos.chunks_mut(4).for_each(|row| row[0] = 100 * one);
        }),
        ("rows together", |value, one| {
            value.channels.chunks_mut(4).for_each(|row| row[0] = -100 * one);
        }),
    ];
    let (honest, _) = large();
    assert_eq!(honest.check_plausible(), Ok(()));
    for (place, (expected, change)) in changes.into_iter().enumerate() {
        let (mut changed, one) = large();
        change(&mut changed.value, one);
        let refusal = changed.check_plausible().unwrap_err().to_string();
        assert!(refusal.contains(expected), "{place}: {refusal} instead of {expected}");
        let payload = changed.encode().unwrap();
        assert!(
            inspect_payload(&payload).unwrap_err().to_string().contains(expected),
            "{place}"
        );
    }
}
