//! Shoal's own tables, in the schema `shoal`: keys, peers, deliveries, the privacy ledger, received evidence, models, what
//! users decided.
//!
//! One file per table. Queries are checked against the migrations when Shoal is compiled; `tools/prepare-queries.sh`
//! writes what the compiler needs to know into `.sqlx/`. PeerTube's tables are not read here.

mod accounts;
mod deliveries;
mod error;
mod evidence_use;
mod future_stamps;
mod keys;
mod ledger;
mod ledger_clock;
mod level;
mod models;
mod not_interested;
mod peers;
mod pool;
mod received_activities;
mod received_evidence;
mod releases;
mod remembered;
mod settings;
mod transaction;
mod user_levels;
mod user_settings;

pub use deliveries::{DeliveryState, LeasedDelivery, NewDelivery, QueuedDelivery};
pub use error::StoreError;
pub use evidence_use::{EvidenceUse, RefusedEvidence};
pub use future_stamps::Repaired;
pub use keys::ActorKeys;
pub use ledger::{Correction, CorrectionReason, CountedWatches, LedgerTotals, Unfinished};
pub use ledger_clock::{ClockVerdict, LedgerTime, Observation};
pub use level::{Level, UnknownLevel};
pub use models::{NewModel, StoredModel};
pub use not_interested::{MOST_NOT_INTERESTED, NotInterested, Unwanted};
pub use peers::{
    DueSync, FollowDecision, Follower, FollowerOrigin, FollowerState, Following, FollowingState, NewPeer, Peer,
    PeerStatement, Replies,
};
pub use pool::Store;
pub use received_activities::{Received, Reception};
pub use received_evidence::{Announcement, EvidenceState, LeasedEvidence, UsableEvidence, UsableRelease};
pub use releases::{LedgerEntry, NewRelease, Participants, Release};
pub use transaction::Isolation;
pub use user_levels::{LevelChange, LevelHistory};
pub use user_settings::{SettingsChange, Sliders, Topics, UserChoice, UserSettings};
