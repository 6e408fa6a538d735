//! What travels between sidecars, as types: shapes and nothing else. What activities do is in `activities`.

mod accept;
mod actor;
mod collection;
pub mod context;
mod create;
mod evidence;
mod follow;
mod incoming;
mod node_info;
mod outbox;
pub mod problem;
mod reject;
mod undo;
mod web_finger;

pub use accept::Accept;
pub use actor::{ActorDocument, Capability, EVIDENCE_PROTOCOL, Endpoints, Generator};
pub use collection::{AnnouncementReference, CollectionItem, CollectionPage, EvidenceReference, OrderedCollection};
pub use create::Create;
pub use evidence::{Document, Evidence, EvidenceType, NoiseDocument, PAYLOAD_MEDIA_TYPE};
pub use follow::{Follow, FollowReference};
pub use incoming::{InboxActivity, Incoming};
pub use node_info::{NodeInfo, NodeInfoLinks, NodeInfoSoftware};
pub use outbox::{Outbox, OutboxPage, Relation};
pub use reject::Reject;
pub use undo::Undo;
pub use web_finger::WebFinger;

#[cfg(test)]
mod tests;
