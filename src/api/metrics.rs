//! What is measured, and how Prometheus gets it. No label ever says who asked.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::state::ApiState;
use crate::connections::{CUT_OFF, OPEN};
use crate::panics::PANICS;
use crate::peertube::UNUSABLE_ROWS;

/// Where Prometheus asks.
pub const PATH: &str = "/metrics";
/// Answered requests by `route`, `strategy` and `status`.
pub const REQUESTS: &str = "shoal_http_requests_total";
/// Time to the answer by `route` and `strategy`, in seconds.
pub const DURATION: &str = "shoal_http_request_duration_seconds";
/// When the published model was trained, in seconds since 1970; 0 without a model.
pub const MODEL_CREATED: &str = "shoal_model_created_timestamp_seconds";

/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// A recorder for the process: install it with `metrics::set_global_recorder`, and give its handle to
/// [`ApiState::new`].
///
/// # Errors
/// [`BuildError`] when the buckets are refused.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS)?
        .build_recorder();
    metrics::with_local_recorder(&recorder, || {
        describe_counter!(REQUESTS, "Answered requests by route, strategy and status.");
        describe_histogram!(DURATION, Unit::Seconds, "Time to the answer by route and strategy.");
        describe_gauge!(OPEN, "Open connections by listener.");
        describe_counter!(
            CUT_OFF,
            "Connections ended because the caller was slow, by listener and reason."
        );
        describe_counter!(
            UNUSABLE_ROWS,
            "How often a row of PeerTube's tables was met that holds a value which cannot be used, by table."
        );
        describe_counter!(PANICS, "Panics of workers that were contained, by worker.");
        describe_gauge!(
            MODEL_CREATED,
            Unit::Seconds,
            "When the published model was trained; 0 without a model."
        );
    });
    Ok(recorder)
}

/// Makes the recorder and installs it for the whole process.
///
/// # Errors
/// [`InstallError`] when the buckets are refused or another recorder is installed.
pub fn install() -> Result<PrometheusHandle, InstallError> {
    let recorder = recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| InstallError::Occupied)?;
    Ok(handle)
}

/// Why metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The recorder cannot be built.
    #[error("metrics: {0}")]
    Build(#[from] BuildError),
    /// There is one already.
    #[error("metrics: another recorder is installed")]
    Occupied,
}

/// Everything measured so far, in Prometheus' text format.
#[utoipa::path(
    get, path = PATH, tag = "health", operation_id = "metrics",
    responses((status = 200, description = "Prometheus' text format.", body = String, content_type = "text/plain"))
)]
pub async fn render(State(state): State<ApiState>) -> impl IntoResponse {
    let created = state
        .snapshot
        .load()
        .as_ref()
        .map_or(0, |snapshot| snapshot.created_at().timestamp());
    metrics::gauge!(MODEL_CREATED).set(created as f64);
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        state.metrics.render(),
    )
}
