//! The model in Shoal's database, and in use. It is replaced whole, or not at all.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::TrainingError;
use crate::model::ranking::Ranker;
use crate::model::recommender::Recommender;
use crate::panics::{Panicked, contained};
use crate::peertube::CatalogueVideo;
use crate::recommend::snapshot::{SharedSnapshot, Snapshot};
use crate::store::{NewModel, Store};

const KIND: &str = "recommender";
/// Changes whenever the layout of the bytes changes; older models are then trained anew instead of read.
const FORMAT_VERSION: i32 = 4;
const COMPRESSION_LEVEL: i32 = 1;
/// Bytes that are compressed at once.
const BLOCK: usize = 64 * 1024;
/// How often it is looked for a newer model.
const GLANCE: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Written<'a> {
    videos: &'a [CatalogueVideo],
    recommender: &'a Recommender,
    known_by_peers: &'a [u32],
    ranker: Option<&'a Ranker>,
}

#[derive(Deserialize)]
struct Read {
    videos: Vec<CatalogueVideo>,
    recommender: Recommender,
    known_by_peers: Vec<u32>,
    ranker: Option<Ranker>,
}

/// A model that was learned and is to be put in use.
pub struct Publication {
    /// The model.
    pub recommender: Recommender,
    /// The videos of its items, in their order.
    pub videos: Vec<CatalogueVideo>,
    /// Items about which other instances sent evidence that the model uses.
    pub known_by_peers: Vec<u32>,
    /// What ranks the best candidates again, where that is better.
    pub ranker: Option<Ranker>,
    /// How it was trained and what it reached.
    pub metadata: serde_json::Value,
}

/// Stores the model and then puts it in use. Returns its number.
///
/// # Errors
/// [`TrainingError`]; the model in use stays in use then.
pub async fn publish(
    store: &Store,
    in_use: &SharedSnapshot,
    publication: Publication,
    now: DateTime<Utc>,
) -> Result<i64, TrainingError> {
    let failed = |reason: String| TrainingError::Codec {
        doing: "written",
        reason,
    };
    let (publication, bytes) = tokio::task::spawn_blocking(move || {
        let written = Written {
            videos: &publication.videos,
            recommender: &publication.recommender,
            known_by_peers: &publication.known_by_peers,
            ranker: publication.ranker.as_ref(),
        };
        let bytes = compressed(&written)?;
        Ok::<_, String>((publication, bytes))
    })
    .await
    .map_err(|error| TrainingError::Computation(error.to_string()))?
    .map_err(failed)?;
    let Publication {
        recommender,
        videos,
        known_by_peers,
        ranker,
        metadata,
    } = publication;
    let model = NewModel {
        kind: KIND.to_owned(),
        format_version: FORMAT_VERSION,
        metadata,
        bytes: Arc::from(bytes),
    };
    let id = store.publish_model(model).await?;
    let snapshot = Snapshot::new(recommender, videos, now, id.to_string())?
        .with_items_known_by_peers(known_by_peers)
        .with_ranker(ranker);
    in_use.store(Some(Arc::new(snapshot)));
    Ok(id)
}

/// `model` in the form in which it is stored.
fn compressed(model: &impl Serialize) -> Result<Vec<u8>, String> {
    let encoder = zstd::Encoder::new(Vec::new(), COMPRESSION_LEVEL).map_err(|error| error.to_string())?;
    let sink = Compressing {
        encoder,
        waiting: Vec::with_capacity(2 * BLOCK),
        outcome: Ok(()),
    };
    let mut sink = postcard::to_extend(model, sink).map_err(|error| error.to_string())?;
    sink.flush();
    sink.outcome
        .and_then(|()| sink.encoder.finish())
        .map_err(|error| error.to_string())
}

/// Compresses bytes as they come: of a large model, the plain ones would take as much memory as the model.
struct Compressing {
    encoder: zstd::Encoder<'static, Vec<u8>>,
    waiting: Vec<u8>,
    outcome: std::io::Result<()>,
}

impl Compressing {
    fn flush(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = self.encoder.write_all(&self.waiting);
        }
        self.waiting.clear();
    }
}

impl Extend<u8> for Compressing {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        self.waiting.extend(bytes);
        if self.waiting.len() >= BLOCK {
            self.flush();
        }
    }
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
        Snapshot::new(read.recommender, read.videos, created_at, id.to_string())
            .map(|snapshot| {
                snapshot
                    .with_items_known_by_peers(read.known_by_peers)
                    .with_ranker(read.ranker)
            })
            .map_err(|error| error.to_string())
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

/// Takes over models that another process published, such as `shoal train` beside a running sidecar, until told to stop.
pub async fn follow(store: Store, in_use: SharedSnapshot, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(GLANCE) => {}
        }
        match contained("model-follower", take_over(&store, &in_use)).await {
            Ok(Ok(Some(model))) => tracing::info!(model, "a model of another process is in use"),
            Ok(Ok(None)) | Err(Panicked { .. }) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a newer model could not be put in use"),
        }
    }
}

/// Puts the latest stored model in use, unless it is in use already. Returns its number when it was put in use.
///
/// # Errors
/// As [`restore`]; the model in use stays in use then.
pub async fn take_over(store: &Store, in_use: &SharedSnapshot) -> Result<Option<i64>, TrainingError> {
    let Some(latest) = store.latest_model_id().await? else {
        return Ok(None);
    };
    let known = in_use.load().as_ref().map(|snapshot| snapshot.model().to_owned());
    if known.is_some_and(|known| known == latest.to_string()) {
        return Ok(None);
    }
    restore(store, in_use).await
}
