//! What follows the current video: in the playlists of its owner, and as the next part of a series.
//!
//! Of several playlists, the one comes first whose next video the model finds most similar to the current one, which counts who
//! watched both. A playlist, which somebody put in order, comes before numbers in titles.

use std::sync::Arc;

use super::error::RecommendError;
use super::request::Strategy;
use super::series::FOLLOWED;
use super::service::Recommendations;
use super::snapshot::Snapshot;
use crate::peertube::VideoId;

impl Recommendations {
    /// The videos that follow `current`, the surest first; nothing for lists that do not go on from a video.
    ///
    /// Where it is not known what was played before (`knows_played`), playlists do not count: only a series leads forward without
    /// end in a circle, see [`super::scoring`].
    ///
    /// # Errors
    /// PeerTube's database away.
    pub(super) async fn following(
        &self,
        strategy: Strategy,
        current: Option<VideoId>,
        knows_played: bool,
        snapshot: Option<&Arc<Snapshot>>,
    ) -> Result<Vec<VideoId>, RecommendError> {
        let Some(current) = current.filter(|_| matches!(strategy, Strategy::Similar | Strategy::Next)) else {
            return Ok(Vec::new());
        };
        let listed = if knows_played || strategy == Strategy::Similar {
            self.peertube().following_in_playlists(current, FOLLOWED as u32).await?
        } else {
            Vec::new()
        };
        let mut playlists: Vec<&[(i32, VideoId)]> = listed.chunk_by(|one, next| one.0 == next.0).collect();
        let item = snapshot.and_then(|snapshot| snapshot.item(current));
        if let Some((snapshot, item)) = snapshot.zip(item).filter(|_| playlists.len() > 1) {
            let similarity = |playlist: &&[(i32, VideoId)]| {
                let first = playlist.first().and_then(|(_, video)| snapshot.item(*video));
                let similar = first.map(|first| snapshot.recommender().similar_among(item, &[first]));
                similar
                    .and_then(|similar| similar.first().copied())
                    .unwrap_or(f32::NEG_INFINITY)
            };
            playlists.sort_by(|one, other| similarity(other).total_cmp(&similarity(one)));
        }
        let mut following: Vec<VideoId> = playlists.concat().into_iter().map(|(_, video)| video).collect();
        if let Some((snapshot, item)) = snapshot.zip(item) {
            let parts = snapshot.series().after(item).into_iter();
            following.extend(parts.filter_map(|part| Some(snapshot.outline(part)?.video)));
        }
        Ok(following)
    }
}
