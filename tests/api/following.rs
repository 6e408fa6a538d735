//! Whoever follows the first recommendation fifty times is not led into a corner.
//!
//! Two generated instances that know two others; of each, users with few, many and a middle number of watches, and users
//! with choices about languages and sensitive videos. Each follows `for-you`, and `next` and `similar` from two videos, and
//! watches every followed video to its end before the next request. The topic of a video is its category; videos without
//! one are a topic.
//!
//! Where what was played does not stand before the next list, walks of these users stay ten steps in one channel, and
//! twenty-five in one topic.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use shoal::demo::world::{InstanceWorld, User, World as GeneratedWorld, WorldParameters};

use crate::world::{NOW, World};

/// Videos that are followed.
const STEPS: usize = 50;
/// No cluster absorbs: any so many steps in a row ...
const WINDOW: usize = 10;
/// ... are in at least so many channels.
const CHANNELS: usize = 6;
/// Entropy over the topics of each half of a walk, in bits, at least: more than two topics taking turns would have.
const ENTROPY: f64 = 1.0;
/// The entropy of second halves is on average at most so many bits below that of first halves.
const LOST_ON_THE_WAY: f64 = 0.25;
/// The entropy of whole walks is on average at most so many bits below that of what the users had watched before.
const LOST_AGAINST_HISTORY: f64 = 0.25;
/// Users with fewer watches say little about the entropy of their taste.
const ENOUGH_WATCHES: usize = 20;

/// Entropy of topics, in bits.
fn entropy(topics: impl IntoIterator<Item = Option<i64>>) -> f64 {
    let mut counts: HashMap<Option<i64>, f64> = HashMap::new();
    for topic in topics {
        *counts.entry(topic).or_default() += 1.0;
    }
    let all: f64 = counts.values().sum();
    counts.values().map(|count| -count / all * (count / all).log2()).sum()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

struct Step {
    id: i32,
    channel: i64,
    topic: Option<i64>,
    source: String,
    seconds: i32,
}

impl Step {
    fn of(video: &Value) -> Self {
        Self {
            id: video["id"].as_i64().unwrap() as i32,
            channel: video["channel"]["id"].as_i64().unwrap(),
            topic: video["category"]["id"].as_i64(),
            source: video["recommendation"]["source"].as_str().unwrap().to_owned(),
            seconds: video["duration"].as_i64().unwrap() as i32,
        }
    }
}

fn topics(steps: &[Step]) -> f64 {
    entropy(steps.iter().map(|step| step.topic))
}

fn channels(steps: &[Step]) -> usize {
    steps.iter().map(|step| step.channel).collect::<HashSet<_>>().len()
}

fn instance(seed: u64) -> InstanceWorld {
    let parameters = WorldParameters {
        hosts: vec!["here.test".to_owned()],
        ..WorldParameters::new(seed, vec![300, 60, 60], NOW.parse().unwrap())
    };
    GeneratedWorld::generate(&parameters).instances.remove(0)
}

/// Somebody who follows, with the topics of what was watched before.
struct Walker<'a> {
    user: &'a User,
    before: Vec<Option<i64>>,
}

/// Users whose history may be read: those with the fewest, a middle number and the most watches, and some with choices.
fn walkers(instance: &InstanceWorld) -> Vec<Walker<'_>> {
    let of_video = |video: &shoal::demo::world::Video| (video.id, video.category.map(i64::from));
    let topics: HashMap<i32, Option<i64>> = instance.videos.iter().map(of_video).collect();
    let mut before: HashMap<i32, Vec<Option<i64>>> = HashMap::new();
    for row in &instance.history {
        before.entry(row.user_id).or_default().push(topics[&row.video_id]);
    }
    let mut users: Vec<&User> = (instance.users.iter())
        .filter(|user| instance.eligible_users.contains(&user.id))
        .collect();
    users.sort_by_key(|user| (before.get(&user.id).map_or(0, Vec::len), user.id));
    let last = users.len() - 1;
    let chosen = [0, last / 4, last / 2, 3 * last / 4, last].map(|place| users[place]);
    let choosy =
        (users.iter().copied()).filter(|user| user.video_languages.is_some() && user.nsfw_policy == "do_not_list");
    (chosen.into_iter().chain(choosy.take(3)))
        .map(|user| Walker {
            user,
            before: before.get(&user.id).cloned().unwrap_or_default(),
        })
        .collect()
}

fn check_choices(user: &User, video: &Value) {
    if user.nsfw_policy == "do_not_list" {
        assert_eq!(video["nsfw"], false, "{video}");
    }
    if let Some(languages) = &user.video_languages {
        let language = video["language"]["id"].as_str().unwrap_or("_unknown");
        assert!(languages.contains(&language), "{language} is none of {languages:?}");
    }
}

/// Follows the first recommendation of `strategy`, beginning beside `start`.
async fn follow(world: &mut World, user: &User, strategy: &str, start: Option<i32>) -> Vec<Step> {
    let mut at = NOW.parse::<DateTime<Utc>>().unwrap() - TimeDelta::hours(1);
    let mut current = start;
    let mut steps = Vec::new();
    for _ in 0..STEPS {
        let beside = current.map_or_else(String::new, |video| format!("&videoId={video}"));
        let query = format!("strategy={strategy}{beside}&userId={}&count=1", user.id);
        let first = world.list(&query).await.data.remove(0);
        check_choices(user, &first);
        let step = Step::of(&first);
        at += TimeDelta::minutes(1);
        world
            .instance
            .watch(user.id, step.id, step.seconds, &at.to_rfc3339())
            .await;
        current = current.map(|_| step.id);
        steps.push(step);
    }
    steps
}

/// The next walk begins where this one did.
async fn forget(world: &mut World, user: &User, steps: &[Step]) {
    let videos: Vec<String> = steps.iter().map(|step| step.id.to_string()).collect();
    let delete = format!(
        r#"DELETE FROM "userVideoHistory" WHERE "userId" = {} AND "videoId" IN ({})"#,
        user.id,
        videos.join(", ")
    );
    world.instance.execute(&delete).await;
}

/// Entropies of the first half of a walk, its second half, the whole walk, and what was watched before.
type Entropies = [f64; 4];

/// Checks one walk alone.
fn check(walk: &str, steps: &[Step], before: &[Option<i64>]) -> Entropies {
    let distinct: HashSet<i32> = steps.iter().map(|step| step.id).collect();
    assert_eq!(distinct.len(), STEPS, "{walk}: a video came twice");
    let fewest = steps.windows(WINDOW).map(channels).min().unwrap();
    assert!(fewest >= CHANNELS, "{walk}: {WINDOW} steps in {fewest} channels");
    let (first, second) = steps.split_at(STEPS / 2);
    let halves = [topics(first), topics(second)];
    assert!(halves.iter().all(|bits| *bits >= ENTROPY), "{walk}: {halves:.2?} bits");
    [halves[0], halves[1], topics(steps), entropy(before.iter().copied())]
}

/// Visitors have no memory: their walk goes back in time, and on to another channel at each step.
async fn check_visitor(world: &World, start: i32) {
    let (mut current, mut steps) = (start, Vec::<Step>::new());
    while steps.len() < STEPS {
        let listed = world.list(&format!("strategy=next&videoId={current}&count=1")).await;
        let step = Step::of(&listed.data[0]);
        if step.source != "next" {
            break;
        }
        assert_eq!(listed.data[0]["nsfw"], false);
        assert!(
            steps.iter().all(|before| before.id != step.id),
            "{} came twice",
            step.id
        );
        if let Some(last) = steps.last() {
            assert_ne!(last.channel, step.channel, "from {start}, after {} steps", steps.len());
        }
        current = step.id;
        steps.push(step);
    }
    assert!(steps.len() > 1, "from {start}: {} steps", steps.len());
}

#[tokio::test]
async fn fifty_first_recommendations_lead_into_no_corner() {
    for seed in [11, 12] {
        let instance = instance(seed);
        let mut world = World::generated(&instance).await;
        let popular = world.list("strategy=popular&count=30").await.ids();
        let beside = [Some(popular[0]), Some(popular[29])];
        for (strategy, starts) in [("for-you", &[None][..]), ("next", &beside), ("similar", &beside)] {
            let mut entropies: Vec<(usize, Entropies)> = Vec::new();
            for Walker { user, before } in walkers(&instance) {
                for start in starts {
                    let steps = follow(&mut world, user, strategy, *start).await;
                    forget(&mut world, user, &steps).await;
                    let walk = format!("{strategy}, seed {seed}, user {}, from {start:?}", user.id);
                    entropies.push((before.len(), check(&walk, &steps, &before)));
                }
            }
            let column = |place: usize, watches: usize| {
                let enough = entropies.iter().filter(|(before, _)| *before >= watches);
                mean(&enough.map(|(_, bits)| bits[place]).collect::<Vec<_>>())
            };
            let (first, second) = (column(0, 0), column(1, 0));
            let (walked, before) = (column(2, ENOUGH_WATCHES), column(3, ENOUGH_WATCHES));
            println!("{strategy}, seed {seed}: {first:.2}, then {second:.2} bits; {walked:.2} after {before:.2}");
            assert!(second >= first - LOST_ON_THE_WAY, "{strategy}: {entropies:.2?}");
            // What is like a given video follows from that video, not from what somebody watched before.
            let personal = strategy != "similar";
            assert!(
                !personal || walked >= before - LOST_AGAINST_HISTORY,
                "{strategy}: {entropies:.2?}"
            );
        }
        for start in [popular[0], popular[10], popular[29]] {
            check_visitor(&world, start).await;
        }
    }
}
