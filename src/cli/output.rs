//! Printing that survives a closed pipe, and small matters of wording.

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

/// A number with its noun, which takes an `s` unless there is one: `1 release`, `2 releases`.
pub fn counted(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// A share in whole percent.
pub fn percent(share: f64) -> String {
    match (100.0 * share).round() {
        0.0 if share > 0.0 => "<1 %".to_owned(),
        percent => format!("{:.0} %", percent.max(0.0)),
    }
}

/// Prints `text` behind `label`, in lines of at most `width` characters that begin below each other.
pub fn paragraph(label: &str, indent: usize, width: usize, text: &str) {
    for told in wrapped(label, indent, width, text) {
        line(&told);
    }
}

fn wrapped(label: &str, indent: usize, width: usize, text: &str) -> Vec<String> {
    let mut lines = vec![format!("{label:<indent$}")];
    let mut empty = true;
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |last| last.chars().count());
        if !empty && last + 1 + word.chars().count() > width {
            lines.push(" ".repeat(indent));
            empty = true;
        }
        if let Some(last) = lines.last_mut() {
            if !empty {
                last.push(' ');
            }
            last.push_str(word);
            empty = false;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(
            [0u64, 1, 2].map(|number| counted(number, "release")),
            ["0 releases", "1 release", "2 releases"]
        );
    }

    #[test]
    fn shares_are_told_in_percent() {
        let percent = [0.0, 1e-3, 1.0 / 12.0, 0.25, 1.0, 6.25].map(percent);
        assert_eq!(percent, ["0 %", "<1 %", "8 %", "25 %", "100 %", "625 %"]);
    }

    #[test]
    fn lines_are_as_long_as_they_may_be_and_no_word_is_lost() {
        let text = "one two three a-word-that-is-longer-than-any-line four";
        let lines = wrapped("label", 7, 16, text);
        assert_eq!(
            lines,
            [
                "label  one two",
                "       three",
                "       a-word-that-is-longer-than-any-line",
                "       four"
            ]
        );
    }
}
