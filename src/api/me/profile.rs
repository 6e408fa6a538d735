//! `GET /api/v1/users/me/profile`: what lists are made from.

#![expect(
    clippy::missing_errors_doc,
    reason = "the answers are listed in the description of each path"
)]

use axum::Json;
use axum::extract::{Extension, RawQuery, State};

use super::me;
use super::query::Query;
use crate::api::authentication::Caller;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::recommend::profile::TasteProfile;

/// Where the profile is.
pub const PATH: &str = "/api/v1/users/me/profile";

/// What lists for the user are made from: how much history, which tags, which channels. It is made when it is asked for;
/// Shoal keeps no profile.
#[utoipa::path(
    get, path = PATH, tag = "controls", operation_id = "getProfile",
    params(("userId" = Option<i32>, Query, minimum = 1, maximum = 2_147_483_647, description = "The user; needed with the service token.")),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = [])),
    responses(
        (status = 200, description = "The profile.", body = TasteProfile),
    )
)]
pub async fn read(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<TasteProfile>, Problem> {
    let viewer = me(&state, caller, &Query::parse(query.as_deref(), &[])?).await?;
    Ok(Json(state.recommendations.taste_profile(&viewer).await?))
}
