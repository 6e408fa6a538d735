//! How rows of all values enter a model, and a split that lets the ways be compared: the same users, given rows and targets.
//!
//! A target is a held-out row of at least the threshold: what somebody really liked, not all that was looked at.

use super::EvaluationError;
use super::dataset::Dataset;
use super::split::{HeldOutUser, MINIMUM_CLICKS, Split, TARGET_SHARE};
use crate::model::interactions::Interactions;
use crate::model::preference::{PreferenceRules, Rating, Watched};

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// How a row's value enters the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feedback {
    /// Rows of at least the threshold are clicks, other rows are not known.
    Liked,
    /// Every row is a click.
    Clicks,
    /// By the rules for watching and rating: the share of the largest value is a share watched, a negative value a
    /// dislike.
    Graded,
}

/// The rules of `[preferences]` with their default values, without decay.
const RULES: PreferenceRules = PreferenceRules {
    half_life_days: 0.0,
    minimum_share: 0.1,
    unknown_share_value: 0.5,
    like_value: 1.0,
    dislike_value: -1.0,
};

impl Feedback {
    /// The preference that a row of `value` stands for, 0 for none. `largest` is the largest value there is.
    fn preference(self, value: f32, largest: f32, threshold: f32) -> f32 {
        match self {
            Self::Liked => f32::from(value >= threshold),
            Self::Clicks => 1.0,
            Self::Graded if value < 0.0 => RULES.value(None, Some(Rating::Dislike), 0.0),
            // Without a positive value there is no share to speak of.
            Self::Graded if largest <= 0.0 => 0.0,
            Self::Graded => RULES.value(Some(Watched::Share(value / largest)), None, 0.0),
        }
    }
}

impl Split {
    /// Strong generalization over rows of all values. Training users and held-out users are apart; of a held-out user one
    /// row in five is kept back, and of these the ones of at least `threshold` are the targets. The split does not
    /// depend on `feedback`.
    ///
    /// Users with fewer than 5 rows of at least `threshold` are left out, so are held-out users without a target. Of several
    /// rows of a user about one item, the one of the largest value stays.
    ///
    /// # Errors
    /// When no user is left for training or testing.
    pub fn with_feedback(
        dataset: &Dataset,
        feedback: Feedback,
        threshold: f32,
        (validation_users, test_users): (usize, usize),
        seed: u64,
    ) -> Result<Self, EvaluationError> {
        let rows = rows(dataset);
        let largest = dataset.rows.iter().map(|row| row.2).fold(f32::MIN, f32::max);
        let preference = |value: f32| feedback.preference(value, largest, threshold);
        let mut users: Vec<u32> = (0..rows.len() as u32)
            .filter(|user| {
                let liked = rows[*user as usize].iter().filter(|row| row.1 >= threshold);
                liked.count() >= MINIMUM_CLICKS
            })
            .collect();
        let held_out = validation_users.saturating_add(test_users);
        if users.len() <= held_out {
            return Err(EvaluationError::TooFewUsers {
                users: users.len(),
                what: format!("{MINIMUM_CLICKS} values of at least {threshold}"),
                held_out,
            });
        }
        let mut randomness = ChaCha8Rng::seed_from_u64(seed);
        users.shuffle(&mut randomness);
        let mut training_users = users.split_off(held_out);
        training_users.sort_unstable();

        let mut place: HashMap<u32, u32> = HashMap::new();
        let mut items = Vec::new();
        for (item, _) in training_users.iter().flat_map(|user| &rows[*user as usize]) {
            place.entry(*item).or_insert_with(|| {
                items.push(*item);
                items.len() as u32 - 1
            });
        }
        let mut training = Interactions::new(items.len());
        for user in &training_users {
            let row = rows[*user as usize].iter();
            training.push_user(row.map(|(item, value)| (place[item], preference(*value))));
        }
        let mut hold_out = |users: &[u32]| -> Vec<HeldOutUser> {
            let known = |user: u32| -> Vec<(u32, f32)> {
                let row = rows[user as usize].iter();
                row.filter_map(|(item, value)| Some((*place.get(item)?, *value)))
                    .collect()
            };
            users
                .iter()
                .filter_map(|&user| {
                    let mut given = known(user);
                    given.shuffle(&mut randomness);
                    let hidden = given.split_off(given.len() - given.len() / TARGET_SHARE);
                    given.sort_unstable_by_key(|row| row.0);
                    let mut targets: Vec<u32> = (hidden.iter())
                        .filter(|row| row.1 >= threshold)
                        .map(|row| row.0)
                        .collect();
                    targets.sort_unstable();
                    (!targets.is_empty()).then(|| HeldOutUser {
                        user,
                        fold_in: given.iter().map(|row| row.0).collect(),
                        values: given.iter().map(|row| preference(row.1)).collect(),
                        targets,
                        candidates: None,
                    })
                })
                .collect()
        };
        let (validation, test) = users.split_at(validation_users);
        let (validation, test) = (hold_out(validation), hold_out(test));
        if test.is_empty() {
            return Err(EvaluationError::NobodyToMeasure(format!(
                "of no test user a value of at least {threshold} was held out"
            )));
        }
        Ok(Self {
            training_users,
            items,
            training,
            validation,
            test,
        })
    }
}

/// (Item, value) per user, ascending and distinct.
fn rows(dataset: &Dataset) -> Vec<Vec<(u32, f32)>> {
    let mut rows = vec![Vec::new(); dataset.users.len()];
    for &(user, item, value, _) in &dataset.rows {
        rows[user as usize].push((item, value));
    }
    for row in &mut rows {
        row.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        row.dedup_by_key(|entry| entry.0);
    }
    rows
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "values are set, not computed")]
mod tests {
    use super::*;
    use crate::model::item::Item;

    /// 60 users with 20 items each, values from 1 to 5.
    fn dataset() -> Dataset {
        let rows = (0..60u32)
            .flat_map(|user| (0..20u32).map(move |k| (user, (user * 3 + k) % 40, ((user + k) % 5 + 1) as f32, 0)))
            .collect();
        Dataset {
            users: (0..60).map(|user| format!("u{user}")).collect(),
            items: vec![Item::default(); 40],
            rows,
        }
    }

    #[test]
    fn the_split_is_the_same_for_every_feedback() {
        let split = |feedback| Split::with_feedback(&dataset(), feedback, 4.0, (10, 10), 3).unwrap();
        let (liked, clicks, graded) = (split(Feedback::Liked), split(Feedback::Clicks), split(Feedback::Graded));
        for other in [&liked, &graded] {
            assert_eq!(other.training_users, clicks.training_users);
            assert_eq!(other.items, clicks.items);
            for (a, b) in other.test.iter().zip(&clicks.test) {
                assert_eq!((a.user, &a.fold_in, &a.targets), (b.user, &b.fold_in, &b.targets));
            }
        }
        assert_eq!(clicks.training.len(), graded.training.len());
        assert_eq!(liked.training.len(), clicks.training.len() * 2 / 5);
        assert!(
            clicks
                .test
                .iter()
                .all(|user| user.values.iter().all(|value| *value == 1.0))
        );
        let user = &graded.test[0];
        assert_eq!(user.values.len(), user.fold_in.len());
        assert!(user.values.contains(&0.2) && user.values.contains(&1.0));
        for user in &graded.test {
            assert!(user.targets.iter().all(|target| !user.fold_in.contains(target)));
        }
    }

    #[test]
    fn values_become_preferences_as_documented() {
        let graded = |value| Feedback::Graded.preference(value, 5.0, 4.0);
        assert!((graded(5.0) - 1.0).abs() < 1e-6 && (graded(2.0) - 0.4).abs() < 1e-6);
        assert!(graded(0.25) < 0.01 && graded(-3.0) < 0.0);
        assert_eq!(Feedback::Graded.preference(0.0, 0.0, 4.0), 0.0);
        assert_eq!(Feedback::Liked.preference(3.0, 5.0, 4.0), 0.0);
        assert_eq!(Feedback::Liked.preference(4.0, 5.0, 4.0), 1.0);
    }

    #[test]
    fn too_few_users_are_refused() {
        let problem = Split::with_feedback(&dataset(), Feedback::Graded, 4.0, (30, 30), 3).unwrap_err();
        assert!(problem.to_string().contains("only 60 have 5 values of at least 4"));
    }
}
