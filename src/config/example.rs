//! Keeps `docs/shoal.example.toml` true: it has every key, no other, and the defaults as values.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;

use super::Config;

const EXAMPLE: &str = include_str!("../../docs/shoal.example.toml");

/// The settings without a default.
const REQUIRED: [&str; 5] = [
    "peertube.url",
    "peertube.database_url",
    "database.url",
    "api.service_token",
    "federation.public_url",
];

fn load(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shoal.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(Some(&file), []).unwrap()
}

/// What an error says when `variable`, which no configuration knows, is set.
fn refusal(variable: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shoal.toml");
    std::fs::write(&file, EXAMPLE).unwrap();
    let variables = [(variable.to_owned(), "1".to_owned())];
    Config::load(Some(&file), variables).unwrap_err().to_string()
}

/// The names that the refusal of an unknown one lists.
fn names(refusal: &str) -> BTreeSet<String> {
    let (_, expected) = refusal
        .split_once(", expected ")
        .unwrap_or_else(|| panic!("{refusal} lists no names"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// `table.key` of every setting, as the types themselves tell it.
fn known_keys() -> BTreeSet<String> {
    names(&refusal("SHOAL_NOSUCHTABLE__KEY"))
        .iter()
        .flat_map(|table| {
            names(&refusal(&format!("SHOAL_{}__NOSUCHKEY", table.to_uppercase())))
                .into_iter()
                .map(move |key| format!("{table}.{key}"))
        })
        .collect()
}

/// `table.key` of every line of the example that sets something, with the line.
fn example_lines() -> Vec<(String, &'static str)> {
    let mut table = "";
    let mut lines = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            lines.push((format!("{table}.{key}"), line));
        }
    }
    lines
}

#[test]
fn the_example_has_every_key_and_no_other() {
    let lines = example_lines();
    let keys: BTreeSet<String> = lines.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys.len(), lines.len(), "a key is there twice");
    assert_eq!(keys, known_keys());
    for required in REQUIRED {
        assert!(keys.contains(required), "{required}");
    }
}

#[test]
fn each_key_of_the_example_has_a_comment() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for pair in lines.windows(2) {
        let sets = pair[1].contains(" = ") && !pair[1].starts_with('#');
        assert!(!sets || pair[0].starts_with('#'), "no comment above: {}", pair[1]);
    }
}

#[test]
fn the_values_of_the_example_are_the_defaults() {
    let mut minimal = String::new();
    for (key, line) in example_lines() {
        if REQUIRED.contains(&key.as_str()) {
            let (table, _) = key.split_once('.').unwrap();
            let head = format!("[{table}]\n");
            if !minimal.contains(&head) {
                minimal.push_str(&head);
            }
            minimal.push_str(line);
            minimal.push('\n');
        }
    }
    let (example, defaults) = (load(EXAMPLE), load(&minimal));
    assert_eq!(format!("{example:#?}"), format!("{defaults:#?}"));
    assert!(!format!("{example:?}").contains(example.api.service_token.expose_secret()));
}
