//! The learning cycle as a story: read, release, combine, learn, publish.
//!
//! | file | holds |
//! |---|---|
//! | [`cycle`] | the story itself |
//! | [`sweeping`] | users who are gone are forgotten |
//! | [`reading`] | catalogue and history from PeerTube's database |
//! | [`releasing`] | when evidence is released, and how |
//! | [`release_counter`] | the count beside the ledger, by which a restored older ledger is noticed |
//! | [`combining`] | the evidence of peers |
//! | [`ranking`] | the second stage of ranking |
//! | [`publishing`] | the model in Shoal's database and in use |
//! | [`worker`] | cycles on a schedule |
//!
//! What stays out: the mathematics ([`crate::model`]), the noise ([`crate::privacy`]), how anything travels
//! ([`crate::federation`]).

pub mod combining;
pub mod cycle;
mod error;
pub mod pool;
pub mod publishing;
pub mod ranking;
pub mod reading;
pub mod release_counter;
pub mod releasing;
pub mod sweeping;
pub mod worker;

pub use cycle::{CycleReport, Phase, Trainer};
pub use error::TrainingError;
pub use releasing::ReleaseOutcome;
