//! A page as it is shown: the cards of its videos, and why each is there.
//!
//! What is shown is checked for the caller here once more, in the statement that reads it.

use std::sync::Arc;

use foldhash::HashMap;

use super::error::RecommendError;
use super::listing::Entry;
use super::page::{Recommendation, RecommendedVideo};
use super::reasons::{Ground, MAXIMUM_REASONS, impersonal, personal};
use super::request::Strategy;
use super::scoring::Wish;
use super::service::{Recommendations, rank};
use super::snapshot::Snapshot;
use super::steering::is_about;
use crate::peertube::{VideoCard, VideoId, Viewer, VisitorSettings};

/// Shares of watched videos that are computed without leaving the thread, which would take longer: some tenths of a millisecond.
const AT_ONCE: usize = 5_000;

impl Recommendations {
    /// The cards of the entries that are visible to the caller, with the words for their grounds.
    pub(super) async fn hydrate(
        &self,
        page: &[Entry],
        grounds: Vec<Vec<Ground>>,
        viewer: Option<&Viewer>,
        visitor: &VisitorSettings,
        similar_to: Option<VideoId>,
    ) -> Result<Vec<RecommendedVideo>, RecommendError> {
        let named = || grounds.iter().flatten().filter_map(|ground| ground.video());
        let mut videos: Vec<VideoId> = page.iter().map(|entry| entry.video).chain(named()).collect();
        videos.sort_unstable();
        videos.dedup();
        // A video that was watched may have been hidden since; the current one has been checked.
        let mut cards = by_id(self.peertube().visible_cards(viewer, visitor, &videos).await?);
        let checked: Vec<VideoId> = similar_to
            .into_iter()
            .filter(|video| named().any(|named| named == *video) && !cards.contains_key(video))
            .collect();
        let titles: HashMap<VideoId, VideoCard> = (named().filter_map(|video| cards.get_key_value(&video)))
            .map(|(video, card)| (*video, card.clone()))
            .chain(by_id(self.peertube().cards(&checked).await?))
            .collect();
        let described = page.iter().zip(grounds).filter_map(|(entry, grounds)| {
            // Without a card the video was hidden or deleted a moment ago.
            let video = cards.remove(&entry.video)?;
            let reasons = grounds
                .into_iter()
                .filter_map(|ground| ground.with_titles(&titles))
                .collect();
            let recommendation = Recommendation {
                score: entry.score,
                source: entry.source,
                reasons,
            };
            Some(RecommendedVideo { video, recommendation })
        });
        Ok(described.collect())
    }
}

fn by_id(cards: Vec<VideoCard>) -> HashMap<VideoId, VideoCard> {
    cards.into_iter().map(|card| (card.id, card)).collect()
}

/// The grounds of each entry of a page.
pub(super) async fn explain(
    page: &[Entry],
    snapshot: Option<Arc<Snapshot>>,
    wish: Wish,
    similar_to: Option<VideoId>,
) -> Result<Vec<Vec<Ground>>, RecommendError> {
    // Somebody who has watched nothing at all has nothing familiar either: that is no reason.
    let knows_channels = !wish.watched_channels.is_empty();
    let Some((snapshot, person)) = snapshot.clone().zip(wish.person) else {
        return Ok(page
            .iter()
            .map(|entry| impersonal(entry, snapshot.as_deref(), similar_to, knows_channels))
            .collect());
    };
    let controls = wish.controls;
    let work = page.len() * person.history.preferences.len();
    let explained = page.to_vec();
    let explain = move |snapshot: &Arc<Snapshot>| {
        let (profile, topics) = (person.profile(), &controls.topics);
        let wanted = |item| {
            let video = snapshot.video(item);
            video.is_some_and(|video| is_about(video, &topics.tags_up, &topics.categories_up))
        };
        let ground = |entry: &Entry| {
            let mut grounds = impersonal(entry, Some(snapshot), similar_to, knows_channels);
            if let (Strategy::ForYou | Strategy::Next, Some(item)) = (entry.source, entry.item) {
                if entry.channel.is_some_and(|channel| person.follows(channel)) {
                    grounds.push(Ground::Subscription);
                }
                let explanation = snapshot.recommender().explain(profile, item);
                grounds.extend(personal(entry, &explanation, &person.history, snapshot));
                if wanted(item) {
                    grounds.insert(0, Ground::Topic);
                }
                grounds.truncate(MAXIMUM_REASONS);
            }
            grounds
        };
        explained.iter().map(ground).collect()
    };
    if work <= AT_ONCE {
        return Ok(explain(&snapshot));
    }
    rank(snapshot, explain).await
}
