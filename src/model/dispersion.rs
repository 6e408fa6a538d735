//! Dispersion of a tie in a social graph: whether two people share neighbours that do not know each other.
//!
//! Backstrom and Kleinberg 2014, section 3 ([BK14]). Of a user `u` and another node `v`, let `C` be their common
//! neighbours; their number is the *embeddedness* of the tie. The *dispersion* is the number of pairs `s`, `t` of `C`
//! that are not linked and have no common neighbour in the ego network of `u` other than `u` and `v` themselves. It is
//! high when `v` is at home in several circles of `u` that are otherwise apart.
//!
//! The ego network of a user has at most [`MOST_NEIGHBOURS`] nodes, so that a set of them is one machine word, and the
//! work for one tie is at most 2,016 pairs. What the nodes are is not decided here.
//!
//! [BK14]: https://arxiv.org/abs/1310.6753

/// Neighbours of a user at most.
pub const MOST_NEIGHBOURS: usize = 64;
/// The exponent of [`Tie::normalized`]; the paper's best one.
const EXPONENT: f32 = 0.61;
/// What is added to the embeddedness in [`Tie::normalized`]; the paper's best one.
const DAMPING: f32 = 5.0;

/// A set of neighbours of one user, by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Neighbours(u64);

impl Neighbours {
    /// With one more; places from [`MOST_NEIGHBOURS`] on are ignored.
    #[must_use]
    pub fn with(self, place: usize) -> Self {
        Self(self.0 | bit(place))
    }

    /// Without one.
    #[must_use]
    pub fn without(self, place: usize) -> Self {
        Self(self.0 & !bit(place))
    }

    /// How many.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    fn places(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let place = rest.trailing_zeros() as usize;
            rest &= rest.wrapping_sub(1);
            (place < MOST_NEIGHBOURS).then_some(place)
        })
    }
}

fn bit(place: usize) -> u64 {
    1u64.checked_shl(place as u32).unwrap_or(0)
}

/// What is between a user and another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tie {
    /// Common neighbours.
    pub embeddedness: u32,
    /// Pairs of common neighbours that are apart.
    pub dispersion: u32,
}

impl Tie {
    /// `dispersion ^ 0.61 / (embeddedness + 5)`: the normalization that worked best in the paper's section 4.
    pub fn normalized(self) -> f32 {
        (self.dispersion as f32).powf(EXPONENT) / (self.embeddedness as f32 + DAMPING)
    }
}

/// The neighbours of one user, and which of them are linked. The user is not a node of it.
#[derive(Debug, Clone, Default)]
pub struct EgoNetwork {
    links: Vec<Neighbours>,
}

impl EgoNetwork {
    /// The network of the first [`MOST_NEIGHBOURS`] of `neighbours` nodes. `linked` is asked once for each pair.
    pub fn new(neighbours: usize, linked: impl Fn(usize, usize) -> bool) -> Self {
        let count = neighbours.min(MOST_NEIGHBOURS);
        let mut links = vec![Neighbours::default(); count];
        for one in 0..count {
            for other in 0..one {
                if linked(one, other) {
                    links[one] = links[one].with(other);
                    links[other] = links[other].with(one);
                }
            }
        }
        Self { links }
    }

    /// The tie with a node whose common neighbours with the user are `common`. `own` is the place of that node when it is
    /// a neighbour of the user itself.
    pub fn tie(&self, common: Neighbours, own: Option<usize>) -> Tie {
        let hidden = own.map_or(Neighbours::default(), |place| Neighbours::default().with(place));
        let common = Neighbours(common.0 & !hidden.0);
        let mut dispersion = 0;
        for one in common.places() {
            let Some(of_one) = self.links.get(one) else { continue };
            for other in common.places().take_while(|other| *other < one) {
                let shared = of_one.0 & self.links[other].0 & !hidden.0;
                dispersion += u32::from(of_one.0 & bit(other) == 0 && shared == 0);
            }
        }
        Tie {
            embeddedness: common.count(),
            dispersion,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn network(count: usize, links: &[(usize, usize)]) -> EgoNetwork {
        EgoNetwork::new(count, |one, other| {
            links.contains(&(one, other)) || links.contains(&(other, one))
        })
    }

    fn set(places: &[usize]) -> Neighbours {
        places.iter().fold(Neighbours::default(), |set, place| set.with(*place))
    }

    #[test]
    fn golden_by_hand() {
        // Two circles, {0, 1, 2} and {3, 4}, and 5 who knows one of each: as the spouse in the paper's figure 2.
        let links = [(0, 1), (1, 2), (0, 2), (3, 4), (5, 0), (5, 3)];
        let ego = network(6, &links);
        // Common neighbours of the user and 5 are 0 and 3: strangers, and only 5 knows both.
        let spouse = ego.tie(set(&[0, 3]), Some(5));
        assert_eq!((spouse.embeddedness, spouse.dispersion), (2, 1));
        // Those of the user and 1 are 0 and 2, who know each other.
        let friend = ego.tie(set(&[0, 2]), Some(1));
        assert_eq!((friend.embeddedness, friend.dispersion), (2, 0));
        // Those of the user and 0 are 1, 2 and 5. 1 and 2 are linked; 1 and 5, and 2 and 5, share only 0.
        let other = ego.tie(set(&[1, 2, 5]), Some(0));
        assert_eq!((other.embeddedness, other.dispersion), (3, 2));
        // Somebody who is no neighbour of the user, and knows 1, 2, 4 and 5. 1-2 are linked; 1-5 and 2-5 share 0, 4-5
        // share 3; 1-4 and 2-4 are apart.
        let stranger = ego.tie(set(&[1, 2, 4, 5]), None);
        assert_eq!((stranger.embeddedness, stranger.dispersion), (4, 2));
        assert!((stranger.normalized() - 2f32.powf(0.61) / 9.0).abs() < 1e-6);
        assert!(Tie::default().normalized().abs() < 1e-9);
    }

    #[test]
    fn all_strangers_are_all_pairs() {
        let everybody: Vec<usize> = (0..70).collect();
        let tie = network(70, &[]).tie(set(&everybody), None);
        assert_eq!((tie.embeddedness, tie.dispersion), (64, 64 * 63 / 2));
    }

    /// The definition word for word, on sets: nodes 0 to `count`, the user is `count`, `v` is `count + 1`.
    fn literal(count: usize, links: &[(usize, usize)], common: &[usize], own: Option<usize>) -> (u32, u32) {
        let user = count;
        let v = own.unwrap_or(count + 1);
        let mut edges: HashSet<(usize, usize)> = HashSet::new();
        let all = links.iter().copied().chain((0..count).map(|node| (user, node)));
        for (a, b) in all.chain(common.iter().map(|node| (v, *node))).filter(|(a, b)| a != b) {
            edges.extend([(a, b), (b, a)]);
        }
        // The ego network: the user and those who are linked with the user.
        let nodes: Vec<usize> = (0..=count).collect();
        let shared: Vec<usize> = (0..count)
            .filter(|node| *node != v && edges.contains(&(user, *node)) && edges.contains(&(v, *node)))
            .collect();
        let mut dispersion = 0;
        for (place, s) in shared.iter().enumerate() {
            for t in &shared[..place] {
                let apart = !edges.contains(&(*s, *t))
                    && !nodes
                        .iter()
                        .any(|w| *w != user && *w != v && edges.contains(&(*s, *w)) && edges.contains(&(*t, *w)));
                dispersion += u32::from(apart);
            }
        }
        (shared.len() as u32, dispersion)
    }

    proptest! {
        #[test]
        fn it_is_the_definition(
            links in proptest::collection::vec((0usize..12, 0usize..12), 0..40),
            mut common in proptest::collection::hash_set(0usize..12, 0..12).prop_map(|set| set.into_iter().collect::<Vec<_>>()),
            own in proptest::option::of(0usize..12),
        ) {
            // A neighbour's links are the same in both descriptions.
            if let Some(own) = own {
                common = (0..12).filter(|node| *node != own && (links.contains(&(own, *node)) || links.contains(&(*node, own)))).collect();
            }
            let tie = network(12, &links).tie(set(&common), own);
            prop_assert_eq!((tie.embeddedness, tie.dispersion), literal(12, &links, &common, own));
        }

        #[test]
        fn it_is_at_most_all_pairs_and_falls_with_every_link(
            links in proptest::collection::vec((0usize..12, 0usize..12), 1..40),
            common in proptest::collection::hash_set(0usize..12, 0..12),
        ) {
            let common = set(&common.into_iter().collect::<Vec<_>>());
            let (fewer, all) = (network(12, &links[1..]), network(12, &links));
            let (before, after) = (fewer.tie(common, None), all.tie(common, None));
            prop_assert!(after.dispersion <= before.dispersion);
            prop_assert!(before.dispersion <= common.count() * common.count().saturating_sub(1) / 2);
            prop_assert!(before.normalized().is_finite() && before.normalized() >= 0.0);
        }
    }
}
