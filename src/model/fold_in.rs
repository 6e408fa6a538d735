//! One user's factor from the current history, without retraining, and the exact share of each video in a score.

use super::factor_model::Moments;
use super::factors::Factors;
use super::least_squares::{Workspace, base_matrix, gram, weight_and_target};
use super::linear_algebra::{dot, substitute};

/// Fixed item factors, prepared for folding users in.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct FoldIn {
    base: Vec<f32>,
    regularization: f32,
    exponent: f32,
    everyone: f32,
}

/// A folded-in user: the factor, and what each item of the history added to it.
///
/// The factor is the sum of `A^-1 (c_h y_h v_h)` over the history, where `A` is the system that was solved, and `c_h`, `y_h`
/// and `v_h` are weight, target and factor of a watched item. So every score is the sum of the scores of these terms.
#[derive(Clone, Default)]
pub struct FoldedUser {
    /// The user's factor; all zeros without history.
    pub factor: Vec<f32>,
    /// `A`, factorized; empty where it could not be, and without a history.
    lower: Vec<f32>,
    /// (Item, `c_h y_h`), in the order of the history; empty where `lower` is.
    terms: Vec<(u32, f32)>,
}

/// What one item of a history adds to a score, and what another item in its place would add.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The item of the history.
    pub item: u32,
    /// What it adds.
    pub share: f32,
    /// What a random item in its place would add on average.
    pub expected: f32,
    /// The standard deviation of that.
    pub deviation: f32,
}

impl FoldedUser {
    /// How much each item of the history adds to the inner product of the factor and `direction`, in the order of the
    /// history: `c_h y_h v_h . A^-1 direction`. `items` are those that the user was folded into, and
    /// `moments` tells mean and deviation of the products of all of them with some vector.
    pub fn shares(
        &self,
        items: &Factors,
        mut direction: Vec<f32>,
        moments: impl Fn(&[f32]) -> Option<Moments>,
    ) -> Vec<Share> {
        if self.terms.is_empty() || direction.len() != self.factor.len() {
            return Vec::new();
        }
        substitute(&self.lower, self.factor.len(), &mut direction, 1);
        let random = moments(&direction);
        let share = |(item, weight): &(u32, f32)| Share {
            item: *item,
            share: weight * dot(items.row(*item as usize), &direction),
            expected: random.map_or(0.0, |random| weight * random.mean),
            deviation: random.map_or(0.0, |random| weight.abs() * random.deviation),
        };
        self.terms.iter().map(share).collect()
    }
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

    /// The factor with what explains it. Where the system cannot be factorized (entries that are not finite), the factor is
    /// that of [`Self::factor`] and nothing explains it.
    pub fn explained(&self, items: &Factors, columns: &[u32], values: &[f32]) -> FoldedUser {
        let d = items.dimensions();
        let mut factor = vec![0.0; d];
        if columns.is_empty() {
            return FoldedUser {
                factor,
                ..FoldedUser::default()
            };
        }
        let mut workspace = Workspace::new(d);
        self.system(&mut workspace, items, columns, values, &mut factor);
        let (solver, matrix) = workspace.system();
        if !solver.factorize(matrix) {
            return FoldedUser {
                factor: self.factor(&mut workspace, items, columns, values),
                ..FoldedUser::default()
            };
        }
        substitute(matrix, d, &mut factor, 1);
        let term = |(item, value): (&u32, &f32)| {
            let (weight, target) = weight_and_target(*value);
            (*item, weight * target)
        };
        FoldedUser {
            factor,
            lower: matrix.to_vec(),
            terms: columns.iter().zip(values).map(term).collect(),
        }
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
        /// Reasons are true by construction: the shares of a score add up to it.
        #[test]
        fn shares_add_up_to_the_score(
            values in proptest::collection::vec(-1.0f32..1.0, 1..9),
            entries in proptest::collection::vec(-1.0f32..1.0, 60),
            direction in proptest::collection::vec(-1.0f32..1.0, 5),
        ) {
            let items = Factors::from_values(5, entries).unwrap();
            let columns: Vec<u32> = (0..values.len() as u32).collect();
            let user = FoldIn::new(&items, 0.1, 0.05, 1.0).explained(&items, &columns, &values);
            let shares = user.shares(&items, direction.clone(), |_| None);
            prop_assert_eq!(shares.iter().map(|share| share.item).collect::<Vec<_>>(), columns);
            let sum: f32 = shares.iter().map(|share| share.share).sum();
            prop_assert!((sum - dot(&user.factor, &direction)).abs() < 1e-3);
        }

        /// The share of an item is what the same system gives when its right-hand side holds that item alone.
        #[test]
        fn a_share_is_what_its_item_alone_would_add(
            values in proptest::collection::vec(0.1f32..1.0, 2..9),
            entries in proptest::collection::vec(-1.0f32..1.0, 60),
        ) {
            let items = Factors::from_values(5, entries).unwrap();
            let columns: Vec<u32> = (0..values.len() as u32).collect();
            let fold_in = FoldIn::new(&items, 0.1, 0.05, 1.0);
            let user = fold_in.explained(&items, &columns, &values);
            let mut workspace = Workspace::new(5);
            for (place, item) in columns.iter().enumerate() {
                let mut right = vec![0.0; 5];
                fold_in.system(&mut workspace, &items, &columns, &values, &mut right);
                let (solver, matrix) = workspace.system();
                let mut alone: Vec<f32> = items.row(*item as usize).iter().map(|v| values[place] * v).collect();
                solver.solve(matrix, &mut alone);
                let direction = items.row(7).to_vec();
                let share = user.shares(&items, direction.clone(), |_| None)[place].share;
                prop_assert!((share - dot(&alone, &direction)).abs() < 1e-3);
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
