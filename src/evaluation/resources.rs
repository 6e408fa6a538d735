//! What a computation took: CPU time of the process, wall time and peak memory.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A running measurement.
pub struct Meter {
    cpu: f64,
    wall: Instant,
}

/// Resources of a part of the work.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Usage {
    /// CPU seconds of all threads of the process.
    pub cpu_seconds: f64,
    /// Seconds that passed.
    pub wall_seconds: f64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.cpu_seconds += other.cpu_seconds;
        self.wall_seconds += other.wall_seconds;
    }
}

impl Meter {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            cpu: process_cpu_seconds(),
            wall: Instant::now(),
        }
    }

    /// What was used since the start.
    pub fn read(&self) -> Usage {
        Usage {
            cpu_seconds: (process_cpu_seconds() - self.cpu).max(0.0),
            wall_seconds: self.wall.elapsed().as_secs_f64(),
        }
    }
}

/// CPU seconds of all threads since the process started.
pub fn process_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32).as_secs_f64()
}

/// Most memory that the process ever had resident, in bytes; `None` where the system does not say.
pub fn peak_resident_bytes() -> Option<u64> {
    kibibytes("/proc/self/status", "VmHWM:")
}

/// Memory that could still be taken without swapping, in bytes; `None` where the system does not say.
pub fn available_bytes() -> Option<u64> {
    kibibytes("/proc/meminfo", "MemAvailable:")
}

/// The number behind `name` in a file of lines such as `Name:  123 kB`, in bytes.
fn kibibytes(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_cpu_time_and_memory() {
        let meter = Meter::start();
        let mut sum = 0u64;
        while meter.read().cpu_seconds < 0.01 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(meter.read().cpu_seconds >= 0.01);
        if cfg!(target_os = "linux") {
            assert!(peak_resident_bytes().unwrap() > 100_000);
            assert!(available_bytes().unwrap() > 100_000);
        }
    }
}
