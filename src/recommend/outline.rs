//! The few bytes of a video that a request looks at for very many videos, side by side in memory: a whole description is ten times
//! as long, and most of the time of looking at one goes by until it arrives.
//!
//! What stays out: whatever is only needed of videos that are shown.

use crate::peertube::{AccountId, CatalogueVideo, ChannelId, VideoId};

/// A video in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// Its row in PeerTube's database.
    pub video: VideoId,
    /// Its channel.
    pub channel: ChannelId,
    /// The account that owns the channel.
    pub owner: AccountId,
    /// Length in seconds; 0 for lives.
    pub duration: i32,
    /// Whether it is a live.
    pub is_live: bool,
}

impl From<&CatalogueVideo> for Outline {
    fn from(video: &CatalogueVideo) -> Self {
        Self {
            video: video.id,
            channel: video.channel.id,
            owner: video.owner,
            duration: video.duration,
            is_live: video.is_live,
        }
    }
}
