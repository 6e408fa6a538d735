//! The answer to a request, in PeerTube's shape: a total and the videos of one page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fallback::Fallback;
use super::reasons::Reason;
use super::request::Strategy;
use crate::peertube::VideoCard;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page {
    /// Length of the whole list. A list has at most 500 videos, however many more could be shown.
    pub total: usize,
    /// Why no video of the list comes from the strategy that was asked for; `null` when some do.
    pub fallback: Option<Fallback>,
    /// The videos of this page.
    pub data: Vec<RecommendedVideo>,
}

/// A video and why it is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecommendedVideo {
    /// The video as PeerTube's lists show it.
    #[serde(flatten)]
    pub video: VideoCard,
    /// Why it is there.
    pub recommendation: Recommendation,
}

/// Why a video is in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recommendation {
    /// The model's score. It compares videos of one source in one answer and means nothing else; `null` for videos that no
    /// model has ranked.
    pub score: Option<f32>,
    /// What brought the video into the list: the strategy that was asked for, or one it fell back to.
    pub source: Strategy,
    /// What weighed most, most important first; at most three. Empty when nothing stands out.
    pub reasons: Vec<Reason>,
}

impl Recommendation {
    /// The reasons as a person would say them.
    pub fn in_words(&self) -> String {
        if self.reasons.is_empty() {
            return format!("from the list \u{201c}{}\u{201d}", self.source);
        }
        let reasons = self.reasons.iter().map(|reason| match reason {
            Reason::Watched { name, .. } => format!("because you watched \u{201c}{name}\u{201d}"),
            Reason::Channel => "from a channel you watch".to_owned(),
            Reason::Popular => "popular on this instance".to_owned(),
            Reason::Federation => "people with similar taste on other instances watched this".to_owned(),
            Reason::Similar { name, .. } => format!("similar to \u{201c}{name}\u{201d}"),
            Reason::Recent => "new".to_owned(),
            Reason::Topic => "a topic you asked for more of".to_owned(),
            Reason::Subscription => "from a channel you follow".to_owned(),
            Reason::Unfamiliar => "something new: you have not watched this channel".to_owned(),
            Reason::Chance => "by chance: it is new or from a small channel, so few have seen it".to_owned(),
            Reason::NextPart => "the next part".to_owned(),
        });
        reasons.collect::<Vec<_>>().join("; ")
    }
}
