//! A small fediverse on one machine: a private PostgreSQL, generated instances, their databases.
//!
//! [`postgres`] starts a throw-away server (the integration tests use it too), [`schema`] holds PeerTube's tables as
//! three releases lay them out.

pub mod error;
pub mod postgres;
pub mod schema;
pub mod world;

pub use error::DemoError;
