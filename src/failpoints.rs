//! Places at which tests let a process die as from `kill -9`: no destructor runs, nothing is flushed.
//!
//! There is one after every step of a release that outlives the process, so that a test can die between any two of them.
//! Without the feature `planted-bugs`, which no optimized build can have, [`reach`] is empty. With it, the process ends
//! at the place that `SHOAL_DIE_AT` names; `counter-renamed 2` is the second time that the process comes there.

/// A place, and how often a process comes there in one release when nothing is to be mended.
pub const PLACES: [(&str, usize); 11] = [
    ("noise-drawn", 1),
    // A new release counter lies beside the old one; it has taken its place; that is durable, the release has begun. Twice:
    // before the debit, and after it.
    ("counter-prepared", 2),
    ("counter-renamed", 2),
    ("counter-begun", 1),
    ("ledger-written", 1),
    ("ledger-committed", 1),
    ("counter-finished", 1),
    // Only when something is to be mended: a release that was cut short is debited, or a restore was confirmed.
    ("ledger-corrected", 0),
    ("delivery-leased", 1),
    ("delivery-sent", 1),
    ("delivery-finished", 1),
];

/// The process is at `place`, one of [`PLACES`].
#[cfg(feature = "planted-bugs")]
pub fn reach(place: &'static str) {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static VISITS: AtomicUsize = AtomicUsize::new(0);
    assert!(
        PLACES.iter().any(|(name, _)| *name == place),
        "{place} is not on the list"
    );
    let Ok(wanted) = std::env::var("SHOAL_DIE_AT") else {
        return;
    };
    let (name, visit) = wanted.split_once(' ').unwrap_or((&wanted, "1"));
    if name == place && VISITS.fetch_add(1, Ordering::Relaxed) + 1 == visit.parse().unwrap_or(1) {
        eprintln!("dying at {wanted}");
        std::process::abort();
    }
}

/// Whether this process shall store payloads without noise and draw it whenever one is fetched:
/// `SHOAL_PLANTED_BUG=noise-redrawn`, so that tests can show that they would notice.
#[cfg(feature = "planted-bugs")]
pub fn noise_is_redrawn() -> bool {
    std::env::var("SHOAL_PLANTED_BUG").is_ok_and(|bug| bug == "noise-redrawn")
}

/// The process is at `place`, one of [`PLACES`].
#[cfg(not(feature = "planted-bugs"))]
#[inline]
pub fn reach(_place: &'static str) {}
