//! Data sets of users, items, values and timestamps, with public facts about the items where a file has them.
//!
//! What stays out: where files are and how lines are divided ([`super::format`]), given tests ([`super::given_tests`]), which
//! user lives where ([`super::partition`]).

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;

use super::EvaluationError;
use super::format::{Separator, Source};
use crate::model::item::Item;

/// (User, item, value, timestamp).
pub type Row = (u32, u32, f32, i64);

/// Interactions with dense numbers for users and items.
#[derive(Clone)]
pub struct Dataset {
    /// Names of the users, in order of first occurrence.
    pub users: Vec<String>,
    /// Public facts about the items, in order of first occurrence. Views are 0.
    pub items: Vec<Item>,
    /// What users did with items; values are finite, and no pair of a user and an item occurs twice.
    pub rows: Vec<Row>,
}

impl Dataset {
    /// Reads a directory with `interactions.tsv` (user, item, value, timestamp, after a heading) and perhaps `items.tsv`
    /// (item, title, tags joined by `|`), a directory of MovieLens (`u.data`, `ratings.dat` or `ratings.csv`), or one
    /// file of these forms.
    ///
    /// Keeps values of at least `threshold`; values that are not finite are dropped. Of several rows of a user about an item
    /// the largest value stays, at the place of the first of them, so the result is that of a file without the others.
    /// Names are any text without the separator; letters, spaces and quotes are taken as they are. Items that are only
    /// described, without an interaction that is kept, are not in the data set.
    ///
    /// # Errors
    /// [`EvaluationError`] names the file and line; also when no row is left, and when the first line of a form with a heading
    /// is data.
    pub fn read(path: &Path, threshold: f32) -> Result<Self, EvaluationError> {
        let mut users = Names::default();
        let mut items = Names::default();
        let mut rows = Vec::new();
        let source = Source::interactions(path);
        let is_data = |fields: &[&str]| fields.get(2).is_some_and(|value| value.parse::<f32>().is_ok());
        let mut read = 0usize;
        source.for_each_after_heading(is_data, |fields| {
            let [user, item, value, rest @ ..] = fields else {
                return Err(format!(
                    "expected user, item and value {}, found {} fields",
                    source.separator.words(),
                    fields.len()
                ));
            };
            if user.is_empty() || item.is_empty() {
                return Err("the name of the user or item is empty".to_owned());
            }
            read += 1;
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
            let path = source.path.display();
            return Err(EvaluationError::Empty(if read == 0 {
                format!("{path} holds no rows")
            } else if threshold > f32::MIN {
                format!("none of the {read} values of {path} reaches {threshold}; a smaller threshold keeps more")
            } else {
                format!("none of the {read} values of {path} is finite")
            }));
        }
        merge_repeated(&mut rows);
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

/// Numbers for names, in order of first occurrence.
#[derive(Default)]
pub(super) struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    /// The number of `name`, a new one if need be.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

/// Of several rows of a user about an item keeps the largest value, at the place of the first of them; of equal values the
/// newest timestamp.
fn merge_repeated(rows: &mut Vec<Row>) {
    let mut order: Vec<(u64, u32)> = (rows.iter().zip(0..))
        .map(|(row, place)| (u64::from(row.0) << 32 | u64::from(row.1), place))
        .collect();
    order.par_sort_unstable();
    let mut repeated = Vec::new();
    for group in order.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let places = || group.iter().map(|entry| entry.1 as usize);
        let best = places().max_by(|&a, &b| rows[a].2.total_cmp(&rows[b].2).then(rows[a].3.cmp(&rows[b].3)));
        if let (Some(first), Some(best)) = (places().next(), best) {
            rows[first] = rows[best];
            repeated.extend(places().skip(1));
        }
    }
    if repeated.is_empty() {
        return;
    }
    repeated.sort_unstable();
    let mut place = 0;
    rows.retain(|_| {
        place += 1;
        repeated.binary_search(&(place - 1)).is_err()
    });
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
        assert!(problem("h\na\t\t5\n").unwrap().contains("is empty"));
        assert!(
            problem("a\tx\t5\t0\n")
                .unwrap()
                .contains("line 1: this is data, but the first line must be a heading")
        );
        for empty in ["", "h\n", "h\n\n\n"] {
            assert!(problem(empty).unwrap().contains("interactions.tsv holds no rows"));
        }
        assert!(problem("h\na\tx\t3\n").unwrap().contains("none of the 1 values"));
        assert!(
            problem("h\na\tx\tNaN\na\tx\tinf\n")
                .unwrap()
                .contains("none of the 2 values")
        );
        assert!(Dataset::read(Path::new("/nowhere/at/all"), 4.0).is_err());
    }

    #[test]
    fn of_repeated_rows_the_largest_value_stays_at_the_first_place() {
        let directory = tempfile::tempdir().unwrap();
        let read = |rows: &str| {
            write(
                directory.path(),
                "interactions.tsv",
                &format!("user\titem\tvalue\ttimestamp\n{rows}"),
            );
            Dataset::read(directory.path(), f32::MIN).unwrap()
        };
        let repeated = read(concat!(
            "a\tx\t-1\t5\n",
            "b\tx\t2\t1\n",
            "a\tx\t3\t1\n",
            "a\ty\t1\t1\n",
            "a\tx\t3\t4\n",
            "b\tx\tNaN\t9\n",
            "b\tx\t2\t1\n",
        ));
        let once = read("a\tx\t3\t4\nb\tx\t2\t1\na\ty\t1\t1\n");
        assert_eq!(repeated.rows, once.rows);
        assert_eq!(repeated.rows, [(0, 0, 3.0, 4), (1, 0, 2.0, 1), (0, 1, 1.0, 1)]);
        assert_eq!((repeated.users, repeated.items), (once.users, once.items));
    }

    #[test]
    fn names_are_taken_as_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let names = [
            "Ж 王",
            "e\u{301}",
            "\u{e9}",
            "'; DROP TABLE x; --",
            " \"a\" ",
            "%s{}\\0",
            "👩‍👩‍👧",
            "NaN",
            "-1",
        ];
        let rows: Vec<String> = names.iter().map(|name| format!("{name}\t{name}\t1\t0")).collect();
        write(
            directory.path(),
            "interactions.tsv",
            &format!("heading\n{}\n", rows.join("\n")),
        );
        let dataset = Dataset::read(directory.path(), 1.0).unwrap();
        assert_eq!(dataset.users, names);
        assert!(dataset.items.iter().map(|item| item.address.as_str()).eq(names));
    }

    #[test]
    fn items_without_interactions_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "interactions.tsv", "h\na\tx\t5\t0\na\ty\t1\t0\n");
        let described = "z\ttitle\ttag\n".repeat(1_000);
        write(
            directory.path(),
            "items.tsv",
            &format!("item\ttitle\ttags\ny\tlow\t\nx\thigh\t\n{described}"),
        );
        let dataset = Dataset::read(directory.path(), 4.0).unwrap();
        assert_eq!(dataset.items.len(), 1);
        assert_eq!(dataset.items[0].title, "high");
    }
}
