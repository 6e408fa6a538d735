//! Text that somebody outside chose, made safe to show: in logs, in answers and on a terminal.
//!
//! Everything that a stranger, a peer or a fetched document states passes through [`Untrusted`] before it is written
//! anywhere but into a table.

use std::fmt::{self, Display, Formatter, Write};

/// Characters of an outside text that are shown at most.
pub const SHOWN_CHARACTERS: usize = 200;

/// Shows a value from outside on one line: control characters and invisible or direction-changing ones are escaped as
/// in a Rust literal (`\n`, `\u{1b}`), and after [`SHOWN_CHARACTERS`] the text is cut and ends in `…`.
#[derive(Debug, Clone, Copy)]
pub struct Untrusted<T>(pub T);

impl<T: Display> Display for Untrusted<T> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut escaper = Escaper {
            formatter,
            left: SHOWN_CHARACTERS,
            full: false,
        };
        let outcome = write!(escaper, "{}", self.0);
        if escaper.full {
            return escaper.formatter.write_char('…');
        }
        outcome
    }
}

/// Passes characters on until there is no room left, and then stops the writer.
struct Escaper<'a, 'b> {
    formatter: &'a mut Formatter<'b>,
    left: usize,
    full: bool,
}

impl Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let escaped = is_unsafe(character).then(|| character.escape_debug());
            // Characters that `escape_debug` leaves alone are written by number.
            let escaped = match escaped {
                Some(escaped) if escaped.len() > 1 => Some(escaped.to_string()),
                Some(_) => Some(character.escape_unicode().to_string()),
                None => None,
            };
            let needed = escaped.as_ref().map_or(1, String::len);
            if needed > self.left {
                self.full = true;
                return Err(fmt::Error);
            }
            self.left -= needed;
            match escaped {
                Some(escaped) => self.formatter.write_str(&escaped)?,
                None => self.formatter.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Whether a character could forge a line, drive a terminal, or change how the text around it is read.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            u32::from(character),
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            0x00AD | 0x061C | 0x180E
            // Zero width, directions, line and paragraph separators, embeddings and overrides.
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
            // Byte order mark, interlinear annotation, tags.
            | 0xFEFF | 0xFFF9..=0xFFFB | 0xE0000..=0xE007F
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_terminals_and_directions_are_escaped() {
        let text = "a\nINFO forged\r\u{1b}[31m\u{9b}\0\u{202e}b\u{e0041}é";
        assert_eq!(
            Untrusted(text).to_string(),
            r"a\nINFO forged\r\u{1b}[31m\u{9b}\0\u{202e}b\u{e0041}é"
        );
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let shown = Untrusted("x".repeat(1_000_000)).to_string();
        assert_eq!(shown.chars().count(), SHOWN_CHARACTERS + 1);
        assert!(shown.ends_with("x…"));
        assert_eq!(
            Untrusted("x".repeat(SHOWN_CHARACTERS)).to_string().len(),
            SHOWN_CHARACTERS
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_one_short_line(text in any::<String>()) {
            let shown = Untrusted(&text).to_string();
            prop_assert!(shown.chars().count() <= SHOWN_CHARACTERS + 1);
            prop_assert!(!shown.chars().any(is_unsafe));
        }
    }
}
