//! How often something may happen: token buckets by name, bounded in number.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::FederationError;

/// Names remembered at most; when there are more, full buckets are forgotten first.
const MAXIMUM_NAMES: usize = 10_000;

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
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.burst);
            if buckets.len() >= MAXIMUM_NAMES {
                return Err(FederationError::TooMany(Duration::from_secs_f64(self.refill_seconds)));
            }
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

    fn filled(&self, bucket: Bucket, now: DateTime<Utc>) -> f64 {
        let elapsed = (now - bucket.at).as_seconds_f64().max(0.0);
        (bucket.tokens + elapsed / self.refill_seconds).min(self.burst)
    }
}

/// The limits of this sidecar.
#[derive(Debug)]
pub struct Limits {
    activities: RateLimit,
    strangers: RateLimit,
    all_strangers: RateLimit,
    refreshes: RateLimit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            activities: RateLimit::new(60, Duration::from_secs(1)),
            strangers: RateLimit::new(5, Duration::from_secs(30)),
            all_strangers: RateLimit::new(60, Duration::from_secs(1)),
            refreshes: RateLimit::new(1, Duration::from_mins(10)),
        }
    }
}

impl Limits {
    /// A verified activity of `host` arrived.
    ///
    /// # Errors
    /// [`FederationError::TooMany`] if it sends too many.
    pub fn activity(&self, host: &str, now: DateTime<Utc>) -> Result<(), FederationError> {
        self.activities.take(host, now)
    }

    /// An unknown actor of `host` would have to be fetched.
    ///
    /// # Errors
    /// [`FederationError::TooMany`] if strangers ask too often, from one host or all together.
    pub fn stranger(&self, host: &str, now: DateTime<Utc>) -> Result<(), FederationError> {
        self.strangers.take(host, now)?;
        self.all_strangers.take("", now)
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
    fn the_number_of_names_is_bounded() {
        let limit = RateLimit::new(1, Duration::from_secs(10));
        let start = DateTime::UNIX_EPOCH;
        for name in 0..MAXIMUM_NAMES {
            assert!(limit.take(&name.to_string(), start).is_ok());
        }
        assert!(limit.take("one too many", start).is_err());
        assert!(
            limit.take("one too many", start + TimeDelta::seconds(10)).is_ok(),
            "full buckets were forgotten"
        );
    }

    #[test]
    fn a_clock_that_goes_back_takes_nothing_away() {
        let limit = RateLimit::new(2, Duration::from_secs(10));
        assert!(limit.take("a", DateTime::UNIX_EPOCH).is_ok());
        assert!(limit.take("a", DateTime::UNIX_EPOCH - TimeDelta::days(1)).is_ok());
    }
}
