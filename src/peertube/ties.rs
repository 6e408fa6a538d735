//! Which channels users are tied to: they follow them, or wrote a public comment below one of their videos. Whom and what
//! a comment is about is read, never its text.
//!
//! Users who switched their history off and blocked users are left out whole. Ties are raw and personal: they can be neither
//! serialized nor logged.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::{ChannelId, UserId};
use super::skipped::Origin;
use super::timestamp::Timestamp;

/// Where ties come from.
const TABLES: &str = "actorFollow, videoComment";
/// Users per batch.
const USERS: i64 = 500;

/// A tie between a user and a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tie {
    /// The channel.
    pub channel: ChannelId,
    /// Whether the user follows the channel or its account; else the user commented below one of its public videos.
    pub subscribed: bool,
    /// Since when: the subscription, or the first comment that is still there.
    pub since: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    user_id: UserId,
    channel_id: ChannelId,
    subscribed: bool,
    since: Timestamp,
}

impl From<Row> for Tie {
    fn from(row: Row) -> Self {
        Self {
            channel: row.channel_id,
            subscribed: row.subscribed,
            since: row.since.0,
        }
    }
}

/// The ties of `$users`, the condition that user `u` has to meet; newest first for each of them.
macro_rules! ties_of {
    ($users:literal) => {
        concat!(
            r#"
    WITH eligible AS MATERIALIZED (
        SELECT u.id AS user_id, a.id AS account_id
        FROM "user" u
        JOIN account a ON a."userId" = u.id
        WHERE u.id "#,
            $users,
            r#" AND u."videosHistoryEnabled" IS TRUE AND u.blocked IS FALSE
    ),
    followed AS MATERIALIZED (
        SELECT e.user_id, target."videoChannelId" AS channel_id, target."accountId" AS account_id,
               follow."createdAt" AS since
        FROM eligible e
        JOIN actor follower ON follower."accountId" = e.account_id
        JOIN "actorFollow" follow ON follow."actorId" = follower.id AND follow.state = 'accepted'
        JOIN actor target ON target.id = follow."targetActorId"
    )
    SELECT tie.user_id, tie.channel_id, tie.subscribed, min(tie.since) AS since
    FROM (
        SELECT user_id, channel_id, true AS subscribed, since FROM followed WHERE channel_id IS NOT NULL
        UNION ALL
        SELECT f.user_id, c.id, true, f.since FROM followed f JOIN "videoChannel" c ON c."accountId" = f.account_id
        UNION ALL
        SELECT e.user_id, v."channelId", false, comment."createdAt"
        FROM eligible e
        JOIN "videoComment" comment ON comment."accountId" = e.account_id
            AND comment."deletedAt" IS NULL AND comment."heldForReview" IS FALSE
        JOIN video v ON v.id = comment."videoId" AND v.privacy = 1
    ) tie
    GROUP BY tie.user_id, tie.channel_id, tie.subscribed
    ORDER BY tie.user_id, since DESC, tie.channel_id, tie.subscribed
"#
        )
    };
}
pub(super) use ties_of;

impl PeerTube {
    /// Calls `visitor` once for each user with ties, in order of [`UserId`], ties newest first.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer; users visited before stay visited.
    pub async fn for_each_user_ties(
        &self,
        mut visitor: impl FnMut(UserId, Vec<Tie>) + Send,
    ) -> Result<(), PeerTubeError> {
        let doing = "reading subscriptions and comments";
        let mut transaction = self.snapshot(doing).await?;
        let mut last = UserId(i32::MIN);
        loop {
            let batch: Vec<UserId> = sqlx::query_scalar(r#"SELECT id FROM "user" WHERE id > $1 ORDER BY id LIMIT $2"#)
                .bind(last)
                .bind(USERS)
                .fetch_all(&mut *transaction)
                .await
                .doing(doing)?;
            let Some(end) = batch.last() else { break };
            last = *end;
            let rows = sqlx::query(ties_of!("= ANY ($1)"))
                .bind(&batch)
                .fetch_all(&mut *transaction)
                .await
                .doing(doing)?;
            let rows: Vec<Row> = self.skipped.decode(Origin::personal(TABLES), &rows);
            let mut rows = rows.into_iter().peekable();
            while let Some(first) = rows.next() {
                let user = first.user_id;
                let mut ties = vec![Tie::from(first)];
                while let Some(row) = rows.next_if(|row| row.user_id == user) {
                    ties.push(Tie::from(row));
                }
                visitor(user, ties);
            }
        }
        transaction.rollback().await.doing(doing)
    }
}
