//! Small and local creators get a fair chance, and users decide how large it is: what lists of a generated instance show.
//!
//! A channel is small when half of the channels have at least as many views. An instance of 300 users knows two others; 40
//! users ask for their first ten.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use shoal::demo::world::{InstanceWorld, World as GeneratedWorld, WorldParameters};

use crate::world::{NOW, World};

/// Users who ask.
const USERS: usize = 40;
/// Fewest watches of them: others get the popular list.
const WATCHES: usize = 5;

/// What all lists of one kind show.
#[derive(Debug)]
struct Shown {
    /// Share of places with videos of this instance.
    local: f64,
    /// Share of places with videos of small channels.
    small: f64,
}

fn instance() -> InstanceWorld {
    let parameters = WorldParameters {
        hosts: vec!["here.test".to_owned()],
        ..WorldParameters::new(11, vec![300, 60, 60], NOW.parse().unwrap())
    };
    GeneratedWorld::generate(&parameters).instances.remove(0)
}

/// The half of the channels with fewer views.
fn small_channels(instance: &InstanceWorld) -> HashSet<i64> {
    let mut views: HashMap<i32, i64> = HashMap::new();
    for video in &instance.videos {
        *views.entry(video.channel_id).or_default() += i64::from(video.views);
    }
    let mut channels: Vec<(i64, i32)> = views.into_iter().map(|(channel, views)| (views, channel)).collect();
    channels.sort_unstable();
    let half = channels.len() / 2;
    channels[..half]
        .iter()
        .map(|(_, channel)| i64::from(*channel))
        .collect()
}

fn users(instance: &InstanceWorld) -> Vec<i32> {
    let watches = |user: &i32| instance.history.iter().filter(|row| row.user_id == *user).count();
    let eligible = instance.eligible_users.iter().copied();
    eligible.filter(|user| watches(user) >= WATCHES).take(USERS).collect()
}

/// The first ten of every user in `strategy`, under `settings`.
async fn shown(world: &World, users: &[i32], small: &HashSet<i64>, strategy: &str, settings: Value) -> Shown {
    let (mut local, mut of_small, mut all) = (0.0, 0.0, 0.0);
    let (mut places_given, mut places_kept) = (0, 0);
    for user in users {
        world.set(*user, settings.clone()).await;
        let listed = world.list(&format!("strategy={strategy}&userId={user}&count=10")).await;
        let channels: HashSet<i64> = listed
            .data
            .iter()
            .map(|video| video["channel"]["id"].as_i64().unwrap())
            .collect();
        if strategy == "for-you" {
            assert!(channels.len() >= 6, "{settings}: {channels:?}");
        }
        // What chance gave a place says so, and does not stand before its place.
        let kept = match (strategy, settings["discover"].as_f64()) {
            ("for-you", Some(0.0)) => &[9][..],
            ("for-you", Some(1.0)) => &[4, 9],
            _ => &[],
        };
        let by_chance = |video: &Value| {
            let reasons = video["recommendation"]["reasons"].as_array().unwrap();
            reasons.iter().any(|reason| reason["type"] == "chance")
        };
        let given: Vec<usize> = (0..listed.data.len())
            .filter(|place| by_chance(&listed.data[*place]))
            .collect();
        assert!(given.len() <= kept.len(), "{strategy} {settings}: {given:?}");
        assert!(
            given.iter().zip(kept).all(|(given, kept)| given >= kept),
            "{strategy} {settings}: {given:?}"
        );
        (places_given, places_kept) = (places_given + given.len(), places_kept + kept.len());
        for video in &listed.data {
            all += 1.0;
            local += f64::from(u8::from(video["isLocal"] == true));
            of_small += f64::from(u8::from(small.contains(&video["channel"]["id"].as_i64().unwrap())));
        }
    }
    // Only a rule of spreading delays it.
    assert!(
        2 * places_given >= places_kept,
        "{strategy} {settings}: {places_given} of {places_kept}"
    );
    let shown = Shown {
        local: local / all,
        small: of_small / all,
    };
    println!("{strategy} {settings}: {shown:.3?}");
    shown
}

#[tokio::test]
async fn users_decide_how_much_is_local_and_small_channels_have_their_chance() {
    let instance = instance();
    let (small, users) = (small_channels(&instance), users(&instance));
    let world = World::generated(&instance).await;
    let known = |of: &dyn Fn(&shoal::demo::world::Video) -> bool| {
        instance.videos.iter().filter(|video| of(video)).count() as f64 / instance.videos.len() as f64
    };
    println!(
        "videos: {:.3} local, {:.3} of small channels",
        known(&|video| !video.remote),
        known(&|video| small.contains(&i64::from(video.channel_id)))
    );
    let neutral = json!({ "wide": 0.0, "discover": 0.0, "fresh": 0.0 });
    let with = |slider: &str, value: f64| {
        let mut settings = neutral.clone();
        settings[slider] = json!(value);
        settings
    };
    let popular = shown(&world, &users, &small, "popular", neutral.clone()).await;
    let middle = shown(&world, &users, &small, "for-you", neutral.clone()).await;
    let local = shown(&world, &users, &small, "for-you", with("wide", -1.0)).await;
    let wide = shown(&world, &users, &small, "for-you", with("wide", 1.0)).await;
    let familiar = shown(&world, &users, &small, "for-you", with("discover", -1.0)).await;
    let discover = shown(&world, &users, &small, "for-you", with("discover", 1.0)).await;
    let explore = shown(&world, &users, &small, "explore", neutral.clone()).await;
    assert!(
        local.local > middle.local && middle.local > wide.local,
        "{local:?} {middle:?} {wide:?}"
    );
    // One place in ten is given by chance; none or two, with the slider at an end.
    assert!(
        discover.small > middle.small + 0.04 && middle.small > familiar.small + 0.04,
        "{discover:?} {middle:?} {familiar:?}"
    );
    assert!(
        middle.small > popular.small && explore.small > middle.small,
        "{middle:?} {popular:?} {explore:?}"
    );
}
