//! Shoal gives a PeerTube instance personal recommendations without anyone's watch history leaving the instance.
//!
//! # Layout
//!
//! Each room uses only rooms above it in this list; there are no circles.
//!
//! | room | holds |
//! |---|---|
//! | [`peertube`] | everything that knows PeerTube's database |
//! | [`store`] | Shoal's own tables |
//! | [`model`] | the mathematics: interactions, basis, evidence, posterior, factors; no I/O |
//! | [`privacy`] | clipping, noise, accounting; the only place that turns raw evidence into something that may leave |
//! | [`connections`] | callers of a listener: how many, how slow |
//! | [`federation`] | ActivityPub: actor, activities, inbox, delivery, payload files |
//! | [`recommend`] | candidates, filters, ranking and reasons for one request |
//! | [`api`] | REST, health, metrics, OpenAPI |
//! | [`training`] | the scheduled cycle: read, learn, release, combine, validate, publish |
//! | [`sidecar`] | one running sidecar: wiring, workers, graceful shutdown |
//! | [`evaluation`] | offline metrics |
//! | [`demo`] | a small fediverse on one machine |
//! | [`cli`] | one file per subcommand |
//!
//! [`config`], [`clock`], [`pooling`], [`panics`], [`telemetry`], [`untrusted`] and [`failpoints`] may be used by any room that is not pure.

pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod demo;
pub mod evaluation;
pub mod failpoints;
pub mod federation;
pub mod model;
pub mod panics;
pub mod peertube;
pub mod pooling;
pub mod privacy;
pub mod recommend;
pub mod sidecar;
pub mod store;
pub mod telemetry;
pub mod training;
pub mod untrusted;
