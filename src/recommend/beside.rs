//! What the owner of the video that is being watched lets be recommended beside it.

use std::collections::HashSet;

use crate::peertube::VideoId;

/// Permitted videos looked at, at most: the newest ones.
pub const PERMITTED_LIMIT: u32 = 10_000;

/// The only videos that a list may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    newest_first: Vec<VideoId>,
    among: HashSet<VideoId>,
}

impl Permitted {
    /// The given videos, newest first.
    pub fn new(newest_first: Vec<VideoId>) -> Self {
        let among = newest_first.iter().copied().collect();
        Self { newest_first, among }
    }

    /// Whether `video` is one of them.
    pub fn allows(&self, video: VideoId) -> bool {
        self.among.contains(&video)
    }

    /// All of them, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = VideoId> + '_ {
        self.newest_first.iter().copied()
    }
}
