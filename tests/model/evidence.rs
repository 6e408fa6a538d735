//! Sums: additive, subtractable, and spoken over a list that follows from public data alone.

use shoal::model::head::public_support;
use shoal::model::interactions::Interactions;

use crate::support::{ITEMS, catalogue, exact, fans, items};

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3)
}

#[test]
fn without_some_users_the_sums_of_the_others_remain() {
    let catalogue = catalogue();
    let (some, others) = (fans(7, 0), fans(11, 1));
    let mut all = Interactions::new(ITEMS);
    for part in [&some, &others] {
        for user in 0..part.users() {
            all.push_user(part.entries(user).collect::<Vec<_>>());
        }
    }
    let rest = exact(&catalogue, &all).without(&exact(&catalogue, &some));
    let expected = exact(&catalogue, &others);
    assert!((rest.contributors - expected.contributors).abs() < 1e-9);
    assert!(close(&rest.gram, &expected.gram));
    assert!(close(rest.videos.sums.values(), expected.videos.sums.values()));
    assert!(close(rest.channels.sums.values(), expected.channels.sums.values()));
    assert_eq!(rest.videos.rows, expected.videos.rows);
    assert!(
        rest.gram.iter().any(|value| value.abs() > 1.0),
        "there is something to compare"
    );
}

#[test]
fn without_everybody_nothing_remains() {
    let catalogue = catalogue();
    let all = fans(9, 0);
    let rest = exact(&catalogue, &all).without(&exact(&catalogue, &all));
    assert!(rest.contributors.abs() < 1e-9);
    assert!(close(&rest.gram, &vec![0.0; rest.gram.len()]));
    // Noised counts may be below the true ones; a number of users never gets negative.
    let mut understated = exact(&catalogue, &fans(3, 0));
    understated.contributors = 1.0;
    let rest = understated.without(&exact(&catalogue, &fans(3, 0)));
    assert!(rest.contributors.abs() < 1e-9);
}

#[test]
fn the_list_of_a_message_depends_on_nothing_but_public_facts() {
    let mut catalogue = items();
    let before = public_support(&catalogue, 12, 2);
    // Order, titles, tags and what is not listed change nothing.
    catalogue.reverse();
    for item in &mut catalogue {
        item.title.push_str(" again");
        item.tags.clear();
    }
    let mut hidden = catalogue[0].clone();
    hidden.address = "https://tube.test/videos/private".to_owned();
    hidden.channel = "https://tube.test/channels/private".to_owned();
    hidden.views = u64::MAX;
    hidden.listed = false;
    catalogue.push(hidden);
    let after = public_support(&catalogue, 12, 2);
    assert_eq!(after, before);
    assert_eq!(after.digest(), before.digest());
    // Views do.
    for item in &mut catalogue {
        item.views = 2_000 - item.views.min(2_000);
    }
    assert_ne!(public_support(&catalogue, 12, 2), before);
}
