//! What is known about a video before the sums are read: its content vector and, after the first sweep, its vector in the
//! basis, which carries what earlier sums have taught.

use crate::model::catalogue::Catalogue;
use crate::model::factors::Factors;

/// Rows of descriptors, put together when needed.
pub(super) struct Descriptors<'a> {
    catalogue: &'a Catalogue,
    parts: Vec<&'a Factors>,
}

impl<'a> Descriptors<'a> {
    /// Of all items of `catalogue`.
    pub fn new(catalogue: &'a Catalogue) -> Self {
        let mut parts = vec![catalogue.content()];
        if catalogue.basis().is_refined() {
            parts.push(catalogue.basis().vectors());
        }
        Self { catalogue, parts }
    }

    /// Numbers per row; the last one is always 1.
    pub fn width(&self) -> usize {
        self.parts.iter().map(|part| part.dimensions()).sum::<usize>() + 1
    }

    /// Writes the row of `item`.
    pub fn write(&self, item: usize, row: &mut [f32]) {
        let mut rest = row;
        for part in &self.parts {
            let (own, after) = rest.split_at_mut(part.dimensions());
            own.copy_from_slice(part.row(item));
            rest = after;
        }
        rest.fill(1.0);
    }

    /// Number of the channel of `item`.
    pub fn channel_of(&self, item: usize) -> usize {
        self.catalogue.channel_of(item)
    }
}
