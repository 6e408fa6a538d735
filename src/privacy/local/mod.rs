//! Local differential privacy: a visitor's answer is randomized before anybody, the own instance included, sees it.
//!
//! Both mechanisms are those of Wang, Blocki, Li and Jha (2017): [`RandomizedResponse`] is better for few answers,
//! [`UnaryEncoding`] from about `3 exp(epsilon) + 2` answers on. Probabilities are fractions of 2^40 and coins are drawn in
//! integers, so that the stated epsilon is exact; it is at most the one that was asked for. Epsilon is per report: somebody
//! who reports several times loses as often.

mod estimate;
mod randomized_response;
mod unary_encoding;

pub use estimate::Estimate;
pub use randomized_response::RandomizedResponse;
pub use unary_encoding::UnaryEncoding;

use super::PrivacyError;

/// Denominator of all probabilities.
const WHOLE: u64 = 1 << 40;
/// Most answers of one question.
const MOST_CATEGORIES: u32 = 1 << 16;
/// Beyond this a randomized answer is hardly randomized, and its fractions of 2^40 become inexact.
const LARGEST_EPSILON: f64 = 20.0;

fn check(epsilon: f64, categories: u32) -> Result<(), PrivacyError> {
    if epsilon > LARGEST_EPSILON {
        return Err(PrivacyError::Epsilon(epsilon));
    }
    if !(2..=MOST_CATEGORIES).contains(&categories) {
        return Err(PrivacyError::Categories {
            categories,
            largest: MOST_CATEGORIES,
        });
    }
    Ok(())
}

/// Which mechanism estimates `categories` answers with less variance at `epsilon`: true for [`UnaryEncoding`].
pub fn unary_encoding_is_better(epsilon: f64, categories: u32) -> bool {
    f64::from(categories) >= 3.0 * epsilon.exp() + 2.0
}
