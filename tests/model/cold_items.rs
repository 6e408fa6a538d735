//! Videos that nobody, one or few have watched.

use shoal::model::blend::Weights;
use shoal::model::components::Component;
use shoal::model::interactions::Interactions;

use crate::support::{ITEMS, catalogue, fans, learned};

/// Fans of music and of bees who never watched the last video of either.
fn watched_by_fans() -> Interactions {
    let mut interactions = Interactions::new(ITEMS);
    for fans in [fans(60, 0), fans(60, 1)] {
        for user in 0..fans.users() {
            interactions.push_user(fans.entries(user).filter(|(item, _)| (*item as usize) < ITEMS - 2));
        }
    }
    interactions
}

#[test]
fn a_video_that_nobody_watched_stands_with_what_it_is_like() {
    let recommender = learned(&catalogue(), &watched_by_fans(), Vec::new()).recommender;
    let scores = |history: &[(u32, f32)]| recommender.scores_under(Weights::only(Component::Own), history);
    let (music, bees) = (ITEMS - 2, ITEMS - 1);
    let of_bees = scores(&[(1, 1.0), (5, 1.0), (9, 1.0)]);
    let of_music = scores(&[(0, 1.0), (4, 1.0), (8, 1.0)]);
    assert!(of_bees[bees] > of_bees[music] && of_music[music] > of_music[bees]);
}

/// Anybody may ask what is like a video. What its only watcher watched besides is no answer.
#[test]
fn what_one_person_watched_is_not_told_by_what_is_similar() {
    let catalogue = catalogue();
    let video = ITEMS as u32 - 2;
    let with_watchers = |count: u32, other: u32| {
        let mut interactions = watched_by_fans();
        for _ in 0..count {
            interactions.push_user([(video, 1.0), (other, 1.0)]);
        }
        learned(&catalogue, &interactions, Vec::new()).recommender
    };
    for (watchers, told) in [(1, false), (2, false), (3, true)] {
        let recommender = with_watchers(watchers, 3);
        let own = recommender.components().own.as_ref().unwrap();
        assert_eq!(own.has_direction(video), told, "{watchers}");
        assert!(own.has_direction(3));
        let cosine = own.cosines_to(3, &[video])[0];
        assert_eq!(cosine.abs() > 0.0, told, "{watchers}");
    }
}
