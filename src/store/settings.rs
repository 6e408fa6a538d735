//! Small values that outlive the process, by name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, StoreError};

impl Store {
    /// The value of the setting `key`, if it was ever written.
    ///
    /// # Errors
    /// [`StoreError::Json`] if the stored value has another shape, [`StoreError::Database`] if the database fails.
    pub async fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let value = sqlx::query_scalar!("SELECT value FROM shoal.settings WHERE key = $1", key)
            .fetch_optional(&self.pool)
            .await?;
        Ok(value.map(serde_json::from_value).transpose()?)
    }

    /// Writes the setting `key`.
    ///
    /// # Errors
    /// [`StoreError::Json`] if the value is not JSON, [`StoreError::Database`] if the database fails.
    pub async fn set_setting<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO shoal.settings (key, value, updated_at) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO UPDATE SET value = $2, updated_at = $3",
            key,
            serde_json::to_value(value)?,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Removes the setting `key`, if it is there.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn remove_setting(&self, key: &str) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM shoal.settings WHERE key = $1", key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
