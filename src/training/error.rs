//! What can go wrong in a cycle. The model in use stays in use.

use crate::federation::FederationError;
use crate::peertube::PeerTubeError;
use crate::privacy::PrivacyError;
use crate::recommend::snapshot::Mismatch;
use crate::store::StoreError;

use super::ledger_problem::LedgerProblem;

/// Why a cycle ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// PeerTube's database.
    #[error(transparent)]
    PeerTube(#[from] PeerTubeError),
    /// Shoal's database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The announcement of evidence.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// The privacy mechanism.
    #[error(transparent)]
    Privacy(#[from] PrivacyError),
    /// No release can be made with the configured budget.
    #[error(
        "no release can be made: `privacy.epsilon_per_year` is {epsilon:?}, but with `privacy.delta` {delta:?} and \
         `privacy.releases_per_year` {releases} it must be from {smallest} to {largest}, so that the noise fits the grid. \
         Change it, or set `privacy.contribute` to false to receive only"
    )]
    Budget {
        /// Epsilon of the configuration.
        epsilon: f64,
        /// Delta of the configuration.
        delta: f64,
        /// Releases a year of the configuration.
        releases: u32,
        /// Smallest epsilon that can be used with them.
        smallest: f64,
        /// Largest one.
        largest: f64,
    },
    /// The database was used beside another PeerTube before.
    #[error(
        "Shoal's database belongs to another PeerTube: its users have the same numbers, so what they decided would pass to other \
         people. If PeerTube was set up anew, give it an empty database (`database.url`), or run `shoal privacy adopt-peertube`, \
         which keeps keys, peers and the privacy ledger and forgets what the users of the other one decided. If \
         `peertube.database_url` names the wrong database, correct it"
    )]
    AnotherPeerTube,
    /// The privacy ledger cannot be trusted.
    #[error(transparent)]
    Ledger(#[from] LedgerProblem),
    /// A model that does not fit its catalogue.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// A model that cannot be written or read.
    #[error("the model cannot be {doing}: {reason}")]
    Codec {
        /// What was tried.
        doing: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The computation panicked or the process is ending.
    #[error("the computation was cut short: {0}")]
    Computation(String),
}
