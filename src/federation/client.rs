//! The HTTP client: bounded in time, without redirects, and unable to reach private addresses.

use std::time::Duration;

use activitypub_federation::resolver::ValidatingDnsResolver;
use futures_util::StreamExt;
use reqwest::redirect::Policy;
use reqwest_middleware::ClientWithMiddleware;
use url::Url;

use super::FederationError;

/// Longest time for a small request, from connecting to the last byte.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Builds the client. With `insecure` it may reach private addresses too.
///
/// # Errors
/// [`FederationError::Http`] if TLS cannot be set up.
pub fn build(insecure: bool, public_url: &Url) -> Result<ClientWithMiddleware, FederationError> {
    let client = reqwest::Client::builder()
        .user_agent(format!("shoal/{} (+{public_url})", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(REQUEST_TIMEOUT)
        .connect_timeout(REQUEST_TIMEOUT)
        // The address is checked at the moment of connecting, so a name cannot change its meaning in between. A proxy
        // would do the connecting, unchecked.
        .no_proxy()
        .dns_resolver(ValidatingDnsResolver::new(Vec::new(), !insecure))
        .build()?;
    Ok(client.into())
}

/// Why a body was not read.
#[derive(Debug)]
pub enum BodyError {
    /// It has more bytes than permitted.
    TooLarge,
    /// The connection failed.
    Connection(reqwest::Error),
}

/// Reads a body of at most `limit` bytes; stops at the first byte beyond.
///
/// # Errors
/// [`BodyError::TooLarge`] or [`BodyError::Connection`].
pub async fn read_body(response: reqwest::Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(BodyError::TooLarge);
    }
    // What is stated is at most the limit, and what is not stated grows no further than that either.
    let stated = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    let mut body = Vec::with_capacity(stated.unwrap_or(0));
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(BodyError::Connection)?;
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        if body.capacity() - body.len() < chunk.len() {
            let wanted = (2 * body.len()).max(body.len() + chunk.len()).min(limit);
            body.reserve_exact(wanted - body.len());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
