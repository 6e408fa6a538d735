//! Bounds on what one account adds to the evidence.
//!
//! # Sensitivity
//!
//! Let `x` be the factor of an account, scaled so that `|x| <= 1`, and `w`, `c` its weights on videos and channels, scaled
//! so that `|w| <= 1` and `|c| <= 1` (all L2). With shares `s`, the account adds
//!
//! - `s_v w (x) x` to the sums per video, of norm `s_v |w| |x| <= s_v`,
//! - `s_c c (x) x` to the sums per channel, of norm at most `s_c`,
//! - `s_g vech(x x')` to the second moments, where off-diagonal entries carry a factor `sqrt 2`, of norm `s_g |x|^2 <= s_g`,
//! - `s_n` to the number of contributors, the same integer for every account,
//!
//! so the whole moves by at most `sqrt(s_v^2 + s_c^2 + s_g^2 + s_n^2) <= 1` when the account with its whole history is
//! added or removed. Every entry is then rounded *towards zero* onto the integer grid, which shortens no norm to less
//! than nothing and lengthens none, so the bound holds for the integers that are really summed: the L2 norm of an account's
//! integers is at most [`STEPS_PER_UNIT`](super::accountant::release::STEPS_PER_UNIT). Rounding each account, rather than
//! the sum, is what makes this true whatever the other accounts are.
//!
//! The scalings themselves are done in `f64`: the computed norm of `n` numbers is too small by a part of at most
//! `n + 2` roundings, and each number of the product is too large by a few. Vectors are shrunk by more than that,
//! see [`scale`].

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Shrinks every scaled number by more than the few roundings of the products can enlarge it.
pub(super) const SAFETY: f64 = 1.0 - 1e-9;

/// What to multiply a vector of `entries` numbers with, whose computed norm is `norm`, so that it and its products stay
/// within their bounds.
fn scale(norm: f64, entries: usize) -> f64 {
    (SAFETY - entries as f64 * f64::EPSILON) / norm.max(1.0)
}

/// A vector of at most unit length, in `f64`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct UnitBall(pub(super) Vec<f64>);

impl UnitBall {
    /// Clips `vector` to the unit ball. Entries that are not finite count as zero.
    pub(super) fn clip(vector: &[f32]) -> Self {
        let finite = |value: f32| if value.is_finite() { f64::from(value) } else { 0.0 };
        let mut values: Vec<f64> = vector.iter().map(|&value| finite(value)).collect();
        let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let scale = scale(norm, values.len());
        for value in &mut values {
            *value *= scale;
        }
        Self(values)
    }
}

/// Sorted by place, one entry per place: without this, an account could count one place twice.
pub(super) fn sorted_weights(weights: &[(u32, f32)]) -> (Zeroizing<Vec<u32>>, Zeroizing<Vec<f32>>) {
    let mut sorted = weights.to_vec();
    sorted.sort_by_key(|&(place, _)| place);
    sorted.dedup_by_key(|&mut (place, _)| place);
    let values = Zeroizing::new(sorted.iter().map(|&(_, weight)| weight).collect());
    let places = Zeroizing::new(sorted.iter().map(|&(place, _)| place).collect());
    sorted.zeroize();
    (places, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst case of a sum in floating point: after the first number, every further square is too small to show in the
    /// sum, and together they are not.
    #[test]
    fn many_small_numbers_that_the_sum_of_squares_loses_do_not_lengthen_a_vector() {
        // Half of the last digit of 1, rounded to even: lost.
        let small = (f64::EPSILON / 2.0).sqrt() as f32 * 0.999;
        let mut vector = vec![small; 3 << 23];
        vector[0] = 1.0;
        let naive: f64 = vector.iter().map(|&value| f64::from(value).powi(2)).sum();
        assert!((naive - 1.0).abs() < f64::EPSILON, "the sum loses them");
        let clipped = UnitBall::clip(&vector);
        // From the small ones to the large one, nothing is lost.
        let squared: f64 = clipped.0.iter().rev().map(|value| value * value).sum();
        assert!(squared > 1.0 - 1e-7 && squared < 1.0, "{squared}");
    }
}
