//! A token bucket for all callers together: it limits without knowing anybody, so no address is kept anywhere.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// Grants at most so many requests per minute, in the long run; as many at once after a quiet minute.
#[derive(Debug)]
pub struct Bucket {
    per_minute: f64,
    level: Mutex<Option<(f64, DateTime<Utc>)>>,
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute),
            level: Mutex::new(None),
        }
    }

    /// Takes one request out; false when the bucket is empty.
    pub fn take(&self, now: DateTime<Utc>) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, at) = level.unwrap_or((self.per_minute, now));
        // A clock that was set back fills nothing.
        let minutes = (now - at).as_seconds_f64().max(0.0) / 60.0;
        let filled = (before + minutes * self.per_minute).min(self.per_minute);
        let granted = filled >= 1.0;
        *level = Some((if granted { filled - 1.0 } else { filled }, now));
        granted
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn it_empties_and_fills_with_time() {
        let bucket = Bucket::new(6);
        let start = DateTime::UNIX_EPOCH;
        let granted = |at| (0..20).filter(|_| bucket.take(at)).count();
        assert_eq!(granted(start), 6);
        assert_eq!(granted(start + TimeDelta::seconds(9)), 0);
        assert_eq!(granted(start + TimeDelta::seconds(31)), 3);
        assert_eq!(granted(start), 0, "the clock was set back");
        assert_eq!(granted(start + TimeDelta::days(1)), 6);
    }
}
