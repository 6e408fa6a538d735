//! Logs on standard error, as the configuration says.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LoggingConfig};

/// Starts logging for the whole process. A second call changes nothing.
///
/// # Errors
/// The text of the problem when the filter is not valid.
pub fn start(config: &LoggingConfig) -> Result<(), String> {
    let filter =
        EnvFilter::try_new(&config.filter).map_err(|error| format!("`{}` is no filter: {error}", config.filter))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A logger that is there already, as in tests, stays.
    let _ = match config.format {
        LogFormat::Human => builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
