//! Logs on standard error, as the configuration says: one event, one line, whatever its values contain.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, LoggingConfig};

/// Bytes of one human-readable event at most.
const LONGEST_LINE: usize = 8_192;

/// Starts logging for the whole process. A second call changes nothing.
///
/// # Errors
/// The text of the problem when the filter is not valid.
pub fn start(config: &LoggingConfig) -> Result<(), String> {
    let filter =
        EnvFilter::try_new(&config.filter).map_err(|error| format!("`{}` is no filter: {error}", config.filter))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    // A logger that is there already, as in tests, stays.
    let _ = match config.format {
        LogFormat::Human => {
            let colours = io::stderr().is_terminal();
            let lines = OneLine { colours };
            builder.with_ansi(colours).with_writer(lines).try_init()
        }
        // JSON escapes by itself.
        LogFormat::Json => builder.json().flatten_event(true).with_writer(io::stderr).try_init(),
    };
    Ok(())
}

/// Writes each event as one line. Values from outside are escaped where they are logged ([`crate::untrusted`]); this
/// is the second lock, also for what libraries log.
#[derive(Debug, Clone, Copy)]
struct OneLine {
    /// Whether the formatter colours its output, so that escape sequences of colours are its own.
    colours: bool,
}

impl<'a> MakeWriter<'a> for OneLine {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for OneLine {
    /// The formatter hands over a whole event at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(one_line(&String::from_utf8_lossy(event), self.colours).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// `event` with every control character escaped but the final line break, and cut to [`LONGEST_LINE`].
fn one_line(event: &str, colours: bool) -> String {
    let text = event.strip_suffix('\n').unwrap_or(event);
    let mut line = String::with_capacity(text.len().min(LONGEST_LINE) + 8);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if line.len() >= LONGEST_LINE {
            line.push('…');
            break;
        }
        if colours
            && character == '\u{1b}'
            && let Some((sequence, after)) = colour(rest.as_str())
        {
            line.push('\u{1b}');
            line.push_str(sequence);
            rest = after.chars();
            continue;
        }
        if character.is_control() && character != '\t' {
            line.extend(character.escape_debug());
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    line
}

/// Splits the rest of an escape sequence that sets a colour, `[…m`, off the beginning of `text`.
fn colour(text: &str) -> Option<(&str, &str)> {
    let parameters = text.strip_prefix('[')?;
    let end = parameters.find(|character: char| !character.is_ascii_digit() && character != ';')?;
    parameters.get(end..)?.starts_with('m').then(|| text.split_at(end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_contains() {
        let event = "INFO refused reason=a\n2026 INFO forged\r\u{1b}]0;title\u{7}\u{9b}2J\n";
        assert_eq!(
            one_line(event, false),
            "INFO refused reason=a\\n2026 INFO forged\\r\\u{1b}]0;title\\u{7}\\u{9b}2J\n"
        );
    }

    #[test]
    fn colours_stay_where_there_are_any_and_nothing_else_does() {
        let event = "\u{1b}[32mINFO\u{1b}[0m \u{1b}[2J\u{1b}[1;31mx\n";
        assert_eq!(
            one_line(event, true),
            "\u{1b}[32mINFO\u{1b}[0m \\u{1b}[2J\u{1b}[1;31mx\n"
        );
        assert!(!one_line(event, false).contains('\u{1b}'));
    }

    #[test]
    fn long_events_are_cut() {
        assert!(one_line(&"x".repeat(1_000_000), false).len() <= LONGEST_LINE + 8);
    }
}
