//! Sidecars that talk to each other over real HTTP on loopback ports, each with a real PostgreSQL database.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod consent;
mod discovery;
mod evidence;
mod follows;
mod hostile;
mod keys;
mod ledger;
mod memory;
mod newcomers;
mod outbox;
mod queue;
mod repeated_headers;
mod signer;
mod support;
