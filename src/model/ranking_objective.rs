//! How high a user's own items rank, as a smooth function of the user's factor (Gaussian ranking, Steck 2015).
//!
//! The scores of one user over all items are taken to be normal. Their mean and variance follow from two moments of the
//! item factors, so neither value nor gradient looks at more items than the user's own. What stays out: moving the factor
//! ([`super::refinement`]).

use super::factors::Factors;
use super::least_squares::gram;

/// The moments of item factors that score distributions follow from.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingObjective {
    items: f64,
    mean: Vec<f64>,
    /// `d x d`, row-major.
    covariance: Vec<f64>,
}

impl RankingObjective {
    /// Mean and covariance over the items that have a factor.
    pub fn new(items: &Factors) -> Self {
        let d = items.dimensions();
        let active = items.active_rows();
        let scale = 1.0 / active.max(1) as f64;
        let all_to_active = items.rows() as f64 * scale;
        let mean: Vec<f64> = (items.mean().iter())
            .map(|value| f64::from(*value) * all_to_active)
            .collect();
        let second = gram(items);
        let covariance = (0..d * d)
            .map(|p| f64::from(second[p]) * scale - mean[p / d] * mean[p % d])
            .collect();
        Self {
            items: active as f64,
            mean,
            covariance,
        }
    }

    /// The smooth rank of an item: `1 + m (1 - Phi((s - mean) / deviation))`, from 1 to `1 + m` for `m` items; in the
    /// middle when the factor scores all items alike.
    pub fn smooth_rank(&self, user: &[f64], item: &[f32]) -> f64 {
        let distribution = self.distribution(user);
        1.0 + self.items * upper_tail(distribution.standardized(user, item))
    }

    /// `sum over own items of value / log2(1 + smooth rank)`, and its gradient in `gradient`. Values that are not positive do
    /// not count. For a factor that scores all items alike the gradient is zero.
    pub fn evaluate(&self, user: &[f64], items: &Factors, own: &[u32], values: &[f32], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let distribution = self.distribution(user);
        let (mut total, mut slopes, mut standardized_slopes) = (0.0, 0.0, 0.0);
        for (item, value) in own.iter().zip(values).filter(|(_, value)| **value > 0.0) {
            let row = items.row(*item as usize);
            let standardized = distribution.standardized(user, row);
            let rank = 1.0 + self.items * upper_tail(standardized);
            let logarithm = (1.0 + rank).ln();
            let value = f64::from(*value) * std::f64::consts::LN_2;
            total += value / logarithm;
            // Derivative of the gain by the standardized score: -dG/dr times m phi(z).
            let density = (-0.5 * standardized * standardized).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let slope = value / ((1.0 + rank) * logarithm * logarithm) * self.items * density;
            slopes += slope;
            standardized_slopes += slope * standardized;
            for (g, v) in gradient.iter_mut().zip(row) {
                *g += slope * f64::from(*v);
            }
        }
        let inverse = distribution.inverse_deviation;
        let rest = self.mean.iter().zip(&distribution.covariance_times_user);
        for (g, (mean, product)) in gradient.iter_mut().zip(rest) {
            *g = (*g - slopes * mean) * inverse - standardized_slopes * product * inverse * inverse;
        }
        total
    }

    fn distribution(&self, user: &[f64]) -> Distribution {
        let product: Vec<f64> = (self.covariance.chunks_exact(user.len().max(1)))
            .map(|row| inner(row, user))
            .collect();
        let variance = inner(&product, user);
        Distribution {
            mean: inner(&self.mean, user),
            // Without variance there is no order, and nothing to gain from it.
            inverse_deviation: if variance > f64::MIN_POSITIVE {
                1.0 / variance.sqrt()
            } else {
                0.0
            },
            covariance_times_user: product,
        }
    }
}

/// Normal distribution of one user's scores.
struct Distribution {
    mean: f64,
    inverse_deviation: f64,
    covariance_times_user: Vec<f64>,
}

impl Distribution {
    fn standardized(&self, user: &[f64], item: &[f32]) -> f64 {
        let score: f64 = user.iter().zip(item).map(|(x, v)| x * f64::from(*v)).sum();
        (score - self.mean) * self.inverse_deviation
    }
}

/// `1 - Phi(z)`.
fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;

    proptest! {
        #[test]
        fn the_gradient_is_that_of_the_value(
            d in 1usize..7,
            entries in proptest::collection::vec(-1.0f32..1.0, 30 * 6),
            user in proptest::collection::vec(-1.0f64..1.0, 6),
            values in proptest::collection::vec(-1.0f32..1.0, 8),
        ) {
            let items = Factors::from_values(d, entries[..30 * d].to_vec()).unwrap();
            let objective = RankingObjective::new(&items);
            let own: Vec<u32> = (0..8).map(|k| k * 3).collect();
            let user = &user[..d];
            prop_assume!(user.iter().any(|x| x.abs() > 0.05));
            let mut gradient = vec![0.0; d];
            let mut unused = vec![0.0; d];
            objective.evaluate(user, &items, &own, &values, &mut gradient);
            for k in 0..d {
                let mut at = |shift: f64| {
                    let mut moved = user.to_vec();
                    moved[k] += shift;
                    objective.evaluate(&moved, &items, &own, &values, &mut unused)
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                let error = (difference - gradient[k]).abs();
                prop_assert!(error < 1e-4 * (1.0 + difference.abs()), "{difference} {}", gradient[k]);
            }
        }

        #[test]
        fn the_length_of_the_factor_does_not_matter(scale in 0.1f64..50.0) {
            let items = normal_items(40, 3);
            let objective = RankingObjective::new(&items);
            let user = [0.3, -0.2, 0.9];
            let longer = user.map(|x| x * scale);
            for item in 0..40 {
                let (a, b) = (objective.smooth_rank(&user, items.row(item)), objective.smooth_rank(&longer, items.row(item)));
                prop_assert!((a - b).abs() < 1e-6 * a);
            }
        }
    }

    fn normal_items(rows: usize, d: usize) -> Factors {
        let mut randomness = ChaCha8Rng::seed_from_u64(5);
        let values = (0..rows * d)
            .map(|_| randomness.sample::<f32, _>(StandardNormal))
            .collect();
        Factors::from_values(d, values).unwrap()
    }

    /// Spearman's correlation of smooth ranks with exact ranks, and the largest relative error near the middle.
    #[test]
    fn smooth_ranks_are_ranks() {
        let items = normal_items(2_000, 12);
        let objective = RankingObjective::new(&items);
        let user: Vec<f64> = items.row(7).iter().map(|x| f64::from(*x)).collect();
        let smooth: Vec<f64> = (0..2_000)
            .map(|item| objective.smooth_rank(&user, items.row(item)))
            .collect();
        let scores: Vec<f32> = (0..2_000)
            .map(|item| items.row(item).iter().zip(&user).map(|(v, x)| v * *x as f32).sum())
            .collect();
        let mut order: Vec<usize> = (0..2_000).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        // Smooth ranks fall strictly with the score, so it is enough that they rise along the exact order.
        assert!(order.windows(2).all(|pair| smooth[pair[0]] <= smooth[pair[1]]));
        for place in [100, 500, 1_000, 1_500] {
            let (exact, smooth) = (place as f64 + 1.0, smooth[order[place]]);
            assert!((smooth / exact - 1.0).abs() < 0.2, "{exact} {smooth}");
        }
    }

    #[test]
    fn items_without_a_factor_do_not_count() {
        let few = normal_items(50, 4);
        let mut values = few.values().to_vec();
        values.resize(50_000 * 4, 0.0);
        let many = Factors::from_values(4, values).unwrap();
        let user = [0.5, 0.1, -0.4, 0.2];
        let (few_ranks, many_ranks) = (RankingObjective::new(&few), RankingObjective::new(&many));
        for item in 0..50 {
            let (a, b) = (
                few_ranks.smooth_rank(&user, few.row(item)),
                many_ranks.smooth_rank(&user, few.row(item)),
            );
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }

    #[test]
    fn without_an_order_nothing_pulls() {
        let items = normal_items(10, 2);
        let objective = RankingObjective::new(&items);
        let mut gradient = [1.0; 2];
        let value = objective.evaluate(&[0.0, 0.0], &items, &[1, 2], &[1.0, 1.0], &mut gradient);
        assert!(value > 0.0 && gradient == [0.0, 0.0]);
        assert!((objective.smooth_rank(&[0.0, 0.0], items.row(3)) - 6.0).abs() < 1e-9);
        let nobody = RankingObjective::new(&Factors::zeros(0, 2));
        assert!(nobody.evaluate(&[1.0, 0.0], &items, &[], &[], &mut gradient).abs() < 1e-12);
    }
}
