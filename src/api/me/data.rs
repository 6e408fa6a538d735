//! Export, reset and deletion of what Shoal holds about a user.

#![expect(
    clippy::missing_errors_doc,
    reason = "the answers are listed in the description of each path"
)]

use axum::Json;
use axum::extract::{Extension, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::me;
use super::not_interested::{UnwantedEntry, described};
use super::query::Query;
use super::settings::SettingsDocument;
use crate::api::authentication::Caller;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::recommend::profile::TasteProfile;
use crate::store::{Level, LevelChange};

/// Where everything can be deleted.
pub const PATH: &str = "/api/v1/users/me";
/// Where everything can be had.
pub const EXPORT_PATH: &str = "/api/v1/users/me/export";
/// Where learning can begin anew.
pub const RESET_PATH: &str = "/api/v1/users/me/reset";

const ELSEWHERE: &str = "Watches and ratings are kept by PeerTube, not by Shoal. This instance's model is learned from those of \
                         many accounts and holds none of them as a row. What left the instance are noised sums over many accounts.";

/// Everything that Shoal holds about a user.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// When this was made.
    pub exported_at: DateTime<Utc>,
    /// Number of the user in PeerTube.
    pub user_id: i32,
    /// What the user decided.
    pub settings: SettingsDocument,
    /// Every change of the level, oldest first.
    pub level_changes: Vec<LevelChangeDocument>,
    /// When the user last deleted everything.
    pub deleted_at: Option<DateTime<Utc>>,
    /// What is never shown, newest first.
    pub not_interested: Vec<UnwantedEntry>,
    /// What lists are made from; it is computed when it is asked for, and not kept.
    pub profile: TasteProfile,
    /// What is not in here, in plain words.
    pub elsewhere: &'static str,
}

/// A change of the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LevelChangeDocument {
    /// From when on.
    pub since: DateTime<Utc>,
    /// The level; `null`: the instance's default.
    pub level: Option<Level>,
}

impl From<&LevelChange> for LevelChangeDocument {
    fn from(change: &LevelChange) -> Self {
        Self {
            since: change.since,
            level: change.level,
        }
    }
}

/// Everything that Shoal holds about the user, as one document.
#[utoipa::path(
    get, path = EXPORT_PATH, tag = "controls", operation_id = "exportData",
    params(("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token.")),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 200, description = "Everything.", body = Export),
    )
)]
pub async fn export(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let viewer = me(&state, caller, &Query::parse(query.as_deref(), &[])?).await?;
    let user = viewer.id.0;
    let settings = state.store.user_settings(user).await?;
    let history = state.store.level_history(user).await?;
    let unwanted = state.store.not_interested(user).await?;
    let export = Export {
        exported_at: state.clock.now(),
        user_id: user,
        deleted_at: settings.forgotten_at,
        settings: SettingsDocument::new(&viewer, settings, &state),
        level_changes: history.chosen.iter().map(LevelChangeDocument::from).collect(),
        not_interested: described(&state, &viewer, &unwanted).await?,
        profile: state.recommendations.taste_profile(&viewer).await?,
        elsewhere: ELSEWHERE,
    };
    let disposition = [(CONTENT_DISPOSITION, "attachment; filename=\"shoal-export.json\"")];
    Ok((disposition, Json(export)).into_response())
}

/// From now on, nothing is learned from what the user watched and rated before. Settings stay. Watched videos are still left
/// out of lists.
#[utoipa::path(
    post, path = RESET_PATH, tag = "controls", operation_id = "resetHistory",
    params(("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token.")),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 204, description = "Lists begin anew."),
    )
)]
pub async fn reset(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Problem> {
    let viewer = me(&state, caller, &Query::parse(query.as_deref(), &[])?).await?;
    state.store.reset_user(viewer.id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes everything that Shoal holds about the user, and resets. Two things stay: the level that was chosen and the time
/// of deletion; without them, the history in PeerTube would be used again.
#[utoipa::path(
    delete, path = PATH, tag = "controls", operation_id = "deleteData",
    params(("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token.")),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 204, description = "It is deleted."),
    )
)]
pub async fn remove(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Problem> {
    let viewer = me(&state, caller, &Query::parse(query.as_deref(), &[])?).await?;
    state.store.forget_user(viewer.id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
