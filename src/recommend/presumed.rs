//! Which videos are probably listed for callers with the same settings, so that PeerTube's database need not be asked about
//! every candidate of every list.
//!
//! It is only a guess which candidates are worth ranking: what a list shows is checked for its caller in any case, and a list
//! of which something turns out to be hidden is made again without the guess. A video that becomes visible may be missing
//! from such lists for as long as a guess is used. What stays out: PeerTube's rules ([`crate::peertube`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::newest_first::NewestFirst;
use super::snapshot::SharedSnapshot;
use crate::clock::SharedClock;
use crate::panics::{Panicked, contained};
use crate::peertube::{Audience, PeerTube, Viewer, VisitorSettings};

/// After a minute at least, a guess is made anew.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// For so long the old one is still used, so that nobody waits for the new one.
const GRACE: TimeDelta = TimeDelta::seconds(15);
/// And for so many times as long as it took to make: so guesses never keep the database busy.
const LIFETIME_PER_WORK: i32 = 100;
/// Kinds of callers for whom a guess is kept at most.
const KINDS: usize = 16;
/// Kinds of users for whom one is made beforehand at most.
const COMMON_KINDS: u32 = 4;
/// How often it is looked whether one that was made beforehand is too old.
const PREPARED_EVERY: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Guess {
    /// The videos, and when they are read anew; `None` until they have been read once.
    listed: Option<(Arc<NewestFirst>, DateTime<Utc>)>,
    /// Whether somebody is reading them now.
    being_read: bool,
    last_used: Option<DateTime<Utc>>,
}

impl Guess {
    /// Whether it is time that somebody reads it, and nobody does.
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        !self.being_read && self.listed.as_ref().is_none_or(|(_, until)| now >= *until)
    }
}

/// The guesses for all kinds of callers. Cheap to clone.
#[derive(Clone)]
pub struct Presumed {
    guesses: Arc<Mutex<HashMap<Audience, Guess>>>,
    peertube: PeerTube,
    clock: SharedClock,
}

impl Presumed {
    /// Knows nothing yet.
    pub fn new(peertube: PeerTube, clock: SharedClock) -> Self {
        Self {
            guesses: Arc::default(),
            peertube,
            clock,
        }
    }

    /// The videos that are probably listed for this caller; `None` while that is not known. Where it is not, or not known
    /// any more, it is read in the background.
    pub fn listed_for(&self, viewer: Option<&Viewer>, visitor: impl Into<VisitorSettings>) -> Option<Arc<NewestFirst>> {
        let kind = Audience::new(viewer, visitor).muting_nobody();
        let now = self.clock.now();
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.len() >= KINDS && !guesses.contains_key(&kind) {
            let oldest = guesses.iter().filter(|(_, guess)| !guess.being_read);
            let oldest = oldest
                .min_by_key(|(_, guess)| guess.last_used)
                .map(|(kind, _)| kind.clone());
            guesses.remove(&oldest?);
        }
        let guess = guesses.entry(kind.clone()).or_default();
        guess.last_used = Some(now);
        if guess.is_due(now) {
            guess.being_read = true;
            tokio::spawn(self.clone().read(kind));
        }
        let usable = guess.listed.as_ref().filter(|(_, until)| now < *until + GRACE);
        usable.map(|(videos, _)| Arc::clone(videos))
    }

    /// The same without reading anything that is not known.
    pub fn known_for(&self, viewer: Option<&Viewer>, visitor: impl Into<VisitorSettings>) -> Option<Arc<NewestFirst>> {
        let kind = Audience::new(viewer, visitor).muting_nobody();
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        let (videos, until) = guesses.get(&kind)?.listed.as_ref()?;
        (self.clock.now() < *until + GRACE).then(|| Arc::clone(videos))
    }

    /// Reads beforehand, for visitors and for users with the most common settings, and keeps it while there is no model in
    /// `model`: whoever comes as soon as there is one need not wait. Ends at once where there are fewer than `many` videos.
    pub async fn prepare(&self, hide_nsfw_by_default: bool, many: usize, model: &SharedSnapshot) {
        loop {
            let visitors = self.prepared(None, hide_nsfw_by_default).await;
            if visitors.is_some_and(|listed| listed.videos().len() < many) {
                return;
            }
            match self.peertube.typical_users(COMMON_KINDS).await {
                Ok(users) => {
                    for user in users {
                        if let Ok(Some(viewer)) = self.peertube.viewer(user).await {
                            self.prepared(Some(&viewer), hide_nsfw_by_default).await;
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "cannot read beforehand which videos are listed"),
            }
            if model.load().is_some() {
                return;
            }
            tokio::time::sleep(PREPARED_EVERY).await;
        }
    }

    /// What is listed for this caller, read now if nobody else does and it is not known or old.
    async fn prepared(&self, viewer: Option<&Viewer>, visitor: impl Into<VisitorSettings>) -> Option<Arc<NewestFirst>> {
        let kind = Audience::new(viewer, visitor).muting_nobody();
        let is_due = {
            let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
            let guess = guesses.entry(kind.clone()).or_default();
            let is_due = guess.is_due(self.clock.now());
            guess.being_read |= is_due;
            is_due
        };
        if is_due {
            self.clone().read(kind.clone()).await;
        }
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        let (listed, _) = guesses.get(&kind)?.listed.as_ref()?;
        Some(Arc::clone(listed))
    }

    async fn read(self, kind: Audience) {
        let started = Instant::now();
        let read = contained("visibility", self.peertube.all_visible(kind.clone())).await;
        let work = TimeDelta::from_std(started.elapsed()).unwrap_or(LIFETIME);
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(guess) = guesses.get_mut(&kind) else { return };
        guess.being_read = false;
        match read {
            Ok(Ok(videos)) => {
                let until = self.clock.now() + LIFETIME.max(work * LIFETIME_PER_WORK);
                guess.listed = Some((Arc::new(NewestFirst::new(videos)), until));
            }
            // Lists are made without a guess, and the next one tries again.
            Ok(Err(error)) => tracing::warn!(%error, "cannot read which videos are listed"),
            Err(Panicked { .. }) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peertube::{AccountId, NsfwPolicy, UserId};

    fn viewer(account: i32) -> Viewer {
        Viewer {
            id: UserId(account),
            account_id: Some(AccountId(account)),
            nsfw_policy: NsfwPolicy::Blur,
            nsfw_flags_shown: 0,
            nsfw_flags_hidden: 0,
            languages: None,
            history_enabled: true,
            blocked: false,
        }
    }

    #[test]
    fn callers_with_the_same_settings_are_of_one_kind() {
        let of = |viewer: Option<&Viewer>, hide_nsfw| Audience::new(viewer, hide_nsfw).muting_nobody();
        let kind = |viewer: &Viewer| of(Some(viewer), true);
        assert_eq!(kind(&viewer(1)), kind(&viewer(2)));
        let changes: [fn(&mut Viewer); 4] = [
            |viewer| viewer.nsfw_policy = NsfwPolicy::DoNotList,
            |viewer| viewer.nsfw_flags_shown = 1,
            |viewer| viewer.nsfw_flags_hidden = 2,
            |viewer| viewer.languages = Some(vec!["eo".to_owned()]),
        ];
        for change in changes {
            let mut other = viewer(1);
            change(&mut other);
            assert_ne!(kind(&other), kind(&viewer(1)));
        }
        assert_ne!(of(None, true), of(None, false));
        assert_ne!(of(None, false), kind(&viewer(1)), "internal videos are for users");
    }
}
