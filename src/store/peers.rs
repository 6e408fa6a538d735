//! Known sidecars of other instances. The states of consent are in `consent.rs`, the transactions that change them in
//! `follows.rs`, and what is learned by asking a peer in `sync.rs`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Store, StoreError};

mod consent;
mod follows;
mod newcomers;
mod relation;
mod sync;

pub use consent::{Follower, Following, PeerStatement};
pub use follows::FollowDecision;
pub use newcomers::FollowerOrigin;
pub use sync::{DueSync, Replies};

pub(super) use relation::sync_soon;
pub(super) use sync::has_reachable_follower;

/// Whether this sidecar follows a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FollowingState {
    /// It does not.
    None,
    /// It asked and waits for the answer.
    Requested,
    /// It does: the peer's evidence is received.
    Accepted,
    /// The peer refused.
    Rejected,
}

/// Whether a peer follows this sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FollowerState {
    /// It does not.
    None,
    /// It asked and waits for the answer.
    Pending,
    /// It does: it receives this sidecar's evidence.
    Accepted,
    /// It was refused.
    Rejected,
}

impl FollowingState {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    /// The state that the word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "requested" => Some(Self::Requested),
            "accepted" => Some(Self::Accepted),
            "rejected" => Some(Self::Rejected),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        Self::from_word(text).ok_or(StoreError::Corrupt("peers.following"))
    }
}

impl FollowerState {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    /// The state that the word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "pending" => Some(Self::Pending),
            "accepted" => Some(Self::Accepted),
            "rejected" => Some(Self::Rejected),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        Self::from_word(text).ok_or(StoreError::Corrupt("peers.follower"))
    }
}

/// What the actor document of a peer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPeer {
    /// ActivityPub id.
    pub actor_url: String,
    /// Its inbox.
    pub inbox_url: String,
    /// Its server's shared inbox, if any.
    pub shared_inbox_url: Option<String>,
    /// Key with which its signatures are verified: `SubjectPublicKeyInfo` in PEM.
    pub public_key_pem: String,
    /// Host of the id, with the port if it has one.
    pub host: String,
    /// Display name.
    pub name: String,
    /// When the actor document was fetched.
    pub fetched_at: DateTime<Utc>,
}

/// A known peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Internal number.
    pub id: i64,
    /// ActivityPub id.
    pub actor_url: String,
    /// Its inbox.
    pub inbox_url: String,
    /// Its server's shared inbox, if any.
    pub shared_inbox_url: Option<String>,
    /// Key with which its signatures are verified: `SubjectPublicKeyInfo` in PEM.
    pub public_key_pem: String,
    /// Host of the id, with the port if it has one.
    pub host: String,
    /// Display name.
    pub name: String,
    /// When the actor document was last fetched.
    pub fetched_at: DateTime<Utc>,
    /// When it last sent a valid activity.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Whether this sidecar follows it.
    pub following: FollowingState,
    /// Id of the Follow that this sidecar sent.
    pub following_activity_url: Option<String>,
    /// Whether it follows this sidecar.
    pub follower: FollowerState,
    /// Id of the Follow that it sent.
    pub follower_activity_url: Option<String>,
    /// Grows with every change of who follows whom.
    pub revision: i64,
    /// When it last confirmed that it follows this sidecar.
    pub follower_confirmed_at: Option<DateTime<Utc>>,
    /// When it last answered a synchronization.
    pub synced_at: Option<DateTime<Utc>>,
    /// Why the last synchronization failed.
    pub sync_error: Option<String>,
}

impl Peer {
    /// Whether this sidecar follows it, and with which Follow.
    pub fn following(&self) -> Following {
        Following {
            state: self.following,
            follow: self.following_activity_url.clone(),
        }
    }

    /// Whether it follows this sidecar, and with which Follow.
    pub fn follower(&self) -> Follower {
        Follower::new(self.follower, self.follower_activity_url.clone())
    }

    /// Where all activities for this peer are posted, so that they arrive in order.
    pub fn delivery_inbox(&self) -> &str {
        self.shared_inbox_url.as_deref().unwrap_or(&self.inbox_url)
    }
}

impl NewPeer {
    /// Where all activities for this peer are posted, so that they arrive in order.
    pub fn delivery_inbox(&self) -> &str {
        self.shared_inbox_url.as_deref().unwrap_or(&self.inbox_url)
    }
}

/// A row as the database returns it, before its states are parsed.
struct PeerRow {
    id: i64,
    actor_url: String,
    inbox_url: String,
    shared_inbox_url: Option<String>,
    public_key_pem: String,
    host: String,
    name: String,
    fetched_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
    following: String,
    following_activity_url: Option<String>,
    follower: String,
    follower_activity_url: Option<String>,
    revision: i64,
    follower_confirmed_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
    sync_error: Option<String>,
}

impl TryFrom<PeerRow> for Peer {
    type Error = StoreError;

    fn try_from(row: PeerRow) -> Result<Self, StoreError> {
        Ok(Self {
            following: FollowingState::parse(&row.following)?,
            follower: FollowerState::parse(&row.follower)?,
            id: row.id,
            actor_url: row.actor_url,
            inbox_url: row.inbox_url,
            shared_inbox_url: row.shared_inbox_url,
            public_key_pem: row.public_key_pem,
            host: row.host,
            name: row.name,
            fetched_at: row.fetched_at,
            last_seen_at: row.last_seen_at,
            following_activity_url: row.following_activity_url,
            follower_activity_url: row.follower_activity_url,
            revision: row.revision,
            follower_confirmed_at: row.follower_confirmed_at,
            synced_at: row.synced_at,
            sync_error: row.sync_error,
        })
    }
}

/// Inserts the peer, or brings what is known from its actor document up to date. Who follows whom stays as it is.
async fn save(connection: &mut PgConnection, peer: &NewPeer) -> Result<Peer, StoreError> {
    let row = sqlx::query_as!(
        PeerRow,
        "INSERT INTO shoal.peers (actor_url, inbox_url, shared_inbox_url, public_key_pem, host, name, fetched_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (actor_url) DO UPDATE SET inbox_url = $2, shared_inbox_url = $3, public_key_pem = $4, host = $5,
             name = $6, fetched_at = $7
         RETURNING id, actor_url, inbox_url, shared_inbox_url, public_key_pem, host, name, fetched_at, last_seen_at,
             following, following_activity_url, follower, follower_activity_url, revision, follower_confirmed_at,
             synced_at, sync_error",
        peer.actor_url,
        peer.inbox_url,
        peer.shared_inbox_url,
        peer.public_key_pem,
        peer.host,
        peer.name,
        peer.fetched_at,
    )
    .fetch_one(connection)
    .await?;
    row.try_into()
}

impl Store {
    /// Brings a known peer up to date with its actor document. Unknown peers are not added: returns whether it was
    /// known.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn refresh_peer(&self, peer: &NewPeer) -> Result<bool, StoreError> {
        let updated = sqlx::query!(
            "UPDATE shoal.peers SET inbox_url = $2, shared_inbox_url = $3, public_key_pem = $4, host = $5, name = $6,
                 fetched_at = $7
             WHERE actor_url = $1",
            peer.actor_url,
            peer.inbox_url,
            peer.shared_inbox_url,
            peer.public_key_pem,
            peer.host,
            peer.name,
            peer.fetched_at,
        )
        .execute(&self.pool)
        .await?;
        Ok(updated.rows_affected() > 0)
    }

    /// The peer with this ActivityPub id.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn peer(&self, actor_url: &str) -> Result<Option<Peer>, StoreError> {
        let row = sqlx::query_as!(
            PeerRow,
            "SELECT id, actor_url, inbox_url, shared_inbox_url, public_key_pem, host, name, fetched_at, last_seen_at,
             following, following_activity_url, follower, follower_activity_url, revision, follower_confirmed_at,
             synced_at, sync_error
             FROM shoal.peers WHERE actor_url = $1",
            actor_url
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(Peer::try_from).transpose()
    }

    /// All known peers, in the order in which they became known.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        let rows = sqlx::query_as!(
            PeerRow,
            "SELECT id, actor_url, inbox_url, shared_inbox_url, public_key_pem, host, name, fetched_at, last_seen_at,
             following, following_activity_url, follower, follower_activity_url, revision, follower_confirmed_at,
             synced_at, sync_error
             FROM shoal.peers ORDER BY id"
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Peer::try_from).collect()
    }

    /// Number of peers that this sidecar follows, and number of peers that follow it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn accepted_peers(&self) -> Result<(i64, i64), StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE following = 'accepted') AS "following!",
                      count(*) FILTER (WHERE follower = 'accepted') AS "followers!"
               FROM shoal.peers"#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((row.following, row.followers))
    }

    /// One page of the ids of accepted followers, in the order in which they became known.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn follower_urls(&self, offset: i64, limit: i64) -> Result<Vec<String>, StoreError> {
        let urls = sqlx::query_scalar!(
            "SELECT actor_url FROM shoal.peers WHERE follower = 'accepted' ORDER BY id OFFSET $1 LIMIT $2",
            offset,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(urls)
    }

    /// One page of the ids of peers that this sidecar follows, in the order in which they became known.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn following_urls(&self, offset: i64, limit: i64) -> Result<Vec<String>, StoreError> {
        let urls = sqlx::query_scalar!(
            "SELECT actor_url FROM shoal.peers WHERE following = 'accepted' ORDER BY id OFFSET $1 LIMIT $2",
            offset,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(urls)
    }
}
