//! What a user can see and change: everything under `/api/v1/users/me`.
//!
//! | file | holds |
//! |---|---|
//! | [`settings`] | level, sliders, topics |
//! | [`not_interested`] | videos and channels that are never shown |
//! | [`profile`] | what lists are made from |
//! | [`contributions`] | what left the instance |
//! | [`data`] | export, reset, delete |
//! | [`query`] | the parameters of all of them |
//!
//! Each begins by finding out who "me" is; nothing of another user can be reached. All changes take effect on the next
//! request.

pub mod contributions;
pub mod data;
pub mod not_interested;
pub mod profile;
pub mod query;
pub mod settings;

use axum::Router;
use axum::routing::{delete, get, post};

use super::authentication::Caller;
use super::problem::Problem;
use super::state::ApiState;
use crate::peertube::Viewer;
use query::Query;

/// All routes.
pub fn routes() -> Router<ApiState> {
    Router::new()
        .route(settings::PATH, get(settings::read).put(settings::change))
        .route(
            not_interested::PATH,
            get(not_interested::list)
                .post(not_interested::add)
                .delete(not_interested::remove),
        )
        .route(profile::PATH, get(profile::read))
        .route(contributions::PATH, get(contributions::list))
        .route(data::EXPORT_PATH, get(data::export))
        .route(data::RESET_PATH, post(data::reset))
        .route(data::PATH, delete(data::remove))
}

/// The user that a request is about.
async fn me(state: &ApiState, caller: Caller, query: &Query) -> Result<Viewer, Problem> {
    let user = caller.me(query.user)?;
    state.peertube.viewer(user).await?.ok_or_else(Problem::unknown_user)
}
