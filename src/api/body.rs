//! Bodies of requests: JSON, small, without anything unknown.

use axum::body::Bytes;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Reads a JSON body.
///
/// # Errors
/// A [`Problem`] that says what is wrong.
pub fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    // Serde would also read an object from a list of its values.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::invalid_body("expected a JSON object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| Problem::invalid_body(error.to_string()))
}
