//! The walls of `docs/architecture.md`: which room may use which, and who may know SQL, HTTP servers and ActivityPub.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every room and the ones that it may use. `config`, `clock`, `pooling` and `telemetry` count as rooms here.
const MAY_USE: [(&str, &[&str]); 21] = [
    ("peertube", &["clock", "pooling"]),
    ("model", &[]),
    ("connections", &["panics"]),
    ("clock", &[]),
    ("failpoints", &[]),
    ("panics", &[]),
    ("pooling", &[]),
    ("untrusted", &[]),
    ("config", &["model"]),
    ("telemetry", &["config"]),
    ("store", &["clock", "config", "failpoints", "pooling"]),
    ("privacy", &["model"]),
    (
        "federation",
        &[
            "clock",
            "config",
            "failpoints",
            "model",
            "panics",
            "privacy",
            "store",
            "untrusted",
        ],
    ),
    (
        "recommend",
        &["clock", "config", "model", "panics", "peertube", "store"],
    ),
    (
        "api",
        &[
            "clock",
            "config",
            "connections",
            "panics",
            "peertube",
            "privacy",
            "recommend",
            "store",
        ],
    ),
    (
        "training",
        &[
            "clock",
            "config",
            "failpoints",
            "federation",
            "model",
            "panics",
            "peertube",
            "privacy",
            "recommend",
            "store",
        ],
    ),
    (
        "sidecar",
        &[
            "api",
            "clock",
            "config",
            "connections",
            "federation",
            "panics",
            "peertube",
            "recommend",
            "store",
            "training",
        ],
    ),
    ("evaluation", &["model", "privacy"]),
    (
        "demo",
        &[
            "api",
            "clock",
            "config",
            "evaluation",
            "federation",
            "model",
            "peertube",
            "privacy",
            "recommend",
            "sidecar",
            "store",
            "training",
        ],
    ),
    (
        "cli",
        &[
            "api",
            "clock",
            "config",
            "demo",
            "evaluation",
            "federation",
            "model",
            "peertube",
            "privacy",
            "recommend",
            "sidecar",
            "store",
            "telemetry",
            "training",
            "untrusted",
        ],
    ),
    ("main", &["cli"]),
];

/// Crates that only some rooms may know.
const CRATES: [(&str, &[&str]); 6] = [
    ("sqlx", &["peertube", "store", "pooling", "demo", "federation"]),
    ("axum", &["api", "connections", "federation"]),
    ("hyper", &["connections"]),
    ("activitypub_federation", &["federation"]),
    // `cli` asks the sidecar on this machine for its health; `peertube` asks PeerTube whose token it is.
    ("reqwest", &["federation", "demo", "peertube", "cli"]),
    (
        "tokio",
        &[
            "api",
            "cli",
            "connections",
            "demo",
            "federation",
            "peertube",
            "recommend",
            "sidecar",
            "store",
            "training",
        ],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Lines of code, without comments, by room.
fn code() -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files)?;
    let mut rooms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let inside = file.strip_prefix(&root)?;
        let first = inside.iter().next().unwrap_or_default().to_string_lossy();
        let room = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&file)?;
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        rooms.entry(room).or_default().extend(lines.map(str::to_owned));
    }
    Ok(rooms)
}

/// The names that follow `prefix` in a line.
fn names_after<'a>(line: &'a str, prefix: &str) -> impl Iterator<Item = &'a str> {
    line.split(prefix).skip(1).map(|rest| {
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn rooms_use_only_the_rooms_that_they_may() -> anyhow::Result<()> {
    for (room, lines) in code()? {
        if room == "lib" {
            continue;
        }
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("the room {room} is on no list"));
        let used: BTreeSet<&str> = lines
            .iter()
            .flat_map(|line| names_after(line, "crate::").chain(names_after(line, "shoal::")))
            .filter(|name| *name != room && MAY_USE.iter().any(|(other, _)| other == name))
            .collect();
        let forbidden: Vec<_> = used.iter().filter(|name| !allowed.contains(name)).collect();
        assert!(forbidden.is_empty(), "{room} must not use {forbidden:?}");
    }
    Ok(())
}

#[test]
fn few_rooms_know_databases_servers_and_activitypub() -> anyhow::Result<()> {
    for (room, lines) in code()? {
        for (name, allowed) in CRATES {
            let path = format!("{name}::");
            let known = lines.iter().any(|line| line.contains(&path));
            assert!(
                !known || allowed.contains(&room.as_str()),
                "{room} must not know {name}"
            );
        }
    }
    Ok(())
}

#[test]
fn statements_are_only_where_tables_are_known() -> anyhow::Result<()> {
    for (room, lines) in code()? {
        let asks = lines.iter().any(|line| line.contains("sqlx::query"));
        assert!(
            !asks || ["peertube", "store", "demo"].contains(&room.as_str()),
            "{room} must not ask a database"
        );
    }
    Ok(())
}

/// Raw evidence lives in `model`, which `federation` may use: but of it, it may know only what names a basis.
#[test]
fn federation_knows_nothing_of_what_is_learned_from() -> anyhow::Result<()> {
    let rooms = code()?;
    let federation = rooms.get("federation").map(Vec::as_slice).unwrap_or_default();
    let known: BTreeSet<&str> = federation
        .iter()
        .flat_map(|line| line.split("model::").skip(1))
        .map(|rest| rest.trim_end_matches(';'))
        .collect();
    assert_eq!(known, BTreeSet::from(["evidence::BasisId"]));
    // Nor of sums before their noise, which live in `privacy::release` and `privacy::grid`.
    for forbidden in ["privacy::release", "privacy::grid", "EvidenceSum", "UserSignals"] {
        let found = federation.iter().find(|line| line.contains(forbidden));
        assert_eq!(found, None, "federation must not know {forbidden}");
    }
    Ok(())
}

/// The driver's own decoder of points in time panics on what `chrono` cannot hold, and such values can be in PeerTube's tables.
#[test]
fn points_in_time_of_peertube_are_only_read_by_the_type_that_never_panics() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/peertube");
    let mut files = Vec::new();
    sources(&folder, &mut files)?;
    let mut rows = 0;
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        // Row types, up to the end of their fields.
        for row in text.split("FromRow)]").skip(1) {
            let fields = row.split("\n}").next().unwrap_or_default();
            assert!(!fields.contains("DateTime"), "{}: {fields}", file.display());
            rows += 1;
        }
        // Statements whose answer has no row type of its own.
        let statements = text.split("query_scalar").chain(text.split("query_as"));
        for before in statements.filter_map(|part| part.rsplit(';').next()) {
            let declared = before.split('=').next().unwrap_or_default();
            let decodes = before.contains("let ") && declared.contains("DateTime");
            assert!(!decodes, "{}: {declared}", file.display());
        }
    }
    assert!(rows > 5, "the types of rows are found");
    Ok(())
}
