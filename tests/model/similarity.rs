//! The most similar of very many videos are found by a sketch, nearly as if all had been compared in full.

use std::collections::{HashMap, HashSet};

use chrono::DateTime;
use shoal::demo::world::{World, WorldParameters};
use shoal::model::alternating::AlternatingParameters;
use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::head::public_support;
use shoal::model::interactions::Interactions;
use shoal::model::item::Item;
use shoal::model::learning::{LearningParameters, learn};
use shoal::model::recommender::Recommender;
use shoal::model::similarity::SKETCHED;

/// Learned on one generated instance with so many videos.
fn generated(videos: usize, users: usize) -> Recommender {
    let parameters = WorldParameters {
        videos,
        channels: videos / 9,
        ..WorldParameters::new(1, vec![users], DateTime::UNIX_EPOCH)
    };
    let world = World::generate(&parameters).instances.swap_remove(0);
    let tags: HashMap<i32, &str> = world.tags.iter().copied().collect();
    let channels: HashMap<i32, &str> = (world.actors.iter())
        .filter_map(|actor| Some((actor.channel_id?, actor.url.as_str())))
        .collect();
    let items = world.videos.iter().map(|video| Item {
        address: video.url.clone(),
        channel: channels[&video.channel_id].to_owned(),
        category: video.category.map(i32::unsigned_abs),
        language: video.language.map(str::to_owned),
        tags: video.tag_ids.iter().map(|tag| tags[tag].to_owned()).collect(),
        title: video.name.clone(),
        views: u64::from(video.views.unsigned_abs()),
        listed: true,
    });
    let numbers: HashMap<i32, u32> = world.videos.iter().map(|video| video.id).zip(0..).collect();
    let mut watches: HashMap<i32, Vec<(u32, f32)>> = HashMap::new();
    for row in &world.history {
        watches
            .entry(row.user_id)
            .or_default()
            .push((numbers[&row.video_id], 1.0));
    }
    let mut watches: Vec<_> = watches.into_iter().collect();
    watches.sort_by_key(|(user, _)| *user);
    let mut interactions = Interactions::new(world.videos.len());
    for (_, watched) in watches {
        interactions.push_user(watched);
    }
    let catalogue = Catalogue::new(items.collect(), EvidenceBasis::new(64));
    let support = public_support(catalogue.items(), 20_000, 2_000);
    let parameters = LearningParameters {
        alternating: AlternatingParameters {
            dimensions: 64,
            sweeps: 3,
            ..AlternatingParameters::default()
        },
        seed: 1,
    };
    let learned = learn(
        &catalogue,
        &interactions,
        &support,
        &mut Vec::new(),
        &parameters,
        |_| (),
    );
    learned.recommender
}

/// The `count` largest, without `itself`.
fn largest(scores: &[f32], count: usize, itself: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).filter(|item| *item != itself).collect();
    order.sort_by(|one, other| scores[*other as usize].total_cmp(&scores[*one as usize]));
    order.truncate(count);
    order
}

#[test]
fn a_sketch_finds_the_most_similar_of_very_many() {
    let recommender = generated(30_000, 400);
    assert!(recommender.items() >= SKETCHED, "{}", recommender.items());
    assert!(recommender.probably_similar(0).is_none(), "before it is prepared");
    recommender.prepare();
    let (mut found, mut all) = (0, 0);
    for item in (0..recommender.items() as u32).step_by(400) {
        let exact: HashSet<u32> = largest(&recommender.similar(item), 100, item).into_iter().collect();
        let guesses = recommender.probably_similar(item).unwrap();
        let guessed = largest(&guesses, 2_000, item);
        found += guessed.iter().filter(|item| exact.contains(item)).count();
        all += exact.len();
    }
    let recall = f64::from(found as u32) / f64::from(all as u32);
    println!("recall of the best 100: {recall}");
    assert!(recall > 0.99, "{recall}");
    let nothing = recommender.probably_similar(u32::MAX).unwrap();
    assert!(nothing.iter().all(|guess| *guess == 0.0));
}

#[test]
fn few_are_compared_in_full() {
    let model = generated(1_400, 20);
    model.prepare();
    assert!(model.probably_similar(1).is_none());
}
