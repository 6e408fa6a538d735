//! What is forgotten about users who are gone: whoever deletes the account in PeerTube leaves no row here, and whoever gets the
//! number of a former user inherits nothing.

use std::collections::HashMap;

use super::TrainingError;
use crate::peertube::{PeerTube, UserId};
use crate::store::Store;

/// Users looked up at once.
const CHUNK: usize = 10_000;

/// Removes all rows about users who are no more in PeerTube or whose account was created at another time than the one to which
/// the rows belong. Returns how many users were removed. A PeerTube without any user removes nobody: it is empty, not abandoned.
///
/// # Errors
/// [`TrainingError`] when a database cannot answer.
pub async fn sweep(peertube: &PeerTube, store: &Store) -> Result<usize, TrainingError> {
    if peertube.users().await? == 0 {
        return Ok(0);
    }
    forget(peertube, store, true).await
}

/// The same beside another PeerTube than before: only users whose account was certainly created at the same time stay.
///
/// # Errors
/// [`TrainingError`] when a database cannot answer.
pub(super) async fn forget_strangers(peertube: &PeerTube, store: &Store) -> Result<usize, TrainingError> {
    forget(peertube, store, false).await
}

/// Removes users. With `trusting`, those stay of whom it was not written down yet when their account was created, and it is
/// written down now.
async fn forget(peertube: &PeerTube, store: &Store, trusting: bool) -> Result<usize, TrainingError> {
    let known = store.known_users().await?;
    let mut removed = 0;
    for chunk in known.chunks(CHUNK) {
        let users: Vec<UserId> = chunk.iter().copied().map(UserId).collect();
        let existing: HashMap<i32, _> = peertube
            .creation_times(&users)
            .await?
            .into_iter()
            .map(|(user, created)| (user.0, created))
            .collect();
        let remembered: HashMap<i32, _> = store.remembered_accounts(chunk).await?.into_iter().collect();
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for user in chunk {
            match (existing.get(user), remembered.get(user)) {
                (Some(created), Some(before)) if created == before => {}
                (Some(created), None) if trusting => new.push((*user, *created)),
                _ => gone.push(*user),
            }
        }
        if !gone.is_empty() {
            store.remove_users(&gone).await?;
            removed += gone.len();
        }
        if !new.is_empty() {
            store.remember_accounts(&new).await?;
        }
    }
    if removed > 0 {
        tracing::info!(removed, "accounts that are gone from PeerTube were forgotten");
    }
    Ok(removed)
}
