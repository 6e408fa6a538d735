//! Splits of a data set, equal for every model that is compared.
//!
//! What stays out: models and metrics.

use std::collections::HashMap;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::EvaluationError;
use super::dataset::Dataset;
use crate::model::interactions::Interactions;

/// Fewest clicks of a user who takes part in strong generalization.
pub(super) const MINIMUM_CLICKS: usize = 5;
/// One in this many clicks of a held-out user is a target.
pub(super) const TARGET_SHARE: usize = 5;

/// A user whose history the model has not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOutUser {
    /// Number of the user in the data set.
    pub user: u32,
    /// What the model may look at.
    pub fold_in: Vec<u32>,
    /// Preference values of `fold_in`; 0 for what is known to be seen and says nothing else.
    pub values: Vec<f32>,
    /// What it should find.
    pub targets: Vec<u32>,
    /// The only items that are ranked, targets included; all items that are not in `fold_in` when `None`.
    pub candidates: Option<Vec<u32>>,
}

/// Training data and held-out users over the same items.
#[derive(Debug, Clone)]
pub struct Split {
    /// Numbers of the training users in the data set, one per row of `training`.
    pub training_users: Vec<u32>,
    /// Numbers of the items in the data set, one per column of `training`.
    pub items: Vec<u32>,
    /// Preferences of the training users; clicks have value 1.
    pub training: Interactions,
    /// Users on whom hyper-parameters are chosen.
    pub validation: Vec<HeldOutUser>,
    /// Users on whom the model is measured.
    pub test: Vec<HeldOutUser>,
}

impl Split {
    /// Strong generalization as in Liang et al. 2018: held-out users never occur in training; four fifths of their
    /// clicks on items of the training data are given, the rest is to be found.
    ///
    /// Users with fewer than 5 clicks are left out; so are held-out users of whom fewer than 5 known clicks remain.
    ///
    /// # Errors
    /// When no user is left for training or testing.
    pub fn strong(
        dataset: &Dataset,
        validation_users: usize,
        test_users: usize,
        seed: u64,
    ) -> Result<Self, EvaluationError> {
        let histories = histories(dataset);
        let mut users: Vec<u32> = (0..histories.len() as u32)
            .filter(|user| histories[*user as usize].len() >= MINIMUM_CLICKS)
            .collect();
        let held_out = validation_users.saturating_add(test_users);
        if users.len() <= held_out {
            return Err(EvaluationError::TooFewUsers {
                users: users.len(),
                what: format!("{MINIMUM_CLICKS} clicks"),
                held_out,
            });
        }
        let mut randomness = ChaCha8Rng::seed_from_u64(seed);
        users.shuffle(&mut randomness);
        let mut training_users = users.split_off(held_out);
        training_users.sort_unstable();

        let mut place: HashMap<u32, u32> = HashMap::new();
        let mut items = Vec::new();
        for item in training_users.iter().flat_map(|user| &histories[*user as usize]) {
            place.entry(*item).or_insert_with(|| {
                items.push(*item);
                items.len() as u32 - 1
            });
        }
        let mut training = Interactions::new(items.len());
        for user in &training_users {
            training.push_user(histories[*user as usize].iter().map(|item| (place[item], 1.0)));
        }
        let mut hold_out = |users: &[u32]| -> Vec<HeldOutUser> {
            users
                .iter()
                .filter_map(|&user| {
                    let mut known: Vec<u32> = histories[user as usize]
                        .iter()
                        .filter_map(|item| place.get(item).copied())
                        .collect();
                    if known.len() < MINIMUM_CLICKS {
                        return None;
                    }
                    known.shuffle(&mut randomness);
                    let mut targets = known.split_off(known.len() - known.len() / TARGET_SHARE);
                    known.sort_unstable();
                    targets.sort_unstable();
                    Some(HeldOutUser {
                        user,
                        values: vec![1.0; known.len()],
                        fold_in: known,
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
                "no test user has {MINIMUM_CLICKS} clicks on items of the training users"
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

    /// Leave-one-out with given test items and negatives: all other interactions are training.
    ///
    /// `tests` holds (user, item), `negatives` per user the items that the test item competes with. Of
    /// `validation_users` random test users another interaction is left out, too, and competes with as many random items.
    /// Users of `tests` who have no other interaction are measured with an empty history.
    ///
    /// # Errors
    /// When there is no test user, or one without negatives.
    pub fn leave_one_out(
        dataset: &Dataset,
        tests: &[(u32, u32)],
        negatives: &HashMap<u32, Vec<u32>>,
        validation_users: usize,
        seed: u64,
    ) -> Result<Self, EvaluationError> {
        let mut histories = histories(dataset);
        for &(user, item) in tests {
            histories[user as usize].retain(|other| *other != item);
        }
        let mut randomness = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<(u32, u32)> = tests.to_vec();
        order.retain(|test| histories[test.0 as usize].len() > 1);
        order.shuffle(&mut randomness);
        let mut validation = Vec::new();
        for &(user, test) in order.iter().take(validation_users) {
            let seen = histories[user as usize].clone();
            let target = histories[user as usize].swap_remove(randomness.random_range(0..seen.len()));
            histories[user as usize].sort_unstable();
            let count = negatives.get(&user).map_or(0, Vec::len);
            let unseen: Vec<u32> = (0..dataset.items.len() as u32)
                .filter(|item| *item != test && seen.binary_search(item).is_err())
                .collect();
            let mut candidates: Vec<u32> = (0..if unseen.is_empty() { 0 } else { count })
                .map(|_| unseen[randomness.random_range(0..unseen.len())])
                .collect();
            candidates.push(target);
            candidates.sort_unstable();
            candidates.dedup();
            validation.push(HeldOutUser {
                user,
                values: vec![1.0; histories[user as usize].len()],
                fold_in: histories[user as usize].clone(),
                targets: vec![target],
                candidates: Some(candidates),
            });
        }
        let mut training = Interactions::new(dataset.items.len());
        for history in &histories {
            training.push_user(history.iter().map(|item| (*item, 1.0)));
        }
        let test: Result<Vec<HeldOutUser>, EvaluationError> = tests
            .iter()
            .map(|&(user, item)| {
                let mut candidates = (negatives.get(&user).cloned())
                    .ok_or_else(|| EvaluationError::NoNegatives(dataset.users[user as usize].clone()))?;
                candidates.push(item);
                candidates.sort_unstable();
                candidates.dedup();
                Ok(HeldOutUser {
                    user,
                    values: vec![1.0; histories[user as usize].len()],
                    fold_in: histories[user as usize].clone(),
                    targets: vec![item],
                    candidates: Some(candidates),
                })
            })
            .collect();
        let test = test?;
        if test.is_empty() {
            return Err(EvaluationError::NobodyToMeasure("no test items are given".to_owned()));
        }
        Ok(Self {
            training_users: (0..histories.len() as u32).collect(),
            items: (0..dataset.items.len() as u32).collect(),
            training,
            validation,
            test,
        })
    }
}

/// Distinct items per user, ascending.
fn histories(dataset: &Dataset) -> Vec<Vec<u32>> {
    let mut histories = vec![Vec::new(); dataset.users.len()];
    for &(user, item, _, _) in &dataset.rows {
        histories[user as usize].push(item);
    }
    for history in &mut histories {
        history.sort_unstable();
        history.dedup();
    }
    histories
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::item::Item;

    fn dataset(users: u32, items: u32) -> Dataset {
        let rows = (0..users)
            .flat_map(|user| (0..10).map(move |k| (user, (user * 7 + k * 3) % items, 1.0, 0)))
            .collect();
        Dataset {
            users: (0..users).map(|user| format!("u{user}")).collect(),
            items: (0..items)
                .map(|item| Item {
                    address: format!("i{item}"),
                    ..Item::default()
                })
                .collect(),
            rows,
        }
    }

    #[test]
    fn strong_generalization_keeps_held_out_users_apart() {
        let split = Split::strong(&dataset(40, 31), 5, 6, 1).unwrap();
        assert_eq!(split.training_users.len(), 29);
        assert_eq!(split.training.users(), 29);
        assert_eq!((split.validation.len(), split.test.len()), (5, 6));
        let mut all: Vec<u32> = split.training_users.clone();
        all.extend(split.validation.iter().chain(&split.test).map(|user| user.user));
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
        for user in split.validation.iter().chain(&split.test) {
            assert_eq!((user.fold_in.len(), user.targets.len()), (8, 2));
            assert!(user.targets.iter().all(|target| !user.fold_in.contains(target)));
        }
        let again = Split::strong(&dataset(40, 31), 5, 6, 1).unwrap();
        assert_eq!(split.test, again.test);
        assert_ne!(split.test, Split::strong(&dataset(40, 31), 5, 6, 2).unwrap().test);
    }

    #[test]
    fn too_few_users_are_refused() {
        assert!(Split::strong(&dataset(10, 31), 5, 5, 1).is_err());
    }

    #[test]
    fn leave_one_out_hides_exactly_the_test_item() {
        let data = dataset(4, 31);
        let tests = vec![(0, 0), (2, 14)];
        let negatives = HashMap::from([(0, vec![1, 2]), (2, vec![3])]);
        let split = Split::leave_one_out(&data, &tests, &negatives, 1, 1).unwrap();
        assert_eq!(split.training.len(), 40 - 2 - 1);
        assert_eq!(split.test[0].candidates.as_deref(), Some([0, 1, 2].as_slice()));
        assert!(!split.test[0].fold_in.contains(&0));
        assert_eq!(split.validation.len(), 1);
        assert!(
            !split
                .training
                .row(split.validation[0].user as usize)
                .0
                .contains(&split.validation[0].targets[0])
        );
        assert!(Split::leave_one_out(&data, &[(1, 7)], &negatives, 0, 1).is_err());
    }
}
