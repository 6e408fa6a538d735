//! How much more popularity counts for people with a short history.
//!
//! The weights of the components are chosen on histories as long as they are. One watch says far less than fifty, and what
//! everybody watches is the better guess. So popularity weighs more by a strength that falls with the number of watches, and
//! is nothing from [`ENOUGH`] on; the strength is chosen on held-out local history of which only a few watches are given.

use super::blend::{SEARCH_CUTOFF, ValidationUser, Weights, surely_better};
use super::components::Component;
use super::paired::mean;

/// Watches from which on somebody is no newcomer.
pub const ENOUGH: usize = 50;
/// Watches that are given when the strength is chosen.
pub const GIVEN: [usize; 2] = [1, 3];
/// Strengths that are tried.
const STRENGTHS: [f32; 6] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// What is added to the weights of the two kinds of popularity, times `1 / watches - 1 / ENOUGH`.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Newcomers {
    /// Of the public view counter.
    pub popularity: f32,
    /// Of watchers on this instance.
    pub local_popularity: f32,
}

impl Newcomers {
    /// The weights for a history of `watches` items. Where nothing is known of somebody, popularity always counts.
    pub fn weights(&self, weights: Weights, watches: usize) -> Weights {
        let share = (1.0 / watches.max(1) as f32 - 1.0 / ENOUGH as f32).max(0.0);
        let mut all = weights;
        all.0[Component::Popularity as usize] += share * self.popularity;
        all.0[Component::LocalPopularity as usize] += share * self.local_popularity;
        let popular = all.of(Component::Popularity) + all.of(Component::LocalPopularity);
        if watches == 0 && popular <= 0.0 {
            all.0[Component::Popularity as usize] = 1.0;
        }
        all
    }
}

/// Chooses on users of whom so many watches are given. Nothing is added where that is not clearly better.
pub fn choose(users: &[(usize, ValidationUser)], weights: Weights) -> Newcomers {
    use rayon::prelude::*;

    let evaluate = |newcomers: &Newcomers| -> Vec<f64> {
        let ndcg =
            |(watches, user): &(usize, ValidationUser)| user.ndcg(&newcomers.weights(weights, *watches), SEARCH_CUTOFF);
        users.par_iter().map(ndcg).collect()
    };
    let nothing = Newcomers::default();
    let plain = evaluate(&nothing);
    let mut best = (nothing, mean(&plain));
    if users.len() < 2 {
        return nothing;
    }
    for strength in STRENGTHS {
        let public = Newcomers {
            popularity: strength,
            ..nothing
        };
        let local = Newcomers {
            local_popularity: strength,
            ..nothing
        };
        for tried in [public, local] {
            let values = evaluate(&tried);
            if surely_better(&values, &plain) && mean(&values) > best.1 {
                best = (tried, mean(&values));
            }
        }
    }
    best.0
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "values are set, not computed")]
mod tests {
    use super::*;
    use crate::model::components::COMPONENTS;

    /// The target is popular here with `local`, in public else; the own factors say another candidate.
    fn user(local: bool) -> ValidationUser {
        let component = if local {
            Component::LocalPopularity
        } else {
            Component::Popularity
        };
        let mut scores = vec![[0f32; COMPONENTS]; 3];
        scores[1][component as usize] = 1.0;
        scores[2][Component::Own as usize] = 1.0;
        ValidationUser {
            scores,
            targets: vec![1],
        }
    }

    #[test]
    fn what_newcomers_watch_decides() {
        let own = Weights::only(Component::Own);
        let of = |local: bool| {
            choose(
                &[1, 3]
                    .repeat(20)
                    .into_iter()
                    .map(|n| (n, user(local)))
                    .collect::<Vec<_>>(),
                own,
            )
        };
        // After three watches a third of it has to outweigh the own factors.
        let (public, local) = (of(false), of(true));
        assert!(public.popularity >= 4.0 && public.local_popularity == 0.0, "{public:?}");
        assert!(local.local_popularity >= 4.0 && local.popularity == 0.0, "{local:?}");
        assert_eq!(choose(&[(1, user(true))], own), Newcomers::default());
        assert_eq!(choose(&[], own), Newcomers::default());
    }

    #[test]
    fn the_longer_the_history_the_less_is_added_and_without_any_something_always_counts() {
        let newcomers = Newcomers {
            popularity: 6.0,
            local_popularity: 0.0,
        };
        let own = Weights::only(Component::Own);
        let at = |watches| newcomers.weights(own, watches).of(Component::Popularity);
        let near = |watches, expected: f32| (at(watches) - expected).abs() < 1e-5;
        assert!(near(0, 5.88) && near(1, 5.88) && near(3, 1.88) && near(25, 0.12));
        assert_eq!(newcomers.weights(own, ENOUGH), own);
        assert_eq!(newcomers.weights(own, 2 * ENOUGH), own);
        let nothing = Newcomers::default();
        assert_eq!(nothing.weights(own, 0).of(Component::Popularity), 1.0);
        assert_eq!(nothing.weights(own, 1), own);
    }
}
