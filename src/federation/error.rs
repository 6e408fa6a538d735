//! What can go wrong between sidecars, and the HTTP status that says so.

use std::time::Duration;

use activitypub_federation::error::Error as LibraryError;

use crate::privacy::PrivacyError;
use crate::store::StoreError;

/// Why a request of or to another sidecar was not done.
#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    /// Shoal's own tables.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ActivityPub library: parsing, digests, signatures, fetching.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The evidence could not be encoded.
    #[error(transparent)]
    Privacy(#[from] PrivacyError),
    /// An HTTP request could not be made or answered.
    #[error("HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// JSON could not be written or read.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// This sidecar's own set-up is not usable.
    #[error("{0}")]
    Setup(String),
    /// The message is not what it should be: status 400.
    #[error("{0}")]
    Malformed(String),
    /// The sender could not be authenticated: status 401.
    #[error("{0}")]
    Unauthenticated(String),
    /// The sender is known but may not do this: status 403.
    #[error("{0}")]
    Forbidden(String),
    /// There is nothing here: status 404.
    #[error("there is nothing at this address")]
    NotFound,
    /// The message is too large: status 413.
    #[error("the message is larger than {0} bytes")]
    TooLarge(usize),
    /// The message has another media type: status 415.
    #[error("the media type must be application/activity+json")]
    MediaType,
    /// Too many requests: status 429.
    #[error("too many requests, try again in {} seconds", .0.as_secs().max(1))]
    TooMany(Duration),
    /// This sidecar cannot answer at the moment: status 503.
    #[error("{0}")]
    Busy(&'static str),
    /// No sidecar was found at the given address.
    #[error("no Shoal sidecar was found at {target}: {reason}")]
    Discovery {
        /// What was asked for.
        target: String,
        /// What was tried, and what came of it.
        reason: String,
    },
    /// No known peer has this name.
    #[error("no peer is known as {0}; `shoal peers list` shows them")]
    UnknownPeer(String),
    /// Several known peers have this name.
    #[error("several peers are known as {0}; give the full address of the actor")]
    AmbiguousPeer(String),
    /// The peer has not asked to follow.
    #[error("{0} has not asked to follow this sidecar")]
    NotAsked(String),
}

impl FederationError {
    /// The HTTP status that describes this error to whoever sent the request.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Json(_) => 400,
            Self::Unauthenticated(_) => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::TooLarge(_) => 413,
            Self::MediaType => 415,
            Self::TooMany(_) => 429,
            Self::Busy(_) | Self::Http(_) => 503,
            Self::Store(error) if error.is_transient() => 503,
            Self::Library(error) => library_status(error),
            _ => 500,
        }
    }

    /// Whether the request fails because the signature does not fit the key, which a newer key could heal.
    pub(super) fn is_bad_signature(&self) -> bool {
        matches!(self, Self::Library(LibraryError::ActivitySignatureInvalid))
    }
}

/// A sender treats other statuses of 400 and above as final, so what may pass with time must be 503.
fn library_status(error: &LibraryError) -> u16 {
    match error {
        LibraryError::ParseReceivedActivity { .. } => 400,
        LibraryError::UrlVerificationError(_) | LibraryError::ResolveInternalIpError(..) => 403,
        // The library says this too when the name server does not answer.
        LibraryError::DomainResolveError(_)
        | LibraryError::Reqwest(_)
        | LibraryError::ReqwestMiddleware(_)
        | LibraryError::IoError(_) => 503,
        _ => 401,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_and_passing_failures_have_different_statuses() {
        let status = |error: LibraryError| FederationError::from(error).status();
        assert_eq!(status(LibraryError::ActivityBodyDigestInvalid), 401);
        assert_eq!(status(LibraryError::ActivitySignatureInvalid), 401);
        assert_eq!(status(LibraryError::UrlVerificationError("blocked")), 403);
        assert_eq!(status(LibraryError::DomainResolveError("a.example".to_owned())), 503);
        assert_eq!(status(LibraryError::IoError(std::io::Error::other("down"))), 503);
        assert_eq!(FederationError::Store(StoreError::Address).status(), 500);
        let lost = StoreError::Database(sqlx::Error::PoolTimedOut);
        assert_eq!(FederationError::Store(lost).status(), 503);
    }
}
