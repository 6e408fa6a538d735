//! Data sets as tab-separated files: `interactions.tsv` (user, item, value, timestamp) and `items.tsv` (item, title, tags).

use std::collections::HashMap;
use std::path::Path;

use super::EvaluationError;
use crate::model::item::Item;

/// Interactions with dense numbers for users and items.
pub struct Dataset {
    /// Names of the users, in order of first occurrence.
    pub users: Vec<String>,
    /// Public facts about the items, in order of first occurrence. Views are 0.
    pub items: Vec<Item>,
    /// (User, item, value, timestamp).
    pub rows: Vec<(u32, u32, f32, i64)>,
}

impl Dataset {
    /// Reads `directory/interactions.tsv` and, when it is there, `directory/items.tsv`; keeps values of at least
    /// `threshold`.
    ///
    /// # Errors
    /// [`EvaluationError`] names the file and line.
    pub fn read(directory: &Path, threshold: f32) -> Result<Self, EvaluationError> {
        let mut users = Names::default();
        let mut items = Names::default();
        let mut rows = Vec::new();
        for_each_line(&directory.join("interactions.tsv"), |fields| {
            let [user, item, value, rest @ ..] = fields else {
                return Err("expected user, item, value".to_owned());
            };
            let value: f32 = value.parse().map_err(|_| format!("`{value}` is not a number"))?;
            let timestamp = match rest {
                [timestamp, ..] => timestamp
                    .parse()
                    .map_err(|_| format!("`{timestamp}` is not a timestamp"))?,
                [] => 0,
            };
            if value.is_finite() && value >= threshold {
                rows.push((users.number(user), items.number(item), value, timestamp));
            }
            Ok(())
        })?;
        if rows.is_empty() {
            return Err(EvaluationError::Empty(format!("no value reaches {threshold}")));
        }
        let mut facts: Vec<Item> = items
            .names
            .iter()
            .map(|name| Item {
                address: name.clone(),
                channel: String::new(),
                listed: true,
                ..Item::default()
            })
            .collect();
        let path = directory.join("items.tsv");
        if path.exists() {
            for_each_line(&path, |fields| {
                let [item, title, rest @ ..] = fields else {
                    return Err("expected item, title".to_owned());
                };
                if let Some(&number) = items.numbers.get(*item) {
                    let fact = &mut facts[number as usize];
                    fact.title = (*title).to_owned();
                    fact.tags = rest
                        .first()
                        .map(|tags| tags.split('|').map(str::to_owned).collect())
                        .unwrap_or_default();
                }
                Ok(())
            })?;
        }
        Ok(Self {
            users: users.names,
            items: facts,
            rows,
        })
    }
}

/// Reads `partition.tsv` (user, instance): the instance of every user of the data set, in their order.
///
/// # Errors
/// [`EvaluationError`] names the file and line, or a user without an instance.
pub fn read_partition(path: &Path, dataset: &Dataset) -> Result<Vec<u32>, EvaluationError> {
    let mut instances = Names::default();
    let mut of_user: HashMap<String, u32> = HashMap::new();
    for_each_line(path, |fields| {
        let [user, instance, ..] = fields else {
            return Err("expected user, instance".to_owned());
        };
        of_user.insert((*user).to_owned(), instances.number(instance));
        Ok(())
    })?;
    dataset
        .users
        .iter()
        .map(|user| {
            of_user
                .get(user)
                .copied()
                .ok_or_else(|| EvaluationError::Empty(format!("user {user} has no instance")))
        })
        .collect()
}

#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

/// Calls `take` for every line after the heading.
fn for_each_line(path: &Path, mut take: impl FnMut(&[&str]) -> Result<(), String>) -> Result<(), EvaluationError> {
    let text = std::fs::read_to_string(path).map_err(|reason| EvaluationError::File {
        path: path.to_owned(),
        reason,
    })?;
    for (index, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        take(&fields).map_err(|problem| EvaluationError::Line {
            path: path.to_owned(),
            line: index + 1,
            problem,
        })?;
    }
    Ok(())
}
