//! The mechanism as a whole, from histories to a value that may leave. What a sidecar releases and what the audit attacks
//! goes through the same function.
//!
//! What stays out: when a release is due and who takes part ([`crate::training`]), and how the bytes travel.

use rand::CryptoRng;

#[cfg(feature = "planted-bugs")]
use super::planted::PlantedBug;
use super::release::EvidenceSum;
use super::{BudgetShares, Delta, EvidenceGrid, Noised, PrivacyError};
use crate::model::catalogue::Catalogue;
use crate::model::contribution::Contribution;
use crate::model::evidence::BasisId;
use crate::model::interactions::Interactions;
use crate::model::learning::contributions_of;
use crate::model::support::Support;

/// Division of one release among its parts.
///
/// # Errors
/// Never with these constants; the type says so to callers.
pub fn shares() -> Result<BudgetShares, PrivacyError> {
    BudgetShares::from_weights(0.65, 0.22, 0.09, 0.04)
}

/// How contributions become a release.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mechanism {
    /// Division among the parts.
    pub shares: BudgetShares,
    /// Gaussian-DP parameter of one release.
    pub mu: f64,
    /// Delta at which the epsilon of one release is stated.
    pub delta: Delta,
    /// Fewest accounts in one release.
    pub minimum_contributors: usize,
    /// What is wrong with it, if anything.
    #[cfg(feature = "planted-bugs")]
    pub bug: Option<PlantedBug>,
}

impl Mechanism {
    /// The mechanism with these parameters.
    pub fn new(shares: BudgetShares, mu: f64, delta: Delta, minimum_contributors: usize) -> Self {
        Self {
            shares,
            mu,
            delta,
            minimum_contributors,
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }

    /// A release of all users of whom something `counts`, a part of their `history`: see
    /// [`contributions_of`]. Both have the same users in the same order, and the items of `catalogue`.
    ///
    /// # Errors
    /// See [`EvidenceSum::release`]; nothing has left then.
    pub fn release(
        &self,
        catalogue: &Catalogue,
        support: &Support,
        history: &Interactions,
        counts: &Interactions,
        randomness: &mut impl CryptoRng,
    ) -> Result<Noised<EvidenceGrid>, PrivacyError> {
        let basis = catalogue.basis();
        let contributions = contributions_of(catalogue, history, counts, support);
        self.release_contributions(
            basis.id(),
            basis.dimensions() as u16,
            support,
            &contributions,
            randomness,
        )
    }

    /// A release of these contributions, which are bounded here, wherever they come from.
    ///
    /// # Errors
    /// See [`EvidenceSum::release`]; nothing has left then.
    pub fn release_contributions<'a>(
        &self,
        basis: BasisId,
        dimensions: u16,
        support: &Support,
        contributions: impl IntoIterator<Item = &'a Contribution>,
        randomness: &mut impl CryptoRng,
    ) -> Result<Noised<EvidenceGrid>, PrivacyError> {
        let sum = EvidenceSum::new(basis, dimensions, support.clone(), self.shares);
        #[cfg(feature = "planted-bugs")]
        let sum = sum.with_bug(self.bug);
        let mut sum = sum;
        for contribution in contributions {
            sum.add(contribution);
        }
        sum.release(self.mu, self.delta, self.minimum_contributors, randomness)
    }
}
