//! The wall between an instance and the world: clipping, noise, accounting.
//!
//! This is the only room that turns raw evidence into a [`Noised`] value, and only [`Noised`] values can be encoded
//! for the wire. Pure: randomness is a parameter, durable bookkeeping belongs to [`crate::store`].

pub mod accountant;
pub mod budget;
mod clipping;
pub mod discrete_gaussian;
mod error;
pub mod grid;
pub mod noised;
mod payload;
#[cfg(feature = "planted-bugs")]
pub mod planted;
mod receive;
pub mod release;

pub use budget::{AnnualBudget, Delta, Epsilon};
pub use error::PrivacyError;
pub use grid::{BudgetShares, EvidenceGrid};
pub use noised::{NoiseStatement, Noised, ReleaseSummary};
pub use payload::DecodeLimits;
