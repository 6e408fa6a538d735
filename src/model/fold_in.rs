//! One user's factor from the current history, without retraining, and the exact share of each video in a score.

use super::factors::Factors;
use super::least_squares::{Workspace, base_matrix, gram, weight_and_target};
use super::linear_algebra::dot;

/// Fixed item factors, prepared for folding users in.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct FoldIn {
    base: Vec<f32>,
    regularization: f32,
    exponent: f32,
    everyone: f32,
}

/// A folded-in user: the factor and, per item of the history, what it added to the factor.
///
/// `factor = sum over history of parts`, so every score is the sum of the parts' scores.
#[derive(Clone, Default)]
pub struct FoldedUser {
    /// The user's factor; all zeros without history.
    pub factor: Vec<f32>,
    /// (Item, its additive part of the factor), in the order of the history.
    pub parts: Vec<(u32, Vec<f32>)>,
}

impl FoldIn {
    /// Prepares `items` for the loss of [`super::alternating`]; items without a factor do not count.
    pub fn new(items: &Factors, unobserved_weight: f32, regularization: f32, exponent: f32) -> Self {
        Self {
            base: gram(items).iter().map(|value| unobserved_weight * value).collect(),
            regularization,
            exponent,
            everyone: unobserved_weight * items.active_rows() as f32,
        }
    }

    /// Prepares `items` with a constant ridge: `ridge` times the mean diagonal of `unobserved_weight * V'V`, so that the
    /// result does not depend on the scale of the factors.
    pub fn with_relative_ridge(items: &Factors, unobserved_weight: f32, ridge: f32) -> Self {
        let mut fold_in = Self::new(items, unobserved_weight, 0.0, 0.0);
        let d = items.dimensions().max(1);
        let mean = (0..items.dimensions()).map(|i| fold_in.base[i * d + i]).sum::<f32>() / d as f32;
        fold_in.regularization = ridge * mean.max(1e-9);
        fold_in
    }

    fn base(&self, d: usize, observed: usize) -> Vec<f32> {
        let ridge = self.regularization * (observed as f32 + self.everyone).powf(self.exponent);
        base_matrix(&self.base, d, 1.0, ridge)
    }

    /// The factor alone.
    pub fn factor(&self, workspace: &mut Workspace, items: &Factors, columns: &[u32], values: &[f32]) -> Vec<f32> {
        let d = items.dimensions();
        let mut factor = vec![0.0; d];
        if !columns.is_empty() {
            workspace.solve_row(&self.base(d, columns.len()), items, columns, values, &mut factor);
        }
        factor
    }

    /// Puts the system of one user into the workspace and its right-hand side into `right`.
    pub(super) fn system(
        &self,
        workspace: &mut Workspace,
        items: &Factors,
        columns: &[u32],
        values: &[f32],
        right: &mut [f32],
    ) {
        let base = self.base(items.dimensions(), columns.len());
        workspace.normal_equations(&base, items, columns, values, right);
    }

    /// The factor with its additive parts. Where the system cannot be factorized (entries that are not finite), the factor is
    /// that of [`Self::factor`] and there are no parts.
    pub fn explained(&self, items: &Factors, columns: &[u32], values: &[f32]) -> FoldedUser {
        let d = items.dimensions();
        let mut workspace = Workspace::new(d);
        let mut factor = vec![0.0; d];
        if columns.is_empty() {
            return FoldedUser {
                factor,
                parts: Vec::new(),
            };
        }
        self.system(&mut workspace, items, columns, values, &mut factor);
        let (solver, matrix) = workspace.system();
        if !solver.factorize(matrix) {
            return FoldedUser {
                factor: self.factor(&mut workspace, items, columns, values),
                parts: Vec::new(),
            };
        }
        // The last right-hand side is that of the factor, the others its terms: A^-1 (c_h y_h v_h) for each h.
        let count = columns.len();
        let mut sides = vec![0f32; d * (count + 1)];
        for (place, (item, value)) in columns.iter().zip(values).enumerate() {
            let (weight, target) = weight_and_target(*value);
            for (k, v) in items.row(*item as usize).iter().enumerate() {
                sides[k * (count + 1) + place] = weight * target * v;
            }
        }
        for (side, right) in sides.chunks_exact_mut(count + 1).zip(&factor) {
            side[count] = *right;
        }
        solver.substitute(matrix, &mut sides, count + 1);
        let side = |place: usize| sides.iter().skip(place).step_by(count + 1).copied();
        factor = side(count).collect();
        let parts = (columns.iter().enumerate())
            .map(|(place, item)| (*item, side(place).collect()))
            .collect();
        FoldedUser { factor, parts }
    }
}

/// Scores of all items for one factor.
pub fn scores(items: &Factors, factor: &[f32]) -> Vec<f32> {
    let mut scores = Vec::with_capacity(items.rows());
    pulp::Arch::new().dispatch(|| {
        scores.extend(
            items
                .values()
                .chunks_exact(items.dimensions().max(1))
                .map(|row| dot(row, factor)),
        );
    });
    scores
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Reasons are true by construction: the parts of a score add up to it.
        #[test]
        fn parts_add_up_to_the_factor(
            values in proptest::collection::vec(-1.0f32..1.0, 1..9),
            entries in proptest::collection::vec(-1.0f32..1.0, 60),
        ) {
            let items = Factors::from_values(5, entries).unwrap();
            let columns: Vec<u32> = (0..values.len() as u32).collect();
            let user = FoldIn::new(&items, 0.1, 0.05, 1.0).explained(&items, &columns, &values);
            prop_assert_eq!(user.parts.len(), values.len());
            for k in 0..5 {
                let sum: f32 = user.parts.iter().map(|(_, part)| part[k]).sum();
                prop_assert!((sum - user.factor[k]).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn without_history_the_factor_is_zero() {
        let items = Factors::from_values(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap();
        let user = FoldIn::new(&items, 0.1, 0.1, 1.0).explained(&items, &[], &[]);
        assert_eq!(user.factor, vec![0.0, 0.0]);
        assert_eq!(scores(&items, &user.factor), vec![0.0, 0.0]);
    }
}
