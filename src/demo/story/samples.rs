//! Recommendations for a few users, asked for as PeerTube's front end would: over REST.

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::super::DemoError;
use super::instance::DemoInstance;
use crate::recommend::Page;

/// Users shown.
const USERS: usize = 3;
/// Recommendations shown for each.
const COUNT: usize = 5;

/// What one user would see.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// The instance.
    pub host: String,
    /// Number of the user on the instance.
    pub user: i32,
    /// The answer of the REST interface.
    pub page: Page,
}

/// One user of each of the first instances, more of them when there are few instances.
pub(super) async fn fetch(instances: &[DemoInstance], stop: &CancellationToken) -> Result<Vec<Sample>, DemoError> {
    let failed = |error: reqwest::Error| DemoError::Story(format!("the REST interface did not answer: {error}"));
    let client = reqwest::Client::builder().no_proxy().build().map_err(failed)?;
    let mut samples = Vec::with_capacity(USERS);
    for number in 0..USERS {
        let instance = &instances[number % instances.len()];
        let Some(&user) = instance.eligible().get(number / instances.len()) else {
            continue;
        };
        let url = format!(
            "{}/api/v1/recommendations/videos?userId={user}&count={COUNT}",
            instance.api()
        );
        let request = client.get(url).bearer_auth(instance.token()).send();
        let response = tokio::select! {
            response = request => response.map_err(failed)?,
            () = stop.cancelled() => return Err(DemoError::Story("interrupted".to_owned())),
        };
        let page = response
            .error_for_status()
            .map_err(failed)?
            .json()
            .await
            .map_err(failed)?;
        samples.push(Sample {
            host: instance.host().to_owned(),
            user,
            page,
        });
    }
    Ok(samples)
}
