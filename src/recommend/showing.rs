//! A page as it is shown: the cards of its videos, and why each is there.
//!
//! What is shown is checked for the caller here once more, in the statement that reads it.

use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use super::error::RecommendError;
use super::listing::Entry;
use super::page::{Recommendation, RecommendedVideo};
use super::reasons::{ABOVE_CHANCE, Ground, MAXIMUM_REASONS, impersonal, otherwise, personal};
use super::request::Strategy;
use super::scoring::Wish;
use super::service::{Recommendations, rank};
use super::snapshot::Snapshot;
use super::steering::is_about;
use crate::peertube::{VideoCard, VideoId, Viewer, VisitorSettings};

/// Shares of watched videos that are computed without leaving the thread, which would take longer: some tenths of a millisecond.
const AT_ONCE: usize = 5_000;
/// So many shares take as long as it takes to tell what chance gives, for each video of a page.
const CHANCE_WORK: usize = 200;

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
    let standing_out = snapshot.as_deref().map(|snapshot| standing_out(page, &wish, snapshot));
    let stands_out = move |entry: &Entry| {
        let among = standing_out.as_ref().zip(entry.item);
        among.is_some_and(|(standing_out, item)| standing_out.contains(&item))
    };
    let Some((snapshot, person)) = snapshot.clone().zip(wish.person) else {
        let snapshot = snapshot.as_deref();
        let grounds = |entry: &Entry| {
            let grounds = impersonal(entry, snapshot, similar_to, knows_channels, stands_out(entry));
            or_otherwise(grounds, entry, snapshot)
        };
        return Ok(page.iter().map(grounds).collect());
    };
    let controls = wish.controls;
    let work = page.len() * (person.history.preferences.len() + CHANCE_WORK);
    let explained = page.to_vec();
    let explain = move |snapshot: &Arc<Snapshot>| {
        let (profile, topics) = (person.profile(), &controls.topics);
        let wanted = |item| {
            let video = snapshot.video(item);
            video.is_some_and(|video| is_about(video, &topics.tags_up, &topics.categories_up))
        };
        let ground = |entry: &Entry| {
            let mut grounds = impersonal(entry, Some(snapshot), similar_to, knows_channels, stands_out(entry));
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
            or_otherwise(grounds, entry, Some(snapshot))
        };
        explained.iter().map(ground).collect()
    };
    if work <= AT_ONCE {
        return Ok(explain(&snapshot));
    }
    rank(snapshot, explain).await
}

/// The items of a page that were listed because they are like the current video, and are so more than chance gives.
fn standing_out(page: &[Entry], wish: &Wish, snapshot: &Snapshot) -> HashSet<u32> {
    let Some(current) = wish.current else {
        return HashSet::default();
    };
    let like_it = |entry: &&Entry| matches!(entry.source, Strategy::Similar | Strategy::Next);
    let items: Vec<u32> = page.iter().filter(like_it).filter_map(|entry| entry.item).collect();
    if items.is_empty() {
        return HashSet::default();
    }
    let recommender = snapshot.recommender();
    let above = if wish.controls.content_only() {
        recommender.content_above_chance(current, &items)
    } else {
        recommender.similarity_above_chance(current, &items)
    };
    let standing_out = items.into_iter().zip(above).filter(|(_, above)| *above >= ABOVE_CHANCE);
    standing_out.map(|(item, _)| item).collect()
}

/// The grounds, or what else can be said of an entry that was chosen and not just counted.
fn or_otherwise(grounds: Vec<Ground>, entry: &Entry, snapshot: Option<&Snapshot>) -> Vec<Ground> {
    let is_chosen = matches!(entry.source, Strategy::ForYou | Strategy::Similar | Strategy::Next);
    if !grounds.is_empty() || !is_chosen {
        return grounds;
    }
    let ground = snapshot
        .zip(entry.item)
        .and_then(|(snapshot, item)| otherwise(item, snapshot));
    ground.into_iter().collect()
}
