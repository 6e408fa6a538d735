//! A small process that outlives this one just long enough to stop the private server and remove its folder.
//!
//! It holds the reading end of a pipe. Whatever ends this process (a return, a panic, Ctrl-C, `kill -9`), the system
//! closes the writing end, and the guard acts. So there is one way of cleaning up, and it is always the same.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// What the guard does.
const SCRIPT: &str = include_str!("guard.sh");

/// The guard of one folder.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts a guard for `folder`, which has no server yet.
    pub(super) fn start(folder: &Path) -> std::io::Result<Self> {
        // Its own process group, because Ctrl-C reaches the whole group of the terminal.
        let mut process = Command::new("sh")
            .args(["-c", SCRIPT, "shoal-guard"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = process.stdin.take();
        Ok(Self { process, pipe })
    }

    /// Tells the guard which process to stop, `None` for none.
    pub(super) fn watch(&mut self, server: Option<u32>) -> std::io::Result<()> {
        let line = server.map_or_else(String::new, |id| id.to_string()) + "\n";
        self.pipe
            .as_mut()
            .map_or(Ok(()), |pipe| pipe.write_all(line.as_bytes()))
    }

    /// Gives the signal to clean up; [`Guard::finish`] waits for the end of it.
    pub(super) fn release(&mut self) {
        self.pipe = None;
    }

    /// Waits until the folder is removed.
    pub(super) fn finish(&mut self) {
        self.release();
        // Nothing to do about a failure: the folder itself is removed once more by its owner.
        let _ = self.process.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.finish();
    }
}
