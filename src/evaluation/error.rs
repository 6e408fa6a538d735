//! What can go wrong with offline data.

use std::path::PathBuf;

/// Why an evaluation cannot run.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A file cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A line cannot be understood.
    #[error("{path}, line {line}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A model cannot be fitted.
    #[error("{0}")]
    Model(String),
    /// Nothing is left after filtering.
    #[error("no interactions are left: {0}")]
    Empty(String),
    /// The privacy mechanism refused.
    #[error(transparent)]
    Privacy(#[from] crate::privacy::PrivacyError),
}
