//! One generated instance, as the rows of PeerTube's tables. Columns that are the same in every row are added when the
//! rows are written.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A row of `"user"`.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Primary key.
    pub id: i32,
    /// Login name, which is the account's handle too.
    pub username: String,
    /// `do_not_list`, `warn`, `blur` or `display`.
    pub nsfw_policy: &'static str,
    /// Whether PeerTube keeps the history.
    pub history_enabled: bool,
    /// Languages of the videos to show, `_unknown` among them; `None` for all.
    pub video_languages: Option<Vec<&'static str>>,
    /// Whether the administrators blocked the user.
    pub blocked: bool,
    /// 0 administrator, 2 user.
    pub role: i32,
    /// When the user registered.
    pub created_at: DateTime<Utc>,
}

/// A row of `account`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Primary key.
    pub id: i32,
    /// Name to show.
    pub name: String,
    /// The local user; `None` for remote accounts and for the instance's own.
    pub user_id: Option<i32>,
    /// Whether it is the instance's own account.
    pub application: bool,
}

/// A row of `"videoChannel"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Primary key.
    pub id: i32,
    /// Name to show.
    pub name: String,
    /// Owner.
    pub account_id: i32,
}

/// A row of `actor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Primary key.
    pub id: i32,
    /// `Application`, `Person` or `Group`.
    pub kind: &'static str,
    /// Handle.
    pub preferred_username: String,
    /// ActivityPub address.
    pub url: String,
    /// Host of the actor.
    pub host: String,
    /// The remote host's row; `None` for local actors.
    pub server_id: Option<i32>,
    /// The account that acts, if it is one.
    pub account_id: Option<i32>,
    /// The channel that acts, if it is one.
    pub channel_id: Option<i32>,
    /// Public count of followers.
    pub followers: i32,
    /// Public count of followed actors.
    pub following: i32,
}

/// A row of `"actorFollow"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorFollow {
    /// Who follows.
    pub actor_id: i32,
    /// Who is followed.
    pub target_actor_id: i32,
    /// `accepted` or `pending`.
    pub state: &'static str,
    /// ActivityPub address of the follow.
    pub url: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A row of `video`.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "PeerTube's columns")]
pub struct Video {
    /// Primary key, another one on every instance.
    pub id: i32,
    /// The same on every instance.
    pub uuid: Uuid,
    /// ActivityPub address, the same on every instance.
    pub url: String,
    /// Title.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// 1 to 18.
    pub category: Option<i32>,
    /// ISO 639-1 code.
    pub language: Option<&'static str>,
    /// 1 public, 2 unlisted, 3 private, 4 internal, 5 password-protected.
    pub privacy: i32,
    /// 1 published, 2 to transcode, 4 waiting for its live.
    pub state: i32,
    /// Whether it is hidden until it is transcoded.
    pub wait_transcoding: bool,
    /// Whether it is not safe for work.
    pub nsfw: bool,
    /// Whether it is a live.
    pub live: bool,
    /// Seconds; 0 for a live.
    pub duration: i32,
    /// Public counter over all instances.
    pub views: i32,
    /// Public counter over all instances.
    pub likes: i32,
    /// Public counter over all instances.
    pub dislikes: i32,
    /// Public counter.
    pub comments: i32,
    /// Whether it comes from another instance.
    pub remote: bool,
    /// Its channel.
    pub channel_id: i32,
    /// Its tags.
    pub tag_ids: Vec<i32>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// A row of `"userVideoHistory"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Primary key; with gaps.
    pub id: i32,
    /// Who watched.
    pub user_id: i32,
    /// What was watched.
    pub video_id: i32,
    /// Last position in seconds.
    pub current_time: i32,
    /// First watch.
    pub created_at: DateTime<Utc>,
    /// Last watch.
    pub updated_at: DateTime<Utc>,
}

/// A row of `"accountVideoRate"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Who rates; remote accounts too.
    pub account_id: i32,
    /// What is rated.
    pub video_id: i32,
    /// True for a like, false for a dislike.
    pub like: bool,
    /// ActivityPub address.
    pub url: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A row of `"videoShare"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Who announced it.
    pub actor_id: i32,
    /// What was announced.
    pub video_id: i32,
    /// ActivityPub address.
    pub url: String,
}

/// A row of `"videoPlaylist"` and its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    /// Primary key.
    pub id: i32,
    /// Title.
    pub name: String,
    /// 1 public, 3 private.
    pub privacy: i32,
    /// 1 regular, 2 "watch later".
    pub kind: i32,
    /// Unique.
    pub uuid: Uuid,
    /// Owner.
    pub account_id: i32,
    /// Its videos, in order.
    pub video_ids: Vec<i32>,
}

/// A row of `"videoComment"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Primary key.
    pub id: i32,
    /// Who wrote it.
    pub account_id: i32,
    /// Under which video.
    pub video_id: i32,
    /// ActivityPub address.
    pub url: String,
    /// What was written.
    pub text: &'static str,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A row of `"videoStat"`, which was `"videoView"` before 8.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewCount {
    /// The video.
    pub video_id: i32,
    /// Begin of the hour.
    pub start: DateTime<Utc>,
    /// Views in that hour.
    pub views: i32,
}

/// Everything in the database of one instance, and what is kept back from it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InstanceWorld {
    /// Host name.
    pub host: String,
    /// Rows of `server`: id and host.
    pub servers: Vec<(i32, String)>,
    /// Local users.
    pub users: Vec<User>,
    /// Local and remote accounts.
    pub accounts: Vec<Account>,
    /// Local and remote channels.
    pub channels: Vec<Channel>,
    /// The actors of all of them.
    pub actors: Vec<Actor>,
    /// Follows between instances, and subscriptions.
    pub follows: Vec<ActorFollow>,
    /// Rows of `tag`: id and name.
    pub tags: Vec<(i32, &'static str)>,
    /// Local and remote videos.
    pub videos: Vec<Video>,
    /// Announces.
    pub shares: Vec<Share>,
    /// Videos that the administrators blocked.
    pub blacklisted: Vec<i32>,
    /// Muted accounts: who mutes, who is muted.
    pub account_blocks: Vec<(i32, i32)>,
    /// Muted servers: the account that mutes, the muted server.
    pub server_blocks: Vec<(i32, i32)>,
    /// Watches.
    pub history: Vec<HistoryRow>,
    /// Likes and dislikes.
    pub rates: Vec<Rate>,
    /// Playlists.
    pub playlists: Vec<Playlist>,
    /// Comments.
    pub comments: Vec<Comment>,
    /// Views of the last days.
    pub view_counts: Vec<ViewCount>,
    /// Users who may be in a model: history on, not blocked.
    pub eligible_users: Vec<i32>,
    /// For each user with such, the latest videos that the user will like, by id: not in the database, of visible
    /// public videos only.
    pub held_out: Vec<(i32, Vec<i32>)>,
    /// The moment after which nothing happens.
    pub now: DateTime<Utc>,
}
