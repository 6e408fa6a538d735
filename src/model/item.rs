//! What is publicly known about a video, as far as the model cares.

/// Public facts about one video.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Item {
    /// ActivityPub address: the identity across instances.
    pub address: String,
    /// ActivityPub address of the channel.
    pub channel: String,
    /// Category number.
    pub category: Option<u32>,
    /// Language code.
    pub language: Option<String>,
    /// Tags, as published.
    pub tags: Vec<String>,
    /// Title.
    pub title: String,
    /// Public view counter.
    pub views: u64,
    /// Whether anybody may see it in this instance's public lists. Only such items may occur in messages.
    pub listed: bool,
}
