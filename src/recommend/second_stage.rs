//! The second stage of ranking for one user: PeerTube's rows as the model's numbers, and back.
//!
//! What it learned and what it looks at is in [`crate::model::ranking`]. It only changes the order of the first stage's best
//! candidates, so reasons, which are read off the parts of the first stage's score, stay true.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::HashSet;

use crate::clock::Hour;
use crate::model::ranking::{ChannelTie, Facts, Feature, ItemFacts, Ranker, Reader};
use crate::model::recommender::{Profile, Recommender};
use crate::peertube::{CataloguePrivacy, CatalogueVideo, ChannelId, Tie};

/// A learned ranker with the facts about the videos that it ranks.
pub struct SecondStage {
    ranker: Ranker,
    facts: Facts,
}

impl SecondStage {
    /// For `videos` in the order of the items of `recommender`.
    pub fn new(ranker: Ranker, videos: &[CatalogueVideo], recommender: &Recommender) -> Self {
        Self {
            ranker,
            facts: facts(videos, &recommender.components().channel_of),
        }
    }

    /// What was learned.
    pub fn ranker(&self) -> &Ranker {
        &self.ranker
    }

    /// Whether following a channel moves its videos up.
    pub fn favours_subscriptions(&self) -> bool {
        self.ranker.weight(Feature::Subscription) > 0.0
    }

    /// Ranks the best candidates of `scores` again, for a user with this history (newest first) and these ties.
    pub fn rerank(
        &self,
        recommender: &Recommender,
        profile: &Profile,
        history: &[(u32, f32)],
        ties: &[ChannelTie],
        hour: Hour,
        scores: &mut [f32],
    ) {
        let reader = Reader {
            profile,
            history,
            ties,
            time: hour.start().timestamp(),
        };
        let watched: HashSet<u32> = history.iter().map(|(item, _)| *item).collect();
        self.ranker.rerank(recommender, &self.facts, &reader, &watched, scores);
    }
}

/// What the second stage knows about videos; `channel_of` has the number of each video's channel.
pub fn facts(videos: &[CatalogueVideo], channel_of: &[u32]) -> Facts {
    Facts::new(videos.iter().zip(channel_of).map(|(video, channel)| ItemFacts {
        published: video.published_at.timestamp(),
        language: video.language.as_deref(),
        channel: *channel,
        listed: video.publicly_listed && video.privacy == CataloguePrivacy::Public,
    }))
}

/// The numbers of the channels that have videos; `channel_of` has the number of each video's channel.
pub fn channel_numbers(videos: &[CatalogueVideo], channel_of: &[u32]) -> foldhash::HashMap<ChannelId, u32> {
    videos
        .iter()
        .zip(channel_of)
        .map(|(video, channel)| (video.channel.id, *channel))
        .collect()
}

/// Ties to channels that have videos.
pub fn channel_ties<S: BuildHasher>(ties: &[Tie], numbers: &HashMap<ChannelId, u32, S>) -> Vec<ChannelTie> {
    ties.iter()
        .filter_map(|tie| {
            Some(ChannelTie {
                channel: *numbers.get(&tie.channel)?,
                subscribed: tie.subscribed,
                since: tie.since.timestamp(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::super::test_support::snapshot;
    use super::*;

    #[test]
    fn ties_are_to_the_channels_of_the_model() {
        let snapshot = snapshot();
        let channel_of = &snapshot.recommender().components().channel_of;
        let numbers = channel_numbers(snapshot.videos(), channel_of);
        let tie = |channel, subscribed| Tie {
            channel: ChannelId(channel),
            subscribed,
            since: DateTime::UNIX_EPOCH + TimeDelta::seconds(7),
        };
        // Videos 1 and 2 are in channel 1, 3 in channel 2; there is no channel 9.
        let ties = channel_ties(&[tie(2, true), tie(9, true), tie(1, false)], &numbers);
        let outline: Vec<(u32, bool, i64)> = ties
            .iter()
            .map(|tie| (tie.channel, tie.subscribed, tie.since))
            .collect();
        assert_eq!(outline, [(channel_of[2], true, 7), (channel_of[0], false, 7)]);

        let facts = facts(snapshot.videos(), channel_of);
        assert_eq!(facts.channel(1), Some(channel_of[0]));
        assert_eq!(facts.published(3), 4 * 86_400);
    }
}
