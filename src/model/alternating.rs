//! Implicit-feedback alternating least squares on one instance's own interactions (iALS).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::conjugate_gradient::{ConjugateGradient, RowSystem};
use super::factors::Factors;
use super::interactions::Interactions;
use super::least_squares::gram;
use super::linear_algebra::{eigen, rotate};
use super::packed_rows::PackedRows;

/// Hyper-parameters of iALS with frequency-scaled regularization.
///
/// Loss: `sum_observed c (y - x.v)^2 + a0 sum_all (x.v)^2 + lambda (sum_u f_u^nu |x_u|^2 + sum_j f_j^nu |v_j|^2)` with
/// `f_u = n_u + a0 * items` and `f_j = n_j + a0 * users` (Rendle, Krichene, Zhang, Koren 2021, section 3). Only items and
/// users with interactions count: a catalogue of a million unwatched videos changes nothing.
///
/// The default values were chosen on validation users of MovieLens-1M; see `docs/research.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlternatingParameters {
    /// Length of the factors.
    pub dimensions: usize,
    /// Rounds; each solves all users, then all items.
    pub sweeps: usize,
    /// `a0`: weight of unobserved entries.
    pub unobserved_weight: f32,
    /// `lambda`.
    pub regularization: f32,
    /// `nu`: how far regularization grows with frequency, from 0 to 1.
    pub regularization_exponent: f32,
    /// Steps of conjugate gradients per row and sweep, at least 1.
    pub steps: usize,
    /// Seed of the initial item factors.
    pub seed: u64,
}

/// How far rows move beyond their solution, as both sides pull each other the same way for many sweeps: between 1 and 2 it
/// takes fewer of them. Chosen on validation users of MovieLens-1M; see `docs/research.md`.
const RELAXATION: f32 = 1.4;
/// Number of values for which the default regularization was chosen.
const REFERENCE_VALUES: f32 = 460_000.0;
/// Largest factor by which few values raise the regularization.
const LARGEST_RAISE: f32 = 4.0;

impl AlternatingParameters {
    /// The same parameters for data of `values` observed entries: fewer of them need more regularization, times
    /// `(460,000 / values)^(1/4)`, at least once and at most four times. The law was read off subsets of MovieLens-1M and
    /// generated worlds, where it held alike; see `docs/research.md`.
    #[must_use]
    pub fn for_values(self, values: usize) -> Self {
        let raise = (REFERENCE_VALUES / values.max(1) as f32).powf(0.25);
        Self {
            regularization: self.regularization * raise.clamp(1.0, LARGEST_RAISE),
            ..self
        }
    }
}

impl Default for AlternatingParameters {
    fn default() -> Self {
        Self {
            dimensions: 64,
            sweeps: 8,
            unobserved_weight: 0.2,
            regularization: 0.008,
            regularization_exponent: 1.0,
            steps: 2,
            seed: 1,
        }
    }
}

/// Trains item factors; users are folded in afterwards with the same parameters (see [`super::fold_in`]).
///
/// Items without interactions get zero factors. `progress` is told the number of finished sweeps.
pub fn train(
    interactions: &Interactions,
    parameters: &AlternatingParameters,
    mut progress: impl FnMut(usize),
) -> Factors {
    let d = parameters.dimensions;
    if d == 0 {
        return Factors::zeros(0, 0);
    }
    let transposed = interactions.transposed();
    let mut items = initial(interactions.items(), d, parameters.seed);
    for item in 0..interactions.items() {
        if transposed.row(item).0.is_empty() {
            items.row_mut(item).fill(0.0);
        }
    }
    let mut users = Factors::zeros(interactions.users(), d);
    for sweep in 0..parameters.sweeps {
        // From the random start the plain solution is best.
        let relaxation = if sweep == 0 { 1.0 } else { RELAXATION };
        half_sweep(&mut users, &mut items, interactions, parameters, relaxation);
        half_sweep(&mut items, &mut users, &transposed, parameters, relaxation);
        progress(sweep + 1);
    }
    items
}

/// Improves every row of `rows` given `other`. `observed` has one row per row of `rows`.
///
/// Both sides are first rotated into the eigenbasis of `other`'s Gram matrix. No product of two rows changes by that,
/// and the part of the system that all rows share becomes diagonal.
fn half_sweep(
    rows: &mut Factors,
    other: &mut Factors,
    observed: &Interactions,
    parameters: &AlternatingParameters,
    relaxation: f32,
) {
    let d = rows.dimensions();
    let Some((eigenvalues, eigenvectors)) = eigen(&gram(other), d) else {
        rows.values_mut().fill(0.0);
        return;
    };
    let rotation: Vec<f32> = eigenvectors.iter().map(|value| *value as f32).collect();
    rotate(other, &rotation);
    rotate(rows, &rotation);
    let second_moments: Vec<f32> = eigenvalues.iter().map(|value| (*value as f32).max(0.0)).collect();
    let active = other.active_rows();
    let everyone = parameters.unobserved_weight * active as f32;
    let packed = PackedRows::rounding(other);
    rows.values_mut().par_chunks_mut(d).enumerate().for_each_init(
        || (ConjugateGradient::new(d), vec![0f32; d], vec![0f32; d]),
        |(solver, base, preconditioner), (index, row)| {
            let (columns, values) = observed.row(index);
            if columns.is_empty() {
                row.fill(0.0);
                return;
            }
            let ridge =
                parameters.regularization * (columns.len() as f32 + everyone).powf(parameters.regularization_exponent);
            let total: f32 = values.iter().map(|value| value.abs()).sum();
            // Observed rows are on average like all rows: as good a guess of their second moment as costs nothing.
            let likeness = total / active.max(1) as f32;
            let diagonals = base.iter_mut().zip(preconditioner.iter_mut());
            for ((base, preconditioner), second_moment) in diagonals.zip(&second_moments) {
                *base = (parameters.unobserved_weight * second_moment + ridge).max(f32::MIN_POSITIVE);
                *preconditioner = *base + likeness * second_moment;
            }
            let system = RowSystem {
                base,
                preconditioner,
                other: &packed,
                observed: columns,
                values,
            };
            solver.improve(&system, parameters.steps, relaxation, row);
        },
    );
}

/// Small random factors: uniform, variance `1 / dimensions` times 0.01.
fn initial(rows: usize, d: usize, seed: u64) -> Factors {
    let mut randomness = ChaCha8Rng::seed_from_u64(seed);
    let half_width = 0.1 * (3.0 / d as f32).sqrt();
    let values = (0..rows * d)
        .map(|_| randomness.random_range(-half_width..half_width))
        .collect();
    Factors::from_values(d, values).unwrap_or_else(|| Factors::zeros(rows, d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fold_in::FoldIn;
    use crate::model::least_squares::Workspace;
    use crate::model::linear_algebra::dot;

    /// Two groups of users who watch two disjoint groups of items, each user skipping one item.
    fn two_groups() -> Interactions {
        let mut matrix = Interactions::new(20);
        for user in 0..20u32 {
            let first = if user < 10 { 0 } else { 10 };
            matrix.push_user(
                (first..first + 10)
                    .filter(|item| item % 10 != user % 10)
                    .map(|item| (item, 1.0)),
            );
        }
        matrix
    }

    fn parameters() -> AlternatingParameters {
        AlternatingParameters {
            dimensions: 4,
            ..AlternatingParameters::default()
        }
    }

    #[test]
    fn the_item_left_out_scores_above_all_items_of_the_other_group() {
        let interactions = two_groups();
        let mut items = train(&interactions, &parameters(), |_| ());
        let mut users = Factors::zeros(20, 4);
        half_sweep(&mut users, &mut items, &interactions, &parameters(), 1.0);
        for user in 0..20 {
            let first = if user < 10 { 0 } else { 10 };
            let left_out = dot(users.row(user), items.row(first + user % 10));
            let best_other = (0..10)
                .map(|i| dot(users.row(user), items.row(10 - first + i)))
                .fold(f32::MIN, f32::max);
            assert!(
                left_out > best_other + 0.3,
                "user {user}: {left_out} against {best_other}"
            );
        }
    }

    #[test]
    fn enough_steps_come_close_to_the_direct_solution() {
        let interactions = two_groups();
        let parameters = AlternatingParameters {
            steps: 12,
            ..parameters()
        };
        let mut items = train(&interactions, &parameters, |_| ());
        let mut users = Factors::zeros(20, 4);
        half_sweep(&mut users, &mut items, &interactions, &parameters, 1.0);
        let fold_in = FoldIn::new(
            &items,
            parameters.unobserved_weight,
            parameters.regularization,
            parameters.regularization_exponent,
        );
        for user in 0..20 {
            let (columns, values) = interactions.row(user);
            let direct = fold_in.factor(&mut Workspace::new(4), &items, columns, values);
            for (a, b) in users.row(user).iter().zip(&direct) {
                assert!((a - b).abs() < 1e-2, "{:?} {direct:?}", users.row(user));
            }
        }
    }

    #[test]
    fn the_thread_count_does_not_change_a_bit() {
        let interactions = two_groups();
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&interactions, &parameters(), |_| ()))
        };
        assert!(with_threads(1) == with_threads(3));
    }

    #[test]
    fn items_that_nobody_watched_change_nothing() {
        let small = two_groups();
        let mut large = Interactions::new(5_000);
        for user in 0..small.users() {
            large.push_user(small.entries(user));
        }
        let (small, large) = (
            train(&small, &parameters(), |_| ()),
            train(&large, &parameters(), |_| ()),
        );
        assert_eq!(large.active_rows(), 20);
        for (one, other) in [(0, 1), (0, 10), (3, 17)] {
            let of = |factors: &Factors| dot(factors.row(one), factors.row(other));
            assert!((of(&small) - of(&large)).abs() < 0.02, "{} {}", of(&small), of(&large));
        }
    }

    #[test]
    fn negative_and_graded_values_are_finite_and_ordered() {
        let mut matrix = Interactions::new(4);
        for user in 0..30u32 {
            let dislikes = (3, -1.0);
            matrix.push_user([(0, 1.0), (1, if user % 2 == 0 { 1.0 } else { 0.3 }), dislikes]);
        }
        let items = train(&matrix, &parameters(), |_| ());
        let parameters = parameters();
        let fold_in = FoldIn::new(&items, parameters.unobserved_weight, parameters.regularization, 1.0);
        let user = fold_in.factor(&mut Workspace::new(4), &items, &[0], &[1.0]);
        let scores = crate::model::fold_in::scores(&items, &user);
        assert!(scores[0] > 0.2 && scores[1] > 0.0 && scores[3] < 0.0, "{scores:?}");
    }

    #[test]
    fn fewer_values_are_regularized_more_within_bounds() {
        let raise = |values| {
            AlternatingParameters::default().for_values(values).regularization
                / AlternatingParameters::default().regularization
        };
        assert!((raise(460_000) - 1.0).abs() < 1e-6 && (raise(9_000_000) - 1.0).abs() < 1e-6);
        assert!((raise(460_000 / 16) - 2.0).abs() < 1e-3);
        for few in [0, 1, 100, 460_000 / 256] {
            assert!((raise(few) - 4.0).abs() < 1e-3, "{few}");
        }
    }

    #[test]
    fn empty_and_tiny_data_are_fine() {
        let finite = |factors: &Factors| factors.values().iter().all(|value| value.is_finite());
        assert_eq!(train(&Interactions::new(0), &parameters(), |_| ()).rows(), 0);
        assert!(finite(&train(&Interactions::new(5), &parameters(), |_| ())));
        let mut one = Interactions::new(1);
        one.push_user([(0, 1.0)]);
        assert!(finite(&train(&one, &parameters(), |_| ())));
    }
}
