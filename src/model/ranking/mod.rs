//! The second stage: the best candidates of the first one, ranked again by a model learned on the instance's own data.
//!
//! | file | holds |
//! |---|---|
//! | [`accounts`] | what single accounts did, and when |
//! | [`facts`] | public facts of items, and what the accounts did together |
//! | [`channel_graph`] | which channels go together: the graph for dispersion |
//! | [`features`] | what the second stage looks at |
//! | [`candidates`] | which items it looks at, and how it changes their order |
//! | [`scale`] | what makes features comparable |
//! | [`conditional_logit`] | how its weights are found |
//! | [`ranker`] | the learned model |
//! | [`learning`] | learning with a split in time, and whether the result is used |
//! | [`report`] | what was measured, feature by feature |
//!
//! What stays out: the first stage ([`super::recommender`]), and which videos a user may see.

pub mod accounts;
pub mod candidates;
pub mod channel_graph;
pub mod conditional_logit;
pub mod facts;
pub mod features;
pub mod learning;
pub mod ranker;
pub mod report;
pub mod scale;

pub use accounts::{Account, ChannelTie, Decay, Event};
pub use facts::{Background, Facts, ItemFacts};
pub use features::{FRESH_DAYS, Feature, Reader, freshness};
pub use ranker::Ranker;
pub use report::{RankingReport, Verdict};
