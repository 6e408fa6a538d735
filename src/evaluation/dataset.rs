//! Data sets of users, items, values and timestamps, with public facts about the items where a file has them.

use std::collections::HashMap;
use std::path::Path;

use super::EvaluationError;
use super::format::{Separator, Source};
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
    /// Reads a directory with `interactions.tsv` (user, item, value, timestamp, after a heading) and perhaps `items.tsv`
    /// (item, title, tags joined by `|`), a directory of MovieLens (`u.data`, `ratings.dat` or `ratings.csv`), or one
    /// file of these forms. Keeps values of at least `threshold`; values that are not finite are dropped.
    ///
    /// # Errors
    /// [`EvaluationError`] names the file and line.
    pub fn read(path: &Path, threshold: f32) -> Result<Self, EvaluationError> {
        let mut users = Names::default();
        let mut items = Names::default();
        let mut rows = Vec::new();
        Source::interactions(path).for_each(|fields| {
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
        if let Some(source) = Source::items(path) {
            // The bar-separated form has one column per genre instead of a list of names.
            let has_tags = source.separator != Separator::Bar;
            source.for_each(|fields| {
                let [item, title, rest @ ..] = fields else {
                    return Err("expected item, title".to_owned());
                };
                if let Some(&number) = items.numbers.get(*item) {
                    let fact = &mut facts[number as usize];
                    (*title).clone_into(&mut fact.title);
                    if let (true, Some(tags)) = (has_tags, rest.first()) {
                        fact.tags = tags.split('|').map(str::to_owned).collect();
                    }
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
    tab_separated(path).for_each(|fields| {
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

fn tab_separated(path: &Path) -> Source {
    Source::new(path.to_owned(), Separator::Tab, true)
}

/// Reads given leave-one-out tests: a file of (user, item) and one of (user, negative item, negative item, ...), both
/// with a heading. Items that the data set does not know get a number of their own behind its items.
///
/// # Errors
/// [`EvaluationError`] names the file and line, or a user whom the data set does not know.
pub fn read_leave_one_out(
    dataset: &mut Dataset,
    tests: &Path,
    negatives: &Path,
) -> Result<GivenTests, EvaluationError> {
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
            .ok_or_else(|| format!("user {name} has no interactions"))
    };
    let mut given = GivenTests::default();
    tab_separated(tests).for_each(|fields| {
        let [name, item, ..] = fields else {
            return Err("expected user, item".to_owned());
        };
        given.tests.push((user(name)?, number(item)));
        Ok(())
    })?;
    tab_separated(negatives).for_each(|fields| {
        let [name, rest @ ..] = fields else {
            return Err("expected user, items".to_owned());
        };
        let rest = rest.iter().map(|item| number(item)).collect();
        given.negatives.insert(user(name)?, rest);
        Ok(())
    })?;
    Ok(given)
}

/// Given test items of a leave-one-out protocol.
#[derive(Debug, Clone, Default)]
pub struct GivenTests {
    /// (User, held-out item).
    pub tests: Vec<(u32, u32)>,
    /// Per user, the items that the held-out item competes with.
    pub negatives: HashMap<u32, Vec<u32>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, name: &str, text: &str) {
        std::fs::write(directory.join(name), text).unwrap();
    }

    #[test]
    fn all_forms_say_the_same() {
        let forms = [
            (
                "interactions.tsv",
                "user\titem\tvalue\ttimestamp\na\tx\t5\t1\nb\ty\t3\t2\nb\tx\t4\t3\n",
            ),
            ("ratings.dat", "a::x::5::1\nb::y::3::2\nb::x::4::3\n"),
            (
                "ratings.csv",
                "userId,movieId,rating,timestamp\na,x,5.0,1\nb,y,3.0,2\nb,x,4.0,3\n",
            ),
            ("u.data", "a\tx\t5\t1\nb\ty\t3\t2\nb\tx\t4\t3\n"),
        ];
        for (name, text) in forms {
            let directory = tempfile::tempdir().unwrap();
            write(directory.path(), name, text);
            for path in [directory.path().to_owned(), directory.path().join(name)] {
                let dataset = Dataset::read(&path, 4.0).unwrap();
                assert_eq!(dataset.users, ["a", "b"], "{name}");
                assert_eq!(dataset.rows, [(0, 0, 5.0, 1), (1, 0, 4.0, 3)], "{name}");
            }
        }
    }

    #[test]
    fn titles_and_tags_are_found() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "ratings.csv", "h\n1,11,5,0\n");
        write(
            directory.path(),
            "movies.csv",
            "h\n11,\"President, The (1995)\",Comedy|Drama\n99,Other,Crime\n",
        );
        let item = &Dataset::read(directory.path(), 1.0).unwrap().items[0];
        assert_eq!((item.title.as_str(), item.tags.len()), ("President, The (1995)", 2));
    }

    #[test]
    fn senseless_data_are_refused_with_their_place() {
        let directory = tempfile::tempdir().unwrap();
        let problem = |text: &str| {
            write(directory.path(), "interactions.tsv", text);
            Dataset::read(directory.path(), 4.0)
                .err()
                .map(|error| error.to_string())
        };
        assert!(problem("h\na\tx\n").unwrap().contains("line 2"));
        assert!(problem("h\na\tx\tmuch\n").unwrap().contains("`much` is not a number"));
        assert!(problem("h\n").unwrap().contains("no value reaches 4"));
        assert!(problem("h\na\tx\tNaN\na\tx\tinf\n").unwrap().contains("no value"));
        assert!(Dataset::read(Path::new("/nowhere/at/all"), 4.0).is_err());
    }

    #[test]
    fn given_tests_may_name_items_without_interactions() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "interactions.tsv", "h\na\tx\t5\t0\na\ty\t5\t0\n");
        write(directory.path(), "test.tsv", "h\na\ty\n");
        write(directory.path(), "negatives.tsv", "h\na\tz\tx\n");
        let mut dataset = Dataset::read(directory.path(), 1.0).unwrap();
        let (tests, negatives) = (
            directory.path().join("test.tsv"),
            directory.path().join("negatives.tsv"),
        );
        let given = read_leave_one_out(&mut dataset, &tests, &negatives).unwrap();
        assert_eq!(given.tests, [(0, 1)]);
        assert_eq!(given.negatives[&0], [2, 0]);
        assert_eq!(dataset.items[2].address, "z");
    }
}
