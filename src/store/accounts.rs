//! When PeerTube created the accounts about which there is any row: the same number with another date is another person.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

impl Store {
    /// When the accounts of `users` were created, as far as that was ever remembered; in order of their numbers.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn remembered_accounts(&self, users: &[i32]) -> Result<Vec<(i32, DateTime<Utc>)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT user_id, created_at FROM shoal.accounts WHERE user_id = ANY ($1) ORDER BY user_id",
            users,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.user_id, row.created_at)).collect())
    }

    /// Remembers when accounts were created. What is remembered already stays.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn remember_accounts(&self, accounts: &[(i32, DateTime<Utc>)]) -> Result<(), StoreError> {
        let (users, created): (Vec<i32>, Vec<DateTime<Utc>>) = accounts.iter().copied().unzip();
        sqlx::query!(
            "INSERT INTO shoal.accounts (user_id, created_at) SELECT * FROM unnest($1::integer[], $2::timestamptz[])
             ON CONFLICT DO NOTHING",
            &users,
            &created,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
