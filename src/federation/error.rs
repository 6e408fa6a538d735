//! What can go wrong between sidecars, and the HTTP status that says so.
//!
//! Nothing of a fetched document is ever part of an error, and what a sender wrote itself only as
//! [`Untrusted`] text.

use std::time::Duration;

use activitypub_federation::error::Error as LibraryError;

use crate::privacy::PrivacyError;
use crate::store::StoreError;
use crate::untrusted::Untrusted;

/// Why a request of or to another sidecar was not done.
#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    /// Shoal's own tables.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ActivityPub library could not sign a request or make a key. What it says is not passed on: some of its errors
    /// quote what was fetched.
    #[error("the ActivityPub library failed: {0}")]
    Library(&'static str),
    /// The evidence could not be encoded.
    #[error(transparent)]
    Privacy(#[from] PrivacyError),
    /// An HTTP request could not be made or answered.
    #[error("HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// An actor's server does not answer at the moment: status 503. Why, is for the log: it would tell a stranger about
    /// the network around this sidecar.
    #[error("the server of the actor cannot be reached: {0}")]
    Unreachable(String),
    /// JSON could not be written, or what was received could not be read: status 400.
    #[error("JSON: {}", Untrusted(.0))]
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
    /// The message rests on a follow that this sidecar did not send, or took back: status 403.
    #[error("{0}")]
    NotFollowing(&'static str),
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
    /// There is no room at the moment: status 429.
    #[error("{reason}, try again in {} seconds", .wait.as_secs().max(1))]
    NoRoom {
        /// What there is no room for.
        reason: &'static str,
        /// When it may be otherwise.
        wait: Duration,
    },
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
    /// The peer answered, but not as one that can be synchronized with.
    #[error("{0}")]
    Sync(String),
    /// This sidecar does not follow the peer.
    #[error("this sidecar does not follow {0}")]
    NotFollowed(String),
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
            Self::Forbidden(_) | Self::NotFollowing(_) => 403,
            Self::NotFound => 404,
            Self::TooLarge(_) => 413,
            Self::MediaType => 415,
            Self::TooMany(_) | Self::NoRoom { .. } => 429,
            Self::Busy(_) | Self::Http(_) | Self::Unreachable(_) => 503,
            Self::Store(error) if error.is_transient() => 503,
            // The tables are bounded where the message is checked; this is for what was forgotten there.
            Self::Store(error) if error.is_about_the_value() => 400,
            _ => 500,
        }
    }
}

impl From<LibraryError> for FederationError {
    fn from(error: LibraryError) -> Self {
        Self::Library(match error {
            LibraryError::SignError(_) => "the request could not be signed",
            LibraryError::UrlParse(_) => "an address cannot be read",
            _ => "the request could not be prepared",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_and_passing_failures_have_different_statuses() {
        let later = FederationError::NoRoom {
            reason: "full",
            wait: Duration::from_hours(1),
        };
        assert_eq!(later.status(), 429);
        assert_eq!(FederationError::Unreachable("refused".to_owned()).status(), 503);
        assert_eq!(FederationError::Store(StoreError::TransactionPooling).status(), 500);
        let lost = StoreError::Database(sqlx::Error::PoolTimedOut);
        assert_eq!(FederationError::Store(lost).status(), 503);
        let unfit = StoreError::Database(sqlx::Error::Encode("out of range".into()));
        assert_eq!(FederationError::Store(unfit).status(), 400);
    }

    #[test]
    fn what_was_fetched_is_not_in_an_error() {
        let secret = "root:x:0:0\nINFO forged";
        let parsed = serde_json::from_str::<u8>(secret).unwrap_err();
        let url = url::Url::parse("https://a.example/").unwrap();
        let error = FederationError::from(LibraryError::ParseFetchedObject(parsed, url, secret.to_owned()));
        assert!(
            !error.to_string().contains("root") && !format!("{error:?}").contains("root"),
            "{error:?}"
        );
    }
}
