//! Everything that knows ActivityPub: the actor, activities, inbox, delivery, discovery, payload files.
//!
//! A sidecar is one `Application` actor. It follows other sidecars, is followed by them, and announces its noised
//! evidence to followers with a small signed activity; the payload is fetched with a signed GET. Only
//! [`crate::privacy::Noised`] evidence can be announced: raw evidence has no way into this room.
//!
//! `protocol` holds the wire types, `activities` what they do, `http` the public listener, `delivery` and `payloads`
//! the workers, `sync` what makes up for lost messages. What is stored, and in which transaction, is the matter of [`crate::store`].

mod activities;
mod actor;
mod addresses;
mod backoff;
mod client;
mod delivery;
mod discovery;
mod error;
mod facade;
mod http;
mod json;
mod limits;
mod origin;
mod payloads;
pub mod protocol;
mod remote_actor;
mod rules;
mod signature;
mod state;
mod sync;
mod traffic;

pub use addresses::{FORMER_USERNAME, USERNAME};
pub use error::FederationError;
pub use facade::{Federation, Pass, generate_keys};
pub use sync::SyncReport;
pub use traffic::Traffic;
