//! The few dense operations that the model needs, on small symmetric matrices in row-major slices.

#![expect(
    clippy::inline_always,
    reason = "loops must be compiled with the vector unit that was found"
)]

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::{Auto, MatMut, MatRef, Par, Side, Spec};
use rayon::prelude::*;

use super::factors::Factors;

/// Inner product.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight independent sums, so that the compiler may use vector registers.
    let mut sums = [0f32; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

/// `target += scale * source`.
#[inline(always)]
pub fn add_scaled(target: &mut [f32], scale: f32, source: &[f32]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += scale * s;
    }
}

/// Multiplies the `d x d` matrix with a vector.
pub fn multiply(matrix: &[f32], vector: &[f32]) -> Vec<f32> {
    matrix
        .chunks_exact(vector.len().max(1))
        .map(|row| dot(row, vector))
        .collect()
}

/// Multiplies every row with the `d x d` matrix: `row := matrix row`.
///
/// Rows are worked on in blocks of a fixed size, so the bits do not depend on the thread count.
pub fn rotate(factors: &mut Factors, matrix: &[f32]) {
    const ROWS: usize = 256;
    let d = factors.dimensions();
    factors.values_mut().par_chunks_mut((ROWS * d).max(1)).for_each_init(
        || vec![0f32; ROWS * d],
        |memory, block| {
            let rows = block.len() / d;
            let source = &mut memory[..block.len()];
            source.copy_from_slice(block);
            faer::linalg::matmul::matmul(
                MatMut::from_row_major_slice_mut(block, rows, d),
                faer::Accum::Replace,
                MatRef::from_row_major_slice(source, rows, d),
                MatRef::from_row_major_slice(matrix, d, d).transpose(),
                1.0,
                Par::Seq,
            );
        },
    );
}

/// Solves symmetric positive definite systems of one size, keeping its work space.
pub struct SymmetricSolver {
    dimensions: usize,
    original: Vec<f32>,
    memory: MemBuffer,
}

impl SymmetricSolver {
    /// For systems of `dimensions` unknowns.
    pub fn new(dimensions: usize) -> Self {
        let memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f32>(
            dimensions,
            Par::Seq,
            <Spec<llt::factor::LltParams, f32> as Default>::default(),
        ));
        Self {
            dimensions,
            original: vec![0.0; dimensions * dimensions],
            memory,
        }
    }

    /// Solves `matrix x = right` in place: `matrix` is destroyed, `right` becomes `x`. Only the lower triangle is read.
    ///
    /// A matrix that is not positive definite to working precision gets growing multiples of its mean diagonal added,
    /// so that the answer is always finite; `right` becomes zero when even that fails (entries that are not finite).
    pub fn solve(&mut self, matrix: &mut [f32], right: &mut [f32]) {
        let d = self.dimensions;
        self.original.copy_from_slice(matrix);
        let mean = (0..d).map(|i| matrix[i * d + i].abs()).sum::<f32>() / d.max(1) as f32;
        let mut ridge = 0.0;
        loop {
            if ridge > 0.0 {
                matrix.copy_from_slice(&self.original);
                for i in 0..d {
                    matrix[i * d + i] += ridge;
                }
            }
            if self.factorize(matrix) {
                break;
            }
            ridge = if ridge == 0.0 {
                mean.max(1e-12) * 1e-5
            } else {
                ridge * 10.0
            };
            if ridge.is_nan() || ridge >= f32::MAX / 16.0 {
                right.fill(0.0);
                return;
            }
        }
        substitute(matrix, d, right, 1);
        if right.iter().any(|value| !value.is_finite()) {
            right.fill(0.0);
        }
    }

    /// Reads the lower triangle of a row-major matrix, and leaves its Cholesky factor as a lower triangle in *column-major*
    /// order, where it is several times faster to compute; `false` when the matrix is not positive definite.
    pub fn factorize(&mut self, matrix: &mut [f32]) -> bool {
        let d = self.dimensions;
        for i in 1..d {
            for j in 0..i {
                matrix[j * d + i] = matrix[i * d + j];
            }
        }
        let view = MatMut::from_column_major_slice_mut(matrix, d, d);
        let stack = MemStack::new(&mut self.memory);
        let parameters = Spec::<llt::factor::LltParams, f32>::from(<llt::factor::LltParams as Auto<f32>>::auto());
        llt::factor::cholesky_in_place(
            view,
            llt::factor::LltRegularization::default(),
            Par::Seq,
            stack,
            parameters,
        )
        .is_ok()
    }
}

/// Solves with a factor made by [`SymmetricSolver::factorize`] of a `d x d` matrix, for `columns` right-hand sides
/// (row-major `d x columns`).
pub fn substitute(factor: &[f32], d: usize, right: &mut [f32], columns: usize) {
    let lower = MatRef::from_column_major_slice(factor, d, d);
    let right = MatMut::from_row_major_slice_mut(right, d, columns);
    let mut memory = MemBuffer::new(llt::solve::solve_in_place_scratch::<f32>(d, columns, Par::Seq));
    llt::solve::solve_in_place(lower, right, Par::Seq, MemStack::new(&mut memory));
}

/// Eigenvalues (ascending) and orthonormal eigenvectors (as rows) of a symmetric `d x d` matrix.
///
/// `None` when an entry is not finite.
pub fn eigen(matrix: &[f32], d: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    if matrix.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let symmetric = faer::Mat::<f64>::from_fn(d, d, |i, j| {
        f64::midpoint(f64::from(matrix[i * d + j]), f64::from(matrix[j * d + i]))
    });
    let decomposition = symmetric.self_adjoint_eigen(Side::Lower).ok()?;
    let vectors = decomposition.U();
    let values = decomposition.S().column_vector().iter().copied().collect();
    let rows = (0..d).flat_map(|k| (0..d).map(move |i| vectors[(i, k)])).collect();
    Some((values, rows))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn solutions_satisfy_their_equations(d in 1usize..20, entries in proptest::collection::vec(-1.0f32..1.0, 800)) {
            let half = &entries[..d * d];
            let mut matrix = vec![0f32; d * d];
            for i in 0..d {
                for j in 0..d {
                    matrix[i * d + j] = (0..d).map(|k| half[i * d + k] * half[j * d + k]).sum::<f32>();
                }
                matrix[i * d + i] += 0.5;
            }
            let right = entries[400..400 + d].to_vec();
            let mut solution = right.clone();
            SymmetricSolver::new(d).solve(&mut matrix.clone(), &mut solution);
            let back = multiply(&matrix, &solution);
            for (a, b) in back.iter().zip(&right) {
                prop_assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
        }

        #[test]
        fn eigenvectors_rebuild_their_matrix(d in 1usize..12, entries in proptest::collection::vec(-1.0f32..1.0, 144)) {
            let matrix: Vec<f32> = (0..d * d).map(|p| entries[(p / d).max(p % d) * 12 + (p / d).min(p % d)]).collect();
            let (values, vectors) = eigen(&matrix, d).unwrap();
            for i in 0..d {
                for j in 0..d {
                    let sum: f64 = (0..d).map(|k| values[k] * vectors[k * d + i] * vectors[k * d + j]).sum();
                    prop_assert!((sum - f64::from(matrix[i * d + j])).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn singular_and_senseless_systems_stay_finite() {
        let mut right = [1.0, 1.0];
        SymmetricSolver::new(2).solve(&mut [1.0, 1.0, 1.0, 1.0], &mut right);
        assert!(right.iter().all(|value| value.is_finite()));
        let mut right = [1.0, 1.0];
        SymmetricSolver::new(2).solve(&mut [f32::NAN, 1.0, 1.0, 1.0], &mut right);
        assert!(right.iter().all(|value| *value == 0.0));
        assert!(eigen(&[f32::INFINITY], 1).is_none());
    }
}
