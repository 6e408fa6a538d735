//! The social graph around one account: which channels its own channels go together with.
//!
//! Accounts are tied to channels, by subscriptions and public comments. Such a graph has two kinds of nodes and no
//! triangle, so an account and a channel never have a common neighbour in it. Channels are therefore linked where at
//! least [`LINK`] *other* accounts are tied to both; the ego network of an account is the account, its channels, and
//! the links among them. In it, dispersion is the paper's ([`crate::model::dispersion`]): it is high for a channel that goes
//! together with several of one's own channels which do not go together with each other.
//!
//! A link says nothing of any single account: it takes two besides the one that asks.

use std::collections::HashMap;

use super::super::dispersion::{EgoNetwork, MOST_NEIGHBOURS, Neighbours, Tie};

/// Other accounts that link two channels, at least.
pub const LINK: u16 = 2;
/// Channels of one account that count, at most: the newest ones.
pub const MOST_CHANNELS: usize = MOST_NEIGHBOURS;
/// Links of one channel that are kept, at most: the strongest ones.
const MOST_LINKS: usize = 256;

/// How many accounts are tied to both of two channels.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct ChannelGraph {
    /// Per channel, the others and the number of accounts, ascending.
    links: Vec<Vec<(u32, u16)>>,
}

impl ChannelGraph {
    /// The graph over `channels` channels. Each account is the list of its channels, newest first, without doubles.
    /// Channels out of range are ignored.
    pub fn new<'a>(channels: usize, accounts: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut counts: HashMap<(u32, u32), u16> = HashMap::new();
        for account in accounts {
            let known = account.iter().filter(|channel| (**channel as usize) < channels);
            let own: Vec<u32> = known.take(MOST_CHANNELS).copied().collect();
            for (place, one) in own.iter().enumerate() {
                for other in own[..place].iter().filter(|other| *other != one) {
                    let count = counts.entry((*one.min(other), *one.max(other))).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        let mut links = vec![Vec::new(); channels];
        for ((one, other), count) in counts.into_iter().filter(|(_, count)| *count >= LINK) {
            links[one as usize].push((other, count));
            links[other as usize].push((one, count));
        }
        for of_one in &mut links {
            of_one.sort_unstable_by_key(|(other, count)| (std::cmp::Reverse(*count), *other));
            of_one.truncate(MOST_LINKS);
            of_one.sort_unstable();
        }
        Self { links }
    }

    /// Accounts that are tied to both, where there are at least [`LINK`]; else 0.
    fn accounts(&self, one: u32, other: u32) -> u16 {
        let found = |one: u32, other: u32| {
            let links = self.links.get(one as usize)?;
            let place = links.binary_search_by_key(&other, |link| link.0).ok()?;
            Some(links[place].1)
        };
        found(one, other).or_else(|| found(other, one)).unwrap_or(0)
    }

    /// The graph as seen by an account with these channels, newest first, without doubles.
    pub fn seen_by(&self, own: &[u32]) -> Surroundings<'_> {
        let own: Vec<u32> = own.iter().take(MOST_CHANNELS).copied().collect();
        // The account itself is one of those that are tied to both.
        let linked = |one: usize, other: usize| self.accounts(own[one], own[other]) > LINK;
        Surroundings {
            network: EgoNetwork::new(own.len(), linked),
            graph: self,
            own,
        }
    }
}

/// The ego network of one account.
pub struct Surroundings<'a> {
    graph: &'a ChannelGraph,
    own: Vec<u32>,
    network: EgoNetwork,
}

impl Surroundings<'_> {
    /// What is between the account and a channel.
    pub fn tie(&self, channel: u32) -> Tie {
        let place = self.own.iter().position(|own| *own == channel);
        let least = LINK + u16::from(place.is_some());
        let common = self
            .own
            .iter()
            .enumerate()
            .filter(|(_, own)| self.graph.accounts(**own, channel) >= least)
            .fold(Neighbours::default(), |common, (place, _)| common.with(place));
        self.network.tie(common, place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(accounts: &[Vec<u32>]) -> ChannelGraph {
        ChannelGraph::new(8, accounts.iter().map(Vec::as_slice))
    }

    #[test]
    fn a_channel_that_joins_two_circles_is_dispersed() {
        // Two others follow 0 and 2, two others 1 and 2: 2 goes together with 0 and with 1, which are apart.
        let mut accounts = vec![vec![0, 2], vec![2, 0], vec![1, 2], vec![1, 2]];
        let tie = graph(&accounts).seen_by(&[0, 1]).tie(2);
        assert_eq!((tie.embeddedness, tie.dispersion), (2, 1));
        // Once the two circles know each other it is not.
        accounts.extend([vec![0, 1], vec![0, 1], vec![0, 1]]);
        let tie = graph(&accounts).seen_by(&[0, 1]).tie(2);
        assert_eq!((tie.embeddedness, tie.dispersion), (2, 0));
    }

    #[test]
    fn one_other_account_links_nothing_and_the_own_account_does_not_count() {
        let of_one = graph(&[vec![0, 2], vec![1, 2]]);
        assert_eq!(of_one.seen_by(&[0, 1]).tie(2), Tie::default());
        // The account itself and one other are tied to 0 and 2.
        let with_own = graph(&[vec![0, 2], vec![0, 2]]);
        assert_eq!(with_own.seen_by(&[0, 2]).tie(2), Tie::default());
        let with_two_others = graph(&[vec![0, 2], vec![0, 2], vec![0, 2]]);
        assert_eq!(with_two_others.seen_by(&[0, 2]).tie(2).embeddedness, 1);
    }

    #[test]
    fn nonsense_is_ignored() {
        let odd = graph(&[vec![0, 0, 99], vec![0, 0, 99], vec![], vec![7]]);
        assert_eq!(odd.seen_by(&[0, 99]).tie(99), Tie::default());
        assert_eq!(ChannelGraph::default().seen_by(&[1, 2]).tie(3), Tie::default());
    }

    proptest! {
        #[test]
        fn neither_the_order_of_accounts_nor_their_names_matter(
            accounts in proptest::collection::vec(proptest::collection::hash_set(0u32..8, 0..8), 0..20),
            own in proptest::collection::hash_set(0u32..8, 0..8),
            channel in 0u32..8,
        ) {
            let mut accounts: Vec<Vec<u32>> = accounts.into_iter().map(|set| set.into_iter().collect()).collect();
            let own: Vec<u32> = own.into_iter().collect();
            let before = graph(&accounts).seen_by(&own).tie(channel);
            accounts.reverse();
            accounts.iter_mut().for_each(|account| account.sort_unstable());
            let mut sorted = own.clone();
            sorted.sort_unstable();
            prop_assert_eq!(before, graph(&accounts).seen_by(&sorted).tie(channel));
        }

        /// Without an account, another one's value changes only where at least two more are behind the link.
        #[test]
        fn removing_an_account_only_weakens(
            accounts in proptest::collection::vec(proptest::collection::hash_set(0u32..8, 0..8), 1..12),
            channel in 0u32..8,
        ) {
            let accounts: Vec<Vec<u32>> = accounts.into_iter().map(|set| set.into_iter().collect()).collect();
            let with = graph(&accounts).seen_by(&accounts[0]).tie(channel);
            let without = graph(&accounts[..accounts.len() - 1]).seen_by(&accounts[0]).tie(channel);
            if accounts.len() > 1 {
                prop_assert!(without.embeddedness <= with.embeddedness);
            }
        }
    }
}
