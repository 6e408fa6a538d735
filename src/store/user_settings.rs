//! What users decided: levels, sliders, topics, resets.

use std::collections::HashSet;
use std::slice;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::level::{Level, stored};
use super::not_interested::Unwanted;
use super::{Isolation, Store, StoreError};

/// Everything that one user decided.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserSettings {
    /// What the history may be used for; `None`: what the instance says.
    pub level: Option<Level>,
    /// The sliders.
    pub sliders: Sliders,
    /// Topics to see more and less of.
    pub topics: Topics,
    /// Last reset: what was done before it is not learned from.
    pub history_from: Option<DateTime<Utc>>,
    /// When the user last deleted everything: earlier levels are not known.
    pub forgotten_at: Option<DateTime<Utc>>,
    /// When anything was last changed; `None`: never.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Three directions in which a user may push the lists, each from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sliders {
    /// From familiar to discover.
    pub discover: f32,
    /// From timeless to fresh.
    pub fresh: f32,
    /// From local videos to those of other instances.
    pub wide: f32,
}

/// Topics to see more and less of. Tags are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topics {
    /// More of these tags.
    pub tags_up: Vec<String>,
    /// Less of these tags.
    pub tags_down: Vec<String>,
    /// More of these categories of PeerTube.
    pub categories_up: Vec<i32>,
    /// Less of these categories of PeerTube.
    pub categories_down: Vec<i32>,
}

/// A change of some of a user's settings; `None` leaves a setting as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SettingsChange {
    /// The level; `Some(None)`: back to what the instance says.
    pub level: Option<Option<Level>>,
    /// From -1, familiar, to 1, discover.
    pub discover: Option<f32>,
    /// From -1, timeless, to 1, fresh.
    pub fresh: Option<f32>,
    /// From -1, local, to 1, other instances.
    pub wide: Option<f32>,
    /// All topics.
    pub topics: Option<Topics>,
}

/// The part of a user's settings that learning needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserChoice {
    /// Number of the user in PeerTube.
    pub user: i32,
    /// The chosen level; `None`: what the instance says.
    pub level: Option<Level>,
    /// What was done before is not learned from.
    pub history_from: Option<DateTime<Utc>>,
}

struct Row {
    level: Option<String>,
    discover: f32,
    fresh: f32,
    wide: f32,
    tags_up: Vec<String>,
    tags_down: Vec<String>,
    categories_up: Vec<i32>,
    categories_down: Vec<i32>,
    history_from: Option<DateTime<Utc>>,
    forgotten_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for UserSettings {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            level: stored(row.level.as_deref())?,
            sliders: Sliders {
                discover: row.discover,
                fresh: row.fresh,
                wide: row.wide,
            },
            topics: Topics {
                tags_up: row.tags_up,
                tags_down: row.tags_down,
                categories_up: row.categories_up,
                categories_down: row.categories_down,
            },
            history_from: row.history_from,
            forgotten_at: row.forgotten_at,
            updated_at: Some(row.updated_at),
        })
    }
}

impl Store {
    /// What `user` decided; everything at its default when that is nothing.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the level is not known to this version, [`StoreError::Database`] if the database fails.
    pub async fn user_settings(&self, user: i32) -> Result<UserSettings, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "SELECT level, discover, fresh, wide, tags_up, tags_down, categories_up, categories_down, history_from,
                    forgotten_at, updated_at
             FROM shoal.user_settings WHERE user_id = $1",
            user,
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map_or_else(|| Ok(UserSettings::default()), UserSettings::try_from)
    }

    /// [`Store::user_settings`] and [`Store::unwanted`] at once, because every list of a user needs both. They are remembered
    /// for a minute: what another program writes meanwhile is not seen.
    ///
    /// # Errors
    /// As theirs.
    pub async fn settings_and_unwanted(&self, user: i32) -> Result<Arc<(UserSettings, HashSet<Unwanted>)>, StoreError> {
        let now = self.clock.now();
        let before = match self.remembered.of(user, now) {
            Ok(decided) => return Ok(decided),
            Err(before) => before,
        };
        let decided = Arc::new(tokio::try_join!(self.user_settings(user), self.unwanted(user))?);
        self.remembered.remember(user, &decided, now, before);
        Ok(decided)
    }

    /// Changes settings of `user`, and writes down when the level changed. Returns all settings.
    ///
    /// # Errors
    /// [`StoreError::Value`] if a slider is not from -1 to 1, [`StoreError::Database`] if the database fails.
    pub async fn change_user_settings(&self, user: i32, change: SettingsChange) -> Result<UserSettings, StoreError> {
        let sliders = [change.discover, change.fresh, change.wide];
        if sliders.iter().flatten().any(|value| !(-1.0..=1.0).contains(value)) {
            return Err(StoreError::Value("a slider must be from -1 to 1"));
        }
        let now = self.clock.now();
        let _forgetting = self.remembered.forgetting(slice::from_ref(&user));
        let change = Arc::new(change);
        self.run_transaction("change_user_settings", Isolation::RepeatableRead, move |connection| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                if let Some(level) = change.level {
                    note_level(connection, user, level, now).await?;
                }
                let topics = change.topics.as_ref();
                let row = sqlx::query_as!(
                    Row,
                    "INSERT INTO shoal.user_settings AS old (user_id, level, discover, fresh, wide, tags_up, tags_down,
                                                             categories_up, categories_down, updated_at)
                     VALUES ($1, $3, coalesce($4::real, 0), coalesce($5::real, 0), coalesce($6::real, 0), coalesce($7, '{}'::text[]),
                             coalesce($8, '{}'::text[]), coalesce($9, '{}'::integer[]), coalesce($10, '{}'::integer[]), $11)
                     ON CONFLICT (user_id) DO UPDATE SET
                         level = CASE WHEN $2 THEN $3 ELSE old.level END, discover = coalesce($4, old.discover),
                         fresh = coalesce($5, old.fresh), wide = coalesce($6, old.wide),
                         tags_up = coalesce($7, old.tags_up), tags_down = coalesce($8, old.tags_down),
                         categories_up = coalesce($9, old.categories_up),
                         categories_down = coalesce($10, old.categories_down), updated_at = $11
                     RETURNING level, discover, fresh, wide, tags_up, tags_down, categories_up, categories_down,
                               history_from, forgotten_at, updated_at",
                    user,
                    change.level.is_some(),
                    change.level.flatten().map(Level::as_str),
                    change.discover,
                    change.fresh,
                    change.wide,
                    topics.map(|topics| topics.tags_up.as_slice()),
                    topics.map(|topics| topics.tags_down.as_slice()),
                    topics.map(|topics| topics.categories_up.as_slice()),
                    topics.map(|topics| topics.categories_down.as_slice()),
                    now,
                )
                .fetch_one(&mut *connection)
                .await?;
                row.try_into()
            })
        })
        .await
    }

    /// From now on, nothing is learned from what `user` did before.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn reset_user(&self, user: i32) -> Result<(), StoreError> {
        let _forgetting = self.remembered.forgetting(slice::from_ref(&user));
        sqlx::query!(
            "INSERT INTO shoal.user_settings (user_id, history_from, updated_at) VALUES ($1, $2, $2)
             ON CONFLICT (user_id) DO UPDATE SET history_from = $2, updated_at = $2",
            user,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Removes all that `user` ever decided, but for the level and the fact that the history before now may not be
    /// learned from: without these two, it would be learned from again.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails; nothing is removed then.
    pub async fn forget_user(&self, user: i32) -> Result<(), StoreError> {
        let _forgetting = self.remembered.forgetting(slice::from_ref(&user));
        let now = self.clock.now();
        self.run_transaction("forget_user", Isolation::RepeatableRead, move |connection| {
            Box::pin(async move {
                sqlx::query!("DELETE FROM shoal.not_interested WHERE user_id = $1", user)
                    .execute(&mut *connection)
                    .await?;
                sqlx::query!("DELETE FROM shoal.user_levels WHERE user_id = $1", user)
                    .execute(&mut *connection)
                    .await?;
                let level = sqlx::query_scalar!(
                    "DELETE FROM shoal.user_settings WHERE user_id = $1 RETURNING level",
                    user
                )
                .fetch_optional(&mut *connection)
                .await?
                .flatten();
                sqlx::query!(
                    "INSERT INTO shoal.user_settings (user_id, level, history_from, forgotten_at, updated_at)
                     VALUES ($1, $2, $3, $3, $3)",
                    user,
                    level,
                    now,
                )
                .execute(&mut *connection)
                .await?;
                sqlx::query!(
                    "INSERT INTO shoal.user_levels (user_id, since, level) VALUES ($1, $2, $3)",
                    user,
                    now,
                    level,
                )
                .execute(&mut *connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// The choices of all users who made any, in order of their numbers.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a level is not known to this version, [`StoreError::Database`] if the database fails.
    pub async fn user_choices(&self) -> Result<Vec<UserChoice>, StoreError> {
        let rows = sqlx::query!("SELECT user_id, level, history_from FROM shoal.user_settings ORDER BY user_id")
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(UserChoice {
                    user: row.user_id,
                    level: stored(row.level.as_deref())?,
                    history_from: row.history_from,
                })
            })
            .collect()
    }

    /// The numbers of all users about whom there is any row, ascending.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn known_users(&self) -> Result<Vec<i32>, StoreError> {
        let users = sqlx::query_scalar!(
            r#"SELECT user_id AS "user_id!" FROM shoal.user_settings
               UNION SELECT user_id FROM shoal.user_levels
               UNION SELECT user_id FROM shoal.not_interested ORDER BY 1"#,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(users)
    }

    /// Removes every row about `users`, who are no more in PeerTube.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails; nothing is removed then.
    pub async fn remove_users(&self, users: &[i32]) -> Result<(), StoreError> {
        let _forgetting = self.remembered.forgetting(users);
        let users: Arc<[i32]> = users.into();
        self.run_transaction("remove_users", Isolation::RepeatableRead, move |connection| {
            let users = Arc::clone(&users);
            Box::pin(async move {
                sqlx::query!("DELETE FROM shoal.user_settings WHERE user_id = ANY ($1)", &users[..])
                    .execute(&mut *connection)
                    .await?;
                sqlx::query!("DELETE FROM shoal.user_levels WHERE user_id = ANY ($1)", &users[..])
                    .execute(&mut *connection)
                    .await?;
                sqlx::query!("DELETE FROM shoal.not_interested WHERE user_id = ANY ($1)", &users[..])
                    .execute(&mut *connection)
                    .await?;
                sqlx::query!("DELETE FROM shoal.accounts WHERE user_id = ANY ($1)", &users[..])
                    .execute(&mut *connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn note_level(
    connection: &mut PgConnection,
    user: i32,
    level: Option<Level>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let before = sqlx::query_scalar!(
        "SELECT level FROM shoal.user_settings WHERE user_id = $1 FOR UPDATE",
        user
    )
    .fetch_optional(&mut *connection)
    .await?
    .flatten();
    let level = level.map(Level::as_str);
    if before.as_deref() != level {
        sqlx::query!(
            "INSERT INTO shoal.user_levels (user_id, since, level) VALUES ($1, $2, $3)
             ON CONFLICT (user_id, since) DO UPDATE SET level = $3",
            user,
            now,
            level,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
