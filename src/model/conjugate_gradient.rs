//! A few steps of preconditioned conjugate gradients for one row of alternating least squares.
//!
//! The system is `(diag(base) + sum_j c_j v_j v_j') x = sum_j c_j y_j v_j`: the part that all rows share has been made
//! diagonal by rotating the factors, so a step costs one pass over the observed rows and nothing else. Such a pass waits for
//! memory, which is why the observed rows are read in half precision; all sums are in single precision.

#![expect(
    clippy::inline_always,
    reason = "loops must be compiled with the vector unit that was found"
)]

use pulp::{Arch, Simd, WithSimd};

use super::least_squares::weight_and_target;
use super::packed_rows::{PackedRows, padded, products, unpack};

/// Observed rows that are worked on at once: as many independent sums hide the latency of an addition.
const BATCH: usize = 8;

/// Reused memory for one thread. All vectors are filled up with zeros to the padded length.
pub struct ConjugateGradient {
    architecture: Arch,
    base: Vec<f32>,
    inverse: Vec<f32>,
    point: Vec<f32>,
    residual: Vec<f32>,
    direction: Vec<f32>,
    product: Vec<f32>,
}

/// One row's system.
pub struct RowSystem<'a> {
    /// Diagonal of the part that does not depend on the observed entries, all positive.
    pub base: &'a [f32],
    /// Diagonal of the preconditioner, all positive.
    pub preconditioner: &'a [f32],
    /// Rows of the other side.
    pub other: &'a PackedRows,
    /// Observed rows of `other`.
    pub observed: &'a [u32],
    /// Their preference values.
    pub values: &'a [f32],
}

impl ConjugateGradient {
    /// For rows of `dimensions`.
    pub fn new(dimensions: usize) -> Self {
        let zeros = || vec![0.0; padded(dimensions)];
        Self {
            architecture: Arch::new(),
            base: zeros(),
            inverse: zeros(),
            point: zeros(),
            residual: zeros(),
            direction: zeros(),
            product: zeros(),
        }
    }

    /// Improves `row`, the current guess, by at most `steps` steps. The row stays finite.
    ///
    /// The row moves `relaxation` times as far as the steps lead. Every step minimizes the row's loss, a parabola, along a
    /// direction conjugate to the others, so above 0 and below 2 the loss falls: successive over-relaxation (Young 1954).
    pub fn improve(&mut self, system: &RowSystem<'_>, steps: usize, relaxation: f32, row: &mut [f32]) {
        let architecture = self.architecture;
        architecture.dispatch(Improve {
            memory: self,
            system,
            steps,
            relaxation,
            row,
        });
    }
}

/// The work of [`ConjugateGradient::improve`], compiled for every vector unit.
struct Improve<'a> {
    memory: &'a mut ConjugateGradient,
    system: &'a RowSystem<'a>,
    steps: usize,
    relaxation: f32,
    row: &'a mut [f32],
}

impl WithSimd for Improve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ConjugateGradient {
            base,
            inverse,
            point,
            residual,
            direction,
            product,
            ..
        } = self.memory;
        let system = self.system;
        for (inverse, diagonal) in inverse.iter_mut().zip(system.preconditioner) {
            *inverse = 1.0 / diagonal;
        }
        base[..system.base.len()].copy_from_slice(system.base);
        point[..self.row.len()].copy_from_slice(self.row);
        for ((residual, base), x) in residual.iter_mut().zip(&*base).zip(&*point) {
            *residual = -base * x;
        }
        accumulate(simd, system, point, residual, |value, score| {
            let (weight, target) = weight_and_target(value);
            weight * (target - score)
        });
        for ((direction, residual), inverse) in direction.iter_mut().zip(&*residual).zip(&*inverse) {
            *direction = residual * inverse;
        }
        let mut length = dot(simd, residual, direction);
        for step in 0..self.steps {
            for ((product, base), direction) in product.iter_mut().zip(&*base).zip(&*direction) {
                *product = base * direction;
            }
            accumulate(simd, system, direction, product, |value, score| {
                weight_and_target(value).0 * score
            });
            let curvature = dot(simd, direction, product);
            let size = length / curvature;
            if !(curvature > 0.0 && size.is_finite()) {
                return;
            }
            let relaxed = self.relaxation * size;
            for (x, direction) in self.row.iter_mut().zip(&*direction) {
                *x += relaxed * direction;
            }
            if step + 1 == self.steps {
                return;
            }
            for ((residual, product), inverse) in residual.iter_mut().zip(product.iter_mut()).zip(&*inverse) {
                *residual -= size * *product;
                *product = *residual * inverse;
            }
            let next = dot(simd, residual, product);
            let turn = next / length;
            if !turn.is_finite() {
                return;
            }
            for (direction, preconditioned) in direction.iter_mut().zip(&*product) {
                *direction = preconditioned + turn * *direction;
            }
            length = next;
        }
    }
}

/// `sum += coefficient(value_j, v_j . point) v_j` over the observed rows, each fetched once.
#[inline(always)]
fn accumulate<S: Simd>(
    simd: S,
    system: &RowSystem<'_>,
    point: &[f32],
    sum: &mut [f32],
    coefficient: impl Fn(f32, f32) -> f32,
) {
    let (batches, rest) = system.observed.as_chunks::<BATCH>();
    let (value_batches, value_rest) = system.values.as_chunks::<BATCH>();
    for (batch, values) in batches.iter().zip(value_batches) {
        work(
            simd,
            batch.map(|row| system.other.row(row)),
            *values,
            point,
            sum,
            &coefficient,
        );
    }
    for (row, value) in rest.iter().zip(value_rest) {
        work(simd, [system.other.row(*row)], [*value], point, sum, &coefficient);
    }
}

#[inline(always)]
fn work<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&[u32]; ROWS],
    values: [f32; ROWS],
    point: &[f32],
    sum: &mut [f32],
    coefficient: &impl Fn(f32, f32) -> f32,
) {
    // Padding makes everything a whole number of vectors. One length for all, so that no bounds are checked in the loops.
    let (low, high) = point.split_at(point.len() / 2);
    let (low, high) = (S::as_simd_f32s(low).0, S::as_simd_f32s(high).0);
    let blocks = low.len();
    let rows = rows.map(|row| &S::as_simd_u32s(row).0[..blocks]);

    let scores = products(simd, rows, low, high);
    let mut by = [simd.splat_f32s(0.0); ROWS];
    for k in 0..ROWS {
        by[k] = simd.splat_f32s(coefficient(values[k], scores[k]));
    }
    let (low, high) = sum.split_at_mut(point.len() / 2);
    let (low, high) = (S::as_mut_simd_f32s(low).0, S::as_mut_simd_f32s(high).0);
    let (low, high) = (&mut low[..blocks], &mut high[..blocks]);
    for place in 0..blocks {
        let mut totals = [low[place], high[place]];
        for k in 0..ROWS {
            let [first, second] = unpack(simd, rows[k][place]);
            totals[0] = simd.mul_add_e_f32s(by[k], first, totals[0]);
            totals[1] = simd.mul_add_e_f32s(by[k], second, totals[1]);
        }
        [low[place], high[place]] = totals;
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a_blocks, a_rest), (b_blocks, b_rest)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let mut sum = simd.splat_f32s(0.0);
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        sum = simd.mul_add_e_f32s(*a, *b, sum);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    simd.reduce_sum_f32s(sum) + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::factors::Factors;
    use crate::model::least_squares::Workspace;

    /// Rows of the other side, rounded; the same packed; and all their numbers.
    fn thirteen_rows(d: usize, entries: &[f32]) -> (Factors, PackedRows, Vec<u32>) {
        let mut other = Factors::from_values(d, entries[..13 * d].to_vec()).unwrap();
        let packed = PackedRows::rounding(&mut other);
        (other, packed, (0..13).collect())
    }

    proptest! {
        /// With as many steps as unknowns the answer is that of the direct method.
        #[test]
        fn enough_steps_solve_the_system(
            d in 1usize..12,
            values in proptest::collection::vec(-1.0f32..1.0, 13),
            entries in proptest::collection::vec(-1.0f32..1.0, 13 * 12),
            start in proptest::collection::vec(-1.0f32..1.0, 12),
        ) {
            let (other, packed, observed) = thirteen_rows(d, &entries);
            let base: Vec<f32> = (0..d).map(|k| 0.5 + k as f32 * 0.1).collect();
            let mut matrix = vec![0.0; d * d];
            for k in 0..d {
                matrix[k * d + k] = base[k];
            }
            let mut direct = vec![0.0; d];
            Workspace::new(d).solve_row(&matrix, &other, &observed, &values, &mut direct);
            let mut row = start[..d].to_vec();
            let system = RowSystem { base: &base, preconditioner: &base, other: &packed, observed: &observed, values: &values };
            ConjugateGradient::new(d).improve(&system, 2 * d, 1.0, &mut row);
            for (a, b) in row.iter().zip(&direct) {
                prop_assert!((a - b).abs() < 2e-3, "{row:?} {direct:?}");
            }
        }

        /// Any relaxation between 0 and 2 lowers the row's loss, and none lowers it as much as 1.
        #[test]
        fn relaxed_steps_lower_the_loss(
            d in 1usize..12,
            steps in 1usize..4,
            relaxation in 0.05f32..1.95,
            values in proptest::collection::vec(-1.0f32..1.0, 13),
            entries in proptest::collection::vec(-1.0f32..1.0, 13 * 12),
            start in proptest::collection::vec(-1.0f32..1.0, 12),
        ) {
            let (other, packed, observed) = thirteen_rows(d, &entries);
            let base = vec![0.7; d];
            let system = RowSystem { base: &base, preconditioner: &base, other: &packed, observed: &observed, values: &values };
            let loss = |row: &[f32]| {
                let own: f64 = row.iter().map(|x| 0.7 * f64::from(*x).powi(2)).sum();
                let observed: f64 = (0..13).map(|j| {
                    let (weight, target) = weight_and_target(values[j]);
                    let score: f64 = other.row(j).iter().zip(row).map(|(v, x)| f64::from(*v) * f64::from(*x)).sum();
                    f64::from(weight) * (score - f64::from(target)).powi(2)
                }).sum();
                own + observed
            };
            let improved = |relaxation: f32| {
                let mut row = start[..d].to_vec();
                ConjugateGradient::new(d).improve(&system, steps, relaxation, &mut row);
                loss(&row)
            };
            let (before, relaxed, plain) = (loss(&start[..d]), improved(relaxation), improved(1.0));
            prop_assert!(relaxed <= before + 1e-4 && plain <= relaxed + 1e-4, "{before} {relaxed} {plain}");
        }
    }

    #[test]
    fn a_solved_system_stays_as_it_is() {
        let other = PackedRows::rounding(&mut Factors::zeros(1, 2));
        let system = RowSystem {
            base: &[1.0, 1.0],
            preconditioner: &[1.0, 1.0],
            other: &other,
            observed: &[0],
            values: &[1.0],
        };
        let mut row = [0.0, 0.0];
        ConjugateGradient::new(2).improve(&system, 3, 1.4, &mut row);
        assert!(row.iter().all(|value| *value == 0.0));
    }
}
