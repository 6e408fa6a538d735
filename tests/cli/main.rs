//! The real binary, from the outside: what it prints, how it ends, and what a crash leaves.

#![allow(clippy::unwrap_used)]

mod arguments;
mod check_config;
mod commands;
mod configuration;
mod crash;
#[cfg(feature = "planted-bugs")]
mod crash_points;
mod demo;
mod evaluating;
mod ledger;
mod starting;
mod support;
