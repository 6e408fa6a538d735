//! What a user can see, take away, reset and delete.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use shoal::store::{Correction, CorrectionReason, Level, NewRelease};

use crate::instance::{OWNER, VIEWER};
use crate::world::{NOW, World};

const ME: &str = "/api/v1/users/me";

async fn read(world: &World, user: i32, what: &str) -> Value {
    // Signatures are made for a fixed time; the service token works at any.
    let answer = world.get(&format!("{ME}/{what}?userId={user}")).await;
    assert_eq!(answer.status, 200, "{what}: {}", answer.text);
    answer.json()
}

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

fn release(number: u8) -> NewRelease {
    NewRelease {
        epsilon: 1.5,
        delta: 1e-6,
        gdp_mu: 0.2,
        noise_multiplier: 5.0,
        contributors: Some(30),
        basis_id: [1; 32],
        counted: None,
        payload: Arc::from([number; 9]),
        activity_url: format!("https://shoal.here.test/evidence/{number}"),
        activity: Arc::from(&b"{}"[..]),
    }
}

#[tokio::test]
async fn the_profile_is_what_the_history_says() {
    let world = World::start().await;
    let profile = read(&world, VIEWER, "profile").await;
    assert_eq!((&profile["watches"], &profile["ratings"]), (&json!(3), &json!(0)));
    assert_eq!(profile["usedForRecommendations"], true);
    let channels = profile["channels"].as_array().unwrap();
    let ids: Vec<(i64, u64)> = channels
        .iter()
        .map(|channel| (channel["id"].as_i64().unwrap(), channel["videos"].as_u64().unwrap()))
        .collect();
    assert_eq!(ids, [(20, 2), (21, 1)]);
    for level in ["off", "content-only"] {
        world.set(VIEWER, json!({ "level": level })).await;
        let profile = read(&world, VIEWER, "profile").await;
        assert_eq!(
            (&profile["watches"], &profile["usedForRecommendations"]),
            (&json!(0), &json!(false))
        );
        assert_eq!(profile["channels"], json!([]));
    }
}

#[tokio::test]
async fn contributions_tell_what_left_and_what_was_allowed_then() {
    let world = World::start().await;
    world.store.note_default_level(Level::Local).await.unwrap();
    let allowed = 10.0;
    world.clock.advance(TimeDelta::days(1));
    world.store.commit_release(release(1), allowed).await.unwrap();
    world.clock.advance(TimeDelta::hours(1));
    world.set_at_service(VIEWER, json!({ "level": "contribute" })).await;
    world.clock.advance(TimeDelta::hours(23));
    world.store.commit_release(release(2), allowed).await.unwrap();
    world.clock.advance(TimeDelta::hours(1));
    world.set_at_service(VIEWER, json!({ "level": "off" })).await;
    world.clock.advance(TimeDelta::hours(23));
    world.store.commit_release(release(3), allowed).await.unwrap();

    let contributions = read(&world, VIEWER, "contributions").await;
    assert_eq!(
        (&contributions["total"], &contributions["contributing"]),
        (&json!(3), &json!(false))
    );
    let data = contributions["data"].as_array().unwrap();
    let then: Vec<(&Value, &Value)> = data
        .iter()
        .map(|entry| (&entry["levelThen"], &entry["allowedContributing"]))
        .collect();
    let expected = [("off", false), ("contribute", true), ("local", false)];
    for (found, (level, allowed)) in then.iter().zip(expected) {
        assert_eq!(*found, (&json!(level), &json!(allowed)));
    }
    assert_eq!(data[0]["date"], json!(now() + TimeDelta::days(3)));
    assert_eq!((&data[0]["epsilon"], &data[0]["bytes"]), (&json!(1.5), &json!(9)));
    let year = &contributions["year"];
    assert_eq!((&year["epsilonAllowed"], &year["releases"]), (&json!(4.0), &json!(3)));
    let (spent, share) = (
        year["epsilonSpent"].as_f64().unwrap(),
        year["shareSpent"].as_f64().unwrap(),
    );
    assert!(spent > 0.0 && spent < 4.5, "{year}");
    // Shares add up; epsilons do not.
    let shares: f64 = data.iter().map(|release| release["share"].as_f64().unwrap()).sum();
    assert!((shares - share).abs() < 1e-9 && share > 0.0, "{year}");
    // What was debited for a release whose row is lost is spent as well.
    let correction = Correction {
        reason: CorrectionReason::Restored,
        releases: 1,
        gdp_mu: 0.5,
        payload_sha256: None,
        counted: None,
    };
    assert!(world.store.correct_ledger(correction).await.unwrap());
    let corrected = read(&world, VIEWER, "contributions").await["year"].clone();
    assert!(corrected["epsilonSpent"].as_f64().unwrap() > spent + 0.1, "{corrected}");
    assert!(corrected["shareSpent"].as_f64().unwrap() > share, "{corrected}");
    assert_eq!(corrected["releases"], 3);

    // How many accounts contributed is nobody's business here.
    assert!(!contributions.to_string().contains("contributors"));

    // Somebody else, who never chose, sees the default.
    let other = read(&world, OWNER, "contributions").await;
    assert!(
        other["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["levelThen"] == "local")
    );

    // After a deletion, earlier levels are not known.
    world.clock.advance(TimeDelta::seconds(1));
    let path = format!("{ME}?userId={VIEWER}");
    let deleted = world
        .send(world.request(Method::DELETE, &path).bearer_auth(crate::world::TOKEN))
        .await;
    assert_eq!(deleted.status, 204);
    world.clock.advance(TimeDelta::seconds(1));
    world.store.commit_release(release(4), allowed).await.unwrap();
    let after = read(&world, VIEWER, "contributions").await;
    let then: Vec<&Value> = after["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["levelThen"])
        .collect();
    assert_eq!(then, [&json!("off"), &Value::Null, &Value::Null, &Value::Null]);
}

#[tokio::test]
async fn an_export_has_everything_and_nothing_of_others() {
    let world = World::start().await;
    world
        .set(
            VIEWER,
            json!({ "level": "contribute", "fresh": 0.5, "topics": { "up": { "tags": ["viewers own tag"] } } }),
        )
        .await;
    world
        .set(OWNER, json!({ "topics": { "up": { "tags": ["owners own tag"] } } }))
        .await;
    let path = format!("{ME}/not-interested");
    world.as_user(Method::POST, &path, VIEWER, r#"{"videoId":110}"#).await;
    world.as_user(Method::POST, &path, OWNER, r#"{"videoId":111}"#).await;
    let answer = world
        .send(world.signed(Method::GET, &format!("{ME}/export"), VIEWER, ""))
        .await;
    assert!(
        answer.headers["content-disposition"]
            .to_str()
            .unwrap()
            .contains("attachment")
    );
    let export = answer.json();
    assert_eq!(export["userId"], VIEWER);
    assert_eq!(
        (&export["settings"]["level"], &export["settings"]["fresh"]),
        (&json!("contribute"), &json!(0.5))
    );
    assert_eq!(
        export["levelChanges"],
        json!([{ "since": "2026-02-01T00:00:00Z", "level": "contribute" }])
    );
    let unwanted = export["notInterested"].as_array().unwrap().iter();
    assert_eq!(
        unwanted.map(|entry| &entry["id"]).collect::<Vec<_>>(),
        [110],
        "and not 111"
    );
    assert_eq!(export["profile"]["watches"], 3);
    assert!(answer.text.contains("viewers own tag") && !answer.text.contains("owners own tag"));
}

#[tokio::test]
async fn a_reset_begins_anew_and_keeps_the_settings() {
    let mut world = World::start().await;
    let query = format!("userId={VIEWER}&count=100");
    world.set(VIEWER, json!({ "fresh": 0.5 })).await;
    world.as_user(Method::POST, &format!("{ME}/reset"), VIEWER, "").await;
    let listed = world.list(&query).await;
    assert_eq!(listed.sources(), ["popular"]);
    assert!(
        [101, 102, 103].iter().all(|id| !listed.ids().contains(id)),
        "watched is still watched"
    );
    assert_eq!(read(&world, VIEWER, "profile").await["watches"], 0);
    assert_eq!(read(&world, VIEWER, "settings").await["fresh"], 0.5);
    assert_eq!(read(&world, VIEWER, "settings").await["historyFrom"], NOW);
    // What is watched after it counts.
    world.instance.watch(VIEWER, 210, 60, "2026-02-01T00:00:00Z").await;
    assert_eq!(world.list(&query).await.sources(), ["for-you"]);
    assert_eq!(read(&world, VIEWER, "profile").await["watches"], 1);
    assert_eq!(read(&world, OWNER, "settings").await["historyFrom"], Value::Null);
}

#[tokio::test]
async fn a_deletion_leaves_the_level_and_its_time_and_nothing_else() {
    let world = World::with_settings(&[("SHOAL_PRIVACY__CONTRIBUTION", "opt-out")]).await;
    world
        .set(
            VIEWER,
            json!({ "level": "local", "fresh": 0.5, "topics": { "up": { "tags": ["bees"] } } }),
        )
        .await;
    world.set(OWNER, json!({ "fresh": 0.25 })).await;
    let unwanted = format!("{ME}/not-interested");
    for user in [VIEWER, OWNER] {
        world.as_user(Method::POST, &unwanted, user, r#"{"videoId":110}"#).await;
    }
    world.as_user(Method::DELETE, ME, VIEWER, "").await;
    let export = read(&world, VIEWER, "export").await;
    assert_eq!(
        export["settings"]["chosenLevel"], "local",
        "or the default would let the history out"
    );
    assert_eq!(export["settings"]["fresh"], 0.0);
    assert_eq!(export["settings"]["topics"]["up"]["tags"], json!([]));
    assert_eq!(export["notInterested"], json!([]));
    assert_eq!(
        (&export["settings"]["historyFrom"], &export["deletedAt"]),
        (&json!(NOW), &json!(NOW))
    );
    assert_eq!(world.list(&format!("userId={VIEWER}")).await.sources(), ["popular"]);
    assert_eq!(read(&world, OWNER, "settings").await["fresh"], 0.25);
    assert_eq!(read(&world, OWNER, "not-interested").await["total"], 1);
}
