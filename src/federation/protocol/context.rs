//! The JSON-LD context. Activities carry it inline, so that nobody has to fetch it; the same text is committed as
//! `docs/ns/v1.jsonld` and served under `ns/v1`.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// The published file.
pub const DOCUMENT: &str = include_str!("../../../docs/ns/v1.jsonld");

const ACTIVITY_STREAMS: &str = "https://www.w3.org/ns/activitystreams";
const SECURITY: &str = "https://w3id.org/security/v1";

static TERMS: LazyLock<Value> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
    document.get("@context").cloned().unwrap_or_default()
});

/// Context of activities about evidence.
pub fn evidence() -> Value {
    json!([ACTIVITY_STREAMS, *TERMS])
}

/// Context of activities that only use common terms, and of collections.
pub fn common() -> Value {
    json!(ACTIVITY_STREAMS)
}

/// Context of the actor.
pub fn actor() -> Value {
    let implements = json!({ "@id": "https://w3id.org/fep/844e/implements", "@type": "@id", "@container": "@list" });
    json!([ACTIVITY_STREAMS, SECURITY, {
        "implements": implements,
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    }])
}
