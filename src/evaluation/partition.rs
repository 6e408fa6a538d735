//! Which user lives on which instance of a simulation: spread evenly, by sizes that are drawn, or as a table says.

use std::collections::HashMap;
use std::path::Path;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::EvaluationError;
use super::dataset::{Dataset, Names};
use super::format::Source;

/// Spreads `users` evenly over `instances`, at random. One instance number per user.
pub fn even(users: usize, instances: usize, seed: u64) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..users).map(|user| (user % instances.max(1)) as u32).collect();
    numbers.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    numbers
}

/// Fills instances whose sizes are drawn from `sizes` until all `users` have a place; the last one may stay smaller.
/// Sizes of 0 are left out; without any other, all users live together.
pub fn drawn(users: usize, sizes: &[usize], seed: u64) -> Vec<u32> {
    let sizes: Vec<usize> = sizes.iter().copied().filter(|size| *size > 0).collect();
    if sizes.is_empty() {
        return vec![0; users];
    }
    let mut randomness = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..users).collect();
    order.shuffle(&mut randomness);
    let mut instance_of = vec![0; users];
    let (mut instance, mut places) = (0, sizes[randomness.random_range(0..sizes.len())]);
    for user in order {
        if places == 0 {
            instance += 1;
            places = sizes[randomness.random_range(0..sizes.len())];
        }
        instance_of[user] = instance;
        places -= 1;
    }
    instance_of
}

/// Reads sizes of instances, whole numbers of at least 1, one per line; empty lines are skipped.
///
/// # Errors
/// [`EvaluationError`] names the file, and the line that is no size; also when there is no size at all.
pub fn read_sizes(path: &Path) -> Result<Vec<usize>, EvaluationError> {
    let text = std::fs::read_to_string(path).map_err(|reason| EvaluationError::File {
        path: path.to_owned(),
        reason,
    })?;
    let lines = text.lines().map(str::trim).enumerate();
    let sizes = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(index, line)| match line.parse() {
            Ok(size) if size > 0 => Ok(size),
            _ => Err(EvaluationError::Line {
                path: path.to_owned(),
                line: index + 1,
                problem: format!("`{line}` is not a size: every line must be a whole number of users, at least 1"),
            }),
        })
        .collect::<Result<Vec<usize>, _>>()?;
    if sizes.is_empty() {
        return Err(EvaluationError::NothingListed {
            path: path.to_owned(),
            expected: "one size of an instance per line",
        });
    }
    Ok(sizes)
}

/// Reads a table of (user, instance) after a heading: the instance of every user of the data set, in their order. Users whom
/// the data set does not have are skipped, so that one table serves every threshold.
///
/// # Errors
/// [`EvaluationError`] names the file and line; also when a user has no instance, or two.
pub fn read_partition(path: &Path, dataset: &Dataset) -> Result<Vec<u32>, EvaluationError> {
    let users: HashMap<&str, usize> = dataset.users.iter().map(String::as_str).zip(0..).collect();
    let mut instances = Names::default();
    let mut instance_of: Vec<Option<u32>> = vec![None; dataset.users.len()];
    let mut stranger = None;
    let mut lines = 0usize;
    let source = Source::tab_separated(path);
    let is_data = |fields: &[&str]| fields.len() > 1 && users.contains_key(fields[0]);
    source.for_each_after_heading(is_data, |fields| {
        let [name, instance, ..] = fields else {
            return Err(format!("expected user and instance {}", source.separator.words()));
        };
        if instance.is_empty() {
            return Err(format!("user `{name}` has an empty instance"));
        }
        lines += 1;
        let Some(&user) = users.get(name) else {
            stranger.get_or_insert_with(|| (*name).to_owned());
            return Ok(());
        };
        let instance = instances.number(instance);
        match instance_of[user].replace(instance) {
            Some(other) if other != instance => Err(format!("user `{name}` has another instance already")),
            _ => Ok(()),
        }
    })?;
    if lines == 0 {
        return Err(EvaluationError::NothingListed {
            path: path.to_owned(),
            expected: "a line `user<TAB>instance` for every user, after a heading",
        });
    }
    let missing = instance_of.iter().filter(|instance| instance.is_none()).count();
    let first = (dataset.users.iter().zip(&instance_of)).find(|(_, instance)| instance.is_none());
    if let Some((first, _)) = first {
        return Err(EvaluationError::UsersWithoutInstance {
            path: path.to_owned(),
            missing,
            users: dataset.users.len(),
            first: first.clone(),
            stranger,
        });
    }
    Ok(instance_of.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instance_of: &[u32]) -> Vec<usize> {
        let mut counts = vec![0; instance_of.iter().max().map_or(0, |last| *last as usize + 1)];
        instance_of.iter().for_each(|instance| counts[*instance as usize] += 1);
        counts
    }

    #[test]
    fn even_instances_differ_by_at_most_one_user() {
        assert_eq!(counts(&even(10, 4, 1)), [3, 3, 2, 2]);
        assert_eq!(counts(&even(3, 0, 1)), [3]);
    }

    #[test]
    fn drawn_instances_have_drawn_sizes() {
        let counts = counts(&drawn(100, &[0, 3, 8], 1));
        assert_eq!(counts.iter().sum::<usize>(), 100);
        assert!(
            counts[..counts.len() - 1].iter().all(|size| [3, 8].contains(size)),
            "{counts:?}"
        );
        assert_eq!(drawn(3, &[0], 1), [0, 0, 0]);
    }

    /// What reading a file of this text gives, or what is said about it.
    fn read<T>(text: &str, read: impl Fn(&Path) -> Result<T, EvaluationError>) -> Result<T, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn sizes_are_whole_numbers_and_anything_else_is_named_with_its_line() {
        let sizes = |text: &str| read(text, read_sizes);
        assert_eq!(sizes("3\n\n 8 \r\n1"), Ok(vec![3, 8, 1]));
        for (text, parts) in [
            ("3\nmany\n", ["line 2", "`many`"]),
            ("3\n\n0\n", ["line 3", "`0`"]),
            ("-4\n", ["line 1", "`-4`"]),
            ("3 8\n", ["line 1", "`3 8`"]),
            ("99999999999999999999999\n", ["line 1", "at least 1"]),
            ("", ["table is empty", "one size of an instance per line"]),
            ("\n \n", ["table is empty", "one size of an instance per line"]),
        ] {
            let said = sizes(text).unwrap_err();
            assert!(parts.iter().all(|part| said.contains(part)), "{text:?}: {said}");
        }
        let missing = read_sizes(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read /nowhere/at/all: "), "{missing}");
    }

    #[test]
    fn a_table_says_where_everybody_lives_and_problems_are_told_with_their_place() {
        let dataset = Dataset {
            users: vec!["é 1".to_owned(), "b".to_owned(), "c".to_owned()],
            items: Vec::new(),
            rows: Vec::new(),
        };
        let partition = |text: &str| read(text, |path| read_partition(path, &dataset));
        let told = partition("user\tinstance\nc\tone\nstranger\ttwo\nb\ttwo\né 1\tone\nc\tone\n");
        assert_eq!(told, Ok(vec![0, 1, 0]));
        for (text, parts) in [
            (
                "h\nb\t1\n",
                [
                    "leaves out 2 of 3 users, the first of them `é 1`",
                    "give every user a line",
                ],
            ),
            (
                "h\nx y\t1\n",
                ["leaves out 3 of 3 users", "does not have, such as `x y`"],
            ),
            ("h\nb\n", ["line 2", "expected user and instance with tabs"]),
            ("h\nb\t1\n\nb\t2\n", ["line 4", "user `b` has another instance already"]),
            ("h\nb\t\n", ["line 2", "user `b` has an empty instance"]),
            ("b\t1\nc\t1\n", ["line 1", "the first line must be a heading"]),
            ("", ["table is empty", "a line `user<TAB>instance`"]),
            ("h\n", ["table is empty", "a line `user<TAB>instance`"]),
        ] {
            let said = partition(text).unwrap_err();
            assert!(parts.iter().all(|part| said.contains(part)), "{text:?}: {said}");
        }
        assert!(!partition("h\nb\t1\n").unwrap_err().contains("does not have"));
    }
}
