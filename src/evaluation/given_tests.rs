//! Given test items of a leave-one-out protocol, with the items that they compete with (the files of He et al. 2017).

use std::collections::HashMap;
use std::path::Path;

use super::EvaluationError;
use super::dataset::Dataset;
use super::format::Source;
use crate::model::item::Item;

/// Given test items of a leave-one-out protocol.
#[derive(Debug, Clone, Default)]
pub struct GivenTests {
    /// (User, held-out item), one per user.
    pub tests: Vec<(u32, u32)>,
    /// Per user, the items that the held-out item competes with.
    pub negatives: HashMap<u32, Vec<u32>>,
}

impl GivenTests {
    /// Reads a file of (user, item) and one of (user, negative item, negative item, ...), both with a heading. Items that the
    /// data set does not know get a number of their own behind its items.
    ///
    /// # Errors
    /// [`EvaluationError`] names the file and line, a user whom the data set does not know, or one who occurs twice.
    pub fn read(dataset: &mut Dataset, tests: &Path, negatives: &Path) -> Result<Self, EvaluationError> {
        let users: HashMap<String, u32> = (dataset.users.iter().cloned()).zip(0..).collect();
        let mut items: HashMap<String, u32> = (dataset.items.iter().map(|item| item.address.clone()))
            .zip(0..)
            .collect();
        let mut number = |name: &str| {
            if let Some(&number) = items.get(name) {
                return number;
            }
            let number = dataset.items.len() as u32;
            items.insert(name.to_owned(), number);
            dataset.items.push(Item {
                address: name.to_owned(),
                listed: true,
                ..Item::default()
            });
            number
        };
        let user = |name: &str| {
            users
                .get(name)
                .copied()
                .ok_or_else(|| format!("user `{name}` has no interactions"))
        };
        let twice = |name: &str| format!("user `{name}` has a line already");
        let mut target_of: HashMap<u32, u32> = HashMap::new();
        let mut given = Self::default();
        let source = Source::tab_separated(tests);
        source.for_each(|fields| {
            let [name, item, ..] = fields else {
                return Err(format!("expected user and item {}", source.separator.words()));
            };
            if item.is_empty() {
                return Err(format!("the test item of user `{name}` is empty"));
            }
            let (user, item) = (user(name)?, number(item));
            if target_of.insert(user, item).is_some() {
                return Err(twice(name));
            }
            given.tests.push((user, item));
            Ok(())
        })?;
        if given.tests.is_empty() {
            return Err(EvaluationError::NothingListed {
                path: tests.to_owned(),
                expected: "a line `user<TAB>item` per test user, after a heading",
            });
        }
        let source = Source::tab_separated(negatives);
        source.for_each(|fields| {
            let [name, rest @ ..] = fields else {
                return Err(format!("expected user and items {}", source.separator.words()));
            };
            let user = user(name)?;
            let rest: Vec<u32> = (rest.iter().filter(|item| !item.is_empty()))
                .map(|item| number(item))
                .collect();
            if rest.is_empty() {
                return Err(format!(
                    "user `{name}` has no items that a test item could compete with"
                ));
            }
            match given.negatives.insert(user, rest) {
                None => Ok(()),
                Some(_) => Err(twice(name)),
            }
        })?;
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(interactions: &str, tests: &str, negatives: &str) -> Result<(Dataset, GivenTests), EvaluationError> {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (name, text) in [
            ("interactions.tsv", interactions),
            ("test.tsv", tests),
            ("negatives.tsv", negatives),
        ] {
            std::fs::write(path(name), format!("heading\n{text}")).unwrap();
        }
        let mut dataset = Dataset::read(directory.path(), 1.0)?;
        let given = GivenTests::read(&mut dataset, &path("test.tsv"), &path("negatives.tsv"))?;
        Ok((dataset, given))
    }

    #[test]
    fn items_without_interactions_may_be_named() {
        let (dataset, given) = read("a\tx\t5\t0\na\ty\t5\t0\n", "a\ty\n", "a\tz\tx\n").unwrap();
        assert_eq!(given.tests, [(0, 1)]);
        assert_eq!(given.negatives[&0], [2, 0]);
        assert_eq!(dataset.items[2].address, "z");
    }

    #[test]
    fn senseless_tests_are_refused_with_their_place() {
        let problem = |tests: &str, negatives: &str| {
            read("a\tx\t5\t0\na\ty\t5\t0\n", tests, negatives)
                .err()
                .unwrap()
                .to_string()
        };
        assert!(problem("", "a\tz\n").contains("test.tsv is empty"));
        assert!(problem("a\n", "a\tz\n").contains("test.tsv, line 2: expected user and item"));
        assert!(problem("b\tx\n", "a\tz\n").contains("test.tsv, line 2: user `b` has no interactions"));
        assert!(problem("a\ty\na\tx\n", "a\tz\n").contains("test.tsv, line 3: user `a` has a line already"));
        assert!(problem("a\t\n", "a\tz\n").contains("test.tsv, line 2: the test item of user `a` is empty"));
        assert!(problem("a\ty\n", "a\t\n").contains("negatives.tsv, line 2: user `a` has no items"));
        assert!(problem("a\ty\n", "a\n").contains("negatives.tsv, line 2: user `a` has no items"));
        assert!(problem("a\ty\n", "c\tz\n").contains("negatives.tsv, line 2: user `c`"));
        assert!(problem("a\ty\n", "a\tz\na\tz\n").contains("negatives.tsv, line 3: user `a` has a line already"));
    }
}
