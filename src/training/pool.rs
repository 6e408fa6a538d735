//! Which videos of a very large catalogue the model knows, so that its size does not follow the size of the fediverse.
//!
//! Always in it: this instance's own videos, and those that somebody watched or rated from whom the instance may learn. Of all
//! other ones, up to a limit: half of it the most viewed ones, the rest the newest. All others stay in lists that need no model.
//!
//! Which videos evidence may speak about must follow from public data alone. So a video that is only in the pool because
//! somebody watched it is marked as not publicly listed.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::peertube::{CatalogueVideo, VideoId};

/// Takes all videos of a catalogue, in any order, and keeps some of them. Holds at most twice as many remote ones as its limit.
pub struct VideoPool {
    limit: usize,
    watched: HashSet<VideoId>,
    /// In the pool whatever the others are.
    kept: Vec<CatalogueVideo>,
    /// Remote videos that may be in it because of their counters and dates.
    remote: Vec<CatalogueVideo>,
}

impl VideoPool {
    /// A pool with `limit` remote videos besides those that are `watched`.
    pub fn new(limit: usize, watched: HashSet<VideoId>) -> Self {
        Self {
            limit: limit.max(1),
            watched,
            kept: Vec::new(),
            remote: Vec::new(),
        }
    }

    /// Takes a video.
    pub fn add(&mut self, video: CatalogueVideo) {
        if video.remote {
            self.remote.push(video);
        } else {
            self.kept.push(video);
        }
        if self.remote.len() >= self.limit.saturating_mul(2) {
            self.prune();
        }
    }

    /// The videos of the pool, in no particular order.
    pub fn finish(mut self) -> Vec<CatalogueVideo> {
        self.prune();
        self.kept.append(&mut self.remote);
        self.kept
    }

    /// Whoever leaves now would not stay with more videos either: so the outcome does not depend on the order.
    fn prune(&mut self) {
        if self.remote.len() <= self.limit {
            return;
        }
        let remote = &mut self.remote;
        let most_viewed = self.limit / 2;
        if most_viewed > 0 {
            remote.select_nth_unstable_by(most_viewed - 1, |a, b| {
                (Reverse(a.views), &a.url).cmp(&(Reverse(b.views), &b.url))
            });
        }
        let newest = self.limit - most_viewed;
        if let Some(rest) = remote.get_mut(most_viewed..)
            && newest <= rest.len()
        {
            rest.select_nth_unstable_by(newest - 1, |a, b| {
                (Reverse(a.published_at), &a.url).cmp(&(Reverse(b.published_at), &b.url))
            });
        }
        for video in remote.drain(self.limit..) {
            if self.watched.contains(&video.id) {
                self.kept.push(CatalogueVideo {
                    publicly_listed: false,
                    ..video
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use uuid::Uuid;

    use super::*;
    use crate::peertube::{AccountId, CatalogueChannel, CataloguePrivacy, ChannelId};

    fn remote(number: i32, views: i32, day: i64) -> CatalogueVideo {
        CatalogueVideo {
            id: VideoId(number),
            uuid: Uuid::nil(),
            url: format!("https://far.test/{number:04}"),
            name: String::new(),
            category: None,
            language: None,
            nsfw: false,
            nsfw_flags: 0,
            duration: 60,
            views,
            likes: 0,
            dislikes: 0,
            is_live: false,
            remote: true,
            published_at: DateTime::UNIX_EPOCH + TimeDelta::days(day),
            tags: Vec::new(),
            channel: CatalogueChannel {
                id: ChannelId(1),
                url: String::new(),
                name: String::new(),
                display_name: String::new(),
                host: String::new(),
            },
            owner: AccountId(1),
            owner_server: None,
            privacy: CataloguePrivacy::Public,
            publicly_listed: true,
        }
    }

    fn pooled(limit: usize, watched: &[i32], videos: impl IntoIterator<Item = CatalogueVideo>) -> Vec<(i32, bool)> {
        let mut pool = VideoPool::new(limit, watched.iter().map(|video| VideoId(*video)).collect());
        videos.into_iter().for_each(|video| pool.add(video));
        let mut kept: Vec<(i32, bool)> = pool
            .finish()
            .iter()
            .map(|video| (video.id.0, video.publicly_listed))
            .collect();
        kept.sort_unstable();
        kept
    }

    /// Video n has n % 10 views more than its tens, and is the older the larger n is.
    fn many() -> Vec<CatalogueVideo> {
        (0..100)
            .map(|n| remote(n, (n * 37) % 100, 1_000 - i64::from(n)))
            .collect()
    }

    #[test]
    fn own_and_watched_videos_the_most_viewed_and_the_newest_stay() {
        let own = CatalogueVideo {
            remote: false,
            ..remote(500, 0, 0)
        };
        let kept = pooled(6, &[90, 2], many().into_iter().chain([own]));
        // The most viewed are those with 37 n = 99, 98, 97 (modulo 100), the newest of the others 0, 1 and 2.
        let mut expected = vec![(0, true), (1, true), (2, true), (90, false), (500, true)];
        expected.extend([27, 54, 81].map(|video| (video, true)));
        expected.sort_unstable();
        assert_eq!(kept, expected, "watched by somebody and nothing else: not for messages");
    }

    #[test]
    fn the_order_does_not_matter_and_a_small_catalogue_stays_whole() {
        let forward = pooled(10, &[50], many());
        let mut shuffled = many();
        shuffled.sort_by_key(|video| (video.id.0 * 61) % 100);
        assert_eq!(pooled(10, &[50], shuffled), forward);
        assert_eq!(pooled(10, &[50], many().into_iter().rev()), forward);
        assert_eq!(pooled(100, &[], many()).len(), 100);
        assert!(pooled(100, &[], many()).iter().all(|(_, listed)| *listed));
        assert_eq!(pooled(1, &[], many()), [(0, true)]);
    }
}
