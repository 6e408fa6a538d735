//! Some videos in the order of their age, with a quick answer whether one is among them.

use foldhash::HashSet;

use crate::peertube::VideoId;

/// Videos, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestFirst {
    videos: Vec<VideoId>,
    among: HashSet<VideoId>,
}

impl NewestFirst {
    /// The given videos, newest first.
    pub fn new(videos: Vec<VideoId>) -> Self {
        let among = videos.iter().copied().collect();
        Self { videos, among }
    }

    /// Whether `video` is one of them.
    pub fn contains(&self, video: VideoId) -> bool {
        self.among.contains(&video)
    }

    /// All of them, newest first.
    pub fn videos(&self) -> &[VideoId] {
        &self.videos
    }
}
