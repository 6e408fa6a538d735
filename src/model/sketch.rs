//! Short vectors whose inner products are nearly those of long ones: a first look at very many rows reads a fraction of them.
//!
//! The short vectors are the coordinates in the directions in which the long ones have most of their squares (principal components,
//! not centred: Eckart and Young 1936). What stays out: what the rows are, and what is done with a guess
//! ([`super::similarity`]).

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::byte_rows::ByteRows;
use super::factors::Factors;
use super::least_squares::gram;
use super::linear_algebra::{eigen, multiply};
use super::selection::evenly_spread;

/// Rows that the directions are learned from, about; all where there are fewer.
const SAMPLE: usize = 16_384;
/// Rows that are made at once, so that long ones need little memory.
const BLOCK: usize = 2_048;

/// Short vectors for all rows.
#[derive(Clone)]
pub struct Sketch {
    /// `short x long`, orthonormal rows.
    directions: Vec<f32>,
    long: usize,
    rows: ByteRows,
}

impl Sketch {
    /// For `count` rows of `long` entries, of which `write` puts one into its argument, which is all zeros before. `None` where
    /// they are not longer than `short`, or have an entry that is not finite. The same at any thread count.
    pub fn new(count: usize, long: usize, short: usize, write: impl Fn(u32, &mut [f32]) + Sync) -> Option<Self> {
        if short == 0 || long <= short || count == 0 {
            return None;
        }
        let sampled: Vec<u32> = evenly_spread(count, SAMPLE).collect();
        let mut sample = Factors::zeros(sampled.len(), long);
        sample
            .values_mut()
            .par_chunks_exact_mut(long)
            .zip(&sampled)
            .for_each(|(row, item)| write(*item, row));
        let (_, vectors) = eigen(&gram(&sample), long)?;
        // Eigenvalues ascend.
        let directions: Vec<f32> = (vectors.get((long - short) * long..)?)
            .iter()
            .map(|entry| *entry as f32)
            .collect();

        let mut rows = Factors::zeros(count, short);
        rows.values_mut()
            .par_chunks_mut(BLOCK * short)
            .zip((0..count as u32).into_par_iter().step_by(BLOCK))
            .for_each_init(
                || vec![0f32; BLOCK * long],
                |memory, (target, first)| {
                    let count = target.len() / short;
                    let source = &mut memory[..count * long];
                    source.fill(0.0);
                    for (row, item) in source.chunks_exact_mut(long).zip(first..) {
                        write(item, row);
                    }
                    matmul(
                        MatMut::from_row_major_slice_mut(target, count, short),
                        Accum::Replace,
                        MatRef::from_row_major_slice(source, count, long),
                        MatRef::from_row_major_slice(&directions, short, long).transpose(),
                        1.0,
                        Par::Seq,
                    );
                },
            );
        Some(Self {
            directions,
            long,
            rows: ByteRows::rounding(&mut rows),
        })
    }

    /// Adds to `sums`, one per row, about what the inner product of the row and `point` is, which is as long as a long row.
    pub fn add_guesses(&self, point: &[f32], sums: &mut [f32]) {
        if point.len() == self.long {
            self.rows.add_products(&multiply(&self.directions, point), sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(long: usize, short: usize, rows: &[f32]) -> Option<Sketch> {
        let write = |item: u32, row: &mut [f32]| row.copy_from_slice(&rows[item as usize * long..][..long]);
        Sketch::new(rows.len() / long, long, short, write)
    }

    fn guesses(sketch: &Sketch, point: &[f32], count: usize) -> Vec<f32> {
        let mut sums = vec![0.5; count];
        sketch.add_guesses(point, &mut sums);
        sums.iter().map(|sum| sum - 0.5).collect()
    }

    proptest! {
        /// Rows that lie in a plane lose nothing but the rounding.
        #[test]
        fn rows_of_low_rank_are_guessed_exactly(
            mix in proptest::collection::vec(-1.0f32..1.0, 2 * 40),
            plane in proptest::collection::vec(-1.0f32..1.0, 2 * 6),
            point in proptest::collection::vec(-1.0f32..1.0, 6),
        ) {
            let rows: Vec<f32> = mix
                .chunks_exact(2)
                .flat_map(|mix| (0..6).map(|k| mix[0] * plane[k] + mix[1] * plane[6 + k]).collect::<Vec<_>>())
                .collect();
            let found = guesses(&sketch(6, 3, &rows).unwrap(), &point, 40);
            for (row, guess) in rows.chunks_exact(6).zip(found) {
                let exact: f32 = row.iter().zip(&point).map(|(one, other)| one * other).sum();
                prop_assert!((exact - guess).abs() < 0.05, "{exact} {guess}");
            }
        }

        /// No other directions keep more of the squares, so the rest is what the smallest eigenvalues add up to.
        #[test]
        fn what_is_lost_is_what_the_other_directions_have(rows in proptest::collection::vec(-1.0f32..1.0, 5 * 30)) {
            let sketch = sketch(5, 2, &rows).unwrap();
            let kept: f32 = rows
                .chunks_exact(5)
                .map(|row| multiply(&sketch.directions, row).iter().map(|entry| entry * entry).sum::<f32>())
                .sum();
            let factors = Factors::from_values(5, rows).unwrap();
            let (values, _) = eigen(&gram(&factors), 5).unwrap();
            prop_assert!((f64::from(kept) - values[3] - values[4]).abs() < 1e-3);
        }
    }

    #[test]
    fn blocks_and_samples_change_nothing() {
        let rows: Vec<f32> = (0..3 * 50_000u64)
            .map(|number| (number * 7_919 % 1_009) as f32 / 1_009.0 * if number % 3 == 2 { 0.001 } else { 1.0 })
            .collect();
        let found = guesses(&sketch(3, 2, &rows).unwrap(), &[1.0, -0.5, 0.25], 50_000);
        for (row, guess) in rows.chunks_exact(3).zip(found) {
            let exact = row[0] - 0.5 * row[1] + 0.25 * row[2];
            assert!((exact - guess).abs() < 0.02, "{exact} {guess}");
        }
    }

    #[test]
    fn rows_that_cannot_be_shortened_have_no_sketch() {
        assert!(sketch(2, 2, &[1.0; 8]).is_none());
        assert!(sketch(3, 0, &[1.0; 9]).is_none());
        assert!(sketch(3, 2, &[]).is_none());
        assert!(sketch(3, 2, &[1.0, f32::NAN, 1.0]).is_none());
        let zeros = sketch(3, 2, &[0.0; 9]).unwrap();
        assert!(guesses(&zeros, &[1.0; 3], 3).iter().all(|guess| guess.abs() < 1e-9));
        assert!(
            guesses(&zeros, &[1.0; 2], 3).iter().all(|guess| guess.abs() < 1e-9),
            "of another length"
        );
    }
}
