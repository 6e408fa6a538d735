//! Users who show an access token of PeerTube: PeerTube says whose it is, and the answer is remembered for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::authentication::digest;
use crate::peertube::UserId;
use crate::peertube::tokens::{TokenError, TokenOwners};

/// How long an answer is remembered: a token that was withdrawn opens nothing after that.
const REMEMBERED: TimeDelta = TimeDelta::seconds(60);
/// Answers remembered at once, of each kind.
const MOST_REMEMBERED: usize = 1_000;

/// Tokens of users. Cheap to clone: clones share what they remember.
#[derive(Clone)]
pub struct Users {
    owners: TokenOwners,
    remembered: Arc<Mutex<Remembered>>,
}

/// Digests of tokens, never tokens. Refused ones are kept apart, so that made-up tokens push no real one out.
#[derive(Default)]
struct Remembered {
    accepted: HashMap<[u8; 32], (DateTime<Utc>, UserId)>,
    refused: HashMap<[u8; 32], (DateTime<Utc>, ())>,
}

impl Remembered {
    #[expect(clippy::option_option, reason = "not known, and known to be nobody")]
    fn get(&self, token: &[u8; 32], now: DateTime<Utc>) -> Option<Option<UserId>> {
        let accepted = self.accepted.get(token).filter(|(at, _)| is_recent(*at, now));
        let refused = || self.refused.get(token).filter(|(at, ())| is_recent(*at, now));
        accepted
            .map(|(_, user)| Some(*user))
            .or_else(|| refused().map(|_| None))
    }

    fn put(&mut self, token: [u8; 32], owner: Option<UserId>, now: DateTime<Utc>) {
        match owner {
            Some(user) => insert(&mut self.accepted, token, user, now),
            None => insert(&mut self.refused, token, (), now),
        }
    }
}

fn is_recent(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - at).abs() < REMEMBERED
}

fn insert<T>(entries: &mut HashMap<[u8; 32], (DateTime<Utc>, T)>, token: [u8; 32], value: T, now: DateTime<Utc>) {
    if entries.len() >= MOST_REMEMBERED {
        entries.retain(|_, (at, _)| is_recent(*at, now));
    }
    if entries.len() >= MOST_REMEMBERED {
        let oldest = entries.iter().min_by_key(|(_, (at, _))| *at).map(|(token, _)| *token);
        oldest.map(|oldest| entries.remove(&oldest));
    }
    entries.insert(token, (now, value));
}

impl Users {
    /// Asks `owners`.
    pub fn new(owners: TokenOwners) -> Self {
        Self {
            owners,
            remembered: Arc::default(),
        }
    }

    /// The user to whom `token` belongs; `None` when PeerTube refuses it.
    ///
    /// # Errors
    /// [`TokenError`] when PeerTube does not say; that is not remembered.
    pub async fn owner(&self, token: &str, now: DateTime<Utc>) -> Result<Option<UserId>, TokenError> {
        let key = digest(token.as_bytes());
        let known = self.remembered().get(&key, now);
        if let Some(owner) = known {
            return Ok(owner);
        }
        let owner = self.owners.owner(token).await?;
        self.remembered().put(key, owner, now);
        Ok(owner)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn answers_are_remembered_for_a_minute() {
        let mut remembered = Remembered::default();
        remembered.put([1; 32], Some(UserId(7)), at(0));
        remembered.put([2; 32], None, at(0));
        assert_eq!(remembered.get(&[1; 32], at(59)), Some(Some(UserId(7))));
        assert_eq!(remembered.get(&[2; 32], at(59)), Some(None));
        assert_eq!(remembered.get(&[3; 32], at(0)), None);
        assert_eq!(remembered.get(&[1; 32], at(60)), None);
        // A clock that was set back makes nothing last longer.
        assert_eq!(remembered.get(&[1; 32], at(-60)), None);
    }

    #[test]
    fn made_up_tokens_fill_no_memory_and_push_nobody_out() {
        let mut remembered = Remembered::default();
        remembered.put([255; 32], Some(UserId(7)), at(0));
        for number in 0..5_000u32 {
            remembered.put(digest(&number.to_be_bytes()), None, at(1));
        }
        assert!(remembered.refused.len() <= MOST_REMEMBERED);
        assert_eq!(remembered.get(&[255; 32], at(2)), Some(Some(UserId(7))));
        for number in 0..5_000u32 {
            remembered.put(digest(&number.to_be_bytes()), Some(UserId(8)), at(2));
        }
        assert!(remembered.accepted.len() <= MOST_REMEMBERED);
    }
}
