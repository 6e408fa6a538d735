//! Who learns from what, and on whom it is measured: the two protocols of a simulation.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::evaluation::EvaluationError;
use crate::evaluation::dataset::Dataset;
use crate::evaluation::split::Split;
use crate::model::interactions::Interactions;
use crate::model::item::Item;

/// Which users and items are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A fifth of every user's items is held out; NDCG@20 and Recall@20.
    HeldOutItems,
    /// Whole users are held out, a fifth of whose items is to be found from the others (Liang et al. 2018); NDCG@100,
    /// Recall@20, Recall@50.
    Strong {
        /// Validation users.
        validation_users: usize,
        /// Test users.
        test_users: usize,
        /// Measure on the validation users instead of the test users: for choosing parameters.
        on_validation: bool,
    },
}

/// One user on whom is measured.
pub struct Evaluated {
    /// What the model may look at.
    pub fold_in: Vec<(u32, f32)>,
    /// What it should find.
    pub targets: Vec<u32>,
}

/// One instance.
pub struct Instance {
    /// Users who live there, held-out ones included.
    pub users: usize,
    /// What it learns from.
    pub history: Interactions,
    /// On whom it is measured.
    pub evaluated: Vec<Evaluated>,
}

/// Items and instances.
pub struct Task {
    /// Public facts; the counter is the exact number of training interactions, which stands for PeerTube's public views.
    pub items: Vec<Item>,
    /// Instances with at least one user.
    pub instances: Vec<Instance>,
}

impl Task {
    /// Divides `dataset` by `protocol`; `instance_of` holds one number per user.
    ///
    /// # Errors
    /// When no user is left for training or measuring.
    pub fn new(dataset: &Dataset, instance_of: &[u32], protocol: Protocol, seed: u64) -> Result<Self, EvaluationError> {
        let mut task = match protocol {
            Protocol::HeldOutItems => Self::held_out_items(dataset, instance_of, seed),
            Protocol::Strong {
                validation_users,
                test_users,
                on_validation,
            } => {
                let split = Split::strong(dataset, validation_users, test_users, seed)?;
                Self::strong(dataset, instance_of, &split, on_validation)
            }
        };
        task.instances.retain(|instance| instance.users > 0);
        if task.instances.iter().all(|instance| instance.evaluated.is_empty()) {
            return Err(EvaluationError::NobodyToMeasure(
                "no item of any user was held out".to_owned(),
            ));
        }
        for instance in &task.instances {
            for (item, count) in task.items.iter_mut().zip(instance.history.positive_counts()) {
                item.views += u64::from(count);
            }
        }
        Ok(task)
    }

    /// All that all instances learn from, in one place.
    pub fn pooled(&self) -> Interactions {
        let mut pooled = Interactions::new(self.items.len());
        for instance in &self.instances {
            for user in 0..instance.history.users() {
                pooled.push_user(instance.history.entries(user));
            }
        }
        pooled
    }

    fn empty(items: Vec<Item>, instance_of: &[u32]) -> Self {
        let count = instance_of.iter().max().map_or(0, |last| *last as usize + 1);
        let mut sizes = vec![0; count];
        instance_of.iter().for_each(|instance| sizes[*instance as usize] += 1);
        let instances = sizes.into_iter().map(|users| Instance {
            users,
            history: Interactions::new(items.len()),
            evaluated: Vec::new(),
        });
        Self {
            instances: instances.collect(),
            items,
        }
    }

    fn held_out_items(dataset: &Dataset, instance_of: &[u32], seed: u64) -> Self {
        const HELD_OUT_SHARE: f64 = 0.2;
        let mut task = Self::empty(dataset.items.clone(), instance_of);
        let mut users: Vec<Evaluated> = (0..dataset.users.len())
            .map(|_| Evaluated {
                fold_in: Vec::new(),
                targets: Vec::new(),
            })
            .collect();
        let mut randomness = ChaCha8Rng::seed_from_u64(seed);
        for &(user, item, _, _) in &dataset.rows {
            let user = &mut users[user as usize];
            if randomness.random_bool(HELD_OUT_SHARE) {
                user.targets.push(item);
            } else {
                user.fold_in.push((item, 1.0));
            }
        }
        for (mut user, instance) in users.into_iter().zip(instance_of) {
            let instance = &mut task.instances[*instance as usize];
            // A repeated row may fall on both sides; what the model sees is no target.
            user.fold_in.sort_unstable_by_key(|entry| entry.0);
            user.fold_in.dedup_by_key(|entry| entry.0);
            user.targets.sort_unstable();
            user.targets.dedup();
            user.targets
                .retain(|item| user.fold_in.binary_search_by_key(item, |entry| entry.0).is_err());
            instance.history.push_user(user.fold_in.iter().copied());
            if !user.targets.is_empty() {
                instance.evaluated.push(user);
            }
        }
        task
    }

    fn strong(dataset: &Dataset, instance_of: &[u32], split: &Split, on_validation: bool) -> Self {
        let items = split.items.iter().map(|item| dataset.items[*item as usize].clone());
        let mut task = Self::empty(items.collect(), instance_of);
        for (row, user) in split.training_users.iter().enumerate() {
            let instance = &mut task.instances[instance_of[*user as usize] as usize];
            instance.history.push_user(split.training.entries(row));
        }
        for user in if on_validation { &split.validation } else { &split.test } {
            let instance = &mut task.instances[instance_of[user.user as usize] as usize];
            instance.evaluated.push(Evaluated {
                fold_in: user.fold_in.iter().map(|item| (*item, 1.0)).collect(),
                targets: user.targets.clone(),
            });
        }
        task
    }
}
