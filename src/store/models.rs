//! Published models: replaced whole, or not at all.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Isolation, Store, StoreError};

/// Models kept, counted from the newest.
const KEPT: i64 = 3;

/// A model to publish.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// Which kind of model the bytes hold.
    pub kind: String,
    /// Version of the layout of the bytes.
    pub format_version: i32,
    /// How it was trained and what it reached.
    pub metadata: serde_json::Value,
    /// The model.
    pub bytes: Arc<[u8]>,
}

/// A published model.
#[derive(Debug, Clone)]
pub struct StoredModel {
    /// Grows with every publication.
    pub id: i64,
    /// When it was published.
    pub created_at: DateTime<Utc>,
    /// Which kind of model the bytes hold.
    pub kind: String,
    /// Version of the layout of the bytes.
    pub format_version: i32,
    /// How it was trained and what it reached.
    pub metadata: serde_json::Value,
    /// The model.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Makes `model` the latest one and removes all but the newest three. Returns its number.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails; the latest model is then what it was.
    pub async fn publish_model(&self, model: NewModel) -> Result<i64, StoreError> {
        let now = self.clock.now();
        let model = Arc::new(model);
        self.run_transaction("publish_model", Isolation::RepeatableRead, move |connection| {
            let model = Arc::clone(&model);
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    "INSERT INTO shoal.models (created_at, kind, format_version, metadata, bytes)
                     VALUES ($1, $2, $3, $4, $5) RETURNING id",
                    now,
                    model.kind,
                    model.format_version,
                    model.metadata,
                    &*model.bytes,
                )
                .fetch_one(&mut *connection)
                .await?;
                sqlx::query!(
                    "DELETE FROM shoal.models WHERE id NOT IN (SELECT id FROM shoal.models ORDER BY id DESC LIMIT $1)",
                    KEPT,
                )
                .execute(&mut *connection)
                .await?;
                Ok(id)
            })
        })
        .await
    }

    /// Removes all models.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn forget_models(&self) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM shoal.models").execute(&self.pool).await?;
        Ok(())
    }

    /// The model that was published last.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn latest_model(&self) -> Result<Option<StoredModel>, StoreError> {
        let model = sqlx::query_as!(
            StoredModel,
            "SELECT id, created_at, kind, format_version, metadata, bytes FROM shoal.models ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(model)
    }

    /// The number of the model that was published last, without reading its bytes.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn latest_model_id(&self) -> Result<Option<i64>, StoreError> {
        let id = sqlx::query_scalar!("SELECT max(id) FROM shoal.models")
            .fetch_one(&self.pool)
            .await?;
        Ok(id)
    }
}
