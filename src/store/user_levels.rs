//! Which level was in force when: of each user, and for those who made no choice.

use chrono::{DateTime, Utc};

use super::level::{Level, stored};
use super::{Store, StoreError};

/// A change of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelChange {
    /// From when on.
    pub since: DateTime<Utc>,
    /// The level; `None`: what the instance says.
    pub level: Option<Level>,
}

/// All levels of one user, and those of users who made no choice, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LevelHistory {
    /// What the user chose.
    pub chosen: Vec<LevelChange>,
    /// What the instance said.
    pub default: Vec<LevelChange>,
    /// Before this, what the user chose is not known any more.
    pub known_from: Option<DateTime<Utc>>,
}

impl LevelHistory {
    /// The level that was in force at `time`; `None` when that is not known.
    pub fn at(&self, time: DateTime<Utc>) -> Option<Level> {
        if self.known_from.is_some_and(|known_from| time < known_from) {
            return None;
        }
        let newest = |changes: &[LevelChange]| {
            changes
                .iter()
                .take_while(|change| change.since <= time)
                .last()
                .and_then(|change| change.level)
        };
        newest(&self.chosen).or_else(|| newest(&self.default))
    }
}

impl Store {
    /// Writes down what users who make no choice are at, when that changed.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn note_default_level(&self, level: Level) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO shoal.default_levels (since, level)
             SELECT $1::timestamptz, $2::text WHERE $2::text IS DISTINCT FROM (SELECT level FROM shoal.default_levels ORDER BY since DESC LIMIT 1)
             ON CONFLICT (since) DO UPDATE SET level = $2",
            self.clock.now(),
            level.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// All levels of `user`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a level is not known to this version, [`StoreError::Database`] if the database fails.
    pub async fn level_history(&self, user: i32) -> Result<LevelHistory, StoreError> {
        let chosen = sqlx::query!(
            "SELECT since, level FROM shoal.user_levels WHERE user_id = $1 ORDER BY since",
            user
        )
        .fetch_all(&self.pool)
        .await?;
        let default = sqlx::query!("SELECT since, level FROM shoal.default_levels ORDER BY since")
            .fetch_all(&self.pool)
            .await?;
        let chosen = chosen.into_iter().map(|row| (row.since, row.level));
        let default = default.into_iter().map(|row| (row.since, Some(row.level)));
        Ok(LevelHistory {
            chosen: changes(chosen)?,
            default: changes(default)?,
            known_from: self.user_settings(user).await?.forgotten_at,
        })
    }
}

fn changes(rows: impl Iterator<Item = (DateTime<Utc>, Option<String>)>) -> Result<Vec<LevelChange>, StoreError> {
    rows.map(|(since, level)| {
        Ok(LevelChange {
            since,
            level: stored(level.as_deref())?,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(second: i64, level: Option<Level>) -> LevelChange {
        LevelChange {
            since: at(second),
            level,
        }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn the_newest_change_counts_and_the_default_where_there_is_no_choice() {
        let history = LevelHistory {
            chosen: vec![change(20, Some(Level::Off)), change(30, None)],
            default: vec![change(10, Some(Level::Local)), change(40, Some(Level::Contribute))],
            known_from: None,
        };
        assert_eq!(history.at(at(9)), None);
        assert_eq!(history.at(at(10)), Some(Level::Local));
        assert_eq!(history.at(at(20)), Some(Level::Off));
        assert_eq!(history.at(at(30)), Some(Level::Local));
        assert_eq!(history.at(at(40)), Some(Level::Contribute));
        let forgotten = LevelHistory {
            known_from: Some(at(35)),
            ..history
        };
        assert_eq!(forgotten.at(at(34)), None);
        assert_eq!(forgotten.at(at(40)), Some(Level::Contribute));
    }
}
