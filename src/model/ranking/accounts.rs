//! What single accounts did, and when: raw and personal, so these types can be neither encoded nor printed.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::super::interactions::Interactions;

/// Half-lives after which nothing is left of any value, and twice as much of it is still a number.
const MOST_HALF_LIVES: f64 = 1_000.0;
/// Seconds of a day.
pub(super) const DAY: f64 = 86_400.0;

/// What one account did with one item.
#[derive(Clone, Copy, PartialEq, Zeroize)]
pub struct Event {
    /// The item.
    pub item: u32,
    /// The preference, in \[-1, 1\], as it counts at the present.
    pub value: f32,
    /// The share of the item that was watched, from 0 to 1, where that is known.
    pub share: Option<f32>,
    /// When it was first watched or rated, in seconds since 1970.
    pub first: i64,
}

/// A tie of an account to a channel.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct ChannelTie {
    /// Number of the channel.
    pub channel: u32,
    /// Whether the account follows the channel; else it commented below one of its videos.
    pub subscribed: bool,
    /// Since when, in seconds since 1970.
    pub since: i64,
}

/// One account from which the instance may learn. Wiped when dropped.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Account {
    /// What it did, in no particular order.
    pub events: Vec<Event>,
    /// Its ties to channels, in no particular order.
    pub ties: Vec<ChannelTie>,
}

impl Account {
    /// What it did until `time`, newest first, with values as they counted then.
    pub(super) fn history(&self, time: i64, decay: Decay) -> Vec<(u32, f32)> {
        let mut past: Vec<&Event> = self.events.iter().filter(|event| event.first <= time).collect();
        past.sort_by_key(|event| (std::cmp::Reverse(event.first), event.item));
        past.iter()
            .map(|event| (event.item, decay.value_at(event.value, time)))
            .collect()
    }

    /// Its ties at `time`, newest first.
    pub(super) fn ties(&self, time: i64) -> Vec<ChannelTie> {
        let mut past: Vec<ChannelTie> = self.ties.iter().filter(|tie| tie.since <= time).copied().collect();
        past.sort_by_key(|tie| (std::cmp::Reverse(tie.since), tie.channel, !tie.subscribed));
        past
    }
}

/// How values of preferences shrink with time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// The present, at which values are given, in seconds since 1970.
    pub now: i64,
    /// Days after which a value counts half; 0 switches decay off.
    pub half_life_days: f64,
}

impl Decay {
    /// What `value` was at an earlier time.
    fn value_at(self, value: f32, time: i64) -> f32 {
        if self.half_life_days <= 0.0 {
            return value;
        }
        let days = self.now.saturating_sub(time).max(0) as f64 / DAY;
        // A value that has shrunk to nothing stays nothing: infinity times 0 would be no number.
        let growth = (days / self.half_life_days).min(MOST_HALF_LIVES).exp2();
        (f64::from(value) * growth).clamp(-1.0, 1.0) as f32
    }
}

/// What all accounts did until `time`, one row per account.
pub(super) fn interactions(accounts: &[Account], items: usize, time: i64, decay: Decay) -> Interactions {
    let mut interactions = Interactions::new(items);
    for account in accounts {
        interactions.push_user(account.history(time, decay));
    }
    interactions
}

/// The two moments that split what happened: the first share of all events, then the second, then the rest. `None`
/// when the moments are not distinct.
pub(super) fn moments(accounts: &[Account], shares: [f64; 2]) -> Option<[i64; 2]> {
    let mut times: Vec<i64> = accounts
        .iter()
        .flat_map(|account| account.events.iter().map(|event| event.first))
        .collect();
    times.sort_unstable();
    let last = times.last().copied()?;
    let [first, second] = shares.map(|share| times[((times.len() - 1) as f64 * share) as usize]);
    (first < second && second < last).then_some([first, second])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(item: u32, value: f32, first: i64) -> Event {
        Event {
            item,
            value,
            share: None,
            first,
        }
    }

    #[test]
    fn a_history_is_what_was_known_then() {
        let day = DAY as i64;
        let account = Account {
            events: vec![event(1, 0.25, 0), event(2, 0.5, 9 * day), event(3, -0.8, 20 * day)],
            ties: Vec::new(),
        };
        let decay = Decay {
            now: 20 * day,
            half_life_days: 10.0,
        };
        assert_eq!(account.history(10 * day, decay), [(2, 1.0), (1, 0.5)]);
        assert_eq!(account.history(20 * day, decay), [(3, -0.8), (2, 0.5), (1, 0.25)]);
        let without = Decay {
            half_life_days: 0.0,
            ..decay
        };
        assert_eq!(account.history(0, without), [(1, 0.25)]);
    }

    #[test]
    fn moments_split_all_events_or_are_none() {
        let account = Account {
            events: (0..100).map(|time| event(0, 1.0, time)).collect(),
            ties: Vec::new(),
        };
        assert_eq!(moments(&[account], [0.5, 0.8]), Some([49, 79]));
        let at_once = Account {
            events: vec![event(0, 1.0, 7); 50],
            ties: Vec::new(),
        };
        assert_eq!(moments(&[at_once], [0.5, 0.8]), None);
        assert_eq!(moments(&[], [0.5, 0.8]), None);
    }
}
