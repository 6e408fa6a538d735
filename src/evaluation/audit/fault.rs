//! What is wrong with the audited mechanism: nothing, unless the feature of planted bugs is on.

use rand::CryptoRng;

use crate::privacy::PrivacyError;
use crate::privacy::mechanism::Mechanism;
#[cfg(feature = "planted-bugs")]
use crate::privacy::planted::{PlantedBug, served};

/// A bug that the audit should catch, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fault(
    /// The bug, if any.
    #[cfg(feature = "planted-bugs")]
    pub Option<PlantedBug>,
);

#[cfg_attr(
    not(feature = "planted-bugs"),
    allow(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "without the feature there is no bug"
    )
)]
impl Fault {
    /// The mechanism with this bug.
    pub(super) fn plant(self, mechanism: Mechanism) -> Mechanism {
        #[cfg(feature = "planted-bugs")]
        return Mechanism {
            bug: self.0,
            ..mechanism
        };
        #[cfg(not(feature = "planted-bugs"))]
        mechanism
    }

    /// What somebody gets who fetches the payload that is `stored`.
    ///
    /// # Errors
    /// [`PrivacyError::Payload`] when a bug cannot read it.
    #[cfg_attr(not(feature = "planted-bugs"), allow(unused_variables))]
    pub(super) fn fetch(self, stored: &[u8], randomness: &mut impl CryptoRng) -> Result<Vec<u8>, PrivacyError> {
        #[cfg(feature = "planted-bugs")]
        return served(self.0, stored.to_vec(), randomness);
        #[cfg(not(feature = "planted-bugs"))]
        Ok(stored.to_vec())
    }
}
