//! Inner products of rows of bytes with one row of words: whole numbers, so they are exact and the same however they are made.
//!
//! What stays out: what the numbers stand for, and their scales ([`super::byte_rows`]).

#![expect(
    clippy::inline_always,
    reason = "loops must be compiled with the vector unit that was found"
)]

use pulp::{Arch, Simd, WithSimd};

/// Rows are of a multiple of so many entries: a whole number of vectors everywhere.
pub const ALIGNMENT: usize = 32;

/// Adds to `sums` the inner product of each row of `entries` with `words`, which are as long as one row, times `scale` and the
/// scale of the row. No sum of products may leave 32 bits. A length that is no positive multiple of [`ALIGNMENT`] has no products.
pub fn add_products(entries: &[i8], words: &[i16], scale: f32, scales: &[f32], sums: &mut [f32]) {
    if words.is_empty() || !words.len().is_multiple_of(ALIGNMENT) {
        return;
    }
    let rows = (entries.len() / words.len()).min(scales.len()).min(sums.len());
    let work = Adding {
        entries: &entries[..rows * words.len()],
        words,
        scale,
        scales: &scales[..rows],
        sums: &mut sums[..rows],
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(unit) = pulp::x86::V3::try_new() {
        unit.vectorize(four_at_once::Adding { unit, work });
        return;
    }
    Arch::new().dispatch(work);
}

/// The inner product of two rows of one length. In blocks, so that it becomes multiplications of vectors without a rest.
#[inline(always)]
pub fn product(row: &[i8], words: &[i16]) -> i32 {
    let (row, _) = row.as_chunks::<ALIGNMENT>();
    let (words, _) = words.as_chunks::<ALIGNMENT>();
    let mut sum = 0;
    for (row, words) in row.iter().zip(words) {
        for place in 0..ALIGNMENT {
            sum += i32::from(row[place]) * i32::from(words[place]);
        }
    }
    sum
}

/// The work of [`add_products`], as it is done where there is no better way: as many rows as scales and sums. Not a closure,
/// which would be compiled without the vector unit.
struct Adding<'a> {
    entries: &'a [i8],
    words: &'a [i16],
    scale: f32,
    scales: &'a [f32],
    sums: &'a mut [f32],
}

impl WithSimd for Adding<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let rows = self.entries.chunks_exact(self.words.len());
        for ((row, scale), sum) in rows.zip(self.scales).zip(self.sums) {
            *sum += scale * (self.scale * product(row, self.words) as f32);
        }
    }
}

/// Four rows at once with AVX2: a vector's entries must be added up at the end of each row, and four rows share that work.
#[cfg(target_arch = "x86_64")]
mod four_at_once {
    use std::arch::x86_64::__m256i;

    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, WithSimd, cast};

    /// Entries in a vector.
    const LANES: usize = 16;

    /// The work of [`super::add_products`].
    pub struct Adding<'a> {
        pub unit: V3,
        pub work: super::Adding<'a>,
    }

    impl NullaryFnOnce for Adding<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let super::Adding {
                entries,
                words,
                scale,
                scales,
                sums,
            } = self.work;
            let (scales, last_scales) = scales.as_chunks::<4>();
            let (sums, last_sums) = sums.as_chunks_mut::<4>();
            let mut fours = entries.chunks_exact(4 * words.len());
            for ((four, scales), sums) in fours.by_ref().zip(scales).zip(sums) {
                let products = four_products(self.unit, four, words);
                for row in 0..4 {
                    sums[row] += scales[row] * (scale * products[row] as f32);
                }
            }
            let last = super::Adding {
                entries: fours.remainder(),
                words,
                scale,
                scales: last_scales,
                sums: last_sums,
            };
            last.with_simd(self.unit);
        }
    }

    #[inline(always)]
    fn four_products(unit: V3, four: &[i8], words: &[i16]) -> [i32; 4] {
        let (words, _) = words.as_chunks::<LANES>();
        let (entries, _) = four.as_chunks::<LANES>();
        let count = words.len();
        let (first, second) = entries.split_at(2 * count);
        let (rows, others) = (first.split_at(count), second.split_at(count));
        let zero: __m256i = cast([0i32; 8]);
        let mut sums = [zero; 4];
        let rows = rows.0.iter().zip(rows.1).zip(others.0).zip(others.1);
        for ((((one, two), three), four), words) in rows.zip(words) {
            let words = cast(*words);
            let entries = [one, two, three, four];
            for row in 0..4 {
                let entries = unit.avx2._mm256_cvtepi8_epi16(cast(*entries[row]));
                let products = unit.avx2._mm256_madd_epi16(entries, words);
                sums[row] = unit.avx2._mm256_add_epi32(sums[row], products);
            }
        }
        let first = unit.avx2._mm256_hadd_epi32(sums[0], sums[1]);
        let second = unit.avx2._mm256_hadd_epi32(sums[2], sums[3]);
        let halves: [[i32; 4]; 2] = cast(unit.avx2._mm256_hadd_epi32(first, second));
        let mut products = [0; 4];
        for row in 0..4 {
            products[row] = halves[0][row] + halves[1][row];
        }
        products
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// For any number of rows and any length, by whatever unit there is and by the plain one.
        #[test]
        fn products_are_exact(
            blocks in 1usize..5,
            rows in 0usize..11,
            entries in proptest::collection::vec(-127i8..=127, 10 * 4 * ALIGNMENT),
            words in proptest::collection::vec(-32_767i16..=32_767, 4 * ALIGNMENT),
        ) {
            let length = blocks * ALIGNMENT;
            let (entries, words) = (&entries[..rows * length], &words[..length]);
            let scales: Vec<f32> = (0u8..).map(|row| 1.0 + f32::from(row)).take(rows).collect();
            let (mut sums, mut plain) = (vec![0.5; rows], vec![0.5; rows]);
            add_products(entries, words, 0.25, &scales, &mut sums);
            let work = Adding { entries, words, scale: 0.25, scales: &scales, sums: &mut plain };
            Arch::Scalar.dispatch(work);
            prop_assert_eq!(&sums, &plain);
            for ((row, sum), scale) in entries.chunks_exact(length).zip(&sums).zip(&scales) {
                let sum = (sum - 0.5) / scale * 4.0;
                let exact: i64 = row.iter().zip(words).map(|(entry, word)| i64::from(*entry) * i64::from(*word)).sum();
                prop_assert_eq!(i64::from(product(row, words)), exact);
                prop_assert!((f64::from(sum) - exact as f64).abs() <= 1e-6 * (exact as f64).abs() + 20.0);
            }
        }
    }

    #[test]
    fn a_length_that_is_no_multiple_has_no_products() {
        let mut sums = [1.0];
        add_products(&[1; 7], &[1; 7], 1.0, &[1.0], &mut sums);
        add_products(&[], &[], 1.0, &[1.0], &mut sums);
        assert!((sums[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn sums_without_a_row_or_a_scale_stay() {
        for (scales, reached) in [(8, 5), (3, 3)] {
            let mut sums = [1.0; 8];
            add_products(&[1; 5 * ALIGNMENT], &[1; ALIGNMENT], 1.0, &vec![1.0; scales], &mut sums);
            assert!(sums[..reached].iter().all(|sum| (sum - 33.0).abs() < 1e-9), "{sums:?}");
            assert!(sums[reached..].iter().all(|sum| (sum - 1.0).abs() < 1e-9), "{sums:?}");
        }
    }
}
