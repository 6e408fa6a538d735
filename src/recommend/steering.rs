//! How sliders and topics push a ranking.
//!
//! Each adds to the scores of videos that have a property, or takes away. The unit is the standard deviation of the scores
//! in this ranking, so a push is equally strong whatever model ranks: a slider at its end moves a video that has the
//! whole property by [`STRENGTH`] units against one that has nothing of it, a topic by [`TOPIC_STRENGTH`].
//!
//! | slider | property |
//! |---|---|
//! | discover | to be unfamiliar: neither of a channel that the user watches, nor about the same tags |
//! | fresh | to be new: half of it is lost in [`FRESH_DAYS`](crate::model::ranking::FRESH_DAYS) days |
//! | wide | to come from another instance |

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::controls::Controls;
use super::signals::History;
use super::snapshot::Snapshot;
use crate::model::ranking::freshness;
use crate::peertube::CatalogueVideo;

/// What a slider at its end adds, in standard deviations of the scores.
pub const STRENGTH: f32 = 2.0;
/// What a topic adds or takes away, in standard deviations of the scores.
pub const TOPIC_STRENGTH: f32 = 2.5;
/// Familiarity of a video all of whose tags the user has watched, in a channel that the user does not watch.
const FAMILIAR_TAGS: f32 = 0.5;

/// Pushes `scores`, one per item of `snapshot`, where `controls` say. Scores that are not finite stay so.
pub fn steer(scores: &mut [f32], controls: &Controls, history: &History, snapshot: &Snapshot, now: DateTime<Utc>) {
    if !controls.steers() {
        return;
    }
    let unit = deviation(scores);
    let sliders = controls.sliders;
    if sliders.discover != 0.0 {
        let familiarity = familiarity(history, snapshot);
        push(scores, &familiarity, -sliders.discover * STRENGTH * unit);
    }
    if sliders.fresh != 0.0 {
        let freshness: Vec<f32> = snapshot
            .videos()
            .iter()
            .map(|video| freshness((now - video.published_at).as_seconds_f64() / 86_400.0))
            .collect();
        push(scores, &freshness, sliders.fresh * STRENGTH * unit);
    }
    if sliders.wide != 0.0 {
        let elsewhere: Vec<f32> = snapshot
            .videos()
            .iter()
            .map(|video| f32::from(u8::from(video.remote)))
            .collect();
        push(scores, &elsewhere, sliders.wide * STRENGTH * unit);
    }
    let topics = &controls.topics;
    for (tags, categories, sign) in [
        (&topics.tags_up, &topics.categories_up, 1.0),
        (&topics.tags_down, &topics.categories_down, -1.0),
    ] {
        for item in about(tags, categories, snapshot) {
            if let Some(score) = scores.get_mut(item as usize) {
                *score += sign * TOPIC_STRENGTH * unit;
            }
        }
    }
}

/// Whether a video has any of these tags, which are in lower case, or categories.
pub fn is_about(video: &CatalogueVideo, tags: &[String], categories: &[i32]) -> bool {
    let is_wanted = |tag: &String| tags.contains(&tag.to_lowercase());
    video.category.is_some_and(|category| categories.contains(&category))
        || (!tags.is_empty() && video.tags.iter().any(is_wanted))
}

/// The items with any of these tags or categories.
fn about(tags: &[String], categories: &[i32], snapshot: &Snapshot) -> HashSet<u32> {
    let mut items: HashSet<u32> = tags.iter().flat_map(|tag| snapshot.tagged(tag)).copied().collect();
    if !categories.is_empty() {
        let of_category = (0u32..)
            .zip(snapshot.videos())
            .filter(|(_, video)| is_about(video, &[], categories));
        items.extend(of_category.map(|(item, _)| item));
    }
    items
}

/// How familiar every item is, from 0 to 1.
fn familiarity(history: &History, snapshot: &Snapshot) -> Vec<f32> {
    let mut shared = vec![0u8; snapshot.videos().len()];
    for tag in history.tags(snapshot) {
        for item in snapshot.tagged(&tag) {
            if let Some(count) = shared.get_mut(*item as usize) {
                *count = count.saturating_add(1);
            }
        }
    }
    snapshot
        .videos()
        .iter()
        .zip(shared)
        .map(|(video, shared)| {
            if history.watches_channel(video.channel.id) {
                1.0
            } else if video.tags.is_empty() {
                0.0
            } else {
                FAMILIAR_TAGS * (f32::from(shared) / video.tags.len() as f32).min(1.0)
            }
        })
        .collect()
}

fn push(scores: &mut [f32], property: &[f32], strength: f32) {
    for (score, value) in scores.iter_mut().zip(property) {
        *score += strength * value;
    }
}

/// Standard deviation of the finite scores; 1 when they are all alike.
fn deviation(scores: &[f32]) -> f32 {
    let finite = || {
        scores
            .iter()
            .filter(|score| score.is_finite())
            .map(|score| f64::from(*score))
    };
    let count = finite().count().max(1) as f64;
    let mean = finite().sum::<f64>() / count;
    let variance = finite().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
    let deviation = variance.sqrt() as f32;
    if deviation > 1e-6 { deviation } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::test_support::{rules, snapshot, watched};
    use super::*;
    use crate::store::{Level, Sliders, Topics};

    /// Scores of the items of [`snapshot`] after steering, all alike before.
    fn steered(sliders: Sliders, topics: Topics) -> Vec<f32> {
        let snapshot = snapshot();
        let now = DateTime::from_timestamp(100 * 86_400, 0).unwrap();
        let history = History::new(&[watched(1)], &snapshot, &rules(), now, 10);
        let controls = Controls {
            level: Some(Level::Local),
            sliders,
            topics,
            unwanted: HashSet::new(),
            history_from: None,
        };
        let mut scores = vec![0.0; snapshot.videos().len()];
        steer(&mut scores, &controls, &history, &snapshot, now);
        scores
    }

    fn slider(discover: f32, fresh: f32, wide: f32) -> Vec<f32> {
        let sliders = Sliders { discover, fresh, wide };
        steered(sliders, Topics::default())
    }

    #[test]
    fn familiar_means_watched_channels_and_then_watched_tags() {
        // Item 1 is of the watched channel, item 2 has a watched tag, item 3 nothing.
        let familiar = slider(-1.0, 0.0, 0.0);
        assert!(familiar[1] > familiar[2] && familiar[2] > familiar[3], "{familiar:?}");
        let discover = slider(1.0, 0.0, 0.0);
        assert!(discover[1] < discover[2] && discover[2] < discover[3], "{discover:?}");
    }

    #[test]
    fn fresh_means_newer_and_wide_means_elsewhere() {
        // Items are published a day after each other; the last one is from elsewhere.
        let fresh = slider(0.0, 1.0, 0.0);
        assert!(fresh.is_sorted() && fresh[0] < fresh[3], "{fresh:?}");
        let timeless = slider(0.0, -1.0, 0.0);
        assert!(timeless[0] > timeless[3]);
        let wide = slider(0.0, 0.0, 1.0);
        assert!(wide[3] > wide[2]);
        let local = slider(0.0, 0.0, -1.0);
        assert!(local[3] < local[2]);
    }

    #[test]
    fn topics_move_what_is_about_them() {
        let up = |tags: &[&str], categories: &[i32]| Topics {
            tags_up: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            categories_up: categories.to_vec(),
            ..Topics::default()
        };
        let more = steered(Sliders::default(), up(&["bees"], &[]));
        assert!(more[2] > 0.0 && more[3].abs() < 1e-6, "{more:?}");
        let category = steered(Sliders::default(), up(&[], &[7]));
        assert!(category[3] > 0.0 && category[2].abs() < 1e-6, "{category:?}");
        let down = Topics {
            tags_down: vec!["bees".to_owned()],
            ..Topics::default()
        };
        let less = steered(Sliders::default(), down);
        assert!(less[2] < 0.0 && less[3].abs() < 1e-6, "{less:?}");
    }

    #[test]
    fn what_is_about_something_is_so_one_by_one() {
        let snapshot = snapshot();
        for (tags, categories) in [(vec!["bees".to_owned()], vec![]), (vec![], vec![7]), (vec![], vec![])] {
            let all = about(&tags, &categories, &snapshot);
            for (item, video) in (0u32..).zip(snapshot.videos()) {
                assert_eq!(
                    is_about(video, &tags, &categories),
                    all.contains(&item),
                    "{item} {tags:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn the_unit_is_the_spread_of_the_scores(scores in proptest::collection::vec(-5.0f32..5.0, 2..40), factor in 0.5f32..50.0) {
            let scaled: Vec<f32> = scores.iter().map(|score| score * factor).collect();
            let (one, other) = (deviation(&scores), deviation(&scaled));
            prop_assert!(one > 0.0 && other > 0.0);
            if one < 1.0 && one > 1e-2 {
                prop_assert!((other / one / factor - 1.0).abs() < 1e-2, "{} {}", one, other);
            }
        }
    }
}
