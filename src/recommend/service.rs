//! One request from beginning to end: who asks, what was watched, rank, filter, cut a page, say why.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::caller::Caller;
use super::controls::Controls;
use super::error::RecommendError;
use super::fair_chance::{self, interleave};
use super::listing::{Audience, Entry, Listing, Newest};
use super::newest_first::NewestFirst;
use super::page::Page;
use super::plan::{Available, sources};
use super::presumed::Presumed;
use super::ranking::Scored;
use super::request::{Request, Strategy};
use super::scoring::Wish;
use super::showing::explain;
use super::signals::{SIGNAL_LIMIT, Seen};
use super::snapshot::{SharedSnapshot, Snapshot};
use super::spreading::{is_spread, spread};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::model::preference::PreferenceRules;
use crate::peertube::{PeerTube, UserId, VideoId, Viewer, VisitorSettings};
use crate::store::{Level, Store};

/// What an administrator decides about lists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How watching and rating become preferences.
    pub rules: PreferenceRules,
    /// Whether sensitive videos are hidden from visitors without an account.
    pub hide_nsfw_by_default: bool,
    /// Newest signals that are folded in for one user.
    pub history_limit: usize,
    /// Level of users who made no choice.
    pub default_level: Level,
    /// Share of the places of personal lists that is given by chance, from 0 to 0.5; see [`super::fair_chance`].
    pub fair_chance: f32,
    /// With so many videos, it is remembered for a while which ones are probably visible; see [`super::presumed`].
    pub many_videos: usize,
}

/// With fewer videos a server has little to do anyway, and what is new is listed at once.
const MANY_VIDEOS: usize = 10_000;

/// So many videos are ranked without leaving the thread: one or two milliseconds, and going to another thread and back
/// takes a tenth of that, and longer where all processors are busy.
const RANKED_AT_ONCE: usize = 200_000;

impl Settings {
    /// The settings in a configuration.
    pub fn from_config(config: &Config) -> Self {
        Self {
            rules: config.preferences.rules(),
            hide_nsfw_by_default: config.recommend.hide_nsfw_by_default,
            history_limit: config.recommend.history_limit as usize,
            default_level: config.privacy.contribution.into(),
            fair_chance: config.recommend.fair_chance,
            many_videos: MANY_VIDEOS,
        }
    }
}

/// Makes lists for requests. Cheap to clone.
#[derive(Clone)]
pub struct Recommendations {
    peertube: PeerTube,
    store: Store,
    snapshot: SharedSnapshot,
    settings: Settings,
    presumed: Presumed,
    clock: SharedClock,
}

/// What a list is made from.
struct Making<'a> {
    request: &'a Request,
    snapshot: Option<&'a Arc<Snapshot>>,
    caller: &'a Caller,
    wish: &'a Wish,
    available: Available,
    similar_to: Option<VideoId>,
    /// What follows the current video, the surest first.
    following: Vec<VideoId>,
}

/// A page, and whether all that was to be on it is visible.
struct Checked {
    page: Page,
    is_whole: bool,
}

impl Recommendations {
    /// Lists from `peertube`'s videos, ranked by whatever model is published in `snapshot`, for users who decided what is
    /// in `store`.
    pub fn new(
        peertube: PeerTube,
        store: Store,
        snapshot: SharedSnapshot,
        settings: Settings,
        clock: SharedClock,
    ) -> Self {
        Self {
            presumed: Presumed::new(peertube.clone(), Arc::clone(&clock)),
            peertube,
            store,
            snapshot,
            settings,
            clock,
        }
    }

    /// Answers one request.
    ///
    /// Unknown users, users without history, a missing or outdated model: none is an error, the list falls back as
    /// [`super::plan`] says.
    ///
    /// # Errors
    /// [`RecommendError`]: numbers out of bounds, `similar` without a video or with one that the caller may not see,
    /// one of the databases away. Shoal's own is only needed for users.
    pub async fn for_request(&self, request: &Request) -> Result<Page, RecommendError> {
        request.check()?;
        let snapshot = self.snapshot.load_full();
        let ranks_twice = snapshot
            .as_deref()
            .is_some_and(|snapshot| snapshot.second_stage().is_some());
        let ranks_by_ties = ranks_twice && request.strategy == Strategy::ForYou;
        let (caller, named, said) = tokio::try_join!(
            self.caller(request.user, ranks_by_ties),
            self.named(request),
            self.said(request)
        )?;
        let mut caller = Caller { said, ..caller };
        let history = snapshot
            .as_deref()
            .map(|snapshot| self.history(&caller, snapshot))
            .unwrap_or_default();
        let has_history = !history.preferences.is_empty();
        let current = self
            .current(request, named, caller.viewer.as_ref(), has_history)
            .await?;
        let permitted = self.permitted(request, current, caller.viewer.as_ref()).await?;
        let similar_to = current.filter(|current| current.open).map(|current| current.video);
        let similar_item = snapshot
            .as_deref()
            .zip(similar_to)
            .and_then(|(snapshot, video)| snapshot.item(video));
        let available = Available {
            personal: has_history,
            similar: similar_item.is_some(),
            model: snapshot.is_some(),
            subscriptions: caller.viewer.is_some() && caller.controls.level != Some(Level::Off),
        };

        let wish = Wish {
            strategy: request.strategy,
            person: self.person(request.strategy, snapshot.as_ref(), history, caller.ties.take()),
            controls: Arc::clone(&caller.controls),
            current: similar_item,
            remembered: caller.remembered(),
            knows_played: caller.remembered().is_some() || caller.said.is_some(),
            watched_channels: self
                .watched_channels(request.strategy, &caller, snapshot.as_deref())
                .await?,
            now: self.clock.now(),
        };
        let seen = Seen::new(&caller.signals);
        let visitor = request.visitor.settings(self.settings.hide_nsfw_by_default);
        let played: foldhash::HashSet<VideoId> = caller.said.iter().flatten().copied().collect();
        // What plays by itself must not go in circles.
        let include_watched = request.include_watched && request.strategy != Strategy::Next;
        let copies = snapshot
            .as_deref()
            .map(Snapshot::copies)
            .filter(|_| request.strategy.is_spread());
        let played_too = current
            .filter(|_| request.strategy == Strategy::Next)
            .map(|current| current.video);
        let watched = seen.all(include_watched).chain(&played).chain(&played_too);
        let excluded_copies = (watched.filter_map(|video| copies?.group(*video))).collect();
        let audience = Audience {
            viewer: caller.viewer.as_ref(),
            visitor: &visitor,
            seen: &seen,
            controls: &caller.controls,
            seen_is_cut: caller.signals.len() >= SIGNAL_LIMIT as usize,
            include_watched,
            author: caller.author(request.strategy, snapshot.as_deref()),
            current: current.map(|current| current.video),
            played: &played,
            permitted: permitted.as_ref(),
            copies,
            excluded_copies: &excluded_copies,
            presumed: None,
        };
        let making = Making {
            request,
            snapshot: snapshot.as_ref(),
            caller: &caller,
            wish: &wish,
            available,
            similar_to,
            following: self
                .following(request.strategy, similar_to, wish.knows_played, snapshot.as_ref())
                .await?,
        };
        let presumed = self.guess(snapshot.as_deref(), caller.viewer.as_ref(), &visitor);
        if let Some(presumed) = &presumed {
            let presumed = Some(&**presumed);
            let page = self.page(&making, Audience { presumed, ..audience }).await?;
            if page.is_whole {
                return Ok(page.page);
            }
        }
        Ok(self.page(&making, audience).await?.page)
    }

    /// A guess which videos are visible, where looking them up would take long. Before the first model, that is known from what
    /// was read beforehand. None is kept for visitors with choices of their own: there are too many different ones, and anybody
    /// can make them up.
    fn guess(
        &self,
        snapshot: Option<&Snapshot>,
        viewer: Option<&Viewer>,
        visitor: &VisitorSettings,
    ) -> Option<Arc<NewestFirst>> {
        if viewer.is_none() && !visitor.is_common() {
            return None;
        }
        let many = self.settings.many_videos;
        match snapshot {
            Some(snapshot) if snapshot.videos().len() >= many => self.presumed.listed_for(viewer, visitor),
            Some(_) => None,
            None => {
                let known = self.presumed.known_for(viewer, visitor);
                known.filter(|listed| listed.videos().len() >= many)
            }
        }
    }

    /// Makes the list and cuts the page. What is on the page is visible to the caller, presumed or not.
    async fn page(&self, making: &Making<'_>, audience: Audience<'_>) -> Result<Checked, RecommendError> {
        let Making {
            request,
            snapshot,
            caller,
            wish,
            similar_to,
            ..
        } = *making;
        let (viewer, visitor) = (audience.viewer, audience.visitor);
        let period = fair_chance::period(self.settings.fair_chance, &wish.controls);
        let mut listing = Listing::new(&self.peertube, audience, request.start + request.count);
        let model = snapshot.map(|snapshot| &**snapshot);
        let parts = making.following.iter().map(|video| Entry {
            follows: true,
            ..recent_entry(*video, model, request.strategy)
        });
        listing.begin_with(parts).await?;
        for source in sources(request.strategy, making.available) {
            if listing.is_full() {
                break;
            }
            match (source, snapshot) {
                (Strategy::Subscriptions, _) => {
                    let describe = |video| recent_entry(video, snapshot.map(|snapshot| &**snapshot), source);
                    listing.fill_with_recent(Newest::Followed, describe).await?;
                }
                (Strategy::Popular, None) => {
                    let describe = |video| recent_entry(video, None, source);
                    listing.fill_with_recent(Newest::MostViewed, describe).await?;
                }
                (Strategy::Recent, _) | (_, None) => {
                    let describe = |video| recent_entry(video, snapshot.map(|snapshot| &**snapshot), Strategy::Recent);
                    listing.fill_with_recent(Newest::All, describe).await?;
                }
                (_, Some(model)) => {
                    let ranked = if model.videos().len() <= RANKED_AT_ONCE {
                        wish.rank(source, model)
                    } else {
                        let made_for = wish.clone();
                        rank(Arc::clone(model), move |model| made_for.rank(source, model)).await?
                    };
                    let at_least = ranked.size_hint().0;
                    let stands = |part: &[Entry]| is_spread(part, wish, model);
                    let best = entries(ranked, model, source);
                    match wish.by_chance(source, model).zip(period) {
                        Some((drawn, period)) => {
                            let by_chance = entries(drawn, model, source).map(|entry| Entry {
                                by_chance: true,
                                ..entry
                            });
                            listing
                                .fill(interleave(best, by_chance, period), at_least, stands)
                                .await?;
                        }
                        None => listing.fill(best, at_least, stands).await?,
                    }
                }
            }
        }

        let listed = listing.finish();
        let total = listed.total;
        let has_any = listed.entries.iter().any(|entry| entry.source == request.strategy);
        let fallback = if has_any {
            None
        } else {
            Some(self.fallback(request.strategy, caller, making.available).await?)
        };
        let played = caller.played(request.strategy, similar_to, model, wish.now);
        let played = played
            .into_iter()
            .map(|video| recent_entry(video, model, request.strategy));
        let wanted = request.start + request.count;
        let entries = spread(played.collect(), listed, wanted, period, wish, model);
        let page: Vec<Entry> = entries.into_iter().skip(request.start).take(request.count).collect();
        let grounds = explain(&page, snapshot.cloned(), wish.clone(), similar_to).await?;
        let data = self.hydrate(&page, grounds, viewer, visitor, similar_to).await?;
        Ok(Checked {
            is_whole: data.len() == page.len(),
            page: Page { total, fallback, data },
        })
    }

    /// Reads beforehand what the first requests for a model's lists need; see [`Presumed::prepare`].
    pub async fn prepare(&self) {
        let Settings {
            hide_nsfw_by_default,
            many_videos,
            ..
        } = self.settings;
        self.presumed
            .prepare(hide_nsfw_by_default, many_videos, &self.snapshot)
            .await;
    }

    /// Which videos are presumed to be visible.
    pub fn presumed(&self) -> &Presumed {
        &self.presumed
    }

    /// What an administrator decided.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// PeerTube's database.
    pub(super) fn peertube(&self) -> &PeerTube {
        &self.peertube
    }

    /// The model in use.
    pub(super) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full()
    }

    /// The present.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) async fn controls(&self, user: UserId) -> Result<Controls, RecommendError> {
        let decided = self.store.settings_and_unwanted(user.0).await?;
        let (settings, unwanted) = decided.as_ref().clone();
        Ok(Controls::new(settings, unwanted, self.settings.default_level))
    }
}

/// Ranks off the threads that serve requests: with many videos it takes milliseconds.
pub(super) async fn rank<T: Send + 'static>(
    snapshot: Arc<Snapshot>,
    work: impl FnOnce(&Arc<Snapshot>) -> T + Send + 'static,
) -> Result<T, RecommendError> {
    Ok(tokio::task::spawn_blocking(move || work(&snapshot)).await?)
}

fn entries(ranked: impl Iterator<Item = Scored>, snapshot: &Snapshot, source: Strategy) -> impl Iterator<Item = Entry> {
    ranked.filter_map(move |scored| {
        let outline = snapshot.outline(scored.item)?;
        Some(Entry {
            video: outline.video,
            item: Some(scored.item),
            channel: Some(outline.channel),
            owner: Some(outline.owner),
            score: Some(scored.score),
            source,
            by_chance: false,
            follows: false,
        })
    })
}

fn recent_entry(video: VideoId, snapshot: Option<&Snapshot>, source: Strategy) -> Entry {
    let item = snapshot.and_then(|snapshot| snapshot.item(video));
    let known = snapshot.zip(item).and_then(|(snapshot, item)| snapshot.outline(item));
    Entry {
        video,
        item,
        channel: known.map(|outline| outline.channel),
        owner: known.map(|outline| outline.owner),
        score: None,
        source,
        by_chance: false,
        follows: false,
    }
}
