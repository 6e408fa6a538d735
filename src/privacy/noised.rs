//! The type that marks what may leave the instance.

use serde::{Deserialize, Serialize};

use super::EvidenceGrid;
use crate::model::evidence::BasisId;

/// A value to which the noise of a stated mechanism has been added, once.
///
/// Its fields are private to this room: outside, such a value comes either from
/// [`super::release::EvidenceSum::release`], which adds the noise, or from decoding what a peer sent.
#[derive(Clone, PartialEq)]
pub struct Noised<T> {
    pub(super) value: T,
    pub(super) noise: NoiseStatement,
}

impl<T> Noised<T> {
    /// The noised value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// What was added to it.
    pub fn noise(&self) -> &NoiseStatement {
        &self.noise
    }
}

impl<T> std::fmt::Debug for Noised<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Noised")
            .field("noise", &self.noise)
            .finish_non_exhaustive()
    }
}

/// The noise of a release and what it promises, as stated to peers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoiseStatement {
    /// Standard deviation of the noise in units of the L2 sensitivity.
    pub noise_multiplier: f64,
    /// L2 sensitivity to adding or removing one account with its whole history, in units of the evidence.
    pub clipping_norm: f64,
    /// Epsilon of this release alone.
    pub epsilon: f64,
    /// Delta of this release alone.
    pub delta: f64,
}

/// What an announcement says about a payload, so that the two can be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseSummary {
    /// Digest of the public basis in which the evidence is expressed.
    pub basis: BasisId,
    /// Dimensions of the basis.
    pub dimensions: u32,
    /// Videos in the payload.
    pub videos: u32,
    /// Channels in the payload.
    pub channels: u32,
    /// Digest of the lists of videos and channels.
    #[serde(with = "hex::serde")]
    pub support_digest: [u8; 32],
    /// The stated noise.
    pub noise: NoiseStatement,
}

impl Noised<EvidenceGrid> {
    /// The summary that announces this value.
    pub fn summary(&self) -> ReleaseSummary {
        ReleaseSummary {
            basis: self.value.basis(),
            dimensions: u32::from(self.value.dimensions()),
            videos: self.value.support().videos().len() as u32,
            channels: self.value.support().channels().len() as u32,
            support_digest: self.value.support().digest(),
            noise: self.noise,
        }
    }
}
