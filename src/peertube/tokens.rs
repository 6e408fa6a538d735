//! Whose access token it is: PeerTube itself is asked, over its REST interface. Tokens are neither kept nor logged here.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::ids::UserId;

/// Longest time for an answer, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// Longest token: PeerTube's own have 40 characters, those of its plugins may be longer.
const LONGEST_TOKEN: usize = 4_096;

/// Why PeerTube did not say whose token it is.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The address is not one.
    #[error("`peertube.api_url` is no address of a PeerTube")]
    Address,
    /// The client could not be made, or nobody answered in time.
    #[error("cannot ask PeerTube whose token it is: {0}; is `peertube.api_url` right?")]
    Connection(reqwest::Error),
    /// The answer is not what PeerTube says.
    #[error("PeerTube answered {0} to the question whose token it is; is `peertube.api_url` right?")]
    Answer(StatusCode),
}

/// Asks PeerTube whose token it is. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenOwners {
    client: reqwest::Client,
    address: Url,
}

#[derive(Deserialize)]
struct Me {
    id: i32,
}

impl TokenOwners {
    /// Asks the PeerTube at `address`, its root.
    ///
    /// # Errors
    /// [`TokenError::Address`] and [`TokenError::Connection`].
    pub fn new(address: &str) -> Result<Self, TokenError> {
        let address = Url::parse(&format!("{}/api/v1/users/me", address.trim_end_matches('/')))
            .map_err(|_| TokenError::Address)?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("shoal/", env!("CARGO_PKG_VERSION")))
            // A token must not follow a redirect to somewhere else.
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .no_proxy()
            .build()
            .map_err(TokenError::Connection)?;
        Ok(Self { client, address })
    }

    /// The user to whom `token` belongs; `None` when PeerTube refuses it.
    ///
    /// # Errors
    /// [`TokenError::Connection`] and [`TokenError::Answer`].
    pub async fn owner(&self, token: &str) -> Result<Option<UserId>, TokenError> {
        let plain = |byte: u8| byte.is_ascii_graphic();
        if token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(plain) {
            return Ok(None);
        }
        let request = self.client.get(self.address.clone()).bearer_auth(token);
        // Errors of the client may quote the address, which holds no secret; the token is in a header.
        let response = request.send().await.map_err(TokenError::Connection)?;
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Ok(None);
        }
        if status != StatusCode::OK {
            return Err(TokenError::Answer(status));
        }
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(TokenError::Connection)?;
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(TokenError::Answer(status));
            }
            body.extend_from_slice(&chunk);
        }
        match serde_json::from_slice::<Me>(&body) {
            Ok(me) if me.id > 0 => Ok(Some(UserId(me.id))),
            _ => Err(TokenError::Answer(status)),
        }
    }
}
