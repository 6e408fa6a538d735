//! Rows of PeerTube's tables that hold what cannot be decoded or used. One such row is skipped, and everything else goes on: the
//! metric [`UNUSABLE_ROWS`] counts how often it was met, and the log names it once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::connection::PeerTube;
use super::ids::VideoId;
use super::timestamp::{AnyTimestamp, believed};

/// How often a row was met that holds a value which cannot be used, by `table`.
pub const UNUSABLE_ROWS: &str = "shoal_unusable_rows_total";

/// Rows that are named in the log at most, so that the memory for them is bounded. After that, rows are only counted.
const NAMED: usize = 1_000;

/// A table, and the number of a row where it may be named.
type Named = (&'static str, Option<i32>);

/// The rows that were named already. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct SkippedRows(Arc<Mutex<BTreeSet<Named>>>);

/// Where rows come from, and whether a row may be named: what users did is told to nobody, not even to the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    table: &'static str,
    key: Option<&'static str>,
}

impl Origin {
    /// Rows of `table` with public facts; the column `key` of the statement has the number of a row.
    pub(super) const fn public(table: &'static str, key: &'static str) -> Self {
        Self { table, key: Some(key) }
    }

    /// Rows of `table` about what users did.
    pub(super) const fn personal(table: &'static str) -> Self {
        Self { table, key: None }
    }
}

/// Statements whose rows are videos, with their number in the column `id`.
pub(super) const VIDEOS: Origin = Origin::public("video", "id");

impl SkippedRows {
    /// Decodes `rows` without those that cannot be decoded.
    pub(super) fn decode<R: for<'row> FromRow<'row, PgRow>>(&self, origin: Origin, rows: &[PgRow]) -> Vec<R> {
        // Room for all at once: a list that grows leaves copies behind.
        let mut decoded = Vec::with_capacity(rows.len());
        for row in rows {
            match R::from_row(row) {
                Ok(row) => decoded.push(row),
                Err(error) => {
                    let number = origin.key.and_then(|key| row.try_get::<i32, _>(key).ok());
                    self.note(origin.table, number, &format!("{error}; the row is skipped"));
                }
            }
        }
        decoded
    }

    /// Counts a row, and names it if it has not been named yet.
    pub(super) fn note(&self, table: &'static str, number: Option<i32>, problem: &str) {
        metrics::counter!(UNUSABLE_ROWS, "table" => table).increment(1);
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() >= NAMED || !named.insert((table, number)) {
            return;
        }
        if let Some(row) = number {
            tracing::warn!(table, row, problem, "a row in PeerTube's database cannot be used");
        } else {
            tracing::warn!(table, problem, "rows in PeerTube's database cannot be used");
        }
        if named.len() == NAMED {
            tracing::warn!("more rows that cannot be used are only counted, in the metric {UNUSABLE_ROWS}");
        }
    }
}

impl PeerTube {
    /// When `video` was published, as far as that can be true; `None` when nothing is known about it, and it must be skipped.
    pub(super) fn believed_date(
        &self,
        video: VideoId,
        published: AnyTimestamp,
        first_seen: AnyTimestamp,
    ) -> Option<DateTime<Utc>> {
        let date = believed(published, first_seen, self.now());
        let consequence = match (date, published.0) {
            (Some(_), Some(_)) => return date,
            (Some(_), None) => "when it was first seen counts instead",
            (None, _) => "the row is skipped",
        };
        let problem =
            format!("publishedAt is infinite, in the future or not within the years 1 to 9999; {consequence}");
        self.skipped.note(VIDEOS.table, Some(video.0), &problem);
        date
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_for_names_is_bounded() {
        let skipped = SkippedRows::default();
        for row in 0..5_000 {
            skipped.note("video", Some(row % 3_000), "of no use");
            skipped.note("userVideoHistory", None, "of no use");
        }
        assert_eq!(skipped.0.lock().unwrap().len(), NAMED);
    }
}
