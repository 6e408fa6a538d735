//! Whole sidecars: two real databases each, real HTTP between them, and every cycle from history to an answer.

#![allow(clippy::unwrap_used)]

mod budget;
mod exchange;
mod failing;
mod forgetting;
mod hostile;
mod leaving;
mod levels;
mod panicking;
mod public_lists;
mod ranking;
mod restored;
mod support;
mod tiny;
