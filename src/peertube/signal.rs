//! What one user did with one video. Raw and personal: these types can be neither serialized nor logged, and never leave
//! the instance.

use chrono::{DateTime, Utc};
use zeroize::ZeroizeOnDrop;

use super::ids::{UserId, VideoId};
use super::wiped::wipe;

/// All that one user did. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct UserSignals {
    /// The user.
    pub user: UserId,
    /// One per video.
    pub signals: Vec<Signal>,
}

impl Drop for UserSignals {
    fn drop(&mut self) {
        wipe(&mut self.signals);
    }
}

impl ZeroizeOnDrop for UserSignals {}

/// What one user did with one video: watched it, rated it, or both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// The video. It need not be in the catalogue.
    pub video: VideoId,
    /// How it was watched.
    pub watched: Option<Watch>,
    /// How it was rated.
    pub rated: Option<Rated>,
}

impl Signal {
    /// When the user last did something with the video.
    pub fn latest(&self) -> Option<DateTime<Utc>> {
        self.watched.map(|watch| watch.at).max(self.rated.map(|rated| rated.at))
    }

    /// When the user first did something with the video. Watching on and rating later do not move it; who deletes the
    /// watch and watches again begins anew.
    pub fn first(&self) -> Option<DateTime<Utc>> {
        let times = [
            self.watched.map(|watch| watch.first_at),
            self.rated.map(|rated| rated.first_at),
        ];
        times.into_iter().flatten().min()
    }
}

/// How a video was watched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// The last position, in seconds from the start: not the time spent, and small again after a rewatch of the start.
    /// Meaningless for lives.
    pub seconds: i32,
    /// When it was last watched.
    pub at: DateTime<Utc>,
    /// When it was first watched.
    pub first_at: DateTime<Utc>,
}

/// How a video was rated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rated {
    /// Up or down.
    pub rating: Rating,
    /// When it was last changed.
    pub at: DateTime<Utc>,
    /// When it was first given.
    pub first_at: DateTime<Utc>,
}

/// A thumb. Taking it back leaves no trace in PeerTube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating {
    /// Up.
    Like,
    /// Down.
    Dislike,
}

/// Joins the watches and the ratings of one user, both sorted by video, into signals sorted by video.
pub(super) fn merge(
    watches: impl ExactSizeIterator<Item = (VideoId, Watch)>,
    ratings: impl ExactSizeIterator<Item = (VideoId, Rated)>,
) -> Vec<Signal> {
    // Enough at once: a list that grows leaves copies behind.
    let mut signals = Vec::with_capacity(watches.len() + ratings.len());
    let mut ratings = ratings.peekable();
    for (video, watch) in watches {
        while let Some((earlier, rated)) = ratings.next_if(|(other, _)| *other < video) {
            signals.push(Signal {
                video: earlier,
                watched: None,
                rated: Some(rated),
            });
        }
        let rated = ratings.next_if(|(other, _)| *other == video).map(|(_, rated)| rated);
        signals.push(Signal {
            video,
            watched: Some(watch),
            rated,
        });
    }
    signals.extend(ratings.map(|(video, rated)| Signal {
        video,
        watched: None,
        rated: Some(rated),
    }));
    signals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        Watch {
            seconds: 10,
            at: DateTime::UNIX_EPOCH,
            first_at: DateTime::UNIX_EPOCH,
        }
    }

    fn like() -> Rated {
        Rated {
            rating: Rating::Like,
            at: DateTime::UNIX_EPOCH,
            first_at: DateTime::UNIX_EPOCH,
        }
    }

    fn merged(watched: &[i32], rated: &[i32]) -> Vec<(i32, bool, bool)> {
        let watches = watched.iter().map(|id| (VideoId(*id), watch()));
        let ratings = rated.iter().map(|id| (VideoId(*id), like()));
        merge(watches, ratings)
            .iter()
            .map(|s| (s.video.0, s.watched.is_some(), s.rated.is_some()))
            .collect()
    }

    #[test]
    fn watches_and_ratings_of_the_same_video_become_one_signal() {
        assert_eq!(
            merged(&[2, 4, 6], &[1, 2, 5, 6, 9]),
            [
                (1, false, true),
                (2, true, true),
                (4, true, false),
                (5, false, true),
                (6, true, true),
                (9, false, true)
            ]
        );
        assert_eq!(merged(&[], &[3]), [(3, false, true)]);
        assert_eq!(merged(&[3], &[]), [(3, true, false)]);
        assert_eq!(merged(&[], &[]), []);
    }

    #[test]
    fn the_latest_of_watch_and_rating_counts() {
        let later = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1);
        let signal = Signal {
            video: VideoId(1),
            watched: Some(watch()),
            rated: Some(Rated { at: later, ..like() }),
        };
        assert_eq!(signal.latest(), Some(later));
        assert_eq!(Signal { rated: None, ..signal }.latest(), Some(DateTime::UNIX_EPOCH));
    }

    #[test]
    fn a_rewatch_or_a_changed_rating_does_not_move_the_first_time() {
        let day = |days| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(days);
        let signal = Signal {
            video: VideoId(1),
            watched: Some(Watch {
                at: day(9),
                first_at: day(3),
                ..watch()
            }),
            rated: Some(Rated {
                at: day(8),
                first_at: day(4),
                ..like()
            }),
        };
        assert_eq!(signal.first(), Some(day(3)));
        assert_eq!(
            Signal {
                watched: None,
                ..signal
            }
            .first(),
            Some(day(4))
        );
        assert_eq!(
            Signal {
                watched: None,
                rated: None,
                ..signal
            }
            .first(),
            None
        );
    }
}
