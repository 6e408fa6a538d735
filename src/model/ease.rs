//! EASE: a linear item-item model in closed form (Steck 2019). The pooled reference that costs `items^2` memory.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};

use super::interactions::Interactions;

/// Weights from items to items.
pub struct Ease {
    items: usize,
    weights: Vec<f32>,
}

impl Ease {
    /// Fits to `interactions` with the ridge `regularization`, in the unit of clicks; larger means smoother.
    ///
    /// `None` when the Gram matrix is not positive definite with that ridge.
    pub fn fit(interactions: &Interactions, regularization: f64) -> Option<Self> {
        let items = interactions.items();
        if items == 0 {
            return Some(Self {
                items,
                weights: Vec::new(),
            });
        }
        let mut gram = Mat::<f64>::zeros(items, items);
        for user in 0..interactions.users() {
            let (columns, values) = interactions.row(user);
            for (place, (&item, &value)) in columns.iter().zip(values).enumerate() {
                // Columns ascend, so this fills the lower triangle, one contiguous column at a time.
                let below = columns[place..].iter().zip(&values[place..]);
                let column = gram.col_mut(item as usize);
                if let Some(column) = column.try_as_col_major_mut() {
                    let column = column.as_slice_mut();
                    for (&other, &other_value) in below {
                        column[other as usize] += f64::from(value * other_value);
                    }
                }
            }
        }
        for item in 0..items {
            gram[(item, item)] += regularization;
        }
        let inverse = gram.llt(Side::Lower).ok()?.inverse();
        let mut weights = vec![0f32; items * items];
        for (row, weights) in weights.chunks_exact_mut(items).enumerate() {
            for (column, weight) in weights.iter_mut().enumerate() {
                if row != column {
                    *weight = (-inverse[(row, column)] / inverse[(column, column)]) as f32;
                }
            }
        }
        Some(Self { items, weights })
    }

    /// Scores of all items for a history.
    pub fn scores(&self, history: &[u32], values: &[f32]) -> Vec<f32> {
        let mut scores = vec![0.0; self.items];
        for (&item, &value) in history.iter().zip(values) {
            let start = item as usize * self.items;
            super::linear_algebra::add_scaled(&mut scores, value, &self.weights[start..start + self.items]);
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_items_by_hand() {
        // Gram [[2, 1], [1, 1]] plus ridge 1: inverse of [[3, 1], [1, 2]] is [[2, -1], [-1, 3]] / 5.
        let mut interactions = Interactions::new(2);
        interactions.push_user([(0, 1.0), (1, 1.0)]);
        interactions.push_user([(0, 1.0)]);
        let ease = Ease::fit(&interactions, 1.0).unwrap();
        let of_first = ease.scores(&[0], &[1.0]);
        let of_second = ease.scores(&[1], &[1.0]);
        assert!((of_first[1] - 1.0 / 3.0).abs() < 1e-6 && of_first[0].abs() < 1e-6);
        assert!((of_second[0] - 1.0 / 2.0).abs() < 1e-6);
    }

    #[test]
    fn no_data_and_no_ridge() {
        assert!(
            Ease::fit(&Interactions::new(0), 1.0)
                .unwrap()
                .scores(&[], &[])
                .is_empty()
        );
        assert!(Ease::fit(&Interactions::new(2), 0.0).is_none());
    }
}
