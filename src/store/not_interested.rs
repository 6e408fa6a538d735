//! What a user never wants to be shown.

use std::collections::HashSet;
use std::slice;

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

/// Entries that one user may have at most.
pub const MOST_NOT_INTERESTED: i64 = 1_000;

/// A video or a channel of this PeerTube, by its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unwanted {
    /// One video.
    Video(i32),
    /// All videos of a channel.
    Channel(i32),
}

impl Unwanted {
    fn columns(self) -> (&'static str, i32) {
        match self {
            Self::Video(id) => ("video", id),
            Self::Channel(id) => ("channel", id),
        }
    }
}

/// Something that a user does not want to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotInterested {
    /// What.
    pub unwanted: Unwanted,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Keeps `unwanted` from ever being shown to `user`. False when the user has [`MOST_NOT_INTERESTED`] entries already.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn add_not_interested(&self, user: i32, unwanted: Unwanted) -> Result<bool, StoreError> {
        let _forgetting = self.remembered.forgetting(slice::from_ref(&user));
        let (kind, target) = unwanted.columns();
        let added = sqlx::query!(
            "INSERT INTO shoal.not_interested (user_id, kind, target_id, created_at)
             SELECT $1::integer, $2::text, $3::integer, $4::timestamptz WHERE (SELECT count(*) FROM shoal.not_interested WHERE user_id = $1) < $5
             ON CONFLICT (user_id, kind, target_id) DO NOTHING",
            user,
            kind,
            target,
            self.clock.now(),
            MOST_NOT_INTERESTED,
        )
        .execute(&self.pool)
        .await?;
        if added.rows_affected() > 0 {
            return Ok(true);
        }
        let there = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT 1 FROM shoal.not_interested WHERE user_id = $1 AND kind = $2 AND target_id = $3
               ) AS "there!""#,
            user,
            kind,
            target,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(there)
    }

    /// Lets `unwanted` be shown to `user` again.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn remove_not_interested(&self, user: i32, unwanted: Unwanted) -> Result<(), StoreError> {
        let _forgetting = self.remembered.forgetting(slice::from_ref(&user));
        let (kind, target) = unwanted.columns();
        sqlx::query!(
            "DELETE FROM shoal.not_interested WHERE user_id = $1 AND kind = $2 AND target_id = $3",
            user,
            kind,
            target,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What `user` does not want to be shown, newest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row is not known to this version, [`StoreError::Database`] if the database fails.
    pub async fn not_interested(&self, user: i32) -> Result<Vec<NotInterested>, StoreError> {
        let rows = sqlx::query!(
            "SELECT kind, target_id, created_at FROM shoal.not_interested WHERE user_id = $1
             ORDER BY created_at DESC, kind, target_id",
            user,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let unwanted = match row.kind.as_str() {
                    "video" => Unwanted::Video(row.target_id),
                    "channel" => Unwanted::Channel(row.target_id),
                    _ => return Err(StoreError::Corrupt("kind")),
                };
                Ok(NotInterested {
                    unwanted,
                    created_at: row.created_at,
                })
            })
            .collect()
    }

    /// The same as [`Store::not_interested`], for looking up.
    ///
    /// # Errors
    /// As [`Store::not_interested`].
    pub async fn unwanted(&self, user: i32) -> Result<HashSet<Unwanted>, StoreError> {
        Ok(self
            .not_interested(user)
            .await?
            .into_iter()
            .map(|entry| entry.unwanted)
            .collect())
    }
}
