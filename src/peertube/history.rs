//! Reading what all users did, with bounded memory: users come in batches, their rows in keyset pages along the unique
//! index on user and video, everything from one consistent picture.
//!
//! Users who switched their history off and blocked users are left out whole: neither watches nor ratings are read.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row as _};

use super::connection::PeerTube;
use super::error::{Doing, PeerTubeError};
use super::ids::{UserId, VideoId};
use super::signal::{Rated, Rating, UserSignals, Watch, merge};
use super::skipped::{Origin, SkippedRows};
use super::timestamp::Timestamp;
use super::wiped::Wiped;

/// Users per batch: also bounds the work of a page when PostgreSQL prefers sorting to the index.
const USERS: i64 = 500;

/// Rows per page: what is in memory at once, beside the signals of one user.
const ROWS: i64 = 20_000;

/// What a whole read went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistorySummary {
    /// Users whose history may be used, with or without signals.
    pub eligible_users: u64,
    /// Users who did something: how often the visitor was called.
    pub users: u64,
    /// Videos watched, summed over users.
    pub watches: u64,
    /// Videos rated, summed over users.
    pub ratings: u64,
}

impl PeerTube {
    /// Calls `visitor` once for each user who watched or rated something, in order of [`UserId`], the signals in order of
    /// [`VideoId`]. The visitor runs on the calling task: it should be quick, or hand over.
    ///
    /// A picture of the whole is taken at the start; what is deleted later is gone at the next read.
    ///
    /// # Errors
    /// [`PeerTubeError`] when the database cannot answer; users visited before stay visited.
    pub async fn for_each_user(
        &self,
        mut visitor: impl FnMut(UserSignals) + Send,
    ) -> Result<HistorySummary, PeerTubeError> {
        let mut transaction = self.snapshot("reading the watch history").await?;
        let mut summary = HistorySummary::default();
        let mut last = UserId(i32::MIN);
        loop {
            let batch = users_after(&mut transaction, last).await?;
            let Some(end) = batch.last() else { break };
            last = *end;
            summary.eligible_users += batch.len() as u64;
            let mut watches =
                Pages::<WatchRow>::new(WATCHES, Origin::personal("userVideoHistory"), &self.skipped, &batch);
            let mut ratings =
                Pages::<RatingRow>::new(RATINGS, Origin::personal("accountVideoRate"), &self.skipped, &batch);
            for user in &batch {
                let watches = watches.of(*user, &mut transaction).await?;
                let ratings = ratings.of(*user, &mut transaction).await?;
                if watches.is_empty() && ratings.is_empty() {
                    continue;
                }
                summary.users += 1;
                summary.watches += watches.len() as u64;
                summary.ratings += ratings.len() as u64;
                let signals = merge(
                    watches.iter().map(WatchRow::watch),
                    ratings.iter().map(RatingRow::rated),
                );
                visitor(UserSignals { user: *user, signals });
            }
        }
        transaction.rollback().await.doing("reading the watch history")?;
        Ok(summary)
    }
}

async fn users_after(connection: &mut PgConnection, last: UserId) -> Result<Vec<UserId>, PeerTubeError> {
    sqlx::query_scalar(
        r#"
        SELECT id FROM "user"
        WHERE id > $1 AND "videosHistoryEnabled" IS TRUE AND blocked IS FALSE
        ORDER BY id LIMIT $2
        "#,
    )
    .bind(last)
    .bind(USERS)
    .fetch_all(connection)
    .await
    .doing("reading the users")
}

/// Parameters of both: the users, the last user and video seen, the number of rows.
const WATCHES: &str = r#"
    SELECT h."userId" AS user_id, h."videoId" AS video_id, h."currentTime" AS seconds,
           h."updatedAt" AS at, h."createdAt" AS first_at
    FROM "userVideoHistory" h
    WHERE h."userId" = ANY ($1) AND (h."userId", h."videoId") > ($2, $3)
    ORDER BY h."userId", h."videoId" LIMIT $4
"#;

const RATINGS: &str = r#"
    SELECT a."userId" AS user_id, r."videoId" AS video_id, r.type = 'like' AS is_like,
           r."updatedAt" AS at, r."createdAt" AS first_at
    FROM account a
    JOIN "accountVideoRate" r ON r."accountId" = a.id
    WHERE a."userId" = ANY ($1) AND (a."userId", r."videoId") > ($2, $3)
    ORDER BY a."userId", r."videoId" LIMIT $4
"#;

/// A row that belongs to a user and a video.
trait Keyed {
    fn key(&self) -> (UserId, VideoId);
}

#[derive(Clone, Copy, FromRow)]
struct WatchRow {
    user_id: UserId,
    video_id: VideoId,
    seconds: i32,
    at: Timestamp,
    first_at: Timestamp,
}

impl WatchRow {
    fn watch(&self) -> (VideoId, Watch) {
        (
            self.video_id,
            Watch {
                seconds: self.seconds,
                at: self.at.0,
                first_at: self.first_at.0,
            },
        )
    }
}

impl Keyed for WatchRow {
    fn key(&self) -> (UserId, VideoId) {
        (self.user_id, self.video_id)
    }
}

#[derive(Clone, Copy, FromRow)]
struct RatingRow {
    user_id: UserId,
    video_id: VideoId,
    is_like: bool,
    at: Timestamp,
    first_at: Timestamp,
}

impl RatingRow {
    fn rated(&self) -> (VideoId, Rated) {
        let rating = if self.is_like { Rating::Like } else { Rating::Dislike };
        (
            self.video_id,
            Rated {
                rating,
                at: self.at.0,
                first_at: self.first_at.0,
            },
        )
    }
}

impl Keyed for RatingRow {
    fn key(&self) -> (UserId, VideoId) {
        (self.user_id, self.video_id)
    }
}

/// The rows of a batch of users, sorted by user and video, a page at a time.
struct Pages<'batch, R: Copy> {
    statement: &'static str,
    origin: Origin,
    skipped: &'batch SkippedRows,
    users: &'batch [UserId],
    after: (UserId, VideoId),
    page: Wiped<R>,
    /// How many rows of the page were given out.
    taken: usize,
    last_page: bool,
}

impl<'batch, R> Pages<'batch, R>
where
    R: Copy + Keyed + for<'row> FromRow<'row, PgRow> + Send + Unpin,
{
    fn new(statement: &'static str, origin: Origin, skipped: &'batch SkippedRows, users: &'batch [UserId]) -> Self {
        let after = (UserId(i32::MIN), VideoId(i32::MIN));
        Self {
            statement,
            origin,
            skipped,
            users,
            after,
            page: Vec::new().into(),
            taken: 0,
            last_page: false,
        }
    }

    /// All rows of `user`. Users must be asked for in order.
    async fn of(&mut self, user: UserId, connection: &mut PgConnection) -> Result<Wiped<R>, PeerTubeError> {
        let mut rows = Wiped::from(Vec::new());
        loop {
            let left = self.page.get(self.taken..).unwrap_or_default();
            let (own, others) = left.split_at(left.partition_point(|row| row.key().0 <= user));
            rows = joined(rows, own);
            self.taken += own.len();
            if !others.is_empty() || self.last_page {
                return Ok(rows);
            }
            self.turn_page(connection).await?;
        }
    }

    async fn turn_page(&mut self, connection: &mut PgConnection) -> Result<(), PeerTubeError> {
        // Users who are done would be read again, only to be skipped.
        let done = self.users.partition_point(|user| *user < self.after.0);
        let doing = "reading the watch history";
        let rows = sqlx::query(self.statement)
            .bind(self.users.get(done..).unwrap_or_default())
            .bind(self.after.0)
            .bind(self.after.1)
            .bind(ROWS)
            .fetch_all(connection)
            .await
            .doing(doing)?;
        self.last_page = (rows.len() as i64) < ROWS;
        if let Some(last) = rows.last() {
            self.after = (
                last.try_get("user_id").doing(doing)?,
                last.try_get("video_id").doing(doing)?,
            );
        }
        (self.page, self.taken) = (self.skipped.decode(self.origin, &rows).into(), 0);
        Ok(())
    }
}

/// Both in a new buffer, because one that grows leaves copies behind.
fn joined<R: Copy>(rows: Wiped<R>, more: &[R]) -> Wiped<R> {
    if more.is_empty() {
        return rows;
    }
    [rows.as_slice(), more].concat().into()
}
