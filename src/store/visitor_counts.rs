//! Randomized reports of visitors, as counts per day. No report is kept, nor who sent it.

use chrono::{NaiveDate, TimeDelta};

use super::{Store, StoreError};

/// Under this number all reports of a day are counted, whatever they say. No topic has it.
const ALL: i32 = 0;
/// Days after which counts are removed.
const KEPT_DAYS: i64 = 400;

/// Counts of some days together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VisitorCounts {
    /// Reports in all.
    pub reports: u64,
    /// (Topic, reports that name it), for topics that were named.
    pub topics: Vec<(i32, u64)>,
}

impl Store {
    /// Counts one report that names `topics`, numbers above 0, each once.
    ///
    /// # Errors
    /// [`StoreError::Value`] if a topic is not above 0 or named twice, [`StoreError::Database`] if the database fails.
    /// Nothing is counted then.
    pub async fn count_visitor_report(&self, version: &str, topics: &[i32]) -> Result<(), StoreError> {
        let mut counted = vec![ALL];
        counted.extend(topics);
        // One order for all: reports that arrive together then wait for each other instead of colliding.
        counted.sort_unstable();
        if counted.windows(2).any(|pair| pair[0] == pair[1]) || counted[0] < ALL {
            return Err(StoreError::Value("a topic is a number above 0, named once"));
        }
        sqlx::query!(
            "INSERT INTO shoal.visitor_counts AS old (version, day, topic, reports)
             SELECT $1, $2, topic, 1 FROM unnest($3::integer[]) topic
             ON CONFLICT (version, day, topic) DO UPDATE SET reports = old.reports + 1",
            version,
            self.today(),
            &counted,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The counts of the last `days` days, today included.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn visitor_counts(&self, version: &str, days: u32) -> Result<VisitorCounts, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT topic, sum(reports)::bigint AS "reports!" FROM shoal.visitor_counts
               WHERE version = $1 AND day > $2 GROUP BY topic ORDER BY topic"#,
            version,
            self.today() - TimeDelta::days(i64::from(days)),
        )
        .fetch_all(&self.pool)
        .await?;
        let mut counts = VisitorCounts::default();
        for row in rows {
            let reports = row.reports.unsigned_abs();
            if row.topic == ALL {
                counts.reports = reports;
            } else {
                counts.topics.push((row.topic, reports));
            }
        }
        Ok(counts)
    }

    /// Removes counts of more than 400 days ago.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn prune_visitor_counts(&self) -> Result<(), StoreError> {
        sqlx::query!(
            "DELETE FROM shoal.visitor_counts WHERE day < $1",
            self.today() - TimeDelta::days(KEPT_DAYS),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    fn today(&self) -> NaiveDate {
        self.clock.now().date_naive()
    }
}
