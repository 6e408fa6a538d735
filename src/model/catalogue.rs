//! The videos that one instance knows, with their channels and content vectors.

use std::collections::HashMap;

use super::contribution::EvidenceBasis;
use super::factors::Factors;
use super::item::Item;

/// Items in a fixed order, and what follows from them alone.
#[derive(Clone)]
pub struct Catalogue {
    items: Vec<Item>,
    channels: Vec<String>,
    channel_of: Vec<u32>,
    basis: EvidenceBasis,
    content: Factors,
}

impl Catalogue {
    /// Prepares `items` in the basis.
    pub fn new(items: Vec<Item>, basis: EvidenceBasis) -> Self {
        let mut channels: Vec<String> = items.iter().map(|item| item.channel.clone()).collect();
        channels.sort_unstable();
        channels.dedup();
        let place: HashMap<&str, u32> = channels
            .iter()
            .enumerate()
            .map(|(place, channel)| (channel.as_str(), place as u32))
            .collect();
        let channel_of = items.iter().map(|item| place[item.channel.as_str()]).collect();
        let content = basis.content().vectors(&items);
        Self {
            items,
            channels,
            channel_of,
            basis,
            content,
        }
    }

    /// The items; their places are the item numbers of the model.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Addresses of the channels, ascending.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// Number of the channel of `item`.
    pub fn channel_of(&self, item: usize) -> usize {
        self.channel_of[item] as usize
    }

    /// The basis of the content vectors.
    pub fn basis(&self) -> EvidenceBasis {
        self.basis
    }

    /// Content vectors, one row per item, without the constant dimension.
    pub fn content(&self) -> &Factors {
        &self.content
    }
}
