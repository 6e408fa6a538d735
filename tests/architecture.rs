//! The walls of the house: which room may know what.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms in the order in which they may use each other: each uses only those above it, `config`, `clock` and `telemetry`.
const PURE: [&str; 2] = ["model", "privacy"];

/// Every Rust file below `folder`, with its text without comments.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(|line| match line.trim_start() {
                comment if comment.starts_with("//") => "",
                _ => line,
            });
            found.push((path.clone(), lines.collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The room of a file: its first folder below `src`, or the name of a file that lies there.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(source()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Whether `text` names `word` as a whole word.
fn names(text: &str, word: &str) -> bool {
    let outside = |letter: Option<char>| !letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(word).any(|(start, _)| {
        outside(text[..start].chars().next_back()) && outside(text[start + word.len()..].chars().next())
    })
}

/// Fails for every file outside `allowed` that names `word`, and when no file at all names it.
fn only_in(word: &str, allowed: &[&str]) {
    let all = sources(&source());
    let using: Vec<&PathBuf> = all.iter().filter(|(_, text)| names(text, word)).map(|(path, _)| path).collect();
    assert!(!using.is_empty(), "nothing names {word}: is this test still about anything?");
    let strangers: Vec<_> = using.iter().filter(|path| !allowed.contains(&room(path).as_str())).collect();
    assert!(strangers.is_empty(), "{word} belongs to {allowed:?}, but is named in {strangers:?}");
}

#[test]
fn pure_rooms_know_neither_the_outside_nor_a_clock() {
    let outer = [
        "peertube", "store", "federation", "recommend", "api", "training", "sidecar", "evaluation", "demo", "cli",
        "config", "clock", "telemetry",
    ];
    let forbidden = [
        "tokio", "sqlx", "axum", "reqwest", "std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant",
        "Utc::now", "thread_rng", "rand::rng", "SysRng", "OsRng", "tracing", "metrics::",
    ];
    let mut files = 0;
    for (path, text) in sources(&source()) {
        let room = room(&path);
        if !PURE.contains(&room.as_str()) {
            continue;
        }
        files += 1;
        for word in forbidden {
            assert!(!names(&text, word.trim_end_matches("::")) || word == "metrics::", "{} uses {word}", path.display());
        }
        for other in outer {
            assert!(!names(&text, &format!("crate::{other}")), "{} uses {other}", path.display());
        }
        if room == "model" {
            assert!(!names(&text, "crate::privacy"), "{} uses privacy", path.display());
        }
    }
    assert!(files > 20);
}

#[test]
fn only_the_rooms_of_databases_contain_sql() {
    only_in("sqlx", &["peertube", "store", "demo"]);
}

#[test]
fn only_federation_knows_activitypub() {
    only_in("activitypub_federation", &["federation"]);
    only_in("http_signature_normalization", &["federation"]);
}

#[test]
fn only_the_rooms_that_serve_know_axum() {
    only_in("axum", &["api", "federation", "sidecar"]);
}

#[test]
fn only_the_command_line_uses_anyhow_and_clap() {
    only_in("anyhow", &["cli"]);
    only_in("clap", &["cli"]);
}

#[test]
fn rooms_use_only_rooms_above_them() {
    let order = [
        ("peertube", &[][..]),
        ("store", &[]),
        ("model", &[]),
        ("privacy", &["model"]),
        ("federation", &["store", "privacy", "model"]),
        ("recommend", &["peertube", "model"]),
        ("api", &["recommend", "peertube"]),
        ("training", &["peertube", "store", "model", "privacy", "federation", "recommend"]),
        ("evaluation", &["model", "privacy", "training"]),
    ];
    let rooms = [
        "peertube", "store", "model", "privacy", "federation", "recommend", "api", "training", "sidecar", "evaluation",
        "demo", "cli",
    ];
    for (path, text) in sources(&source()) {
        let room = room(&path);
        let Some((_, allowed)) = order.iter().find(|(name, _)| *name == room) else { continue };
        // Unit tests may borrow what they need.
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for other in rooms.iter().filter(|other| **other != room && !allowed.contains(*other)) {
            assert!(!names(text, &format!("crate::{other}")), "{} uses {other}", path.display());
        }
    }
}

/// Compiles only when the type does not have the trait: else the method of two impls would be ambiguous.
macro_rules! assert_not_implemented {
    ($type:ty: $($capability:path),+) => {
        $({
            #[allow(dead_code)]
            trait Ambiguous<A> {
                fn ambiguous() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            #[allow(dead_code)]
            struct Implemented;
            impl<T: ?Sized + $capability> Ambiguous<Implemented> for T {}
            let () = <$type as Ambiguous<_>>::ambiguous();
        })+
    };
}

#[test]
fn raw_history_can_be_neither_encoded_nor_printed() {
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use shoal::model::contribution::Contribution;
    use shoal::model::evidence::EvidenceSource;
    use shoal::model::interactions::Interactions;
    use shoal::peertube::{Rated, Signal, UserSignals, Watch};
    use shoal::privacy::EvidenceGrid;
    use shoal::privacy::release::EvidenceSum;
    use std::fmt::{Debug, Display};

    assert_not_implemented!(Contribution: Serialize, DeserializeOwned, Display);
    assert_not_implemented!(Interactions: Serialize, DeserializeOwned, Display);
    assert_not_implemented!(EvidenceSum: Serialize, DeserializeOwned, Display, Debug, Clone);
    assert_not_implemented!(EvidenceGrid: Serialize, DeserializeOwned, Display, Debug);
    assert_not_implemented!(EvidenceSource: Serialize, DeserializeOwned, Display, Debug, Clone);
    assert_not_implemented!(UserSignals: Serialize, DeserializeOwned, Display, Debug);
    assert_not_implemented!(Signal: Serialize, DeserializeOwned, Display, Debug);
    assert_not_implemented!(Watch: Serialize, DeserializeOwned, Display, Debug);
    assert_not_implemented!(Rated: Serialize, DeserializeOwned, Display, Debug);

    // What is printable prints sizes, never contents.
    let contribution = Contribution {
        factor: vec![0.123_4],
        videos: vec![(98_765, 0.432_1)],
        channels: vec![(98_765, 0.432_1)],
    };
    let mut interactions = Interactions::new(100_000);
    interactions.push_user([(98_765, 0.432_1)]);
    for printed in [
        format!("{contribution:?}"),
        format!("{contribution:#?}"),
        format!("{interactions:?}"),
        format!("{interactions:#?}"),
    ] {
        for content in ["0.123", "98765", "0.432"] {
            assert!(!printed.contains(content), "{printed}");
        }
    }
}
