//! What is known about items besides the recommender: public facts, and what the instance's accounts did together.

use foldhash::HashMap;

use super::accounts::Account;
use super::channel_graph::ChannelGraph;
use crate::model::numbering::Numbers;

/// Watches by which a mean share is held towards that of the channel, and that of a channel towards that of all.
const SHARE_PRIOR: f32 = 5.0;
/// The share that is expected where nothing was ever watched.
const SHARE_DEFAULT: f32 = 0.5;

/// One item's public facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemFacts<'a> {
    /// When it was published, in seconds since 1970.
    pub published: i64,
    /// Language code.
    pub language: Option<&'a str>,
    /// Number of its channel.
    pub channel: u32,
    /// Whether anybody may see it in this instance's public lists.
    pub listed: bool,
}

/// The public facts of all items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    items: Vec<Known>,
    newest: Vec<Vec<u32>>,
}

/// Side by side in memory, because whoever asks for one asks for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    published: i64,
    language: u32,
    channel: u32,
    listed: bool,
}

impl Facts {
    /// From the items in their order.
    pub fn new<'a>(items: impl IntoIterator<Item = ItemFacts<'a>>) -> Self {
        let mut facts = Self::default();
        let mut numbers = Numbers::default();
        for item in items {
            facts.items.push(Known {
                published: item.published,
                language: numbers.of(item.language),
                channel: item.channel,
                listed: item.listed,
            });
        }
        let channels = facts.items.iter().map(|known| known.channel as usize + 1).max();
        facts.newest = vec![Vec::new(); channels.unwrap_or(0)];
        for (item, known) in (0u32..).zip(&facts.items) {
            facts.newest[known.channel as usize].push(item);
        }
        for of_channel in &mut facts.newest {
            of_channel.sort_by_key(|item| (std::cmp::Reverse(facts.items[*item as usize].published), *item));
        }
        facts
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.newest.len()
    }

    /// When an item was published; 0 for one out of range.
    pub fn published(&self, item: u32) -> i64 {
        self.known(item).map_or(0, |known| known.published)
    }

    /// A number for the language of an item, the same for the same language; `None` for an item out of range.
    pub fn language(&self, item: u32) -> Option<u32> {
        self.known(item).map(|known| known.language)
    }

    /// Number of the channel of an item.
    pub fn channel(&self, item: u32) -> Option<u32> {
        self.known(item).map(|known| known.channel)
    }

    /// Whether an item may be shown to everybody at `time`.
    pub fn is_shown(&self, item: u32, time: i64) -> bool {
        self.known(item)
            .is_some_and(|known| known.listed && known.published <= time)
    }

    /// The items of a channel, newest first.
    pub fn newest_of(&self, channel: u32) -> &[u32] {
        self.newest.get(channel as usize).map_or(&[], Vec::as_slice)
    }

    fn known(&self, item: u32) -> Option<Known> {
        self.items.get(item as usize).copied()
    }
}

/// What the instance's accounts did together until some moment. Only sums over accounts; it stays on the instance.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Background {
    shares: Vec<f32>,
    graph: ChannelGraph,
}

impl Background {
    /// From what `accounts` did until `time`.
    pub fn new(facts: &Facts, accounts: &[Account], time: i64) -> Self {
        let channels: Vec<Vec<u32>> = accounts
            .iter()
            .map(|account| distinct(account.ties(time).iter().map(|tie| tie.channel)))
            .collect();
        Self {
            shares: shares(facts, accounts, time),
            graph: ChannelGraph::new(facts.channels(), channels.iter().map(Vec::as_slice)),
        }
    }

    /// The share of an item that somebody is expected to watch: the mean of those who did, held towards that of the
    /// channel.
    pub fn share(&self, item: u32) -> f32 {
        self.shares.get(item as usize).copied().unwrap_or(SHARE_DEFAULT)
    }

    /// The same for items that came later too: what is expected of a new one is the mean of those of its channel. `channel_of` has
    /// the channel of every item, the new ones after those that are known.
    #[must_use]
    pub fn with_new_items(mut self, channel_of: &[u32]) -> Self {
        let mut of_channels: HashMap<u32, Mean> = HashMap::default();
        let mut all = Mean::default();
        for (share, channel) in self.shares.iter().zip(channel_of) {
            of_channels.entry(*channel).or_default().add(*share);
            all.add(*share);
        }
        let general = all.towards(SHARE_DEFAULT);
        let expected = |channel: &u32| of_channels.get(channel).map_or(general, |mean| mean.sum / mean.count);
        let known = self.shares.len();
        self.shares.extend(channel_of.iter().skip(known).map(expected));
        self
    }

    /// Which channels go together.
    pub fn graph(&self) -> &ChannelGraph {
        &self.graph
    }
}

/// Each once, in the order of first appearance.
pub(super) fn distinct(channels: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut seen = foldhash::HashSet::default();
    channels.filter(|channel| seen.insert(*channel)).collect()
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f32,
    count: f32,
}

impl Mean {
    fn add(&mut self, value: f32) {
        self.sum += value;
        self.count += 1.0;
    }

    fn towards(self, prior: f32) -> f32 {
        (self.sum + SHARE_PRIOR * prior) / (self.count + SHARE_PRIOR)
    }
}

fn shares(facts: &Facts, accounts: &[Account], time: i64) -> Vec<f32> {
    let mut all = Mean::default();
    let mut of_channels = vec![Mean::default(); facts.channels()];
    let mut of_items = vec![Mean::default(); facts.items()];
    for event in accounts.iter().flat_map(|account| &account.events) {
        let (Some(share), true) = (event.share, event.first <= time) else {
            continue;
        };
        let Some(channel) = facts.channel(event.item).filter(|_| share.is_finite()) else {
            continue;
        };
        let share = share.clamp(0.0, 1.0);
        all.add(share);
        of_channels[channel as usize].add(share);
        of_items[event.item as usize].add(share);
    }
    let general = all.towards(SHARE_DEFAULT);
    of_items
        .iter()
        .zip(&facts.items)
        .map(|(of_item, known)| of_item.towards(of_channels[known.channel as usize].towards(general)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::accounts::Event;
    use super::*;

    fn facts() -> Facts {
        let item = |published, language, channel| ItemFacts {
            published,
            language,
            channel,
            listed: published != 7,
        };
        Facts::new([
            item(3, Some("en"), 0),
            item(9, None, 1),
            item(5, Some("en"), 0),
            item(7, Some("fr"), 1),
        ])
    }

    #[test]
    fn facts_are_by_item_and_by_channel() {
        let facts = facts();
        assert_eq!((facts.items(), facts.channels()), (4, 2));
        assert_eq!(facts.newest_of(0), [2, 0]);
        assert_eq!(facts.newest_of(9), [0u32; 0]);
        assert_eq!(facts.language(0), facts.language(2));
        assert_ne!(facts.language(0), facts.language(1));
        assert!(
            facts.is_shown(1, 9) && !facts.is_shown(1, 8),
            "not before it is published"
        );
        assert!(
            !facts.is_shown(3, 99) && !facts.is_shown(4, 99),
            "not listed, not there"
        );
    }

    #[test]
    fn shares_are_means_held_towards_the_channel() {
        let watched = |item, share, first| Event {
            item,
            value: 1.0,
            share,
            first,
        };
        let account = |events| Account {
            events,
            ties: Vec::new(),
        };
        let accounts = [
            account(vec![watched(0, Some(1.0), 1), watched(1, None, 1)]),
            account(vec![watched(0, Some(1.0), 1), watched(2, Some(0.0), 50)]),
        ];
        let background = Background::new(&facts(), &accounts, 10);
        let general = (2.0 + 5.0 * 0.5) / 7.0;
        let channel = (2.0 + 5.0 * general) / 7.0;
        assert!((background.share(0) - (2.0 + 5.0 * channel) / 7.0).abs() < 1e-6);
        assert!(
            (background.share(2) - channel).abs() < 1e-6,
            "what comes later is not known"
        );
        assert!(
            (background.share(1) - general).abs() < 1e-6,
            "a watch of unknown share says nothing"
        );
        assert!((Background::default().share(3) - 0.5).abs() < 1e-6);
    }
}
