//! What other software really sends, what this one sends, and what nobody should send.

use activitypub_federation::protocol::context::WithContext;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::model::evidence::BasisId;
use crate::privacy::NoiseStatement;

macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!("../../../tests/fixtures/", $path))
    };
}

const EVIDENCE: &str = fixture!("shoal/create_evidence.json");

fn parse(text: &str) -> Incoming {
    Incoming::parse(text.as_bytes()).unwrap()
}

fn understood(text: &str) -> InboxActivity {
    match parse(text) {
        Incoming::Understood(activity) => *activity,
        Incoming::Ignored => panic!("ignored: {text}"),
    }
}

fn evidence() -> Evidence {
    let InboxActivity::Create(create) = understood(EVIDENCE) else {
        panic!("it is a Create")
    };
    create.object
}

/// What was read is written as it was.
fn assert_written_alike<A: Serialize>(activity: A, context: Value, fixture: &str) {
    let written = serde_json::to_value(WithContext::new(activity, context)).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(fixture).unwrap());
}

#[test]
fn our_own_activities_are_written_as_they_are_read() {
    for text in [
        fixture!("shoal/follow.json"),
        fixture!("shoal/accept.json"),
        fixture!("shoal/reject.json"),
        fixture!("shoal/undo.json"),
    ] {
        match understood(text) {
            InboxActivity::Follow(activity) => assert_written_alike(activity, context::common(), text),
            InboxActivity::Accept(activity) => assert_written_alike(activity, context::common(), text),
            InboxActivity::Reject(activity) => assert_written_alike(activity, context::common(), text),
            InboxActivity::Undo(activity) => assert_written_alike(activity, context::common(), text),
            InboxActivity::Create(_) => panic!("no fixture above is a Create"),
        }
    }
    let InboxActivity::Create(create) = understood(EVIDENCE) else {
        panic!("it is a Create")
    };
    assert_written_alike(create, context::evidence(), EVIDENCE);
}

#[test]
fn the_library_reads_what_we_understood_in_the_same_way() {
    for text in [
        EVIDENCE,
        fixture!("shoal/follow.json"),
        fixture!("peertube/accept.json"),
    ] {
        assert_eq!(serde_json::from_str::<InboxActivity>(text).unwrap(), understood(text));
    }
}

#[test]
fn follows_of_other_software_are_understood() {
    let InboxActivity::Follow(follow) = understood(fixture!("peertube/follow.json")) else {
        panic!("it is a Follow")
    };
    assert_eq!(follow.actor.as_str(), "https://video.example/accounts/peertube");
    let InboxActivity::Accept(accept) = understood(fixture!("peertube/accept.json")) else {
        panic!("it is an Accept")
    };
    assert_eq!(
        accept.object.id().as_str(),
        "https://rec.other.example/activities/follow-1"
    );
    let InboxActivity::Undo(undo) = understood(fixture!("mastodon/undo_follow.json")) else {
        panic!("it is an Undo")
    };
    assert!(matches!(undo.object, FollowReference::Embedded(_)));
}

#[test]
fn everything_else_that_other_software_sends_is_ignored() {
    for text in [
        fixture!("peertube/create_video.json"),
        fixture!("peertube/view.json"),
        fixture!("mastodon/delete_actor.json"),
    ] {
        assert_eq!(parse(text), Incoming::Ignored, "{text}");
    }
}

#[test]
fn actors_of_other_software_are_read_but_are_no_sidecars() {
    let peertube: ActorDocument = serde_json::from_str(fixture!("peertube/actor.json")).unwrap();
    assert_eq!((peertube.kind.as_str(), peertube.url.clone()), ("Application", None));
    assert!(!peertube.speaks_evidence());
    let mastodon: ActorDocument = serde_json::from_str(fixture!("mastodon/actor.json")).unwrap();
    assert_eq!(mastodon.kind, "Person");
    assert!(!mastodon.speaks_evidence());
}

#[test]
fn a_capability_counts_on_the_actor_and_on_its_generator() {
    let capability = json!([{ "href": EVIDENCE_PROTOCOL }]);
    for (property, value) in [
        ("implements", capability.clone()),
        ("generator", json!({ "type": "Application", "implements": capability })),
    ] {
        let mut actor: Value = serde_json::from_str(fixture!("peertube/actor.json")).unwrap();
        actor[property] = value;
        let actor: ActorDocument = serde_json::from_value(actor).unwrap();
        assert!(actor.speaks_evidence(), "{property}");
    }
}

#[test]
fn evidence_states_numbers_exactly() {
    let summary = evidence().summary().unwrap();
    assert_eq!(summary.basis, BasisId([7; 32]));
    assert_eq!(summary.support_digest, [9; 32]);
    assert_eq!((summary.dimensions, summary.videos, summary.channels), (32, 2_000, 800));
    let noise = NoiseStatement {
        noise_multiplier: 4.7,
        clipping_norm: 1.0,
        epsilon: 0.901_234_567_890_123_4,
        delta: 1e-6,
    };
    assert_eq!(summary.noise, noise);
    assert_eq!(NoiseDocument::new(&noise), evidence().noise);
}

#[test]
fn the_digest_is_that_of_the_payload() {
    let [document] = evidence().attachment;
    // SHA-256 of "abc", FIPS 180-2.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex::encode(document.sha256().unwrap()), expected);
    let again = Document::new(document.href.clone(), &document.sha256().unwrap(), 3);
    assert_eq!(again, document);
}

#[test]
fn digests_of_other_kinds_are_refused() {
    let [mut document] = evidence().attachment;
    let sha1 = [&[0x11, 0x14][..], &[0; 20]].concat();
    let short = [&[0x12, 0x20][..], &[0; 31]].concat();
    let texts = [
        String::new(),
        "z".to_owned(),
        "uEiC6".to_owned(),
        "z0OIl".to_owned(),
        format!("z{}", bs58::encode(sha1).into_string()),
        format!("z{}", bs58::encode(short).into_string()),
        format!("z{}", "2".repeat(100_000)),
    ];
    for text in texts {
        document.digest_multibase = text;
        assert!(document.sha256().is_err(), "{}", document.digest_multibase);
    }
}

#[test]
fn activities_of_ours_without_what_they_need_are_malformed() {
    let good: Value = serde_json::from_str(EVIDENCE).unwrap();
    for property in [
        "/id",
        "/actor",
        "/to",
        "/object/basis",
        "/object/noise",
        "/object/attachment",
        "/object/noise/delta",
    ] {
        let mut bad = good.clone();
        let (parent, name) = property.rsplit_once('/').unwrap();
        bad.pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name)
            .unwrap();
        assert!(Incoming::parse(bad.to_string().as_bytes()).is_err(), "{property}");
    }
}

#[test]
fn the_published_context_defines_every_term_that_we_use() {
    let context = context::evidence();
    let terms = context[1].as_object().unwrap();
    let standard = ["type", "id", "attributedTo", "attachment", "mediaType", "href"];
    let create: Value = serde_json::from_str(EVIDENCE).unwrap();
    for object in ["/object", "/object/noise", "/object/attachment/0"] {
        for name in create.pointer(object).unwrap().as_object().unwrap().keys() {
            assert!(
                terms.contains_key(name) || standard.contains(&name.as_str()),
                "{name} has no definition"
            );
        }
    }
}

#[test]
fn web_finger_links_that_are_pages_are_passed_over() {
    let answer: WebFinger = serde_json::from_value(json!({
        "subject": "acct:shoal@a.example",
        "links": [
            { "rel": "self", "type": "text/html", "href": "https://a.example/page" },
            { "rel": "http://ostatus.org/schema/1.0/subscribe", "template": "https://a.example/{uri}" },
            { "rel": "self", "type": "application/activity+json", "href": "https://a.example/actor" },
        ]
    }))
    .unwrap();
    assert_eq!(answer.actors().collect::<Vec<_>>(), ["https://a.example/actor"]);
}

/// JSON of any shape, with the names that matter here.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "type",
        "id",
        "actor",
        "object",
        "to",
        "attachment",
        "noise",
        "basis",
        "digestMultibase",
        "size",
        "href",
    ]);
    let text = prop::sample::select(vec![
        "Follow",
        "Accept",
        "Create",
        "Undo",
        "Evidence",
        "Document",
        "https://a.example/x",
        "z",
        "\u{0}",
        "NaN",
        "é",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Incoming::parse(&bytes);
    }

    #[test]
    fn json_of_any_shape_never_panics(value in any_json()) {
        let text = value.to_string();
        let _ = Incoming::parse(text.as_bytes());
        let _ = serde_json::from_str::<ActorDocument>(&text);
        let _ = serde_json::from_str::<WebFinger>(&text);
        let _ = serde_json::from_str::<NodeInfoLinks>(&text);
    }

    #[test]
    fn evidence_with_one_property_replaced_never_panics(value in any_json(), place in 0usize..20) {
        let mut create: Value = serde_json::from_str(EVIDENCE).unwrap();
        let places = [
            "/id", "/actor", "/to", "/object", "/object/id", "/object/basis", "/object/dimensions", "/object/videos",
            "/object/supportDigest", "/object/noise", "/object/noise/epsilon", "/object/noise/mechanism",
            "/object/attachment", "/object/attachment/0", "/object/attachment/0/href", "/object/attachment/0/size",
            "/object/attachment/0/digestMultibase", "/object/attachment/0/mediaType", "/object/type", "/type",
        ];
        *create.pointer_mut(places[place]).unwrap() = value;
        if let Ok(Incoming::Understood(activity)) = Incoming::parse(create.to_string().as_bytes())
            && let InboxActivity::Create(create) = *activity
        {
            let _ = create.object.summary();
            let _ = create.object.attachment[0].sha256();
        }
    }

    #[test]
    fn every_noise_statement_survives_the_wire(multiplier: f64, epsilon: f64, delta: f64) {
        let noise = NoiseStatement { noise_multiplier: multiplier, clipping_norm: 1.0, epsilon, delta };
        let mut evidence = evidence();
        evidence.noise = NoiseDocument::new(&noise);
        match evidence.summary() {
            Ok(summary) => prop_assert_eq!(summary.noise, noise),
            Err(_) => prop_assert!(![multiplier, epsilon, delta].iter().all(|value| value.is_finite())),
        }
    }

    #[test]
    fn every_digest_survives_the_wire(digest: [u8; 32], size in 1usize..1_000_000) {
        let document = Document::new(Url::parse("https://a.example/payloads/x").unwrap(), &digest, size);
        let text = serde_json::to_string(&document).unwrap();
        let again: Document = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(again.sha256(), Ok(digest));
    }
}
