//! Data that make no sense, or look so, through the whole of learning: what counts, and that the rest changes nothing.

use shoal::model::catalogue::Catalogue;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::factor_model::FactorModel;
use shoal::model::interactions::Interactions;
use shoal::model::learning::{Learned, own_factors};
use shoal::model::linear_algebra::dot;

use crate::support::{
    DIMENSIONS, ITEMS, assert_who_watches_bees_gets_bees, catalogue, exact, fans, items, learned, parameters,
};

/// Every number that the model gives for some histories.
fn scores(learned: &Learned) -> Vec<f32> {
    let recommender = &learned.recommender;
    let histories: [&[(u32, f32)]; 4] = [&[], &[(0, 1.0)], &[(1, -1.0)], &[(0, 1.0), (3, 0.2), (5, -0.4)]];
    histories
        .iter()
        .flat_map(|history| recommender.scores(&recommender.profile(history)))
        .chain(recommender.similar(3))
        .collect()
}

/// Bit for bit.
fn same(one: &Learned, other: &Learned) -> bool {
    let bits = |learned: &Learned| scores(learned).into_iter().map(f32::to_bits).collect::<Vec<_>>();
    bits(one) == bits(other) && one.choice == other.choice
}

fn matrix(rows: &[Vec<(u32, f32)>]) -> Interactions {
    let mut interactions = Interactions::new(ITEMS);
    for row in rows {
        interactions.push_user(row.clone());
    }
    interactions
}

/// The rows of some fans of each theme, with graded values.
fn rows() -> Vec<Vec<(u32, f32)>> {
    (0..2)
        .flat_map(|theme| {
            let fans = fans(25, theme);
            (0..fans.users())
                .map(|user| {
                    fans.entries(user)
                        .map(|(item, _)| (item, [1.0, 0.6, -0.5, 0.9][(user + item as usize) % 4]))
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn of_repeated_rows_the_strongest_counts_as_if_the_others_were_not_there() {
    let once = rows();
    let repeated: Vec<Vec<(u32, f32)>> = once
        .iter()
        .map(|row| {
            let weaker = row.iter().map(|(item, value)| (*item, -0.5 * value));
            let equal = row.iter().copied();
            weaker.chain(row.iter().copied()).chain(equal).collect()
        })
        .collect();
    assert_eq!(matrix(&once), matrix(&repeated));
    let catalogue = catalogue();
    let of = |rows: &[Vec<(u32, f32)>]| learned(&catalogue, &matrix(rows), vec![exact(&catalogue, &fans(20, 1))]);
    assert!(same(&of(&once), &of(&repeated)));
}

#[test]
fn of_a_like_and_a_dislike_of_equal_strength_the_like_counts() {
    assert_eq!(matrix(&[vec![(3, -1.0), (3, 1.0)]]), matrix(&[vec![(3, 1.0)]]));
    assert_eq!(
        matrix(&[vec![(3, 0.4), (3, -1.0), (3, 0.9)]]),
        matrix(&[vec![(3, -1.0)]])
    );
}

#[test]
fn values_that_are_no_numbers_and_unknown_videos_count_as_nothing() {
    let good = rows();
    let senseless: Vec<Vec<(u32, f32)>> = good
        .iter()
        .map(|row| {
            let nothing = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0];
            let around = (0..ITEMS as u32).flat_map(|item| nothing.map(|value| (item, value)));
            let unknown = [(ITEMS as u32, 1.0), (u32::MAX, 1.0)];
            around.chain(row.iter().copied()).chain(unknown).collect()
        })
        .collect();
    let catalogue = catalogue();
    let of = |rows: &[Vec<(u32, f32)>]| learned(&catalogue, &matrix(rows), Vec::new());
    assert!(same(&of(&good), &of(&senseless)));
    let learned = of(&good);
    let recommender = &learned.recommender;
    let clean = recommender.scores(&recommender.profile(&[(3, 0.5)]));
    let odd = [
        (3, f32::NAN),
        (4, f32::INFINITY),
        (u32::MAX, 1.0),
        (3, 0.5),
        (3, -1.0),
        (5, 0.0),
    ];
    assert!(
        recommender.scores(&recommender.profile(&odd)) == clean,
        "of a repeated video the first value counts"
    );
}

#[test]
fn values_beyond_the_range_count_as_its_ends() {
    let huge = matrix(&[vec![(0, 1e30), (1, -1e30), (2, f32::MIN_POSITIVE)]]);
    assert_eq!(huge, matrix(&[vec![(0, 1.0), (1, -1.0), (2, f32::MIN_POSITIVE)]]));
    learned(&catalogue(), &huge, Vec::new());
}

#[test]
fn equal_values_say_only_who_watched_what() {
    let catalogue = catalogue();
    for value in [1.0, 0.01, -1.0, f32::MIN_POSITIVE] {
        let rows: Vec<Vec<(u32, f32)>> = rows()
            .into_iter()
            .map(|row| row.into_iter().map(|(item, _)| (item, value)).collect())
            .collect();
        learned(&catalogue, &matrix(&rows), Vec::new());
    }
    // Everybody watched everything: there is no taste to be found, and nothing breaks.
    let everything = vec![(0..ITEMS as u32).map(|item| (item, 1.0)).collect::<Vec<_>>(); 12];
    learned(
        &catalogue,
        &matrix(&everything),
        vec![exact(&catalogue, &matrix(&everything))],
    );
}

#[test]
fn who_only_dislikes_does_not_disturb_the_others() {
    let catalogue = catalogue();
    let mut rows = rows();
    rows.extend((0..10).map(|user| {
        (0..6)
            .map(|k| ((user * 3 + k * 5) % ITEMS as u32, -1.0))
            .collect::<Vec<_>>()
    }));
    let learned = learned(&catalogue, &matrix(&rows), Vec::new());
    assert_who_watches_bees_gets_bees(&learned.recommender);
}

#[test]
fn addresses_are_only_names() {
    let odd = [
        "",
        " ",
        "'; DROP TABLE videos; --",
        "Ж 王 👩‍👩‍👧",
        "e\u{301}",
        "\u{e9}",
        "\0",
        "%s{}",
        "a\nb\tc",
        "<b>&\"'",
    ];
    let named = |name: &dyn Fn(usize) -> String| {
        let mut items = items();
        for (number, item) in items.iter_mut().enumerate() {
            item.address = name(number);
        }
        Catalogue::new(items, EvidenceBasis::new(DIMENSIONS))
    };
    let interactions = matrix(&rows());
    let plain = catalogue();
    let model = |catalogue: &Catalogue| learned(catalogue, &interactions, vec![exact(catalogue, &fans(20, 1))]);
    let strange = named(&|number| format!("{}{number}", odd[number % odd.len()]));
    assert!(
        same(&model(&plain), &model(&strange)),
        "what a video is called says nothing about it"
    );
    // The same address twice is no address of its own, and no reason to fail.
    model(&named(&|number| odd[number % odd.len()].to_owned()));
}

#[test]
fn two_million_videos_that_nobody_watched_get_zeros_and_no_weight() {
    const VIDEOS: usize = 2_000_000;
    let few = fans(40, 0);
    let mut many = Interactions::new(VIDEOS);
    for user in 0..few.users() {
        many.push_user(few.entries(user));
    }
    let model = own_factors(&many, &parameters());
    let watched = few.positive_counts().iter().filter(|count| **count > 0).count();
    assert_eq!((model.items.rows(), model.items.active_rows()), (VIDEOS, watched));
    // A fan is folded in as if the others were not there.
    let small = own_factors(&few, &parameters());
    let score = |model: &FactorModel, item: usize| {
        let user = model.fold_in.explained(&model.items, &[0, 2, 4], &[1.0; 3]);
        dot(model.items.row(item), &user.factor)
    };
    for item in 0..ITEMS {
        let (one, other) = (score(&model, item), score(&small, item));
        assert!((one - other).abs() < 0.05, "{item}: {one} {other}");
    }
}
