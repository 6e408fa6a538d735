//! Writing a split as files, so that other programs run on the very same one.

use std::fmt::Write as _;
use std::path::Path;

use super::EvaluationError;
use super::dataset::Dataset;
use super::split::{HeldOutUser, Split};

/// Writes `training.tsv` and, for validation and test users, `*-fold-in.tsv`, `*-targets.tsv` and perhaps
/// `*-candidates.tsv` into `directory`, which is made when it is missing. All hold (user, item) after a heading.
///
/// # Errors
/// When a file cannot be written.
pub fn export(split: &Split, dataset: &Dataset, directory: &Path) -> Result<(), EvaluationError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |reason| EvaluationError::Write { path, reason }
    };
    std::fs::create_dir_all(directory).map_err(failed(directory))?;
    let item_name = |item: u32| dataset.items[split.items[item as usize] as usize].address.as_str();
    let write = |name: &str, rows: &mut dyn Iterator<Item = (u32, u32)>| {
        let mut text = String::from("user\titem\n");
        for (user, item) in rows {
            let _ = writeln!(text, "{}\t{}", dataset.users[user as usize], item_name(item));
        }
        let path = directory.join(name);
        std::fs::write(&path, text).map_err(failed(&path))
    };
    let mut training = (0..split.training.users()).flat_map(|row| {
        let (items, _) = split.training.row(row);
        items.iter().map(move |item| (split.training_users[row], *item))
    });
    write("training.tsv", &mut training)?;
    for (name, users) in [("validation", &split.validation), ("test", &split.test)] {
        let pairs = |items: fn(&HeldOutUser) -> &[u32]| {
            users
                .iter()
                .flat_map(move |user| items(user).iter().map(move |item| (user.user, *item)))
        };
        write(&format!("{name}-fold-in.tsv"), &mut pairs(|user| &user.fold_in))?;
        write(&format!("{name}-targets.tsv"), &mut pairs(|user| &user.targets))?;
        if users.iter().any(|user| user.candidates.is_some()) {
            let candidates = &mut pairs(|user| user.candidates.as_deref().unwrap_or_default());
            write(&format!("{name}-candidates.tsv"), candidates)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::interactions::Interactions;
    use crate::model::item::Item;

    #[test]
    fn names_are_written_not_numbers() {
        let item = |name: &str| Item {
            address: name.to_owned(),
            ..Item::default()
        };
        let dataset = Dataset {
            users: vec!["a".to_owned(), "b".to_owned()],
            items: vec![item("x"), item("y"), item("z")],
            rows: Vec::new(),
        };
        let mut training = Interactions::new(2);
        training.push_user([(1, 1.0)]);
        let split = Split {
            training_users: vec![1],
            items: vec![2, 0],
            training,
            validation: Vec::new(),
            test: vec![HeldOutUser {
                user: 0,
                fold_in: vec![0],
                values: vec![1.0],
                targets: vec![1],
                candidates: None,
            }],
        };
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("new");
        export(&split, &dataset, &target).unwrap();
        let read = |name: &str| std::fs::read_to_string(target.join(name)).unwrap();
        assert_eq!(read("training.tsv"), "user\titem\nb\tx\n");
        assert_eq!(read("test-fold-in.tsv"), "user\titem\na\tz\n");
        assert_eq!(read("test-targets.tsv"), "user\titem\na\tx\n");
        assert!(!target.join("test-candidates.tsv").exists());
    }
}
