//! Bugs that can be switched on, so that tests can show that the audit catches them. Never part of an optimized build.

use rand::CryptoRng;

use super::discrete_gaussian::DiscreteGaussian;
use super::{DecodeLimits, EvidenceGrid, Noised, PrivacyError};

#[cfg(not(debug_assertions))]
compile_error!("the feature `planted-bugs` breaks the privacy of releases and is for tests only");

/// One way of breaking a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlantedBug {
    /// No noise is added.
    NoiseOff,
    /// Half of the stated noise is added.
    NoiseHalved,
    /// Contributions are not bounded.
    ClippingOff,
    /// The payload is stored without noise, which is drawn whenever somebody fetches it, so that a receiver can average.
    NoiseRedrawn,
}

/// What somebody gets who fetches the payload that is `stored`: the same, but for [`PlantedBug::NoiseRedrawn`].
///
/// # Errors
/// [`PrivacyError::Payload`] when it is no payload.
pub fn served(
    bug: Option<PlantedBug>,
    stored: Vec<u8>,
    randomness: &mut impl CryptoRng,
) -> Result<Vec<u8>, PrivacyError> {
    if bug != Some(PlantedBug::NoiseRedrawn) {
        return Ok(stored);
    }
    let mut payload = Noised::<EvidenceGrid>::decode(&stored, DecodeLimits::default())?;
    let deviation = payload.noise.noise_multiplier / payload.value.step;
    let noise = DiscreteGaussian::new(deviation.ceil() as u64)?;
    let grid = &mut payload.value;
    let values = grid.videos.iter_mut().chain(&mut grid.channels).chain(&mut grid.gram);
    for value in values.chain([&mut grid.contributors]) {
        *value += noise.sample(randomness);
    }
    payload.encode()
}
