//! The videos that one instance knows, with their channels, content vectors and the basis of the next sums.

use std::collections::HashMap;
use std::sync::Arc;

use super::basis::Basis;
use super::content::ContentBasis;
use super::contribution::EvidenceBasis;
use super::factors::Factors;
use super::item::Item;

/// Dimensions of the content vectors that describe items: more than in messages, because here they cost nothing.
pub const CONTENT_DIMENSIONS: usize = 128;

/// Items in a fixed order, and what follows from them and from common sums alone.
#[derive(Clone)]
pub struct Catalogue {
    items: Arc<Vec<Item>>,
    channels: Arc<Vec<String>>,
    channel_of: Arc<Vec<u32>>,
    content: Arc<Factors>,
    basis: Basis,
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
        let channel_of: Vec<u32> = items.iter().map(|item| place[item.channel.as_str()]).collect();
        let content = ContentBasis::new(CONTENT_DIMENSIONS).vectors(&items);
        Self {
            basis: Basis::first(basis, &items),
            items: Arc::new(items),
            channels: Arc::new(channels),
            channel_of: Arc::new(channel_of),
            content: Arc::new(content),
        }
    }

    /// The same items with another basis.
    #[must_use]
    pub fn with_basis(&self, basis: Basis) -> Self {
        Self { basis, ..self.clone() }
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

    /// The basis in which sums are expressed.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// Content vectors of [`CONTENT_DIMENSIONS`], one row per item.
    pub fn content(&self) -> &Factors {
        &self.content
    }
}
