//! One user: the settings that decide what is shown, and what the user did. Whom the user follows is in
//! [`super::subscriptions`].

use std::collections::HashSet;

use sqlx::FromRow;

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::{AccountId, ChannelId, UserId, VideoId};
use super::session::Session;
use super::signal::{Rated, Rating, Signal, Watch};
use super::skipped::Origin;
use super::timestamp::Timestamp;

/// A user to whom videos are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The user.
    pub id: UserId,
    /// The user's account, whose blocklists hold for this user.
    pub account_id: Option<AccountId>,
    /// What happens with sensitive videos.
    pub nsfw_policy: NsfwPolicy,
    /// Kinds of sensitive videos that are listed even under [`NsfwPolicy::DoNotList`]; bits as in
    /// [`super::CatalogueVideo::nsfw_flags`].
    pub nsfw_flags_shown: i32,
    /// Kinds of sensitive videos that are never listed.
    pub nsfw_flags_hidden: i32,
    /// Languages that the user wants to see; `None` for all. `_unknown` stands for videos without a language.
    pub languages: Option<Vec<String>>,
    /// Whether PeerTube keeps the history of this user. When not, nothing of it may be used.
    pub history_enabled: bool,
    /// Whether the moderators blocked this user.
    pub blocked: bool,
}

/// What a user wants to happen with sensitive videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NsfwPolicy {
    /// They are not listed.
    DoNotList,
    /// They are listed with a warning.
    Warn,
    /// They are listed with a blurred thumbnail.
    Blur,
    /// They are listed like all others.
    Display,
}

impl NsfwPolicy {
    /// Policies that this version does not know hide: that can annoy, but not shock.
    fn from_name(name: &str) -> Self {
        match name {
            "warn" => Self::Warn,
            "blur" => Self::Blur,
            "display" => Self::Display,
            _ => Self::DoNotList,
        }
    }
}

#[derive(FromRow)]
struct ViewerRow {
    account_id: Option<AccountId>,
    nsfw_policy: String,
    nsfw_flags_shown: i32,
    nsfw_flags_hidden: i32,
    languages: Option<Vec<String>>,
    history_enabled: bool,
    blocked: bool,
}

/// Where signals come from.
const SIGNAL_TABLES: &str = "userVideoHistory, accountVideoRate";

/// The latest signals of a user. Parameters: $1 the user, $2 how many at most.
macro_rules! signals_of_user {
    () => {
        r#"
        SELECT coalesce(h."videoId", r."videoId") AS video, h."currentTime" AS seconds,
               h."updatedAt" AS watched_at, h."createdAt" AS first_watched_at,
               r.is_like, r."updatedAt" AS rated_at, r."createdAt" AS first_rated_at
        FROM (
            SELECT "videoId", "currentTime", "createdAt", "updatedAt" FROM "userVideoHistory" WHERE "userId" = $1
        ) h
        FULL JOIN (
            SELECT rate."videoId", rate.type = 'like' AS is_like, rate."createdAt", rate."updatedAt"
            FROM account a
            JOIN "accountVideoRate" rate ON rate."accountId" = a.id
            WHERE a."userId" = $1
        ) r ON r."videoId" = h."videoId"
        WHERE EXISTS (
            SELECT 1 FROM "user" u WHERE u.id = $1 AND u."videosHistoryEnabled" IS TRUE AND u.blocked IS FALSE
        )
        ORDER BY greatest(h."updatedAt", r."updatedAt") DESC, video
        LIMIT $2
        "#
    };
}
pub(super) use signals_of_user;

#[derive(FromRow)]
pub(super) struct SignalRow {
    pub(super) video: VideoId,
    pub(super) seconds: Option<i32>,
    pub(super) watched_at: Option<Timestamp>,
    pub(super) first_watched_at: Option<Timestamp>,
    pub(super) is_like: Option<bool>,
    pub(super) rated_at: Option<Timestamp>,
    pub(super) first_rated_at: Option<Timestamp>,
}

impl From<SignalRow> for Signal {
    fn from(row: SignalRow) -> Self {
        let watched = match (row.seconds, row.watched_at, row.first_watched_at) {
            (Some(seconds), Some(Timestamp(at)), Some(Timestamp(first_at))) => Some(Watch { seconds, at, first_at }),
            _ => None,
        };
        let rated = match (row.is_like, row.rated_at, row.first_rated_at) {
            (Some(is_like), Some(Timestamp(at)), Some(Timestamp(first_at))) => Some(Rated {
                rating: if is_like { Rating::Like } else { Rating::Dislike },
                at,
                first_at,
            }),
            _ => None,
        };
        Self {
            video: row.video,
            watched,
            rated,
        }
    }
}

impl Session {
    /// The settings of a user; `None` when there is no such user.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn viewer(&mut self, user: UserId) -> Result<Option<Viewer>, PeerTubeError> {
        let row: Option<ViewerRow> = sqlx::query_as(
            r#"
            SELECT a.id AS account_id, u."nsfwPolicy"::text AS nsfw_policy,
                   u."nsfwFlagsDisplayed" | u."nsfwFlagsWarned" | u."nsfwFlagsBlurred" AS nsfw_flags_shown,
                   u."nsfwFlagsHidden" AS nsfw_flags_hidden, u."videoLanguages"::text[] AS languages,
                   u."videosHistoryEnabled" AS history_enabled, u.blocked
            FROM "user" u
            LEFT JOIN account a ON a."userId" = u.id
            WHERE u.id = $1
            "#,
        )
        .bind(user)
        .fetch_optional(self.connection())
        .await
        .doing("reading the settings of a user")?;
        Ok(row.map(|row| Viewer {
            id: user,
            account_id: row.account_id,
            nsfw_policy: NsfwPolicy::from_name(&row.nsfw_policy),
            nsfw_flags_shown: row.nsfw_flags_shown,
            nsfw_flags_hidden: row.nsfw_flags_hidden,
            // PeerTube takes an empty choice for no choice.
            languages: row.languages.filter(|languages| !languages.is_empty()),
            history_enabled: row.history_enabled,
            blocked: row.blocked,
        }))
    }

    /// The latest signals of a user, newest first, at most `limit`. Empty when the user does not exist, is blocked, or
    /// switched the history off.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn user_signals(&mut self, user: UserId, limit: u32) -> Result<Vec<Signal>, PeerTubeError> {
        let rows = sqlx::query(signals_of_user!())
            .bind(user)
            .bind(i64::from(limit))
            .fetch_all(self.connection())
            .await
            .doing("reading the history of a user")?;
        let rows: Vec<SignalRow> = self.skipped().decode(Origin::personal(SIGNAL_TABLES), &rows);
        Ok(rows.into_iter().map(Signal::from).collect())
    }
}

impl PeerTube {
    /// [`Session::viewer`] on a connection of its own.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn viewer(&self, user: UserId) -> Result<Option<Viewer>, PeerTubeError> {
        self.session().await?.viewer(user).await
    }

    /// [`Session::user_signals`] on a connection of its own.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn user_signals(&self, user: UserId, limit: u32) -> Result<Vec<Signal>, PeerTubeError> {
        self.session().await?.user_signals(user, limit).await
    }

    /// Whether there is such a user, blocked or not.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn user_exists(&self, user: UserId) -> Result<bool, PeerTubeError> {
        sqlx::query_scalar(r#"SELECT EXISTS (SELECT 1 FROM "user" WHERE id = $1)"#)
            .bind(user)
            .fetch_one(&self.pool)
            .await
            .doing("looking up a user")
    }

    /// One user of each of the most common choices of what lists may show, at most `limit`; the most common choice first.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn typical_users(&self, limit: u32) -> Result<Vec<UserId>, PeerTubeError> {
        sqlx::query_scalar(
            r#"
            SELECT min(id) FROM "user" WHERE blocked IS FALSE
            GROUP BY "nsfwPolicy", "nsfwFlagsDisplayed" | "nsfwFlagsWarned" | "nsfwFlagsBlurred", "nsfwFlagsHidden",
                     "videoLanguages"
            ORDER BY count(*) DESC, min(id)
            LIMIT $1
            "#,
        )
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .doing("reading what most users let lists show")
    }

    /// How many users have their history switched on and are not blocked.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn eligible_users(&self) -> Result<u64, PeerTubeError> {
        let count: i64 = sqlx::query_scalar(
            r#"SELECT count(*) FROM "user" WHERE "videosHistoryEnabled" IS TRUE AND blocked IS FALSE"#,
        )
        .fetch_one(&self.pool)
        .await
        .doing("counting users")?;
        Ok(count.unsigned_abs())
    }

    /// Which of `candidates` the user has watched, however long ago. Empty when the user does not exist, is blocked, or
    /// switched the history off.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn watched_among(&self, user: UserId, candidates: &[VideoId]) -> Result<HashSet<VideoId>, PeerTubeError> {
        if candidates.is_empty() {
            return Ok(HashSet::new());
        }
        let watched: Vec<VideoId> = sqlx::query_scalar(
            r#"
            SELECT h."videoId"
            FROM "userVideoHistory" h
            JOIN "user" u ON u.id = h."userId"
            WHERE h."userId" = $1 AND h."videoId" = ANY ($2) AND u."videosHistoryEnabled" IS TRUE AND u.blocked IS FALSE
            "#,
        )
        .bind(user)
        .bind(candidates)
        .fetch_all(&self.pool)
        .await
        .doing("reading the history of a user")?;
        Ok(watched.into_iter().collect())
    }

    /// The channels of every video that the user watched or rated, however long ago. Empty when the user does not exist,
    /// is blocked, or switched the history off.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn watched_channels(&self, user: UserId) -> Result<HashSet<ChannelId>, PeerTubeError> {
        let channels: Vec<ChannelId> = sqlx::query_scalar(
            r#"
            SELECT DISTINCT v."channelId"
            FROM (
                SELECT h."videoId" FROM "userVideoHistory" h WHERE h."userId" = $1
                UNION
                SELECT rate."videoId"
                FROM account a
                JOIN "accountVideoRate" rate ON rate."accountId" = a.id
                WHERE a."userId" = $1
            ) known
            JOIN video v ON v.id = known."videoId"
            WHERE EXISTS (
                SELECT 1 FROM "user" u WHERE u.id = $1 AND u."videosHistoryEnabled" IS TRUE AND u.blocked IS FALSE
            )
            "#,
        )
        .bind(user)
        .fetch_all(&self.pool)
        .await
        .doing("reading the history of a user")?;
        Ok(channels.into_iter().collect())
    }

    /// The channels of some videos; what was deleted has none.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer.
    pub async fn channels_of(&self, videos: &[VideoId]) -> Result<Vec<ChannelId>, PeerTubeError> {
        if videos.is_empty() {
            return Ok(Vec::new());
        }
        sqlx::query_scalar(r#"SELECT DISTINCT "channelId" FROM video WHERE id = ANY ($1)"#)
            .bind(videos)
            .fetch_all(&self.pool)
            .await
            .doing("reading the channels of videos")
    }
}
