//! What can go wrong with offline data.

use std::path::PathBuf;

/// Why an evaluation cannot run: what happened, why, and what to do.
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
    /// No interaction is left after filtering.
    #[error("no interactions are left: {0}")]
    Empty(String),
    /// A file holds nothing but its heading or empty lines.
    #[error("{path} is empty: it must hold {expected}")]
    NothingListed {
        /// The file.
        path: PathBuf,
        /// What its lines should be.
        expected: &'static str,
    },
    /// A table of users and instances leaves users out.
    #[error(
        "{path} leaves out {missing} of {users} users, the first of them `{first}`: give every user a line `user<TAB>instance`{}",
        stranger.as_ref().map_or_else(String::new, |name| format!("; it names users that the data does not have, such as `{name}`"))
    )]
    UsersWithoutInstance {
        /// The table.
        path: PathBuf,
        /// Users who are not in it.
        missing: usize,
        /// Users of the data set.
        users: usize,
        /// The first user who is missing.
        first: String,
        /// The first name in the table that the data set does not know.
        stranger: Option<String>,
    },
    /// Holding users out leaves nobody to learn from.
    #[error("{held_out} users are to be held out, but only {users} have {what}: hold out fewer")]
    TooFewUsers {
        /// Users who could be held out or learned from.
        users: usize,
        /// What makes them fit for that.
        what: String,
        /// Users to hold out.
        held_out: usize,
    },
    /// There is nobody on whom could be measured.
    #[error("there is nobody to measure on: {0}")]
    NobodyToMeasure(String),
    /// Choosing something needs validation users.
    #[error("{0} needs validation users, but none were held out")]
    NoValidationUsers(&'static str),
    /// A user of a leave-one-out test has no negative items.
    #[error("user `{0}` has a test item but no negatives: give every user of the test file a line of them")]
    NoNegatives(String),
    /// An audit is asked for something that makes no sense.
    #[error("{0}")]
    Audit(&'static str),
    /// The privacy mechanism refused.
    #[error(transparent)]
    Privacy(#[from] crate::privacy::PrivacyError),
}
