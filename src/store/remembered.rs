//! What users decided, remembered for a minute: every list of a user needs it, and it hardly ever changes.
//!
//! What this process writes holds at once: whoever writes takes a [`Forgetting`], and what was read before it ended is not
//! remembered. What another program writes, such as a restored back-up, holds after [`LIFETIME`].

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use foldhash::HashMap;

use super::not_interested::Unwanted;
use super::user_settings::UserSettings;

/// For so long it is remembered.
const LIFETIME: TimeDelta = TimeDelta::minutes(1);
/// Users who are remembered at most.
const MOST_USERS: usize = 20_000;

/// What one user decided.
pub(super) type Decided = (UserSettings, HashSet<Unwanted>);

#[derive(Default)]
struct Users {
    decided: HashMap<i32, (DateTime<Utc>, Arc<Decided>)>,
    /// How often something was forgotten.
    forgotten: u64,
}

/// Who decided what. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Remembered(Arc<Mutex<Users>>);

/// What was forgotten before somebody began to read.
#[derive(Clone, Copy)]
pub(super) struct Before(u64);

impl Remembered {
    /// What `user` decided, if that is remembered; else what [`Remembered::remember`] has to know.
    pub(super) fn of(&self, user: i32, now: DateTime<Utc>) -> Result<Arc<Decided>, Before> {
        let users = self.users();
        match users.decided.get(&user) {
            Some((since, decided)) if now - *since < LIFETIME => Ok(Arc::clone(decided)),
            _ => Err(Before(users.forgotten)),
        }
    }

    /// Remembers what was read, unless somebody wrote in the meantime.
    pub(super) fn remember(&self, user: i32, decided: &Arc<Decided>, now: DateTime<Utc>, before: Before) {
        let mut users = self.users();
        if users.forgotten != before.0 {
            return;
        }
        if users.decided.len() >= MOST_USERS {
            users.decided.clear();
        }
        users.decided.insert(user, (now, Arc::clone(decided)));
    }

    /// For whoever writes what `of` decided: forgets them when dropped, however the writing ended.
    pub(super) fn forgetting<'a>(&'a self, of: &'a [i32]) -> Forgetting<'a> {
        Forgetting { remembered: self, of }
    }

    fn users(&self) -> MutexGuard<'_, Users> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets users when dropped.
pub(super) struct Forgetting<'a> {
    remembered: &'a Remembered,
    of: &'a [i32],
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        let mut users = self.remembered.users();
        users.forgotten += 1;
        for user in self.of {
            users.decided.remove(user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(remembered: &Remembered, user: i32, now: DateTime<Utc>) -> Option<Arc<Decided>> {
        remembered.of(user, now).ok()
    }

    fn remember(remembered: &Remembered, user: i32, now: DateTime<Utc>) {
        let Err(before) = remembered.of(user, now) else { return };
        remembered.remember(user, &Arc::default(), now, before);
    }

    #[test]
    fn it_is_remembered_for_a_minute() {
        let (remembered, now) = (Remembered::default(), DateTime::UNIX_EPOCH);
        remember(&remembered, 1, now);
        assert!(read(&remembered, 1, now + TimeDelta::seconds(59)).is_some());
        assert!(read(&remembered, 1, now + TimeDelta::seconds(60)).is_none());
        assert!(read(&remembered, 2, now).is_none());
    }

    #[test]
    fn what_is_written_is_forgotten_even_when_it_is_read_meanwhile() {
        let (remembered, now) = (Remembered::default(), DateTime::UNIX_EPOCH);
        remember(&remembered, 1, now);
        remember(&remembered, 2, now);
        let Err(before) = remembered.of(3, now) else {
            panic!("nobody has read that")
        };
        drop(remembered.forgetting(&[1, 3]));
        remembered.remember(3, &Arc::default(), now, before);
        assert!(read(&remembered, 1, now).is_none());
        assert!(read(&remembered, 2, now).is_some());
        assert!(read(&remembered, 3, now).is_none(), "it may be what was there before");
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let (remembered, now) = (Remembered::default(), DateTime::UNIX_EPOCH);
        for user in 0..=MOST_USERS as i32 {
            remember(&remembered, user, now);
        }
        assert_eq!(remembered.users().decided.len(), 1);
    }
}
