//! Many releases of one peer, each about other watches, say more than the newest alone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use shoal::model::accumulation::Accumulation;
use shoal::model::catalogue::Catalogue;
use shoal::model::evidence::EvidenceSource;
use shoal::model::factors::Factors;
use shoal::model::interactions::Interactions;
use shoal::model::learning::contributions_of;
use shoal::model::posterior::item_factors;

use crate::support::{ITEMS, catalogue, exact, fans, support};

/// Releases of the test.
const RELEASES: usize = 12;
/// Accounts of the peer.
const USERS: usize = 300;
/// Deviation of the noise in each release.
const NOISE: f64 = 0.6;
/// Worlds over which is averaged.
const WORLDS: u64 = 6;

/// Histories of users who like every third video, in a way that no metadata tells, divided by chance among releases.
fn histories(randomness: &mut ChaCha8Rng) -> (Interactions, Vec<Interactions>) {
    let mut all = Interactions::new(ITEMS);
    let mut parts = vec![Interactions::new(ITEMS); RELEASES];
    for user in 0..USERS {
        let mut rows = vec![Vec::new(); RELEASES];
        for item in 0..ITEMS {
            let liked = item % 3 == user % 3;
            if randomness.random_bool(if liked { 0.8 } else { 0.06 }) {
                rows[randomness.random_range(0..RELEASES)].push((item as u32, 1.0));
            }
        }
        all.push_user(rows.concat());
        for (part, row) in parts.iter_mut().zip(rows) {
            part.push_user(row);
        }
    }
    (all, parts)
}

/// The evidence of what `counts`, with noise.
fn noised(
    catalogue: &Catalogue,
    all: &Interactions,
    counts: &Interactions,
    deviation: f64,
    randomness: &mut ChaCha8Rng,
) -> EvidenceSource {
    let support = support(catalogue);
    let contributions = contributions_of(catalogue, all, counts, &support);
    let mut source = EvidenceSource::exact(catalogue, &support, &contributions);
    let mut disturb = |values: &mut [f32]| {
        for value in values {
            let noise: f64 = StandardNormal.sample(&mut *randomness);
            *value += (deviation * noise) as f32;
        }
    };
    disturb(source.videos.sums.values_mut());
    disturb(source.channels.sums.values_mut());
    source.videos.noise = deviation * deviation;
    source.channels.noise = deviation * deviation;
    source
}

/// Inner products of all items, centred: they do not depend on the signs of eigenvectors.
fn products(factors: &Factors) -> Vec<f64> {
    let product = |a: usize, b: usize| -> f64 {
        factors
            .row(a)
            .iter()
            .zip(factors.row(b))
            .map(|(x, y)| f64::from(x * y))
            .sum()
    };
    let all: Vec<f64> = (0..ITEMS)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| product(a, b))
        .collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    all.iter().map(|value| value - mean).collect()
}

/// How well these sources tell what the exact whole history tells: a correlation.
fn agreement(catalogue: &Catalogue, truth: &Factors, sources: &[EvidenceSource]) -> f64 {
    let (a, b) = (products(truth), products(&item_factors(catalogue, sources).unwrap()));
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

fn accumulated<'a>(sources: impl IntoIterator<Item = &'a EvidenceSource>) -> EvidenceSource {
    let mut accumulation = Accumulation::default();
    sources.into_iter().for_each(|source| _ = accumulation.add(source));
    accumulation.finish().unwrap()
}

#[test]
fn more_releases_say_more_than_the_newest_alone() {
    let catalogue = catalogue();
    let [mut newest, mut few, mut many, mut whole] = [0.0; 4];
    for seed in 0..WORLDS {
        let mut randomness = ChaCha8Rng::seed_from_u64(seed);
        let (all, parts) = histories(&mut randomness);
        let truth = item_factors(&catalogue, &[exact(&catalogue, &all)]).unwrap();
        let releases: Vec<EvidenceSource> = parts
            .iter()
            .map(|part| noised(&catalogue, &all, part, NOISE, &mut randomness))
            .collect();
        let tells = |source| agreement(&catalogue, &truth, &[source]) / WORLDS as f64;
        newest += tells(accumulated(&releases[RELEASES - 1..]));
        few += tells(accumulated(&releases[RELEASES - 4..]));
        many += tells(accumulated(&releases));
        whole += tells(noised(&catalogue, &all, &all, NOISE, &mut randomness));
    }
    // 0.16, 0.38, 0.70, 0.76 when this was written.
    assert!(few > newest + 0.1, "newest {newest:.3}, four {few:.3}");
    assert!(many > few + 0.2, "four {few:.3}, all {many:.3}");
    assert!(
        many > 0.85 * whole,
        "all {many:.3}, all watches in one release {whole:.3}"
    );
}

/// Evidence of 20 fans, as if it had noise of this variance.
fn fans_with_noise(variance: f64) -> EvidenceSource {
    let mut source = exact(&catalogue(), &fans(20, 0));
    source.videos.noise = variance;
    source.channels.noise = variance;
    source.gram_noise = variance;
    source
}

#[test]
fn equal_releases_read_like_one_of_more_watches() {
    let one = fans_with_noise(3.0);
    let four = accumulated([&one, &one, &one, &one]);
    assert!((four.contributors - one.contributors).abs() < 1e-9);
    assert!((four.gram_noise - one.gram_noise / 4.0).abs() < 1e-9);
    for (sum, value) in four.gram.iter().zip(&one.gram) {
        assert!((sum - value).abs() < 1e-4);
    }
    for place in 0..ITEMS {
        assert!((four.videos.noise_at(place) - 3.0).abs() < 1e-6);
        let (sums, values) = (four.videos.row(place).unwrap(), one.videos.row(place).unwrap());
        assert!(
            sums.iter()
                .zip(values)
                .all(|(sum, value)| (sum - 2.0 * value).abs() < 1e-4)
        );
    }
    let itself = accumulated([&one]);
    assert!(itself.videos.row(0) == one.videos.row(0) && (itself.videos.noise - 3.0).abs() < 1e-9);
}

#[test]
fn a_video_that_only_one_release_lists_has_the_noise_of_one() {
    let listed = fans_with_noise(3.0);
    let mut silent = fans_with_noise(3.0);
    silent.videos.rows[7] = None;
    let together = accumulated([&silent, &silent, &listed, &silent]);
    assert!((together.videos.noise_at(7) - 3.0 / 4.0).abs() < 1e-6);
    assert!((together.videos.noise_at(8) - 3.0).abs() < 1e-6);
    let (sum, value) = (together.videos.row(7).unwrap(), listed.videos.row(7).unwrap());
    assert!(
        sum.iter()
            .zip(value)
            .all(|(sum, value)| (sum - value / 2.0).abs() < 1e-4)
    );
}

#[test]
fn a_release_of_hardly_anything_but_noise_spoils_nothing() {
    let (good, bad) = (fans_with_noise(1.0), fans_with_noise(1e6));
    let together = accumulated([&bad, &good]);
    assert!(
        (together.videos.noise_at(0) - 1.0).abs() < 1e-3,
        "{}",
        together.videos.noise_at(0)
    );
    let mut endless = fans_with_noise(f64::INFINITY);
    endless.videos.sums.values_mut().fill(f32::NAN);
    let together = accumulated([&good, &endless]);
    assert!(together.videos.sums.values().iter().all(|value| value.is_finite()));
    assert!(Accumulation::default().finish().is_none());
}
