//! Who preferred what, as a sparse matrix of users and items.
//!
//! All learning takes histories in this form, so what is dropped here counts nowhere: values that are no numbers, unknown items,
//! repeated entries. Items without any value get factors of zeros and cost the memory for them; users without any value, or
//! with negative ones only, are rows like others.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A sparse `users x items` matrix of preference values in \[-1, 1\], compressed by rows.
///
/// Within a row, items ascend and occur once; no value is zero or not finite. Wiped when dropped.
#[derive(Clone, PartialEq, Zeroize, ZeroizeOnDrop)]
pub struct Interactions {
    items: usize,
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Interactions {
    /// An empty matrix without users over `items` items.
    pub fn new(items: usize) -> Self {
        Self {
            items,
            offsets: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Appends a user and returns the new row's number.
    ///
    /// Items out of range and values that are zero or not finite are dropped; of an item that occurs twice the value of
    /// the largest magnitude stays; values are clamped to \[-1, 1\].
    pub fn push_user(&mut self, row: impl IntoIterator<Item = (u32, f32)>) -> usize {
        let mut entries: Vec<(u32, f32)> = row
            .into_iter()
            .filter(|(item, value)| (*item as usize) < self.items && value.is_finite() && *value != 0.0)
            .map(|(item, value)| (item, value.clamp(-1.0, 1.0)))
            .collect();
        entries.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then(b.1.abs().total_cmp(&a.1.abs()))
                .then(b.1.total_cmp(&a.1))
        });
        entries.dedup_by_key(|entry| entry.0);
        self.columns.extend(entries.iter().map(|entry| entry.0));
        self.values.extend(entries.iter().map(|entry| entry.1));
        entries.zeroize();
        self.offsets.push(self.columns.len());
        self.users() - 1
    }

    /// Number of rows.
    pub fn users(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Number of stored values.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether no value is stored.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Items and values of one user.
    pub fn row(&self, user: usize) -> (&[u32], &[f32]) {
        let range = self.offsets[user]..self.offsets[user + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Items and values of one user, as pairs.
    pub fn entries(&self, user: usize) -> impl ExactSizeIterator<Item = (u32, f32)> + '_ {
        let (columns, values) = self.row(user);
        columns.iter().copied().zip(values.iter().copied())
    }

    /// Users with a positive value, per item.
    pub fn positive_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.items];
        for (column, value) in self.columns.iter().zip(&self.values) {
            if *value > 0.0 {
                counts[*column as usize] += 1;
            }
        }
        counts
    }

    /// The transposed matrix: items as rows, users as columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut offsets = vec![0usize; self.items + 1];
        for column in &self.columns {
            offsets[*column as usize + 1] += 1;
        }
        for place in 1..offsets.len() {
            offsets[place] += offsets[place - 1];
        }
        let mut next = offsets.clone();
        let mut columns = vec![0u32; self.len()];
        let mut values = vec![0f32; self.len()];
        for user in 0..self.users() {
            for (item, value) in self.entries(user) {
                let place = next[item as usize];
                columns[place] = user as u32;
                values[place] = value;
                next[item as usize] += 1;
            }
        }
        Self {
            items: self.users(),
            offsets,
            columns,
            values,
        }
    }
}

impl std::fmt::Debug for Interactions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without contents: this is raw history.
        write!(
            formatter,
            "Interactions({} users x {} items, {} values)",
            self.users(),
            self.items,
            self.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_entries_are_dropped_and_doubles_merged() {
        let mut matrix = Interactions::new(3);
        matrix.push_user([(2, 0.5), (0, f32::NAN), (9, 1.0), (1, 0.0), (2, -0.7), (0, 7.0)]);
        assert_eq!(matrix.row(0), ([0, 2].as_slice(), [1.0, -0.7].as_slice()));
    }

    proptest! {
        #[test]
        fn transposing_twice_changes_nothing(
            rows in proptest::collection::vec(proptest::collection::vec((0u32..20, -1.0f32..1.0), 0..12), 0..12),
        ) {
            let mut matrix = Interactions::new(20);
            for row in rows {
                matrix.push_user(row);
            }
            let transposed = matrix.transposed();
            prop_assert_eq!(transposed.users(), 20);
            prop_assert_eq!(transposed.len(), matrix.len());
            prop_assert!(transposed.transposed() == matrix);
        }
    }
}
