//! What one user did and which channels the user is tied to, in one statement: a list is made after it, and every statement
//! before it is one more round trip to wait for.

use std::cmp::Reverse;

use sqlx::FromRow;

use super::error::{Doing, PeerTubeError};
use super::ids::{ChannelId, UserId, VideoId};
use super::session::Session;
use super::signal::Signal;
use super::skipped::Origin;
use super::ties::{Tie, ties_of};
use super::timestamp::Timestamp;
use super::user::{SignalRow, signals_of_user};

/// Where both come from.
const TABLES: &str = "userVideoHistory, accountVideoRate, actorFollow, videoComment";

/// A signal, or a tie in the columns of a signal: see the statement.
#[derive(FromRow)]
struct Row {
    is_tie: bool,
    id: i32,
    seconds: Option<i32>,
    at: Option<Timestamp>,
    first_watched_at: Option<Timestamp>,
    flag: Option<bool>,
    rated_at: Option<Timestamp>,
    first_rated_at: Option<Timestamp>,
}

const SIGNALS_AND_TIES: &str = concat!(
    r#"
    SELECT false AS is_tie, signal.video AS id, signal.seconds, signal.watched_at AS at, signal.first_watched_at,
           signal.is_like AS flag, signal.rated_at, signal.first_rated_at
    FROM ("#,
    signals_of_user!(),
    r#") signal
    UNION ALL
    SELECT true, tie.channel_id, NULL, tie.since, NULL, tie.subscribed, NULL, NULL
    FROM ("#,
    ties_of!("= $1"),
    ") tie"
);

impl Session {
    /// The latest signals of a user, newest first, at most `limit`, and the user's ties, newest first. None when the user
    /// does not exist, is blocked, or switched the history off.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn signals_and_ties(
        &mut self,
        user: UserId,
        limit: u32,
    ) -> Result<(Vec<Signal>, Vec<Tie>), PeerTubeError> {
        let rows = sqlx::query(SIGNALS_AND_TIES)
            .bind(user)
            .bind(i64::from(limit))
            .fetch_all(self.connection())
            .await
            .doing("reading the history, subscriptions and comments of a user")?;
        let rows: Vec<Row> = self.skipped().decode(Origin::personal(TABLES), &rows);
        let (mut signals, mut ties) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match (row.is_tie, row.at, row.flag) {
                (true, Some(Timestamp(since)), Some(subscribed)) => ties.push(Tie {
                    channel: ChannelId(row.id),
                    subscribed,
                    since,
                }),
                _ => signals.push(Signal::from(SignalRow {
                    video: VideoId(row.id),
                    seconds: row.seconds,
                    watched_at: row.at,
                    first_watched_at: row.first_watched_at,
                    is_like: row.flag,
                    rated_at: row.rated_at,
                    first_rated_at: row.first_rated_at,
                })),
            }
        }
        // No order is promised of the rows of a union.
        signals.sort_by_key(|signal| (Reverse(signal.latest()), signal.video));
        ties.sort_by_key(|tie| (Reverse(tie.since), tie.channel, tie.subscribed));
        Ok((signals, ties))
    }
}
