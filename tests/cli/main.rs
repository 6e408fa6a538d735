//! The real binary, from the outside: what it prints, how it ends, and what a crash leaves.

#![allow(clippy::unwrap_used)]

mod arguments;
mod audit;
mod bad_data;
mod check_config;
mod cold_start;
mod commands;
mod configuration;
mod crash;
#[cfg(feature = "planted-bugs")]
mod crash_points;
mod data_sets;
mod demo;
mod evaluating;
mod ledger;
mod odd_data;
mod privacy;
mod served_again;
#[path = "../federation/signer.rs"]
mod signer;
mod simulating;
mod starting;
mod support;
