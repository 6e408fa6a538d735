//! A buffer of raw history that is overwritten with zeros when it is let go of.

use std::ops::Deref;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Rows of raw history. Wiped when dropped, with the room behind them; not where they lay before the buffer grew.
pub(super) struct Wiped<T: Copy>(Vec<T>);

impl<T: Copy> From<Vec<T>> for Wiped<T> {
    fn from(rows: Vec<T>) -> Self {
        Self(rows)
    }
}

impl<T: Copy> Deref for Wiped<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Copy> Drop for Wiped<T> {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl<T: Copy> ZeroizeOnDrop for Wiped<T> {}

/// Overwrites the whole allocation; nothing is left in it.
pub(super) fn wipe<T: Copy>(rows: &mut Vec<T>) {
    rows.clear();
    rows.spare_capacity_mut().zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peertube::UserSignals;

    #[test]
    fn wiping_leaves_no_row() {
        let mut rows = vec![1, 2, 3];
        wipe(&mut rows);
        assert!(rows.is_empty());
    }

    /// What the compiler guarantees.
    #[test]
    fn raw_history_is_wiped_when_it_is_dropped() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Wiped<i32>>();
        wiped::<UserSignals>();
    }
}
