//! Bugs that can be switched on, so that tests can show that the audit catches them. Never part of an optimized build.

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
    /// The same evidence is noised anew when a delivery is retried, so that a receiver can average.
    NoiseRedrawn,
}
