//! How often something may happen: token buckets by name, bounded in number.
//!
//! What strangers can use up, they can use up only for names and networks of their own: made-up domains cost nothing
//! that an honest newcomer needs.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use super::FederationError;

/// Names remembered at most; when there are more, the fullest bucket is forgotten.
const MAXIMUM_NAMES: usize = 10_000;
/// Actors of strangers that are fetched at the same time.
const CONCURRENT_STRANGERS: usize = 16;

/// A bucket per name that holds `burst` tokens and gains one per `refill`.
#[derive(Debug)]
pub struct RateLimit {
    burst: f64,
    refill_seconds: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

impl RateLimit {
    /// `burst` at once, then one per `refill`.
    pub fn new(burst: u32, refill: Duration) -> Self {
        Self {
            burst: f64::from(burst),
            refill_seconds: refill.as_secs_f64(),
            buckets: Mutex::default(),
        }
    }

    /// Takes one token of the bucket `name`.
    ///
    /// # Errors
    /// [`FederationError::TooMany`] with the time to wait if it is empty.
    pub fn take(&self, name: &str, now: DateTime<Utc>) -> Result<(), FederationError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() >= MAXIMUM_NAMES && !buckets.contains_key(name) {
            self.make_room(&mut buckets, now);
        }
        let bucket = buckets.entry(name.to_owned()).or_insert(Bucket {
            tokens: self.burst,
            at: now,
        });
        let tokens = self.filled(*bucket, now);
        if tokens < 1.0 {
            return Err(FederationError::TooMany(Duration::from_secs_f64(
                (1.0 - tokens) * self.refill_seconds,
            )));
        }
        *bucket = Bucket {
            tokens: tokens - 1.0,
            at: now,
        };
        Ok(())
    }

    /// Forgets all full buckets, or else the fullest: nobody is refused because others made up many names.
    fn make_room(&self, buckets: &mut HashMap<String, Bucket>, now: DateTime<Utc>) {
        let mut fullest: Option<(f64, String)> = None;
        buckets.retain(|name, bucket| {
            let tokens = self.filled(*bucket, now);
            if fullest.as_ref().is_none_or(|(most, _)| tokens > *most) {
                fullest = Some((tokens, name.clone()));
            }
            tokens < self.burst
        });
        if buckets.len() >= MAXIMUM_NAMES {
            fullest.and_then(|(_, name)| buckets.remove(&name));
        }
    }

    fn filled(&self, bucket: Bucket, now: DateTime<Utc>) -> f64 {
        let elapsed = (now - bucket.at).as_seconds_f64().max(0.0);
        (bucket.tokens + elapsed / self.refill_seconds).min(self.burst)
    }
}

/// The limits of this sidecar.
#[derive(Debug)]
pub struct Limits {
    activities: RateLimit,
    senders: RateLimit,
    claims: RateLimit,
    domains: RateLimit,
    networks: RateLimit,
    contacts: RateLimit,
    rejections: RateLimit,
    all_rejections: RateLimit,
    refreshes: RateLimit,
    /// Slots for fetching actors of strangers, so that those never take all places of known peers.
    pub stranger_slots: Semaphore,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            activities: RateLimit::new(60, Duration::from_secs(1)),
            senders: RateLimit::new(20, Duration::from_secs(10)),
            claims: RateLimit::new(5, Duration::from_secs(30)),
            domains: RateLimit::new(30, Duration::from_secs(5)),
            networks: RateLimit::new(10, Duration::from_secs(15)),
            contacts: RateLimit::new(60, Duration::from_millis(200)),
            rejections: RateLimit::new(3, Duration::from_mins(1)),
            all_rejections: RateLimit::new(60, Duration::from_secs(1)),
            refreshes: RateLimit::new(1, Duration::from_mins(10)),
            stranger_slots: Semaphore::new(CONCURRENT_STRANGERS),
        }
    }
}

impl Limits {
    /// A verified activity of an actor of `domain` arrived.
    ///
    /// # Errors
    /// [`FederationError::TooMany`] if it sends too many.
    pub fn activity(&self, domain: &str, now: DateTime<Utc>) -> Result<(), FederationError> {
        self.activities.take(domain, now)
    }

    /// Somebody in the network `sender` claims to be an unknown actor of `domain`. That an attacker claims the domain
    /// of a newcomer uses up only what its own network may ask about that domain.
    ///
    /// # Errors
    /// [`FederationError::TooMany`] if the network or the domain has been named too often.
    pub fn stranger(&self, sender: Option<&str>, domain: &str, now: DateTime<Utc>) -> Result<(), FederationError> {
        if let Some(sender) = sender {
            self.senders.take(sender, now)?;
        }
        let claim = format!("{domain} {}", sender.unwrap_or_default());
        self.claims.take(&claim, now)?;
        self.domains.take(domain, now)
    }

    /// A server that really exists, in this network, would be asked for the actor of a stranger.
    ///
    /// # Errors
    /// [`FederationError::TooMany`] if servers of this network, or all together, are asked too often.
    pub fn contact(&self, network: Option<&str>, now: DateTime<Utc>) -> Result<(), FederationError> {
        if let Some(network) = network {
            self.networks.take(network, now)?;
        }
        self.contacts.take("", now)
    }

    /// The follow request of somebody in `domain` that is no sidecar would be answered with a `Reject`.
    ///
    /// # Errors
    /// [`FederationError::TooMany`] if there were too many of them.
    pub fn rejection(&self, domain: &str, now: DateTime<Utc>) -> Result<(), FederationError> {
        self.rejections.take(domain, now)?;
        self.all_rejections.take("", now)
    }

    /// Whether the document of a known actor may be fetched again now.
    pub fn refresh(&self, actor_url: &str, now: DateTime<Utc>) -> bool {
        self.refreshes.take(actor_url, now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_bucket_empties_and_refills_with_time() {
        let limit = RateLimit::new(2, Duration::from_secs(10));
        let start = DateTime::UNIX_EPOCH;
        assert!(limit.take("a", start).is_ok());
        assert!(limit.take("a", start).is_ok());
        let Err(FederationError::TooMany(wait)) = limit.take("a", start) else {
            panic!("the bucket is empty")
        };
        assert_eq!(wait.as_secs(), 10);
        assert!(limit.take("b", start).is_ok(), "names do not share a bucket");
        assert!(limit.take("a", start + TimeDelta::seconds(9)).is_err());
        assert!(limit.take("a", start + TimeDelta::seconds(10)).is_ok());
    }

    #[test]
    fn the_number_of_names_is_bounded_and_nobody_is_refused_for_it() {
        let limit = RateLimit::new(2, Duration::from_secs(10));
        let start = DateTime::UNIX_EPOCH;
        assert!(limit.take("used up", start).is_ok());
        assert!(limit.take("used up", start).is_ok());
        for name in 0..2 * MAXIMUM_NAMES {
            assert!(limit.take(&name.to_string(), start).is_ok());
        }
        assert_eq!(limit.buckets.lock().unwrap().len(), MAXIMUM_NAMES);
        assert!(
            limit.take("used up", start).is_err(),
            "an empty bucket is not forgotten for a fuller one"
        );
    }

    #[test]
    fn strangers_use_up_only_what_is_their_own() {
        let limits = Limits::default();
        let now = DateTime::UNIX_EPOCH;
        let (attacker, honest) = (Some("93.184.216.0/24"), Some("8.8.8.0/24"));
        for number in 0..1_000 {
            let _ = limits.stranger(attacker, &format!("made-up-{number}.example"), now);
            let _ = limits.stranger(None, &format!("made-up-too-{number}.example"), now);
            let _ = limits.stranger(attacker, "newcomer.example", now);
            let _ = limits.stranger(None, "newcomer.example", now);
        }
        assert!(limits.stranger(honest, "newcomer.example", now).is_ok());
        assert!(limits.stranger(attacker, "other.example", now).is_err());
        assert!(limits.stranger(None, "newcomer.example", now).is_err());

        for _ in 0..1_000 {
            let _ = limits.contact(attacker, now);
        }
        assert!(
            limits.contact(honest, now).is_ok(),
            "one network does not use up what all may ask"
        );
    }

    #[test]
    fn a_clock_that_goes_back_takes_nothing_away() {
        let limit = RateLimit::new(2, Duration::from_secs(10));
        assert!(limit.take("a", DateTime::UNIX_EPOCH).is_ok());
        assert!(limit.take("a", DateTime::UNIX_EPOCH - TimeDelta::days(1)).is_ok());
    }
}
