//! Sidecars that talk to each other over real HTTP on loopback ports, each with a real PostgreSQL database.

mod discovery;
mod evidence;
mod follows;
mod hostile;
mod keys;
mod ledger;
mod queue;
mod support;
