//! Numbers for things, from 0 on, in the order in which they appear.

use std::hash::Hash;

use foldhash::HashMap;

/// The numbers that were given so far.
#[derive(Debug)]
pub struct Numbers<K>(HashMap<K, u32>);

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash> Numbers<K> {
    /// The number of `key`; a new one where it did not appear before.
    pub fn of(&mut self, key: K) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(key).or_insert(next)
    }

    /// How many things have a number.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_first_appearance() {
        let mut numbers = Numbers::default();
        assert_eq!(["b", "a", "b", "c"].map(|key| numbers.of(key)), [0, 1, 0, 2]);
        assert_eq!(numbers.count(), 3);
    }
}
