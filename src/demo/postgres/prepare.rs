//! A cluster on disk: its folder and the folder's guard, programs that the right account may run, `initdb`.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::account::Account;
use super::binaries::{Binaries, BinaryPlaces, find_or_fetch};
use super::guard::Guard;
use crate::demo::DemoError;

/// The superuser of the private server.
pub(super) const SUPERUSER: &str = "shoal";

/// A cluster on disk that no server runs yet.
pub(super) struct Prepared {
    pub(super) guard: Guard,
    pub(super) folder: TempDir,
    pub(super) account: Option<Account>,
    pub(super) binaries: Binaries,
    pub(super) password: String,
}

impl Prepared {
    /// Creates the folder, its guard and the cluster in it. Blocks.
    pub(super) fn new(places: &BinaryPlaces) -> Result<Self, DemoError> {
        let binaries = find_or_fetch(places)?;
        let folder = tempfile::Builder::new()
            .prefix("shoal-postgres-")
            .tempdir()
            .map_err(DemoError::io("create a temporary folder"))?;
        let guard = Guard::start(folder.path()).map_err(DemoError::io("run `sh`, which guards the private server"))?;
        let account = Account::needed(folder.path()).map_err(DemoError::io("read the temporary folder"))?;
        if let Some(account) = account {
            account
                .own(folder.path())
                .map_err(DemoError::io("give the temporary folder to another account"))?;
        }
        let password = format!("{:032x}", rand::random::<u128>());
        let mut prepared = Self {
            guard,
            folder,
            account,
            binaries,
            password,
        };
        prepared.make_programs_reachable()?;
        prepared.initialize()?;
        Ok(prepared)
    }

    /// Copies the programs into the folder when the account may not run them where they are, as below `/root`.
    fn make_programs_reachable(&mut self) -> Result<(), DemoError> {
        let Some(account) = self.account else { return Ok(()) };
        let mut trial = Command::new(self.binaries.program("postgres"));
        trial
            .arg("--version")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        account.run(&mut trial);
        if trial.status().is_ok_and(|status| status.success()) {
            return Ok(());
        }
        let unreachable = || DemoError::Start {
            reason: format!(
                "no account other than root may run {}",
                self.binaries.program("postgres").display()
            ),
        };
        let installation = self.binaries.installation();
        let programs = self
            .binaries
            .folder()
            .strip_prefix(installation)
            .map_err(|_| unreachable())?;
        let copy = self.folder.path().join("programs");
        // Links cost nothing; across file systems only a copy works.
        let copied = ["-Rl", "-R"].into_iter().any(|how| {
            let ran = Command::new("cp")
                .arg(how)
                .args([installation, &copy])
                .stderr(Stdio::null())
                .status();
            let copied = ran.is_ok_and(|status| status.success());
            if !copied {
                // Whatever a failed attempt left would end up beside the second one's files.
                let _ = fs::remove_dir_all(&copy);
            }
            copied
        });
        let readable = Command::new("chmod")
            .args(["-R", "a+rX"])
            .arg(&copy)
            .stderr(Stdio::null())
            .status();
        let usable = copied && readable.is_ok_and(|status| status.success());
        let binaries = Binaries::in_folder(&copy.join(programs))
            .ok()
            .filter(|_| usable)
            .ok_or_else(unreachable)?;
        self.binaries = binaries;
        Ok(())
    }

    /// The folder that PostgreSQL calls its data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The file that holds what the server says.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// A command of PostgreSQL under the right account, in its own process group, deaf to the caller's settings.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        command
            .current_dir(self.folder.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .process_group(0);
        for variable in ["PGDATA", "PGPORT", "PGOPTIONS", "PGCLIENTENCODING", "PGTZ"] {
            command.env_remove(variable);
        }
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        command
    }

    /// Runs `initdb`.
    fn initialize(&self) -> Result<(), DemoError> {
        let password_file = self.folder.path().join("password");
        fs::write(&password_file, &self.password).map_err(DemoError::io("write the password file"))?;
        if let Some(account) = self.account {
            account
                .own(&password_file)
                .map_err(DemoError::io("give the password file to another account"))?;
        }
        let output = self
            .command("initdb")
            .args([
                "--username",
                SUPERUSER,
                "--auth",
                "scram-sha-256",
                "--encoding",
                "UTF8",
                "--locale",
                "C",
            ])
            .arg("--no-sync")
            .arg("--pwfile")
            .arg(&password_file)
            .arg("--pgdata")
            .arg(self.data())
            .output()
            .map_err(DemoError::io(format!(
                "run {}",
                self.binaries.program("initdb").display()
            )))?;
        fs::remove_file(&password_file).map_err(DemoError::io("remove the password file"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(DemoError::Start {
            reason: format!("initdb: {}", said.trim()),
        })
    }
}
