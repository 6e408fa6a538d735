//! Chance that stays the same for a day, so that the pages of a list fit together and can be made again.
//!
//! What stays out: what chance decides ([`super::explore`], [`super::fair_chance`]).

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::peertube::UserId;

/// The chance of one user on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// The same for the same user, day (in UTC) and model; `None` is everybody whose history is not known.
    pub fn new(user: Option<UserId>, now: DateTime<Utc>, model: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(user.map_or(0, |user| user.0).to_le_bytes());
        hash.update(now.timestamp().div_euclid(86_400).to_le_bytes());
        hash.update(model.as_bytes());
        Self(
            hash.finalize()
                .iter()
                .take(8)
                .fold(0, |seed, byte| seed << 8 | u64::from(*byte)),
        )
    }

    /// Where to begin in a circle of so many.
    pub(super) fn start(self, length: usize) -> usize {
        (self.0 % length.max(1) as u64) as usize
    }

    /// Where to begin in the circle, of so many, that has this number among others.
    pub(super) fn start_of(self, number: u64, length: usize) -> usize {
        // Other bits than those that decide an order.
        (self.place(number).rotate_left(32) % length.max(1) as u64) as usize
    }

    /// The place of one thing among others, by a number that says nothing about it: `SplitMix64` of both.
    pub(super) fn place(self, number: u64) -> u64 {
        let mut mixed = self.0 ^ number;
        mixed = mixed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(user: i32, day: i64, model: &str) -> Draw {
        Draw::new(
            Some(UserId(user)),
            DateTime::from_timestamp(day * 86_400 + 5, 0).unwrap(),
            model,
        )
    }

    #[test]
    fn chance_depends_on_user_day_and_model_only() {
        let one = draw(1, 2, "a");
        assert_eq!(
            one,
            Draw::new(
                Some(UserId(1)),
                DateTime::from_timestamp(3 * 86_400 - 1, 0).unwrap(),
                "a"
            )
        );
        for other in [draw(2, 2, "a"), draw(1, 3, "a"), draw(1, 2, "b")] {
            assert_ne!(one, other);
        }
    }
}
