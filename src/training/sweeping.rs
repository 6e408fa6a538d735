//! What is forgotten about users who are gone: whoever deletes the account in PeerTube leaves no row here.

use super::TrainingError;
use crate::peertube::{PeerTube, UserId};
use crate::store::Store;

/// Users looked up at once.
const CHUNK: usize = 10_000;

/// Removes all rows about users who are no more in PeerTube. Returns how many users were removed. A PeerTube without any user removes nobody: it is empty, not abandoned.
///
/// # Errors
/// [`TrainingError`] when a database cannot answer.
pub async fn sweep(peertube: &PeerTube, store: &Store) -> Result<usize, TrainingError> {
    let known = store.known_users().await?;
    if known.is_empty() || peertube.users().await? == 0 {
        return Ok(0);
    }
    let mut removed = 0;
    for chunk in known.chunks(CHUNK) {
        let users: Vec<UserId> = chunk.iter().copied().map(UserId).collect();
        let existing = peertube.existing_among(&users).await?;
        let gone: Vec<i32> = chunk
            .iter()
            .copied()
            .filter(|user| existing.binary_search(&UserId(*user)).is_err())
            .collect();
        if !gone.is_empty() {
            store.remove_users(&gone).await?;
            removed += gone.len();
        }
    }
    if removed > 0 {
        tracing::info!(removed, "accounts that are gone from PeerTube were forgotten");
    }
    Ok(removed)
}
