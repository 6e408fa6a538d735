//! The model in Shoal's database, and in use. It is replaced whole, or not at all.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TrainingError;
use crate::model::recommender::Recommender;
use crate::peertube::CatalogueVideo;
use crate::recommend::snapshot::{SharedSnapshot, Snapshot};
use crate::store::{NewModel, Store};

const KIND: &str = "recommender";
/// Changes whenever the layout of the bytes changes; older models are then trained anew instead of read.
const FORMAT_VERSION: i32 = 1;
const COMPRESSION_LEVEL: i32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    videos: &'a [CatalogueVideo],
    recommender: &'a Recommender,
}

#[derive(Deserialize)]
struct Read {
    videos: Vec<CatalogueVideo>,
    recommender: Recommender,
}

/// Stores the model and then puts it in use. Returns its number.
///
/// # Errors
/// [`TrainingError`]; the model in use stays in use then.
pub async fn publish(
    store: &Store,
    in_use: &SharedSnapshot,
    recommender: Recommender,
    videos: Vec<CatalogueVideo>,
    metadata: serde_json::Value,
    now: DateTime<Utc>,
) -> Result<i64, TrainingError> {
    let failed = |reason: String| TrainingError::Codec {
        doing: "written",
        reason,
    };
    let (recommender, videos, bytes) = tokio::task::spawn_blocking(move || {
        let plain = postcard::to_allocvec(&Written {
            videos: &videos,
            recommender: &recommender,
        })
        .map_err(|error| error.to_string())?;
        let bytes = zstd::encode_all(plain.as_slice(), COMPRESSION_LEVEL).map_err(|error| error.to_string())?;
        Ok::<_, String>((recommender, videos, bytes))
    })
    .await
    .map_err(|error| TrainingError::Computation(error.to_string()))?
    .map_err(failed)?;
    let model = NewModel {
        kind: KIND.to_owned(),
        format_version: FORMAT_VERSION,
        metadata,
        bytes: Arc::from(bytes),
    };
    let id = store.publish_model(model).await?;
    in_use.store(Some(Arc::new(Snapshot::new(recommender, videos, now, id.to_string())?)));
    Ok(id)
}

/// Puts the latest stored model in use, if there is one of the current format. Returns its number.
///
/// # Errors
/// [`TrainingError::Store`] when the database cannot answer. A model that cannot be read is no error: it is logged, and
/// the next cycle makes a new one.
pub async fn restore(store: &Store, in_use: &SharedSnapshot) -> Result<Option<i64>, TrainingError> {
    let Some(stored) = store.latest_model().await? else {
        return Ok(None);
    };
    if stored.kind != KIND || stored.format_version != FORMAT_VERSION {
        tracing::info!(
            model = stored.id,
            "the stored model has an older format and will be trained anew"
        );
        return Ok(None);
    }
    let (id, created_at) = (stored.id, stored.created_at);
    let read = tokio::task::spawn_blocking(move || {
        let plain = zstd::decode_all(stored.bytes.as_slice()).map_err(|error| error.to_string())?;
        let read: Read = postcard::from_bytes(&plain).map_err(|error| error.to_string())?;
        Snapshot::new(read.recommender, read.videos, created_at, id.to_string()).map_err(|error| error.to_string())
    })
    .await
    .map_err(|error| TrainingError::Computation(error.to_string()))?;
    match read {
        Ok(snapshot) => {
            in_use.store(Some(Arc::new(snapshot)));
            Ok(Some(id))
        }
        Err(error) => {
            tracing::warn!(
                model = id,
                error,
                "the stored model cannot be read and will be trained anew"
            );
            Ok(None)
        }
    }
}
