//! The real program as a process of its own, and what processes cost.

use std::fs;
use std::process::{Child, Command, Stdio};

/// A running `shoal serve`, killed when dropped.
pub struct Sidecar(Child);

impl Sidecar {
    /// Starts it with settings from the environment.
    pub fn start(settings: &[(&str, String)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shoal"));
        command
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.envs(settings.iter().map(|(name, value)| (*name, value.as_str())));
        Self(
            command
                .spawn()
                .unwrap_or_else(|error| panic!("cannot start shoal: {error}")),
        )
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU seconds of a process so far, and the number of its parent.
fn cpu(id: u32) -> Option<(f64, u32)> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some((ticks / TICKS_PER_SECOND, fields.get(1)?.parse().ok()?))
}

/// CPU seconds of a process.
pub fn cpu_seconds(id: u32) -> f64 {
    cpu(id).map_or(0.0, |(seconds, _)| seconds)
}

/// CPU seconds of the children of a process that still run.
pub fn children_cpu_seconds(parent: u32) -> f64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(cpu)
        .filter(|(_, of)| *of == parent)
        .map(|(seconds, _)| seconds)
        .sum()
}

/// Largest resident memory of a process so far, in megabytes.
pub fn peak_megabytes(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kibibytes.unwrap_or(f64::NAN) * 1024.0 / 1e6
}
