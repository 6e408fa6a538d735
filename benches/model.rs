//! What the heavy parts of the model take: training, scoring one user, evidence and posterior.
//!
//! `cargo bench --bench model` runs everything on generated data with one thread per core; `cargo bench --bench model --
//! scoring` only what is named so, and `-- threads` what is measured with one and with two threads. The comparison with other
//! libraries is in `benches/peers/`.

use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shoal::evaluation::resources::peak_resident_bytes;
use shoal::model::alternating::{self, AlternatingParameters};
use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::evidence::EvidenceSource;
use shoal::model::factor_model::FactorModel;
use shoal::model::factors::Factors;
use shoal::model::fold_in::{self, FoldIn};
use shoal::model::interactions::Interactions;
use shoal::model::item::Item;
use shoal::model::least_squares::Workspace;
use shoal::model::support::Support;
use shoal::model::{learning, posterior};

fn main() {
    divan::main();
}

/// Users with `each` distinct items of a heavy-tailed popularity, mostly from one of 50 groups of items.
fn interactions(users: usize, items: usize, each: usize) -> Interactions {
    const GROUPS: usize = 50;
    let mut randomness = ChaCha8Rng::seed_from_u64(1);
    let mut matrix = Interactions::new(items);
    for _ in 0..users {
        let group = randomness.random_range(0..GROUPS);
        matrix.push_user((0..each).map(|_| {
            let place = randomness.random::<f64>().powi(3);
            let any = (place * items as f64) as usize;
            let item = if randomness.random_bool(0.7) {
                any / GROUPS * GROUPS + group
            } else {
                any
            };
            (item.min(items - 1) as u32, 1.0)
        }));
    }
    matrix
}

fn parameters(dimensions: usize) -> AlternatingParameters {
    AlternatingParameters {
        dimensions,
        ..AlternatingParameters::default()
    }
}

/// As large as MovieLens-1M with values of at least 4.
#[divan::bench(args = [64, 128], sample_count = 5)]
fn training(bencher: Bencher, dimensions: usize) {
    let matrix = interactions(5_000, 3_500, 100);
    bencher.bench_local(|| alternating::train(&matrix, &parameters(dimensions), |_| ()));
}

/// A pool of so many threads.
fn pool(threads: usize) -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap_or_else(|error| panic!("cannot start {threads} threads: {error}"))
}

/// Training as above with one and with two threads: how much the second one gives.
#[divan::bench(args = [1, 2], sample_count = 5)]
fn threads_training(bencher: Bencher, threads: usize) {
    let (matrix, pool) = (interactions(5_000, 3_500, 100), pool(threads));
    bencher.bench_local(|| pool.install(|| alternating::train(&matrix, &parameters(64), |_| ())));
}

/// Up to ten million interactions of 200,000 users with 100,000 videos.
#[divan::bench(args = [20, 50], sample_count = 1, sample_size = 1)]
fn training_large(bencher: Bencher, each: usize) {
    let matrix = interactions(200_000, 100_000, each);
    bencher.bench_local(|| alternating::train(&matrix, &parameters(64), |_| ()));
    if let Some(bytes) = peak_resident_bytes() {
        eprintln!(
            "{} interactions: at most {} MB resident so far",
            matrix.len(),
            bytes / 1_000_000
        );
    }
}

fn random_factors(rows: usize, dimensions: usize) -> Factors {
    let mut randomness = ChaCha8Rng::seed_from_u64(2);
    let mut factors = Factors::zeros(rows, dimensions);
    for value in factors.values_mut() {
        *value = randomness.random_range(-0.3..0.3);
    }
    factors
}

/// The best 100 of 100,000 videos for one factor of length 64, exactly, on one core.
#[divan::bench]
fn scoring_top_100(bencher: Bencher) {
    let items = random_factors(100_000, 64);
    let factor = items.row(17).to_vec();
    bencher.bench_local(|| learning::best(&fold_in::scores(&items, divan::black_box(&factor)), 100));
}

/// What a request does: all scores of one user, from rows in bytes.
#[divan::bench(args = [64, 128])]
fn scoring_all(bencher: Bencher, dimensions: usize) {
    let items = random_factors(100_000, dimensions);
    let fold_in = FoldIn::new(&items, 0.1, 0.01, 1.0);
    let model = FactorModel::new(items, fold_in);
    let factor = model.items.row(7).to_vec();
    let mut sums = vec![0f32; 100_000];
    bencher.bench_local(|| model.add_scores(divan::black_box(&factor), 1.0, &mut sums));
}

/// One user with 50 videos, from history to factor.
#[divan::bench]
fn fold_in_user(bencher: Bencher) {
    let items = random_factors(100_000, 64);
    let fold_in = FoldIn::new(&items, 0.2, 0.008, 1.0);
    let history: Vec<u32> = (0..50).map(|place| place * 1_999).collect();
    let values = vec![1.0; history.len()];
    let mut workspace = Workspace::new(64);
    bencher.bench_local(|| fold_in.factor(&mut workspace, &items, divan::black_box(&history), &values));
}

struct World {
    catalogue: Catalogue,
    support: Support,
    history: Interactions,
}

fn world(videos: usize, users: usize) -> World {
    let items: Vec<Item> = (0..videos)
        .map(|video| Item {
            address: format!("https://videos.example/w/{video:08}"),
            channel: format!("https://videos.example/c/{}", video % 5_000),
            category: Some((video % 18) as u32),
            tags: vec![format!("tag{}", video % 700), format!("subject{}", video % 3_001)],
            title: format!("Episode {} about subject {}", video % 97, video % 3_001),
            views: (videos / (video + 1)) as u64,
            listed: true,
            ..Item::default()
        })
        .collect();
    let support = Support::new(
        items.iter().map(|item| item.address.clone()).collect(),
        items.iter().map(|item| item.channel.clone()).collect(),
    );
    World {
        catalogue: Catalogue::new(items, EvidenceBasis::new(64)),
        support,
        history: interactions(users, videos, 30),
    }
}

/// The evidence of 2,000 users on 100,000 videos.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn evidence(bencher: Bencher) {
    let world = world(100_000, 2_000);
    bencher.bench_local(|| {
        let own = learning::contributions(&world.catalogue, &world.history, &world.support);
        EvidenceSource::exact(&world.catalogue, &world.support, &own)
    });
}

/// Item factors of 100,000 videos from the evidence of one source.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn posterior_of_evidence(bencher: Bencher) {
    let world = world(100_000, 2_000);
    let own = learning::contributions(&world.catalogue, &world.history, &world.support);
    let sources = [EvidenceSource::exact(&world.catalogue, &world.support, &own)];
    bencher.bench_local(|| posterior::item_factors(&world.catalogue, &sources));
}

/// The same posterior with one and with two threads.
#[divan::bench(args = [1, 2], sample_count = 3, sample_size = 1)]
fn threads_posterior(bencher: Bencher, threads: usize) {
    let (world, pool) = (world(100_000, 2_000), pool(threads));
    let own = learning::contributions(&world.catalogue, &world.history, &world.support);
    let sources = [EvidenceSource::exact(&world.catalogue, &world.support, &own)];
    bencher.bench_local(|| pool.install(|| posterior::item_factors(&world.catalogue, &sources)));
}
