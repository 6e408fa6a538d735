//! Writing a picture at the end of long work: whether that will be possible is asked before the work begins.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// A place for a picture that can be written to. Until [`Self::write`] an older picture stays there, or nothing.
#[derive(Debug)]
pub struct Picture {
    path: PathBuf,
}

impl Picture {
    /// Makes sure that `path` can be written to, and leaves no trace.
    ///
    /// # Errors
    /// When it cannot.
    pub fn new(path: &Path) -> anyhow::Result<Self> {
        let picture = Self { path: path.to_owned() };
        picture.prepare().with_context(|| picture.failure())?;
        Ok(picture)
    }

    /// Puts the picture in its place, whole or not at all.
    ///
    /// # Errors
    /// When that is no longer possible.
    pub fn write(&self, svg: &str) -> anyhow::Result<()> {
        self.put(svg).with_context(|| self.failure())
    }

    fn put(&self, svg: &str) -> anyhow::Result<()> {
        match self.prepare()? {
            Some(mut file) => {
                file.write_all(svg.as_bytes())?;
                file.persist(&self.path)?;
            }
            None => fs::write(&self.path, svg)?,
        }
        Ok(())
    }

    /// A new file beside the place of the picture; none where a link or something special, such as a pipe, takes the picture.
    fn prepare(&self) -> anyhow::Result<Option<NamedTempFile>> {
        if let Ok(there) = fs::metadata(&self.path) {
            anyhow::ensure!(!there.is_dir(), "it is a directory: name a file in it");
            if there.is_file() {
                fs::OpenOptions::new().append(true).open(&self.path)?;
            }
            if !fs::symlink_metadata(&self.path)?.is_file() {
                return Ok(None);
            }
        }
        let directory = match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".shoal-")
            .suffix(".svg")
            // As any other new file: what the process's mask leaves of it.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .with_context(|| format!("no file can be made in {}", directory.display()))?;
        Ok(Some(file))
    }

    fn failure(&self) -> String {
        format!("cannot write the picture {}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn nothing_is_there_before_the_picture_and_nothing_else_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new.svg");
        let picture = Picture::new(&path).unwrap();
        assert!(names(directory.path()).is_empty());
        picture.write("<svg/>").unwrap();
        assert_eq!(names(directory.path()), ["new.svg"]);
        let plain = directory.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain), "as readable as any other file");
    }

    #[test]
    fn an_older_picture_stays_until_there_is_a_new_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.svg");
        fs::write(&path, "old").unwrap();
        let picture = Picture::new(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        picture.write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn links_lead_to_their_file() {
        let directory = tempfile::tempdir().unwrap();
        let (target, link) = (directory.path().join("target.svg"), directory.path().join("link.svg"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        Picture::new(&link).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn impossible_places_are_named_with_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let problem = |path: &Path| format!("{:#}", Picture::new(path).unwrap_err());
        let said = problem(directory.path());
        assert!(
            said.contains("cannot write the picture") && said.contains("it is a directory"),
            "{said}"
        );
        let said = problem(Path::new("/nowhere/at/all.svg"));
        assert!(
            said.contains("/nowhere/at/all.svg") && said.contains("no file can be made in /nowhere/at"),
            "{said}"
        );
    }
}
