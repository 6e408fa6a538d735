//! What no list of imports shows: pure rooms know no time and no outside, and raw history has no way out. Which room may
//! use which is tested in `walls.rs`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that compute and do nothing else.
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

#[test]
fn pure_rooms_know_neither_the_outside_nor_a_clock() {
    let forbidden = [
        "tokio",
        "sqlx",
        "axum",
        "reqwest",
        "tracing",
        "std::fs",
        "std::io::Write",
        "std::net",
        "std::env",
        "std::process",
        "SystemTime",
        "Instant",
        "Utc::now",
        "thread_rng",
        "rand::rng",
        "SysRng",
        "OsRng",
    ];
    let mut files = 0;
    for (path, text) in sources(&source()) {
        let room = room(&path);
        // Tests in a file of their own make hostile bytes with whatever they need.
        if !PURE.contains(&room.as_str()) || path.ends_with("tests.rs") {
            continue;
        }
        files += 1;
        for word in forbidden {
            assert!(!names(&text, word), "{} uses {word}", path.display());
        }
    }
    assert!(files > 20);
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
    use shoal::model::ranking::{Account, ChannelTie, Event};
    use shoal::peertube::{Rated, Signal, Tie, UserSignals, Watch};
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
    assert_not_implemented!(Tie: Serialize, DeserializeOwned, Display, Debug);
    assert_not_implemented!(Account: Serialize, DeserializeOwned, Display, Debug);
    assert_not_implemented!(ChannelTie: Serialize, DeserializeOwned, Display, Debug);
    assert_not_implemented!(Event: Serialize, DeserializeOwned, Display, Debug);
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
