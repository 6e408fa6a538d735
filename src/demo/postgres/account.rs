//! The system account under which the private server runs: PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The uid and gid that belong to nobody on every usual system.
const NOBODY: u32 = 65_534;

/// An account that is not root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account to use when this process, which has just created `folder`, is root; `None` when it is not.
    pub(super) fn needed(folder: &Path) -> std::io::Result<Option<Self>> {
        if fs::metadata(folder)?.uid() != 0 {
            return Ok(None);
        }
        let known = ["postgres", "nobody"].into_iter().find_map(Self::named);
        Ok(Some(known.unwrap_or(Self {
            uid: NOBODY,
            gid: NOBODY,
        })))
    }

    /// The account called `name`, if there is one and it is not root.
    fn named(name: &str) -> Option<Self> {
        let number = |option: &str| -> Option<u32> {
            let output = Command::new("id")
                .args([option, name])
                .stdin(Stdio::null())
                .output()
                .ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        Some(Self {
            uid: number("-u")?,
            gid: number("-g")?,
        })
        .filter(|account| account.uid != 0)
    }

    /// Gives `path` to the account.
    pub(super) fn own(self, path: &Path) -> std::io::Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
    }

    /// Lets `command` run as the account.
    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_never_chosen() {
        assert_eq!(Account::named("root"), None);
        assert_eq!(Account::named("shoal-no-such-account"), None);
    }
}
