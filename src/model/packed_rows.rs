//! Rows of factors in half precision, for learning, which would otherwise wait for memory.

#![expect(
    clippy::inline_always,
    reason = "loops must be compiled with the vector unit that was found"
)]

use pulp::Simd;
use rayon::prelude::*;

use super::factors::Factors;

/// Entries per row are filled up to a multiple of this, so that half a row is a whole number of vectors everywhere.
const ALIGNMENT: usize = 32;

/// Length of a row of `dimensions` entries with its padding.
pub fn padded(dimensions: usize) -> usize {
    dimensions.next_multiple_of(ALIGNMENT)
}

/// Rows of 16-bit floating point numbers with the exponent of `f32` (`bfloat16`).
///
/// A word holds two entries: in its lower half entry `k`, in its upper half entry `k + padded / 2`.
pub struct PackedRows {
    words_per_row: usize,
    words: Vec<u32>,
}

impl PackedRows {
    /// Packs all rows, and rounds `factors` to exactly what was packed, to nearest.
    pub fn rounding(factors: &mut Factors) -> Self {
        let d = factors.dimensions();
        let words_per_row = padded(d) / 2;
        let mut words = vec![0u32; factors.rows() * words_per_row];
        if d > 0 {
            let rows = factors.values_mut().par_chunks_mut(d);
            rows.zip(words.par_chunks_mut(words_per_row)).for_each(|(row, words)| {
                for (place, value) in row.iter_mut().enumerate() {
                    let bits = value.to_bits().saturating_add(0x8000) & 0xFFFF_0000;
                    *value = f32::from_bits(bits);
                    if place < words_per_row {
                        words[place] |= bits >> 16;
                    } else {
                        words[place - words_per_row] |= bits;
                    }
                }
            });
        }
        Self { words_per_row, words }
    }

    /// The words of one row.
    #[inline]
    pub fn row(&self, index: u32) -> &[u32] {
        let start = index as usize * self.words_per_row;
        &self.words[start..start + self.words_per_row]
    }
}

/// The two entries that every word holds.
#[inline(always)]
pub(super) fn unpack<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2] {
    let high = simd.and_u32s(words, simd.splat_u32s(0xFFFF_0000));
    let low = simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(16));
    [simd.transmute_f32s_u32s(low), simd.transmute_f32s_u32s(high)]
}

/// Inner products of packed rows with a point, whose first half is `low`. One length for all, so that no bounds are checked in
/// the loops; padding makes it a whole number of vectors.
#[inline(always)]
pub(super) fn products<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&[S::u32s]; ROWS],
    low: &[S::f32s],
    high: &[S::f32s],
) -> [f32; ROWS] {
    let blocks = low.len();
    let high = &high[..blocks];
    let rows = rows.map(|row| &row[..blocks]);
    let mut sums = [simd.splat_f32s(0.0); ROWS];
    for place in 0..blocks {
        for row in 0..ROWS {
            let [first, second] = unpack(simd, rows[row][place]);
            sums[row] = simd.mul_add_e_f32s(first, low[place], sums[row]);
            sums[row] = simd.mul_add_e_f32s(second, high[place], sums[row]);
        }
    }
    // Not `map`: its closure would be compiled without the vector unit.
    let mut products = [0f32; ROWS];
    for row in 0..ROWS {
        products[row] = simd.reduce_sum_f32s(sums[row]);
    }
    products
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::{Arch, WithSimd};

    use super::super::linear_algebra::dot;
    use super::*;

    /// One row's product.
    struct Product<'a>(&'a [u32], &'a [f32]);

    impl WithSimd for Product<'_> {
        type Output = f32;

        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (low, high) = self.1.split_at(self.0.len());
            let row = S::as_simd_u32s(self.0).0;
            products(simd, [row], S::as_simd_f32s(low).0, S::as_simd_f32s(high).0)[0]
        }
    }

    proptest! {
        /// Inner products with exactly the rounded rows, for any number of rows and any length.
        #[test]
        fn products_are_those_of_the_rounded_rows(
            d in 1usize..70,
            rows in 0usize..30,
            entries in proptest::collection::vec(-1.0f32..1.0, 70 * 31),
        ) {
            let (point, values) = (&entries[..d], entries[70..70 + d * rows].to_vec());
            let mut factors = Factors::from_values(d, values).unwrap();
            let packed = PackedRows::rounding(&mut factors);
            let mut whole = vec![0f32; padded(d)];
            whole[..d].copy_from_slice(point);
            for row in 0..rows {
                let product = Arch::new().dispatch(Product(packed.row(row as u32), &whole));
                prop_assert!((product - dot(factors.row(row), point)).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn halves_of_words_are_the_rounded_entries() {
        let values: Vec<f32> = (0..40).map(|k| (k as f32 - 20.0) * 0.137).collect();
        let mut factors = Factors::from_values(40, values.clone()).unwrap();
        let packed = PackedRows::rounding(&mut factors);
        let row = packed.row(0);
        assert_eq!(row.len(), 32);
        for (place, (rounded, value)) in factors.row(0).iter().zip(&values).enumerate() {
            assert!((rounded - value).abs() <= value.abs() / 256.0);
            let bits = if place < 32 {
                row[place] << 16
            } else {
                row[place - 32] & 0xFFFF_0000
            };
            assert_eq!(bits, rounded.to_bits());
        }
    }

    #[test]
    fn no_rows_and_no_dimensions() {
        assert!(PackedRows::rounding(&mut Factors::zeros(0, 8)).words.is_empty());
        assert!(PackedRows::rounding(&mut Factors::zeros(0, 0)).words.is_empty());
    }
}
