//! Shoal's own tables on a real PostgreSQL.

#![allow(clippy::expect_used, reason = "a test may fail")]

mod clock;
mod decided;
mod deliveries;
mod evidence;
mod ledger;
mod peers;
mod support;
mod tables;
mod transactions;
