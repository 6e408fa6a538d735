//! The inner problem of alternating least squares: one row given the rows of the other side.
//!
//! For observed entries `j` with weight `c_j` and target `y_j`, and every entry of the other side with weight `a0` and
//! target 0, the row is `x = (sum_j c_j v_j v_j' + a0 V'V + lambda I)^-1 sum_j c_j y_j v_j`
//! (Hu, Koren, Volinsky 2008, equation 4; Rendle et al. 2021, equation 6).

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};

use super::factors::Factors;
use super::linear_algebra::{SymmetricSolver, add_scaled};

/// Rows summed into a partial Gram matrix before the partial sums are added in order: independent of the thread count.
const GRAM_BLOCK: usize = 512;
/// Outer products accumulated at once.
const BATCH: usize = 64;
/// How much of a negative value counts, both as confidence and as target.
const DISLIKE: f32 = 0.3;

/// Weight and target of one observed preference value.
///
/// A positive value `r` says "target 1, with confidence `r`"; a negative one says the same in a low voice:
/// "target `0.3 r`, with confidence `0.3 |r|`". At full size it did harm wherever it was measured (`docs/research.md`).
#[inline]
pub fn weight_and_target(value: f32) -> (f32, f32) {
    if value > 0.0 {
        (value, 1.0)
    } else {
        (-DISLIKE * value, DISLIKE * value)
    }
}

/// Reused memory for one thread.
pub struct Workspace {
    solver: SymmetricSolver,
    matrix: Vec<f32>,
    rows: Vec<f32>,
    scaled: Vec<f32>,
}

impl Workspace {
    /// For rows of `dimensions`.
    pub fn new(dimensions: usize) -> Self {
        Self {
            solver: SymmetricSolver::new(dimensions),
            matrix: vec![0.0; dimensions * dimensions],
            rows: vec![0.0; BATCH * dimensions],
            scaled: vec![0.0; BATCH * dimensions],
        }
    }

    /// Solves for one row into `row`. `base` is the full matrix `a0 V'V + lambda I`; `entries` are observed values.
    pub fn solve_row(&mut self, base: &[f32], other: &Factors, items: &[u32], values: &[f32], row: &mut [f32]) {
        self.normal_equations(base, other, items, values, row);
        self.solver.solve(&mut self.matrix, row);
    }

    /// Puts the left-hand side into the work matrix (lower triangle valid) and the right-hand side into `right`.
    pub fn normal_equations(
        &mut self,
        base: &[f32],
        other: &Factors,
        items: &[u32],
        values: &[f32],
        right: &mut [f32],
    ) {
        self.matrix.copy_from_slice(base);
        right.fill(0.0);
        let d = right.len();
        for (items, values) in items.chunks(BATCH).zip(values.chunks(BATCH)) {
            let size = items.len() * d;
            let (rows, scaled) = (&mut self.rows[..size], &mut self.scaled[..size]);
            let targets = rows.chunks_exact_mut(d.max(1)).zip(scaled.chunks_exact_mut(d.max(1)));
            for ((item, value), (row, scaled)) in items.iter().zip(values).zip(targets) {
                let (weight, target) = weight_and_target(*value);
                row.copy_from_slice(other.row(*item as usize));
                add_scaled(right, weight * target, row);
                for (s, v) in scaled.iter_mut().zip(&*row) {
                    *s = weight * v;
                }
            }
            triangular::matmul(
                MatMut::from_row_major_slice_mut(&mut self.matrix, d, d),
                BlockStructure::TriangularLower,
                Accum::Add,
                MatRef::from_row_major_slice(scaled, items.len(), d).transpose(),
                BlockStructure::Rectangular,
                MatRef::from_row_major_slice(rows, items.len(), d),
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
        }
    }

    /// The left-hand side of the last [`Self::normal_equations`], to be factorized by the caller.
    pub fn system(&mut self) -> (&mut SymmetricSolver, &mut [f32]) {
        (&mut self.solver, &mut self.matrix)
    }
}

/// `V'V` as a full `d x d` matrix. The order of additions is fixed, so the bits do not depend on the thread count.
pub fn gram(factors: &Factors) -> Vec<f32> {
    use rayon::prelude::*;

    let d = factors.dimensions();
    let partial: Vec<Vec<f32>> = factors
        .values()
        .par_chunks((GRAM_BLOCK * d).max(1))
        .map(|block| {
            let mut sums = vec![0f32; d * d];
            let rows = MatRef::from_row_major_slice(block, block.len() / d.max(1), d);
            let target = MatMut::from_row_major_slice_mut(&mut sums, d, d);
            matmul(target, Accum::Replace, rows.transpose(), rows, 1.0, Par::Seq);
            sums
        })
        .collect();
    let mut sums = vec![0f64; d * d];
    for block in partial {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += f64::from(value);
        }
    }
    (0..d * d)
        .map(|p| sums[(p / d).max(p % d) * d + (p / d).min(p % d)] as f32)
        .collect()
}

/// `scale * matrix + ridge * I`.
pub fn base_matrix(matrix: &[f32], d: usize, scale: f32, ridge: f32) -> Vec<f32> {
    let mut base: Vec<f32> = matrix.iter().map(|value| scale * value).collect();
    for i in 0..d {
        base[i * d + i] += ridge;
    }
    base
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::linear_algebra::multiply;

    proptest! {
        /// The gradient of the loss vanishes at the solution.
        #[test]
        fn the_solution_is_stationary(
            d in 1usize..9,
            values in proptest::collection::vec(-1.0f32..1.0, 11),
            entries in proptest::collection::vec(-1.0f32..1.0, 99),
        ) {
            let other = Factors::from_values(d, entries[..11 * d].to_vec()).unwrap();
            let items: Vec<u32> = (0..11).collect();
            let base = base_matrix(&gram(&other), d, 0.3, 0.2);
            let mut x = vec![0.0; d];
            Workspace::new(d).solve_row(&base, &other, &items, &values, &mut x);

            let mut gradient = multiply(&base, &x);
            for (item, value) in items.iter().zip(&values) {
                let row = other.row(*item as usize);
                let (weight, target) = weight_and_target(*value);
                let score: f32 = row.iter().zip(&x).map(|(a, b)| a * b).sum();
                add_scaled(&mut gradient, weight * (score - target), row);
            }
            prop_assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient:?}");
        }
    }
}
