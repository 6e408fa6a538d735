//! Who asks: what the caller did and decided, as far as it may be read, and what was played in this sitting.
//!
//! What stays out: what a list is made of ([`super::service`]), and the model's view of the caller ([`super::scoring`]).

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::controls::Controls;
use super::error::RecommendError;
use super::request::{Request, Strategy};
use super::scoring::Person;
use super::service::Recommendations;
use super::signals::{self, History, SIGNAL_LIMIT};
use super::sitting;
use super::snapshot::Snapshot;
use crate::peertube::{AccountId, CataloguePrivacy, ChannelId, Signal, Tie, UserId, VideoId, VideoReference, Viewer};
use crate::store::Level;

/// Who asks. Nothing at all is read of somebody who is blocked, has switched the history off, or is at the level `off`.
#[derive(Default)]
pub(super) struct Caller {
    /// The user; `None` for a visitor.
    pub viewer: Option<Viewer>,
    /// What the user watched and rated, newest first.
    pub signals: Vec<Signal>,
    /// Subscriptions and comments, where they rank.
    pub ties: Option<Vec<Tie>>,
    /// What the user decided.
    pub controls: Arc<Controls>,
    /// The videos that the caller says were played in this sitting, oldest first; `None` when the caller does not say.
    pub said: Option<Vec<VideoId>>,
}

impl Caller {
    /// The caller, where what is watched may be read: then what was played is known at the next request.
    pub fn remembered(&self) -> Option<UserId> {
        let viewer = self.viewer.as_ref()?;
        (viewer.history_enabled && self.controls.reads_history()).then_some(viewer.id)
    }

    /// The caller's account, where the list is made for the caller and may have own videos in it.
    pub fn author(&self, strategy: Strategy, snapshot: Option<&Snapshot>) -> Option<AccountId> {
        let is_personal = strategy.is_personal() && self.controls.level != Some(Level::Off);
        let account = self.viewer.as_ref().filter(|_| is_personal)?.account_id?;
        snapshot?.is_owner(account).then_some(account)
    }

    /// What was played before the list, oldest first. Of what the caller only says, nothing but what anybody may see is taken
    /// into account: else somebody who guesses numbers could tell from the order whose a hidden video is.
    pub fn played(
        &self,
        strategy: Strategy,
        current: Option<VideoId>,
        snapshot: Option<&Snapshot>,
        now: DateTime<Utc>,
    ) -> Vec<VideoId> {
        let remembered = self.remembered().is_some();
        let reset = self.controls.history_from;
        let is_public = |video: &VideoId| {
            let known = snapshot.and_then(|snapshot| snapshot.video(snapshot.item(*video)?));
            known.is_some_and(|video| video.publicly_listed && video.privacy == CataloguePrivacy::Public)
        };
        let said = self.said.as_deref();
        let said: Option<Vec<VideoId>> = said.map(|said| said.iter().copied().filter(is_public).collect());
        sitting::played(
            &self.signals,
            reset,
            current,
            strategy,
            remembered,
            said.as_deref(),
            now,
        )
    }
}

impl Recommendations {
    /// Who asks. Ties are read where `ranks_by_ties`.
    pub(super) async fn caller(&self, user: Option<UserId>, ranks_by_ties: bool) -> Result<Caller, RecommendError> {
        let Some(user) = user else { return Ok(Caller::default()) };
        let viewer = async {
            let mut session = self.peertube().session().await?;
            let viewer = session.viewer(user).await?;
            Ok::<_, RecommendError>((session, viewer))
        };
        let ((mut session, viewer), controls) = tokio::try_join!(viewer, self.controls(user))?;
        let viewer = viewer.filter(|viewer| !viewer.blocked);
        let controls = viewer.as_ref().map(|_| controls).unwrap_or_default();
        let is_read = viewer.as_ref().is_some_and(|viewer| viewer.history_enabled) && controls.reads_history();
        let (signals, ties) = if !is_read {
            (Vec::new(), None)
        } else if ranks_by_ties && controls.learns() {
            let (signals, ties) = session.signals_and_ties(user, SIGNAL_LIMIT).await?;
            (signals, Some(ties))
        } else {
            (session.user_signals(user, SIGNAL_LIMIT).await?, None)
        };
        Ok(Caller {
            viewer,
            signals,
            ties,
            controls: Arc::new(controls),
            said: None,
        })
    }

    /// The caller as the model sees them; `None` without a model or a history, and for lists that do not look at it.
    pub(super) fn person(
        &self,
        strategy: Strategy,
        snapshot: Option<&Arc<Snapshot>>,
        history: History,
        ties: Option<Vec<Tie>>,
    ) -> Option<Arc<Person>> {
        let snapshot = snapshot.filter(|_| strategy.is_personal() && !history.preferences.is_empty())?;
        let person = Person::new(history, ties, Arc::clone(snapshot), self.now());
        Some(Arc::new(person))
    }

    /// Only known when the list is about channels that are new to the caller. Read for what the model does not tell.
    pub(super) async fn watched_channels(
        &self,
        strategy: Strategy,
        caller: &Caller,
        snapshot: Option<&Snapshot>,
    ) -> Result<Arc<HashSet<ChannelId>>, RecommendError> {
        let Some(user) = caller.remembered().filter(|_| strategy == Strategy::Explore) else {
            return Ok(Arc::default());
        };
        if caller.signals.len() >= SIGNAL_LIMIT as usize {
            return Ok(Arc::new(self.peertube().watched_channels(user).await?));
        }
        let mut unknown: Vec<VideoId> = Vec::new();
        let mut channels: HashSet<ChannelId> = HashSet::new();
        for signal in &caller.signals {
            let known = snapshot.and_then(|snapshot| snapshot.outline(snapshot.item(signal.video)?));
            match known {
                Some(outline) => _ = channels.insert(outline.channel),
                None => unknown.push(signal.video),
            }
        }
        channels.extend(self.peertube().channels_of(&unknown).await?);
        Ok(Arc::new(channels))
    }

    /// The videos that the caller says were played in this sitting. Unknown ones are left out.
    ///
    /// # Errors
    /// PeerTube's database away.
    pub(super) async fn said(&self, request: &Request) -> Result<Option<Vec<VideoId>>, RecommendError> {
        let Some(references) = &request.played else {
            return Ok(None);
        };
        let uuids: Vec<Uuid> = references
            .iter()
            .filter_map(|reference| match reference {
                VideoReference::Uuid(uuid) => Some(*uuid),
                VideoReference::Id(_) => None,
            })
            .collect();
        let known = self.peertube().resolve_uuids(&uuids).await?;
        let videos = references.iter().filter_map(|reference| match reference {
            VideoReference::Uuid(uuid) => known.get(uuid).copied(),
            VideoReference::Id(id) => Some(*id),
        });
        Ok(Some(videos.collect()))
    }

    /// The caller's history, as far as it may be learned from.
    pub(super) fn history(&self, caller: &Caller, snapshot: &Snapshot) -> History {
        if !caller.controls.learns() {
            return History::default();
        }
        let since_reset: Vec<Signal> = caller
            .signals
            .iter()
            .filter_map(|signal| signals::since(signal, caller.controls.history_from))
            .collect();
        History::new(
            &since_reset,
            snapshot,
            &self.settings().rules,
            self.now(),
            self.settings().history_limit,
        )
    }
}
