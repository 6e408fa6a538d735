//! A few steps of preconditioned conjugate gradients for one row of alternating least squares.
//!
//! The system is `(diag(base) + sum_j c_j v_j v_j') x = sum_j c_j y_j v_j`: the part that all rows share has been made
//! diagonal by rotating the factors, so a step costs one pass over the observed rows and nothing else.

#![expect(clippy::inline_always, reason = "loops must be compiled with the vector unit that was found")]

use pulp::{Arch, Simd, WithSimd};

use super::factors::Factors;
use super::least_squares::weight_and_target;

/// Observed rows that are worked on at once: as many independent sums hide the latency of an addition.
const BATCH: usize = 8;

/// Reused memory for one thread.
pub struct ConjugateGradient {
    architecture: Arch,
    inverse: Vec<f32>,
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
    pub other: &'a Factors,
    /// Observed rows of `other`.
    pub observed: &'a [u32],
    /// Their preference values.
    pub values: &'a [f32],
}

impl ConjugateGradient {
    /// For rows of `dimensions`.
    pub fn new(dimensions: usize) -> Self {
        let zeros = || vec![0.0; dimensions];
        Self {
            architecture: Arch::new(),
            inverse: zeros(),
            residual: zeros(),
            direction: zeros(),
            product: zeros(),
        }
    }

    /// Improves `row`, the current guess, by at most `steps` steps. The row stays finite.
    pub fn improve(&mut self, system: &RowSystem<'_>, steps: usize, row: &mut [f32]) {
        let architecture = self.architecture;
        architecture.dispatch(Improve {
            memory: self,
            system,
            steps,
            row,
        });
    }
}

/// The work of [`ConjugateGradient::improve`], compiled for every vector unit.
struct Improve<'a> {
    memory: &'a mut ConjugateGradient,
    system: &'a RowSystem<'a>,
    steps: usize,
    row: &'a mut [f32],
}

impl WithSimd for Improve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ConjugateGradient {
            inverse,
            residual,
            direction,
            product,
            ..
        } = self.memory;
        let (system, row) = (self.system, self.row);
        for (inverse, diagonal) in inverse.iter_mut().zip(system.preconditioner) {
            *inverse = 1.0 / diagonal;
        }
        for ((residual, base), x) in residual.iter_mut().zip(system.base).zip(&*row) {
            *residual = -base * x;
        }
        accumulate(simd, system, row, residual, |value, score| {
            let (weight, target) = weight_and_target(value);
            weight * (target - score)
        });
        for ((direction, residual), inverse) in direction.iter_mut().zip(&*residual).zip(&*inverse) {
            *direction = residual * inverse;
        }
        let mut length = dot(simd, residual, direction);
        for step in 0..self.steps {
            for ((product, base), direction) in product.iter_mut().zip(system.base).zip(&*direction) {
                *product = base * direction;
            }
            accumulate(simd, system, direction, product, |value, score| value.abs() * score);
            let curvature = dot(simd, direction, product);
            let size = length / curvature;
            if !(curvature > 0.0 && size.is_finite()) {
                return;
            }
            for (x, direction) in row.iter_mut().zip(&*direction) {
                *x += size * direction;
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
        work(simd, batch.map(|row| system.other.row(row as usize)), *values, point, sum, &coefficient);
    }
    for (row, value) in rest.iter().zip(value_rest) {
        work(simd, [system.other.row(*row as usize)], [*value], point, sum, &coefficient);
    }
}

#[inline(always)]
fn work<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    values: [f32; ROWS],
    point: &[f32],
    sum: &mut [f32],
    coefficient: &impl Fn(f32, f32) -> f32,
) {
    let (point_blocks, point_rest) = S::as_simd_f32s(point);
    let (sum_blocks, sum_rest) = S::as_mut_simd_f32s(sum);
    let split = rows.map(|row| S::as_simd_f32s(row));
    // One length for all, known to the compiler: no bounds are checked inside the loops.
    let (blocks, tail) = (point_blocks.len(), point_rest.len());
    let row_blocks = split.map(|row| &row.0[..blocks]);
    let row_rests = split.map(|row| &row.1[..tail]);
    let sum_blocks = &mut sum_blocks[..blocks];
    let sum_rest = &mut sum_rest[..tail];

    let mut scores = [simd.splat_f32s(0.0); ROWS];
    for place in 0..blocks {
        for k in 0..ROWS {
            scores[k] = simd.mul_add_e_f32s(row_blocks[k][place], point_blocks[place], scores[k]);
        }
    }
    let mut by = [0f32; ROWS];
    for k in 0..ROWS {
        let mut score = simd.reduce_sum_f32s(scores[k]);
        for place in 0..tail {
            score += row_rests[k][place] * point_rest[place];
        }
        by[k] = coefficient(values[k], score);
    }
    let factors = by.map(|by| simd.splat_f32s(by));
    for place in 0..blocks {
        let mut total = sum_blocks[place];
        for k in 0..ROWS {
            total = simd.mul_add_e_f32s(factors[k], row_blocks[k][place], total);
        }
        sum_blocks[place] = total;
    }
    for place in 0..tail {
        for k in 0..ROWS {
            sum_rest[place] += by[k] * row_rests[k][place];
        }
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
    use crate::model::least_squares::Workspace;

    proptest! {
        /// With as many steps as unknowns the answer is that of the direct method.
        #[test]
        fn enough_steps_solve_the_system(
            d in 1usize..12,
            values in proptest::collection::vec(-1.0f32..1.0, 13),
            entries in proptest::collection::vec(-1.0f32..1.0, 13 * 12),
            start in proptest::collection::vec(-1.0f32..1.0, 12),
        ) {
            let other = Factors::from_values(d, entries[..13 * d].to_vec()).unwrap();
            let observed: Vec<u32> = (0..13).collect();
            let base: Vec<f32> = (0..d).map(|k| 0.5 + k as f32 * 0.1).collect();
            let mut matrix = vec![0.0; d * d];
            for k in 0..d {
                matrix[k * d + k] = base[k];
            }
            let mut direct = vec![0.0; d];
            Workspace::new(d).solve_row(&matrix, &other, &observed, &values, &mut direct);
            let mut row = start[..d].to_vec();
            let system = RowSystem { base: &base, preconditioner: &base, other: &other, observed: &observed, values: &values };
            ConjugateGradient::new(d).improve(&system, 2 * d, &mut row);
            for (a, b) in row.iter().zip(&direct) {
                prop_assert!((a - b).abs() < 2e-3, "{row:?} {direct:?}");
            }
        }
    }

    #[test]
    fn a_solved_system_stays_as_it_is() {
        let other = Factors::from_values(2, vec![0.0, 0.0]).unwrap();
        let system = RowSystem {
            base: &[1.0, 1.0],
            preconditioner: &[1.0, 1.0],
            other: &other,
            observed: &[0],
            values: &[1.0],
        };
        let mut row = [0.0, 0.0];
        ConjugateGradient::new(2).improve(&system, 3, &mut row);
        assert_eq!(row, [0.0, 0.0]);
    }
}
