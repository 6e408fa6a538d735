//! Whole sidecars: two real databases each, real HTTP between them, and every cycle from history to an answer.

#![allow(clippy::unwrap_used)]

mod budget;
mod clock;
mod exchange;
mod failing;
mod forgetting;
mod full_disk;
mod hostile;
mod leaving;
mod levels;
mod ownership;
mod panicking;
mod public_lists;
mod ranking;
mod restored;
mod support;
mod tiny;
