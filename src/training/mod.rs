//! The learning cycle as a story: read, release, combine, learn, publish.
//!
//! | file | holds |
//! |---|---|
//! | [`cycle`] | the story itself |
//! | [`sweeping`] | users who are gone are forgotten |
//! | [`reading`] | catalogue and history from PeerTube's database |
//! | [`releasing`] | how evidence is released |
//! | [`schedule`] | when the next release is due, and what it counts |
//! | [`attempts`] | pauses between releases that fail |
//! | [`release_outcome`] | what became of a release |
//! | [`release_counter`] | the count beside the ledger, by which a restored older ledger is noticed |
//! | [`ledger_problem`] | why nothing may be released until the administrator has looked |
//! | [`standstill`] | whether releases stand still although they should not |
//! | [`watching`] | the ledger's clock, and whose database this is, every few minutes |
//! | [`ownership`] | whose database this is: another PeerTube's is refused |
//! | [`combining`] | the evidence of peers |
//! | [`ranking`] | the second stage of ranking |
//! | [`publishing`] | the model in Shoal's database and in use |
//! | [`worker`] | cycles on a schedule |
//!
//! What stays out: the mathematics ([`crate::model`]), the noise ([`crate::privacy`]), how anything travels
//! ([`crate::federation`]).

pub mod attempts;
pub mod combining;
pub mod cycle;
mod error;
pub mod ledger_problem;
pub mod ownership;
pub mod pool;
pub mod publishing;
pub mod ranking;
pub mod reading;
pub mod release_counter;
pub mod release_outcome;
pub mod releasing;
pub mod schedule;
pub mod standstill;
pub mod sweeping;
pub mod watching;
pub mod worker;

pub use cycle::{CycleReport, Phase, Trainer};
pub use error::TrainingError;
pub use ledger_problem::LedgerProblem;
pub use release_outcome::ReleaseOutcome;
