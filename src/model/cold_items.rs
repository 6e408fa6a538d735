//! Own factors of items that few or none have watched yet, from what is publicly known of them.
//!
//! A linear map from content to own factors is learned from the items that were watched, and every item's factor gets what the
//! map says of it: most where nobody watched the item, less and less with every watch (the idea of Gantner et al. 2010,
//! "Learning attribute-to-feature mappings for cold-start recommendations", with a closed form instead of gradient descent).
//! The fewer the examples, the less the map is trusted: an item that nobody watched may well be one that
//! nobody likes. What stays out: scores, and the federation's factors.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::factors::Factors;
use super::least_squares::gram;
use super::linear_algebra::{SymmetricSolver, substitute};

/// With so many watches an item gets half of what the map says of it, and counts half as an example.
const HALF_TRUST_WATCHES: f32 = 3.0;
/// With so many examples per input the map counts half (a shrinkage of predictions as in Copas 1983, "Regression, prediction and
/// shrinkage").
const HALF_TRUST_EXAMPLES: f32 = 8.0;
/// Ridge of the map, as a share of the mean diagonal.
const RIDGE: f32 = 0.1;
/// Items whose inputs are in memory at once. A fixed number, so the bits do not depend on the thread count.
const BLOCK: usize = 8_192;
/// Inputs besides content: one that is always 1, and popularity.
const FURTHER_INPUTS: usize = 2;

/// What is publicly known of each item.
#[derive(Clone, Copy)]
pub struct PublicInputs<'a> {
    /// Content vectors, one row per item.
    pub content: &'a Factors,
    /// Popularity of each item, logarithmic, at least 0.
    pub popularity: &'a [f32],
}

/// Adds to the factor of each item what its public inputs say of it, as far as its `watches` are few.
///
/// Nothing changes where no item was watched, or something is not finite. `factors`, the inputs and `watches` have the same items
/// in the same order.
pub fn place(factors: &mut Factors, inputs: PublicInputs, watches: &[u32]) {
    let Some(map) = Map::learn(factors, inputs, watches, HALF_TRUST_EXAMPLES) else {
        return;
    };
    let d = factors.dimensions();
    let blocks = factors.values_mut().par_chunks_mut(BLOCK * d);
    blocks.enumerate().for_each(|(block, rows)| {
        let first = block * BLOCK;
        let count = rows.len() / d;
        let mut joined = Vec::with_capacity(count * map.inputs);
        for item in first..first + count {
            inputs.append(item, map.popularity_scale, share_of_map(watches, item), &mut joined);
        }
        matmul(
            MatMut::from_row_major_slice_mut(rows, count, d),
            Accum::Add,
            MatRef::from_row_major_slice(&joined, count, map.inputs),
            MatRef::from_row_major_slice(&map.coefficients, map.inputs, d),
            1.0,
            Par::Seq,
        );
    });
}

/// Sets the factors of the items after the first `watches.len()` to what their public inputs say of them; the map is learned from
/// these first ones. Nothing changes where none of them was watched, or something is not finite.
///
/// Factors whose prior follows from public inputs by itself (`follows_inputs`) are taken at their word, however few there are: they need
/// no shrinkage again.
pub fn place_new(factors: &mut Factors, inputs: PublicInputs, watches: &[u32], follows_inputs: bool) {
    let half_trust = if follows_inputs { 0.0 } else { HALF_TRUST_EXAMPLES };
    let Some(map) = Map::learn(factors, inputs, watches, half_trust) else {
        return;
    };
    let d = factors.dimensions();
    for item in watches.len()..factors.rows() {
        let mut joined = Vec::with_capacity(map.inputs);
        inputs.append(item, map.popularity_scale, 1.0, &mut joined);
        let row = factors.row_mut(item);
        row.fill(0.0);
        for (input, coefficients) in joined.iter().zip(map.coefficients.chunks_exact(d)) {
            row.iter_mut()
                .zip(coefficients)
                .for_each(|(value, coefficient)| *value += input * coefficient);
        }
    }
}

/// Items whose factor says less of what they are like than of who watched them: those that fewer than three have watched.
///
/// Nobody should be shown what is similar to such an item by its factor. It would be what its one watcher watched besides.
pub fn hardly_watched(watches: &[u32]) -> Vec<u32> {
    let items = (0..watches.len()).filter(|item| share_of_map(watches, *item) > 0.5);
    items.map(|item| item as u32).collect()
}

/// How much of what the map says an item gets, in (0, 1].
fn share_of_map(watches: &[u32], item: usize) -> f32 {
    HALF_TRUST_WATCHES / (HALF_TRUST_WATCHES + watches[item] as f32)
}

/// How much a map counts that was learned from examples of this weight altogether, in (0, 1).
/// It counts half with `half_trust` examples per input.
fn trust(weight: f32, inputs: usize, half_trust: f32) -> f32 {
    weight / (weight + half_trust * inputs as f32)
}

impl PublicInputs<'_> {
    fn len(self) -> usize {
        self.content.dimensions() + FURTHER_INPUTS
    }

    /// Appends the inputs of an item times `scale`.
    fn append(self, item: usize, popularity_scale: f32, scale: f32, target: &mut Vec<f32>) {
        let content = self.content.row(item).iter().map(|value| scale * value);
        target.extend(content);
        target.extend([scale, scale * (popularity_scale * self.popularity[item] - 1.0)]);
    }

    /// What makes popularity 1 on the average; 0 where nothing is popular.
    fn popularity_scale(self) -> f32 {
        let sum: f64 = self.popularity.iter().map(|value| f64::from(*value)).sum();
        if sum > 0.0 {
            (self.popularity.len() as f64 / sum) as f32
        } else {
            0.0
        }
    }
}

/// A linear map from public inputs to factors.
struct Map {
    inputs: usize,
    popularity_scale: f32,
    /// `inputs x dimensions`, row-major.
    coefficients: Vec<f32>,
}

impl Map {
    /// Ridge regression over the watched items. Each weighs the more, the more watches its factor was learned from.
    fn learn(factors: &Factors, inputs: PublicInputs, watches: &[u32], half_trust: f32) -> Option<Self> {
        let (d, p) = (factors.dimensions(), inputs.len());
        let popularity_scale = inputs.popularity_scale();
        let examples: Vec<(usize, f32)> = (0..factors.rows().min(watches.len()))
            .filter(|item| watches[*item] > 0)
            .map(|item| (item, 1.0 - share_of_map(watches, item)))
            .collect();
        if d == 0 || examples.is_empty() {
            return None;
        }
        let width = p + d;
        let mut sums = vec![0f64; width * width];
        for block in examples.chunks(BLOCK) {
            let mut joined = Vec::with_capacity(block.len() * width);
            for &(item, weight) in block {
                let root = weight.sqrt();
                inputs.append(item, popularity_scale, root, &mut joined);
                joined.extend(factors.row(item).iter().map(|value| root * value));
            }
            let products = gram(&Factors::from_values(width, joined)?);
            sums.iter_mut()
                .zip(products)
                .for_each(|(sum, product)| *sum += f64::from(product));
        }
        let columns = |row: usize, from: usize, to: usize| sums[row * width + from..row * width + to].iter();
        let mut matrix: Vec<f32> = (0..p)
            .flat_map(|row| columns(row, 0, p).map(|sum| *sum as f32))
            .collect();
        let mut coefficients: Vec<f32> = (0..p)
            .flat_map(|row| columns(row, p, width).map(|sum| *sum as f32))
            .collect();
        let ridge = RIDGE * (0..p).map(|i| matrix[i * p + i]).sum::<f32>() / p as f32;
        (0..p).for_each(|i| matrix[i * p + i] += ridge);
        if !SymmetricSolver::new(p).factorize(&mut matrix) {
            return None;
        }
        substitute(&matrix, p, &mut coefficients, d);
        let trust = trust(examples.iter().map(|(_, weight)| weight).sum(), p, half_trust);
        coefficients.iter_mut().for_each(|value| *value *= trust);
        coefficients.iter().all(|value| value.is_finite()).then_some(Self {
            inputs: p,
            popularity_scale,
            coefficients,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::model::linear_algebra::dot;

    const D: usize = 3;
    const CONTENT: usize = 5;

    /// Factors that follow from content and popularity by a map, those of unwatched items still zero.
    struct Planted {
        content: Factors,
        popularity: Vec<f32>,
        watches: Vec<u32>,
        truth: Factors,
    }

    impl Planted {
        fn new(items: usize, seed: u64) -> Self {
            let mut randomness = ChaCha8Rng::seed_from_u64(seed);
            let mut entries = |count: usize, from: f32| -> Vec<f32> {
                (0..count).map(|_| randomness.random_range(from..1.0)).collect()
            };
            let content = Factors::from_values(CONTENT, entries(items * CONTENT, -1.0)).unwrap();
            let map = entries((CONTENT + 2) * D, -1.0);
            let popularity = entries(items, 0.0);
            let mean = popularity.iter().sum::<f32>() / items as f32;
            let mut truth = Factors::zeros(items, D);
            for item in 0..items {
                let further = [1.0, popularity[item] / mean - 1.0];
                let inputs = content.row(item).iter().chain(&further);
                for (input, row) in inputs.zip(map.chunks(D)) {
                    let factor = truth.row_mut(item).iter_mut();
                    factor.zip(row).for_each(|(value, weight)| *value += input * weight);
                }
            }
            let watches = (0..items as u32)
                .map(|item| if item % 4 == 0 { 0 } else { 100_000 })
                .collect();
            Self {
                content,
                popularity,
                watches,
                truth,
            }
        }

        fn learned(&self) -> Factors {
            let mut factors = self.truth.clone();
            for (item, watches) in self.watches.iter().enumerate() {
                if *watches == 0 {
                    factors.row_mut(item).fill(0.0);
                }
            }
            factors
        }

        fn inputs(&self) -> PublicInputs<'_> {
            PublicInputs {
                content: &self.content,
                popularity: &self.popularity,
            }
        }
    }

    proptest! {
        #[test]
        fn unwatched_items_stand_where_their_content_says(seed in any::<u64>()) {
            let planted = Planted::new(2_000, seed);
            let mut factors = planted.learned();
            place(&mut factors, planted.inputs(), &planted.watches);
            for (item, watches) in planted.watches.iter().enumerate() {
                let (placed, truth) = (factors.row(item), planted.truth.row(item));
                let off: Vec<f32> = placed.iter().zip(truth).map(|(a, b)| a - b).collect();
                let length = dot(truth, truth).sqrt();
                // The ridge shortens what the map says; an item that many watched stays where it was.
                let bound = if *watches == 0 { 0.35 * length + 0.15 } else { 1e-3 };
                prop_assert!(dot(&off, &off).sqrt() < bound, "{placed:?} {truth:?}");
            }
        }

        /// What an item gets falls with its watches, by the law that is stated.
        #[test]
        fn the_share_of_the_map_falls_with_the_watches(watches in 0u32..1_000) {
            let all = [watches, watches + 1];
            prop_assert!(share_of_map(&all, 0) > share_of_map(&all, 1) && share_of_map(&all, 1) > 0.0);
            prop_assert_eq!(hardly_watched(&all[..1]).is_empty(), watches >= 3);
        }
    }

    #[test]
    fn the_fewer_the_examples_the_less_changes() {
        let moved = |examples: usize| {
            let mut planted = Planted::new(400, 1);
            planted.watches.fill(0);
            planted.watches[..examples].fill(1_000);
            let mut factors = planted.learned();
            place(&mut factors, planted.inputs(), &planted.watches);
            let unwatched = &factors.values()[300 * D..];
            dot(unwatched, unwatched).sqrt()
        };
        assert!(moved(0).abs() == 0.0, "nothing to learn from");
        assert!(0.0 < moved(30) && moved(30) < 0.6 * moved(300));
    }

    #[test]
    fn the_bits_do_not_depend_on_the_thread_count() {
        let planted = Planted::new(2 * BLOCK + 77, 2);
        let with_threads = |threads: usize| {
            let mut factors = planted.learned();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| place(&mut factors, planted.inputs(), &planted.watches));
            factors
        };
        assert_eq!(with_threads(1).values(), with_threads(3).values());
    }

    #[test]
    fn nothing_popular_nothing_known_and_nothing_at_all() {
        let mut planted = Planted::new(100, 3);
        planted.popularity.fill(0.0);
        planted.content.values_mut().fill(0.0);
        let mut factors = planted.learned();
        place(&mut factors, planted.inputs(), &planted.watches);
        assert!(factors.values().iter().all(|value| value.is_finite()));

        planted.content.values_mut()[CONTENT + 1] = f32::NAN;
        let before = factors.clone();
        place(&mut factors, planted.inputs(), &planted.watches);
        assert_eq!(
            factors.values(),
            before.values(),
            "a map that is not finite is not used"
        );

        let nothing = Factors::zeros(0, CONTENT);
        let inputs = PublicInputs {
            content: &nothing,
            popularity: &[],
        };
        place(&mut Factors::zeros(0, D), inputs, &[]);
        place(&mut Factors::zeros(0, 0), inputs, &[]);
    }
}
