//! Why a request cannot be answered with a list.

use crate::peertube::PeerTubeError;
use crate::store::StoreError;

/// Why there is no list. A missing model or an unknown user is no error: there is always a list to fall back to.
#[derive(Debug, thiserror::Error)]
pub enum RecommendError {
    /// [`super::Strategy::Similar`] without a video.
    #[error("the strategy `similar` needs a video: similar to what?")]
    MissingVideo,
    /// The video does not exist here, or the caller may not know that it does.
    #[error("there is no such video")]
    UnknownVideo,
    /// A number of the request is out of its bounds.
    #[error("{parameter} must be from {minimum} to {maximum}")]
    OutOfBounds {
        /// Name of the number.
        parameter: &'static str,
        /// Smallest that is allowed.
        minimum: usize,
        /// Largest that is allowed.
        maximum: usize,
    },
    /// PeerTube's database could not answer.
    #[error(transparent)]
    PeerTube(#[from] PeerTubeError),
    /// Shoal's own tables could not tell what the user decided. Without that, no list is made for a user.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The computation was interrupted: the process is stopping, or the model is broken.
    #[error("the ranking was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}
