//! Whether the process lives, and whether it can do its work.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::state::ApiState;
use crate::store::EvidenceUse;

/// Where liveness is asked.
pub const ALIVE_PATH: &str = "/healthz";
/// Where readiness is asked.
pub const READY_PATH: &str = "/readyz";

/// A database that needs longer counts as down.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The process answers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Alive {
    /// Always `alive`.
    status: &'static str,
}

/// All databases answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Ready {
    /// Always `ready`.
    status: &'static str,
    /// Each database that was asked, with `up`.
    databases: BTreeMap<&'static str, &'static str>,
    /// The published model; `null` before the first one, when lists are made without any.
    model: Option<PublishedModel>,
    /// Only there when something keeps evidence from being released. Receiving and serving go on all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<Releases>,
    /// What the latest model made of the evidence of other sidecars; not there before the first model.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceSources>,
}

/// How many sources of evidence are really used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceSources {
    /// Peers whose evidence the latest model uses.
    sources_used: usize,
    /// Releases that were left out. The others are used all the same.
    refused: Vec<RefusedReleases>,
}

/// Releases of a peer that were left out for the same reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedReleases {
    /// Address of the peer's actor.
    peer: String,
    /// How many releases.
    releases: usize,
    /// Why, in plain words.
    reason: String,
}

impl From<EvidenceUse> for EvidenceSources {
    fn from(noted: EvidenceUse) -> Self {
        let refused = noted.refused.into_iter().map(|refused| RefusedReleases {
            peer: refused.peer,
            releases: refused.releases,
            reason: refused.reason,
        });
        Self {
            sources_used: noted.used,
            refused: refused.collect(),
        }
    }
}

/// Why no evidence is released.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Releases {
    /// `withheld`: the privacy ledger or the machine's clock cannot be trusted, somebody must look. `budget-spent`: a release is due, but the budget of
    /// the year does not allow it yet.
    pub status: &'static str,
    /// Why, and what to do or when it goes on, in plain words.
    pub detail: String,
}

/// The model that ranks.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishedModel {
    /// Its name.
    model: String,
    /// When it was trained.
    created_at: DateTime<Utc>,
    /// Seconds since then.
    age_seconds: i64,
    /// Videos it knows.
    videos: usize,
}

/// Answers as long as the process runs.
#[utoipa::path(
    get, path = ALIVE_PATH, tag = "health", operation_id = "alive",
    responses((status = 200, description = "The process runs.", body = Alive))
)]
pub async fn alive() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Asks the databases. A missing model does not make it unready: there is always a list to fall back to. Neither do releases
/// that stand still.
#[utoipa::path(
    get, path = READY_PATH, tag = "health", operation_id = "ready",
    responses(
        (status = 200, description = "All databases answer.", body = Ready),
        (status = 503, description = "A database does not answer.", body = Problem, content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds."))),
    )
)]
pub async fn ready(State(state): State<ApiState>) -> Response {
    let answers = join_all(state.databases.iter().map(async |database| {
        let answers = tokio::time::timeout(PING_TIMEOUT, (database.ping)())
            .await
            .unwrap_or(false);
        (database.name, answers)
    }))
    .await;
    let down: Vec<&str> = answers.iter().filter(|(_, up)| !up).map(|(name, _)| *name).collect();
    if !down.is_empty() {
        return Problem::database_down(&down).into_response();
    }
    let model = state.snapshot.load_full().map(|snapshot| PublishedModel {
        model: snapshot.model().to_owned(),
        created_at: snapshot.created_at(),
        age_seconds: (state.clock.now() - snapshot.created_at()).num_seconds(),
        videos: snapshot.videos().len(),
    });
    let databases = answers.into_iter().map(|(name, _)| (name, "up")).collect();
    let releases = match &state.standstill {
        Some(ask) => tokio::time::timeout(PING_TIMEOUT, ask()).await.ok().flatten(),
        None => None,
    };
    let noted = tokio::time::timeout(PING_TIMEOUT, state.store.evidence_use()).await;
    // Whoever cannot be asked says nothing about it: the list of databases says whether they answer.
    let evidence = noted.ok().and_then(Result::ok).flatten();
    Json(Ready {
        status: "ready",
        databases,
        model,
        releases,
        evidence: evidence.map(EvidenceSources::from),
    })
    .into_response()
}
