//! What lists for one user are made from, in the user's own words: watches, tags, channels.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::error::RecommendError;
use super::service::Recommendations;
use super::signals::{SIGNAL_LIMIT, preference, since};
use crate::clock::Hour;
use crate::peertube::{CatalogueChannel, CatalogueVideo, ChannelId, Signal, Viewer};
use crate::store::Level;

/// Tags and channels named at most.
const MOST_NAMED: usize = 20;

/// What lists for a user are made from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TasteProfile {
    /// What the history may be used for.
    pub level: Level,
    /// Whether lists are made from the history.
    pub used_for_recommendations: bool,
    /// Why, or why not, in plain words.
    pub explanation: String,
    /// Watched videos that are used.
    pub watches: usize,
    /// Ratings that are used.
    pub ratings: usize,
    /// Tags of what was watched, most important first, at most twenty.
    pub tags: Vec<TagTaste>,
    /// Channels of what was watched, most important first, at most twenty.
    pub channels: Vec<ChannelTaste>,
}

/// What is known about a tag.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagTaste {
    /// The tag.
    pub name: String,
    /// Sum of the values, from -1 to 1 each, of the videos with this tag.
    pub weight: f32,
    /// Videos of the history with this tag.
    pub videos: usize,
}

/// What is known about a channel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelTaste {
    /// Its number on this instance.
    #[schema(value_type = i32)]
    pub id: ChannelId,
    /// Its handle, without host.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its host.
    pub host: String,
    /// Sum of the values, from -1 to 1 each, of its videos.
    pub weight: f32,
    /// Videos of the history in this channel.
    pub videos: usize,
}

impl Recommendations {
    /// What lists for `viewer` are made from, at this moment.
    ///
    /// # Errors
    /// [`RecommendError`] when a database cannot answer.
    pub async fn taste_profile(&self, viewer: &Viewer) -> Result<TasteProfile, RecommendError> {
        let controls = self.controls(viewer.id).await?;
        let level = controls.level.unwrap_or(self.settings().default_level);
        let used = viewer.history_enabled && !viewer.blocked && level.learns();
        let signals: Vec<Signal> = if used {
            let signals = self.peertube().user_signals(viewer.id, SIGNAL_LIMIT).await?;
            signals
                .iter()
                .filter_map(|signal| since(signal, controls.history_from))
                .collect()
        } else {
            Vec::new()
        };
        let mut profile = TasteProfile {
            level,
            used_for_recommendations: used,
            explanation: explanation(viewer, level).to_owned(),
            watches: signals.iter().filter(|signal| signal.watched.is_some()).count(),
            ratings: signals.iter().filter(|signal| signal.rated.is_some()).count(),
            tags: Vec::new(),
            channels: Vec::new(),
        };
        let Some(snapshot) = self.snapshot() else {
            return Ok(profile);
        };
        let hour = Hour::of(self.now());
        let known = signals.iter().filter_map(|signal| {
            let video = snapshot.video(snapshot.item(signal.video)?)?;
            let rules = &self.settings().rules;
            Some((video, preference(signal, video.duration, video.is_live, rules, hour)))
        });
        (profile.tags, profile.channels) = tastes(known);
        Ok(profile)
    }
}

fn tastes<'a>(known: impl Iterator<Item = (&'a CatalogueVideo, f32)>) -> (Vec<TagTaste>, Vec<ChannelTaste>) {
    let mut tags: HashMap<String, (f32, usize)> = HashMap::new();
    let mut channels: HashMap<ChannelId, (&CatalogueChannel, f32, usize)> = HashMap::new();
    for (video, value) in known {
        for tag in &video.tags {
            let entry = tags.entry(tag.to_lowercase()).or_default();
            *entry = (entry.0 + value, entry.1 + 1);
        }
        let entry = channels.entry(video.channel.id).or_insert((&video.channel, 0.0, 0));
        entry.1 += value;
        entry.2 += 1;
    }
    let mut tags: Vec<TagTaste> = tags
        .into_iter()
        .map(|(name, (weight, videos))| TagTaste { name, weight, videos })
        .collect();
    tags.sort_by(|one, other| {
        other
            .weight
            .total_cmp(&one.weight)
            .then_with(|| one.name.cmp(&other.name))
    });
    tags.truncate(MOST_NAMED);
    let mut channels: Vec<ChannelTaste> = channels
        .into_values()
        .map(|(channel, weight, videos)| ChannelTaste {
            id: channel.id,
            name: channel.name.clone(),
            display_name: channel.display_name.clone(),
            host: channel.host.clone(),
            weight,
            videos,
        })
        .collect();
    channels.sort_by(|one, other| other.weight.total_cmp(&one.weight).then_with(|| one.id.cmp(&other.id)));
    channels.truncate(MOST_NAMED);
    (tags, channels)
}

fn explanation(viewer: &Viewer, level: Level) -> &'static str {
    if viewer.blocked {
        return "This account is blocked, so nothing that it watched is used.";
    }
    if !viewer.history_enabled {
        return "Your watch history is switched off in PeerTube, so nothing that you watched is used.";
    }
    match level {
        Level::Off => "You switched recommendations off: what you watched is not read.",
        Level::ContentOnly => {
            "What you watched is only used to leave it out of lists. Nothing is learned from it; lists follow from the video \
             that you are watching and from the topics that you chose."
        }
        Level::Local => {
            "What you watched and rated is used for your lists and for this instance's model. It does not leave this instance."
        }
        Level::Contribute => {
            "What you watched and rated is used for your lists and for this instance's model, and is part of sums over many \
             accounts that leave this instance with noise added."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::snapshot;
    use super::*;

    #[test]
    fn tastes_are_sums_largest_first() {
        let snapshot = snapshot();
        let videos = snapshot.videos();
        let (tags, channels) = tastes([(&videos[0], 0.5), (&videos[2], 0.25), (&videos[3], 1.0)].into_iter());
        let expected = TagTaste {
            name: "bees".to_owned(),
            weight: 0.75,
            videos: 2,
        };
        assert_eq!(tags, [expected]);
        let ids: Vec<i32> = channels.iter().map(|channel| channel.id.0).collect();
        assert_eq!(ids, [3, 1, 2]);
    }
}
