//! A catalogue in which hardly anything was watched: learning takes memory in proportion to its videos, and no more.
//!
//! Alone in its process, because the peak of memory is that of the whole process.

use shoal::evaluation::resources::peak_resident_bytes;
use shoal::model::alternating::AlternatingParameters;
use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::head::public_support;
use shoal::model::interactions::Interactions;
use shoal::model::item::Item;
use shoal::model::learning::{LearningParameters, learn};

const VIDEOS: usize = 300_000;
const WATCHED: u32 = 40;
/// All factors, vectors, sums and names of a video together are about 3 kB, with 64 and 32 dimensions.
const BYTES_PER_VIDEO: u64 = 5_000;

#[test]
fn videos_that_nobody_watched_cost_a_few_kilobytes_each_and_are_compared_by_no_own_factor() {
    let item = |number: usize| Item {
        address: format!("https://tube.test/videos/{number:07}"),
        channel: format!("https://tube.test/channels/{}", number % 5_000),
        tags: vec![["music", "bees"][number % 2].to_owned()],
        title: format!("Video {number}"),
        listed: true,
        ..Item::default()
    };
    let catalogue = Catalogue::new((0..VIDEOS).map(item).collect(), EvidenceBasis::new(32));
    let mut interactions = Interactions::new(VIDEOS);
    for user in 0..60u32 {
        interactions.push_user((0..10).map(|k| (2 * ((user * 3 + k * 7) % (WATCHED / 2)) + user % 2, 1.0)));
    }
    let parameters = LearningParameters {
        alternating: AlternatingParameters::default(),
        seed: 1,
    };
    let support = public_support(catalogue.items(), 2_000, 1_000);
    let learned = learn(
        &catalogue,
        &interactions,
        &support,
        &mut Vec::new(),
        &parameters,
        |_| (),
    );

    let components = learned.recommender.components();
    let own = components.own.as_ref();
    let compared = own.map(|own| {
        let items = 0..own.items.rows() as u32;
        (
            items.end as usize,
            items.filter(|item| own.has_direction(*item)).count(),
        )
    });
    assert_eq!(compared, Some((VIDEOS, WATCHED as usize)));
    assert!(learned.choice.users > 0 && learned.choice.ndcg.is_finite());
    let scores = learned
        .recommender
        .scores(&learned.recommender.profile(&[(0, 1.0), (2, 1.0)]));
    assert!(scores.len() == VIDEOS && scores.iter().all(|score| score.is_finite()));
    if let Some(peak) = peak_resident_bytes() {
        let each = peak / VIDEOS as u64;
        assert!(each < BYTES_PER_VIDEO, "{each} bytes per video");
    }
}
