//! Rows in the text format of PostgreSQL's `COPY ... FROM STDIN`.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

/// Rows of one table, ready to be sent.
#[derive(Debug)]
pub(super) struct Rows {
    table: &'static str,
    columns: Vec<&'static str>,
    text: String,
}

impl Rows {
    /// No rows yet. Names are given without quotes; several columns may stand in one string, separated by spaces.
    pub(super) fn new(table: &'static str, columns: &[&'static str]) -> Self {
        let columns = columns.iter().flat_map(|names| names.split_whitespace()).collect();
        Self {
            table,
            columns,
            text: String::new(),
        }
    }

    /// Adds a row, in the order of the columns.
    pub(super) fn add(&mut self, fields: &[&dyn Field]) {
        debug_assert_eq!(fields.len(), self.columns.len(), "{}", self.table);
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.text.push('\t');
            }
            field.write(&mut self.text);
        }
        self.text.push('\n');
    }

    /// The table's name.
    pub(super) fn name(&self) -> &'static str {
        self.table
    }

    /// The statement that the rows follow.
    pub(super) fn statement(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("\"{column}\"")).collect();
        format!("COPY \"{}\" ({}) FROM STDIN", self.table, columns.join(", "))
    }

    /// The rows.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// A value that can stand in a row.
pub(super) trait Field {
    /// Adds the value to `text`.
    fn write(&self, text: &mut String);
}

/// The absence of a value.
pub(super) struct Null;

impl Field for Null {
    fn write(&self, text: &mut String) {
        text.push_str("\\N");
    }
}

impl Field for str {
    fn write(&self, text: &mut String) {
        for letter in self.chars() {
            match letter {
                '\\' => text.push_str("\\\\"),
                '\t' => text.push_str("\\t"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                other => text.push(other),
            }
        }
    }
}

impl Field for &str {
    fn write(&self, text: &mut String) {
        str::write(self, text);
    }
}

impl Field for String {
    fn write(&self, text: &mut String) {
        self.as_str().write(text);
    }
}

impl Field for i32 {
    fn write(&self, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{self}");
    }
}

impl Field for f64 {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }
}

impl Field for bool {
    fn write(&self, text: &mut String) {
        text.push(if *self { 't' } else { 'f' });
    }
}

impl Field for Uuid {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }
}

impl Field for DateTime<Utc> {
    fn write(&self, text: &mut String) {
        text.push_str(&self.to_rfc3339_opts(SecondsFormat::Micros, true));
    }
}

impl<T: Field> Field for Option<T> {
    fn write(&self, text: &mut String) {
        match self {
            Some(value) => value.write(text),
            None => Null.write(text),
        }
    }
}

/// An array of plain words.
impl Field for Vec<&'static str> {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "{{{}}}", self.join(","));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        let mut rows = Rows::new("video", &["id name", "category nsfw languages"]);
        rows.add(&[&1, &"a\tb\\c\nd", &None::<i32>, &true, &Some(vec!["en", "_unknown"])]);
        assert_eq!(rows.text(), "1\ta\\tb\\\\c\\nd\t\\N\tt\t{en,_unknown}\n");
        assert_eq!(
            rows.statement(),
            r#"COPY "video" ("id", "name", "category", "nsfw", "languages") FROM STDIN"#
        );
    }
}
