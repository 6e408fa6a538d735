//! Whose database this is. What users decided is kept by their number in PeerTube, and another PeerTube gives the same numbers
//! to other people: beside another one than before, Shoal does not start.

use super::{TrainingError, sweeping};
use crate::peertube::PeerTube;
use crate::store::Store;

/// Setting that holds the digest of the key of the instance's own actor.
const SETTING: &str = "peertube_key";

/// Remembers beside which PeerTube this database is used, and refuses another one.
///
/// # Errors
/// [`TrainingError::AnotherPeerTube`] when it is not the one of before; other [`TrainingError`]s when a database cannot answer.
pub async fn check(peertube: &PeerTube, store: &Store) -> Result<(), TrainingError> {
    let Some(key) = peertube.instance_key().await?.map(hex::encode) else {
        return Ok(());
    };
    match store.setting::<String>(SETTING).await? {
        Some(known) if known == key => Ok(()),
        Some(_) => Err(TrainingError::AnotherPeerTube),
        None => Ok(store.set_setting(SETTING, &key).await?),
    }
}

/// Uses this database beside another PeerTube from now on: keys, peers and the privacy ledger stay; models, and what users
/// decided who are not certainly the same, are forgotten. Returns how many users were forgotten.
///
/// # Errors
/// [`TrainingError`] when a database cannot answer.
pub async fn adopt(peertube: &PeerTube, store: &Store) -> Result<usize, TrainingError> {
    let forgotten = sweeping::forget_strangers(peertube, store).await?;
    store.forget_models().await?;
    match peertube.instance_key().await?.map(hex::encode) {
        Some(key) => store.set_setting(SETTING, &key).await?,
        None => store.remove_setting(SETTING).await?,
    }
    Ok(forgotten)
}
