//! `GET /api/v1/recommendations/videos`.

use axum::Json;
use axum::extract::{Extension, RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::authentication::Caller;
use super::observe::ObservedStrategy;
use super::problem::Problem;
use super::query::Parameters;
use super::state::ApiState;
use crate::peertube::UserId;
use crate::recommend::{Page, Request};

/// Where recommendations are asked for.
pub const PATH: &str = "/api/v1/recommendations/videos";

/// A page of recommended videos.
///
/// Videos that the user has watched, liked or disliked, may not see or does not want to see are never in it. When the
/// strategy has nothing to say, because the user is unknown or has no history, or because there is no model yet, the list
/// is made by the next one of: for-you, similar, popular, recent; `recommendation.source` tells.
///
/// `next` is for autoplay: like `videoId`, and to the caller's taste. It never repeats what was watched or is named in
/// `played`; where nothing is remembered of the caller and `played` is not given, it only lists videos older than `videoId`, so
/// that what follows goes in no circle.
/// `subscriptions` has the newest of channels and accounts that the user follows; `explore` something new, another choice
/// every day.
///
/// Of a user who has switched the history off, is blocked, or chose the level `off`, no history is read. A caller without
/// an account gets the list for visitors.
#[utoipa::path(
    get, path = PATH, tag = "recommendations", operation_id = "listRecommendedVideos",
    params(Parameters),
    security(("serviceToken" = []), ("peertubeToken" = []), ("pluginSignature" = []), ()),
    responses(
        (status = 200, description = "A page of the list; empty beyond its end.", body = Page),
        (status = 400, description = "A parameter cannot be used.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "What was presented does not hold.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`userId` is somebody else.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`similar`: there is no such video, or the user may not see it.", body = Problem,
            content_type = "application/problem+json"),
        (status = 500, description = "A fault of Shoal or of its set-up.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Overloaded, too slow, or a database is away.", body = Problem,
            content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds."))),
    )
)]
pub async fn list(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = match Parameters::parse(query.as_deref().unwrap_or_default()) {
        Ok(parameters) => parameters,
        Err(invalid) => return Problem::invalid_parameters(invalid).into_response(),
    };
    let strategy = parameters.strategy;
    let user = match caller.audience(parameters.user_id.map(UserId)) {
        Ok(user) => user,
        Err(problem) => return problem.into_response(),
    };
    let request = Request {
        user,
        ..parameters.into()
    };
    let mut response = match state.recommendations.for_request(&request).await {
        Ok(page) => Json::<Page>(page).into_response(),
        Err(error) => Problem::from(error).into_response(),
    };
    response.extensions_mut().insert(ObservedStrategy(strategy));
    response
}
