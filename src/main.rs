//! The `shoal` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    shoal::cli::run()
}
