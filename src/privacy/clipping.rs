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
//! the sum, is what makes this true whatever the other accounts are. The factor [`SAFETY`] covers the rounding of the scalings themselves, which are done in `f64`.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Shrinks every scaled vector by more than `f64` arithmetic on up to a million entries can lengthen it.
pub(super) const SAFETY: f64 = 1.0 - 1e-9;

/// A vector of at most unit length, in `f64`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct UnitBall(pub(super) Vec<f64>);

impl UnitBall {
    /// Clips `vector` to the unit ball. Entries that are not finite count as zero.
    pub(super) fn clip(vector: &[f32]) -> Self {
        let finite = |value: f32| if value.is_finite() { f64::from(value) } else { 0.0 };
        let mut values: Vec<f64> = vector.iter().map(|&value| finite(value)).collect();
        let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let scale = SAFETY / norm.max(1.0);
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
