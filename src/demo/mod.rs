//! A small fediverse on one machine: a private PostgreSQL, generated instances, their databases.
//!
//! - [`postgres`]: a throw-away server, which the integration tests use too
//! - [`schema`]: PeerTube's tables, as three of its releases lay them out
//! - [`world`]: the generator, pure and decided by a seed
//! - [`fill`]: writes a generated instance into a database

pub mod error;
pub mod fill;
pub mod postgres;
pub mod schema;
pub mod world;

pub use error::DemoError;
