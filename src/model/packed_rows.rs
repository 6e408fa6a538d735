//! Rows of factors in half precision, for passes over many of them that would otherwise wait for memory.

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

#[cfg(test)]
mod tests {
    use super::*;

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
