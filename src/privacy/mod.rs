//! The wall between an instance and the world: clipping, noise, accounting.
//!
//! This is the only room that turns raw evidence into a [`Noised`] value, and only [`Noised`] values can be encoded
//! for the wire. Pure: randomness is a parameter, durable bookkeeping belongs to [`crate::store`].
//!
//! # Walls that the compiler guards
//!
//! What may leave can be serialized, and announced:
//!
//! ```
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::privacy::ReleaseSummary>();
//!
//! use shoal::federation::Federation;
//! use shoal::privacy::{EvidenceGrid, Noised};
//! fn announce(federation: &Federation, evidence: &Noised<EvidenceGrid>) {
//!     let _ = federation.announce(evidence, None, None);
//! }
//! ```
//!
//! All that the examples below name exists, and the same lines compile with something that may leave: they fail for no
//! other reason than the one that they are about.
//!
//! ```
//! fn exists<T>() {}
//! exists::<shoal::privacy::release::EvidenceSum>();
//! exists::<shoal::privacy::EvidenceGrid>();
//! exists::<shoal::model::contribution::Contribution>();
//! exists::<shoal::model::interactions::Interactions>();
//! exists::<shoal::model::ranking::Account>();
//! exists::<shoal::model::evidence::EvidenceSource>();
//! exists::<shoal::peertube::UserSignals>();
//!
//! fn printable<T: std::fmt::Debug>() {}
//! printable::<shoal::privacy::Noised<shoal::privacy::EvidenceGrid>>();
//!
//! fn unpack(noised: &shoal::privacy::Noised<shoal::privacy::EvidenceGrid>) -> &shoal::privacy::NoiseStatement {
//!     noised.noise()
//! }
//! ```
//!
//! Raw sums, contributions, histories and grids without noise cannot be serialized:
//!
//! ```compile_fail,E0277
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::privacy::release::EvidenceSum>();
//! ```
//! ```compile_fail,E0277
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::model::contribution::Contribution>();
//! ```
//! ```compile_fail,E0277
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::privacy::EvidenceGrid>();
//! ```
//! ```compile_fail,E0277
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::model::interactions::Interactions>();
//! ```
//!
//! ```compile_fail,E0277
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::model::ranking::Account>();
//! ```
//! ```compile_fail,E0277
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::model::evidence::EvidenceSource>();
//! ```
//! ```compile_fail,E0277
//! fn serializable<T: serde::Serialize>() {}
//! serializable::<shoal::peertube::UserSignals>();
//! ```
//!
//! Nor printed (contributions and histories print without contents):
//!
//! ```compile_fail,E0277
//! fn printable<T: std::fmt::Debug>() {}
//! printable::<shoal::model::ranking::Account>();
//! ```
//! ```compile_fail,E0277
//! fn printable<T: std::fmt::Debug>() {}
//! printable::<shoal::model::evidence::EvidenceSource>();
//! ```
//! ```compile_fail,E0277
//! fn printable<T: std::fmt::Debug>() {}
//! printable::<shoal::peertube::UserSignals>();
//! ```
//! ```compile_fail,E0277
//! fn printable<T: std::fmt::Debug>() {}
//! printable::<shoal::privacy::release::EvidenceSum>();
//! ```
//! ```compile_fail,E0277
//! fn printable<T: std::fmt::Debug>() {}
//! printable::<shoal::privacy::EvidenceGrid>();
//! ```
//!
//! Nor announced:
//!
//! ```compile_fail,E0308
//! use shoal::federation::Federation;
//! use shoal::privacy::release::EvidenceSum;
//! fn announce(federation: &Federation, evidence: &EvidenceSum) {
//!     let _ = federation.announce(evidence, None, None);
//! }
//! ```
//! ```compile_fail,E0308
//! use shoal::federation::Federation;
//! use shoal::privacy::EvidenceGrid;
//! fn announce(federation: &Federation, evidence: &EvidenceGrid) {
//!     let _ = federation.announce(evidence, None, None);
//! }
//! ```
//!
//! And nobody outside this room can say that something is noised:
//!
//! ```compile_fail,E0451
//! use shoal::privacy::{EvidenceGrid, NoiseStatement, Noised};
//! fn pretend(value: EvidenceGrid, noise: NoiseStatement) -> Noised<EvidenceGrid> {
//!     Noised { value, noise }
//! }
//! ```

pub mod accountant;
pub mod budget;
mod clipping;
mod contributors;
pub mod discrete_gaussian;
pub mod distributed;
mod error;
pub mod grid;
pub mod mechanism;
pub mod noised;
mod payload;
#[cfg(feature = "planted-bugs")]
pub mod planted;
mod plausibility;
mod receive;
pub mod release;

pub use budget::{AnnualBudget, Delta, Epsilon};
pub use contributors::Aggregation;
pub use error::PrivacyError;
pub use grid::{BudgetShares, EvidenceGrid};
pub use noised::{NoiseStatement, Noised, ReleaseSummary};
pub use payload::{DecodeLimits, inspect_payload};
