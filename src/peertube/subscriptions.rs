//! What a user follows: the channels, and the newest videos of channels and accounts.

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::{ChannelId, UserId, VideoId};
use super::rules::{
    believed_date, date_holds, earliest, first_seen_holds, followed, instance, latest, listed_for_viewer,
    local_or_followed, newest_first_for_viewer, newest_for_viewer, not_muted, published, video_and_owner,
};
use super::user::Viewer;
use super::visibility::Audience;

/// The channels that an account follows, and those of the accounts that it follows. Parameter: $1 the account.
macro_rules! subscribed {
    () => {
        r#"
        target AS (
            SELECT target."videoChannelId" AS channel_id, target."accountId" AS account_id
            FROM actor follower
            JOIN "actorFollow" follow ON follow."actorId" = follower.id AND follow.state = 'accepted'
            JOIN actor target ON target.id = follow."targetActorId"
            WHERE follower."accountId" = $1
        ),
        subscribed AS (
            SELECT ARRAY (
                SELECT channel_id FROM target WHERE channel_id IS NOT NULL
                UNION
                SELECT owned.id FROM target JOIN "videoChannel" owned ON owned."accountId" = target.account_id
            ) AS channels
        )
        "#
    };
}

/// Whether video `v` is in one of them.
macro_rules! is_of_subscribed {
    () => {
        r#" v."channelId" = ANY ((SELECT channels FROM subscribed)::integer[]) "#
    };
}

impl PeerTube {
    /// The channels to which a user subscribes, in order of [`ChannelId`]; pending subscriptions are left out.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn subscribed_channels(&self, user: UserId) -> Result<Vec<ChannelId>, PeerTubeError> {
        sqlx::query_scalar(
            r#"
            SELECT target."videoChannelId"
            FROM account a
            JOIN actor follower ON follower."accountId" = a.id
            JOIN "actorFollow" follow ON follow."actorId" = follower.id AND follow.state = 'accepted'
            JOIN actor target ON target.id = follow."targetActorId"
            WHERE a."userId" = $1 AND target."videoChannelId" IS NOT NULL
            ORDER BY target."videoChannelId"
            "#,
        )
        .bind(user)
        .fetch_all(&self.pool)
        .await
        .doing("reading the subscriptions of a user")
    }

    /// Whether a viewer follows any channel or account; pending follows are left out.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn follows_anybody(&self, viewer: &Viewer) -> Result<bool, PeerTubeError> {
        sqlx::query_scalar(
            r#"
            SELECT EXISTS (
                SELECT 1 FROM actor follower
                JOIN "actorFollow" follow ON follow."actorId" = follower.id AND follow.state = 'accepted'
                WHERE follower."accountId" = $1
            )
            "#,
        )
        .bind(viewer.account_id)
        .fetch_one(&self.pool)
        .await
        .doing("looking whether a user follows anybody")
    }

    /// The newest videos that PeerTube would list for `viewer`, of channels and accounts that the viewer follows; pending
    /// follows are left out. `count` of them after the first `start`.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn recent_of_followed(
        &self,
        viewer: &Viewer,
        start: u32,
        count: u32,
    ) -> Result<Vec<VideoId>, PeerTubeError> {
        let statement = newest_for_viewer!(concat!(",", subscribed!()), concat!(is_of_subscribed!(), "AND "));
        // A viewer is a user: the default for visitors does not matter.
        self.newest(statement, Audience::new(Some(viewer), true), start, count)
            .await
            .doing("listing the newest videos of whom a user follows")
    }

    /// The same, filtered by no rule but that: hidden and muted videos are among them. For those who know already what
    /// `viewer` may see, because looking it up takes several times as long.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn any_of_followed(
        &self,
        viewer: &Viewer,
        start: u32,
        count: u32,
    ) -> Result<Vec<VideoId>, PeerTubeError> {
        sqlx::query_scalar(concat!(
            "WITH ",
            subscribed!(),
            "SELECT v.id FROM video v WHERE ",
            is_of_subscribed!(),
            "ORDER BY ",
            believed_date!("$4"),
            " DESC, v.id OFFSET $2 LIMIT $3"
        ))
        .bind(viewer.account_id)
        .bind(i64::from(start))
        .bind(i64::from(count))
        .bind(self.now())
        .fetch_all(&self.pool)
        .await
        .doing("listing the newest videos of whom a user follows")
    }
}
