//! Printing that survives a closed pipe.

use std::io::Write;

use serde::Serialize;

/// Prints a line on standard output. A reader that went away is no error.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints one JSON document.
///
/// # Errors
/// When the value cannot be expressed in JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}
