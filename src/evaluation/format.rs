//! Where the files of a data set are and how their lines are divided: tab-separated files and those of MovieLens.
//!
//! What stays out: what the fields mean.

use std::path::{Path, PathBuf};

use super::EvaluationError;

const HEADING_EXPECTED: &str = "this is data, but the first line must be a heading with the names of the columns";

/// How a line is divided into fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Tab,
    DoubleColon,
    Comma,
    Bar,
}

impl Separator {
    /// How fields are divided, for messages.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Tab => "with tabs between them",
            Self::DoubleColon => "with `::` between them",
            Self::Comma => "with commas between them",
            Self::Bar => "with `|` between them",
        }
    }
}

/// A file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub path: PathBuf,
    pub separator: Separator,
    /// Whether the first line names the fields.
    pub heading: bool,
}

impl Source {
    pub(super) fn new(path: PathBuf, separator: Separator, heading: bool) -> Self {
        Self {
            path,
            separator,
            heading,
        }
    }

    /// A tab-separated file whose first line names the fields.
    pub(super) fn tab_separated(path: &Path) -> Self {
        Self::new(path.to_owned(), Separator::Tab, true)
    }

    /// The interactions of a data set: `path` itself when it is a file, otherwise the first known name inside it.
    pub(super) fn interactions(path: &Path) -> Self {
        let known = [
            ("interactions.tsv", Separator::Tab, true),
            ("ratings.dat", Separator::DoubleColon, false),
            ("ratings.csv", Separator::Comma, true),
            ("u.data", Separator::Tab, false),
        ];
        if path.is_dir() {
            let found = known.iter().find(|(name, _, _)| path.join(name).exists());
            let (name, separator, heading) = *found.unwrap_or(&known[0]);
            return Self::new(path.join(name), separator, heading);
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let (separator, heading) = match extension {
            Some("dat") => (Separator::DoubleColon, false),
            Some("csv") => (Separator::Comma, true),
            Some("data") => (Separator::Tab, false),
            _ => (Separator::Tab, true),
        };
        Self::new(path.to_owned(), separator, heading)
    }

    /// The descriptions of items beside the interactions, when there are any.
    pub(super) fn items(path: &Path) -> Option<Self> {
        let directory = if path.is_dir() { path } else { path.parent()? };
        let known = [
            ("items.tsv", Separator::Tab, true),
            ("movies.dat", Separator::DoubleColon, false),
            ("movies.csv", Separator::Comma, true),
            ("u.item", Separator::Bar, false),
        ];
        let (name, separator, heading) = *known.iter().find(|(name, _, _)| directory.join(name).exists())?;
        Some(Self::new(directory.join(name), separator, heading))
    }

    /// Calls `take` with the fields of every line that is neither the heading nor empty.
    ///
    /// # Errors
    /// [`EvaluationError`] names the file, and the line whose fields `take` refuses.
    pub(super) fn for_each(&self, take: impl FnMut(&[&str]) -> Result<(), String>) -> Result<(), EvaluationError> {
        self.for_each_after_heading(|_| false, take)
    }

    /// The same, and refuses a file whose heading `is_data`: that line would be lost without a word.
    ///
    /// # Errors
    /// [`EvaluationError`] names the file, and the line.
    pub(super) fn for_each_after_heading(
        &self,
        is_data: impl FnOnce(&[&str]) -> bool,
        mut take: impl FnMut(&[&str]) -> Result<(), String>,
    ) -> Result<(), EvaluationError> {
        let bytes = std::fs::read(&self.path).map_err(|reason| EvaluationError::File {
            path: self.path.clone(),
            reason,
        })?;
        let text = decoded(bytes);
        let refused = |index: usize, problem: String| EvaluationError::Line {
            path: self.path.clone(),
            line: index + 1,
            problem,
        };
        let mut lines = text.lines().enumerate();
        let mut fields: Vec<&str> = Vec::new();
        if self.heading
            && let Some((index, line)) = lines.next()
        {
            self.divide(line, &mut fields);
            if is_data(&fields) {
                return Err(refused(index, HEADING_EXPECTED.to_owned()));
            }
        }
        for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
            self.divide(line, &mut fields);
            take(&fields).map_err(|problem| refused(index, problem))?;
        }
        Ok(())
    }

    fn divide<'a>(&self, line: &'a str, fields: &mut Vec<&'a str>) {
        fields.clear();
        match self.separator {
            Separator::Tab => fields.extend(line.split('\t')),
            Separator::DoubleColon => fields.extend(line.split("::")),
            Separator::Bar => fields.extend(line.split('|')),
            Separator::Comma => split_commas(line, fields),
        }
    }
}

/// As UTF-8, otherwise as Latin-1, which MovieLens titles are; either way different bytes stay different names.
fn decoded(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// Divides at commas that are not inside double quotes, and takes the quotes around a field away.
fn split_commas<'a>(line: &'a str, fields: &mut Vec<&'a str>) {
    let mut quoted = false;
    let mut start = 0;
    let mut push = |field: &'a str| {
        fields.push(
            field
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(field),
        );
    };
    for (place, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                push(&line[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    push(&line[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_inside_quotes_belong_to_the_field() {
        let mut fields = Vec::new();
        split_commas("11,\"American President, The (1995)\",Comedy|Drama", &mut fields);
        assert_eq!(fields, ["11", "American President, The (1995)", "Comedy|Drama"]);
    }

    #[test]
    fn no_two_names_become_one() {
        assert_eq!(decoded("é Ж".into()), "é Ж");
        assert_eq!(decoded(b"Caf\xe9".to_vec()), "Café");
        assert_ne!(decoded(b"\xfe".to_vec()), decoded(b"\xff".to_vec()));
    }

    #[test]
    fn single_files_are_known_by_their_extension() {
        let source = |name: &str| Source::interactions(Path::new(name)).separator;
        assert_eq!(source("/nowhere/ratings.dat"), Separator::DoubleColon);
        assert_eq!(source("/nowhere/ratings.csv"), Separator::Comma);
        assert_eq!(source("/nowhere/u.data"), Separator::Tab);
    }
}
