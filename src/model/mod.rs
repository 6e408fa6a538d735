//! The mathematics of recommendation, pure: no I/O, no clock, randomness as a parameter.
//!
//! What must stay out: SQL, HTTP, noise (see [`crate::privacy`]), and any knowledge of PeerTube's ids.

pub mod evidence;
pub mod support;
