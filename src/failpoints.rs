//! Places at which tests let a process die as from `kill -9`: no destructor runs, nothing is flushed.
//!
//! Without the feature `planted-bugs`, which no optimized build can have, [`reach`] is empty. With it, the process ends
//! at the place that `SHOAL_DIE_AT` names.

/// Every place, in the order in which a release passes them.
pub const PLACES: [&str; 9] = [
    "noise-drawn",
    "counter-prepared",
    "counter-begun",
    "ledger-written",
    "ledger-committed",
    "counter-finished",
    "delivery-leased",
    "delivery-sent",
    "delivery-finished",
];

/// The process is at `place`, one of [`PLACES`].
#[cfg(feature = "planted-bugs")]
pub fn reach(place: &'static str) {
    assert!(PLACES.contains(&place), "{place} is not on the list");
    if std::env::var("SHOAL_DIE_AT").is_ok_and(|wanted| wanted == place) {
        eprintln!("dying at {place}");
        std::process::abort();
    }
}

/// The process is at `place`, one of [`PLACES`].
#[cfg(not(feature = "planted-bugs"))]
#[inline]
pub fn reach(_place: &'static str) {}
