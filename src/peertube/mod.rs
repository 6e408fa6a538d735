//! Everything that knows PeerTube's database, and nothing else does. Read-only. Of PeerTube's REST interface, only whose token
//! it is.
//!
//! | file | holds |
//! |---|---|
//! | [`connection`] | [`PeerTube`]: connecting, limits, snapshots |
//! | [`schema`] | which PeerTube this is, and what differs between versions |
//! | `columns` | every column that is read, and those that must not be readable |
//! | [`role`] | the SQL of the least-privilege role |
//! | [`check`] | the report for `shoal check-config` |
//! | [`ids`], [`mod@reference`] | how videos, users and channels are named |
//! | `rules` | PeerTube's rules for lists, as SQL |
//! | [`catalogue`] | all videos that could be listed, with their public metadata |
//! | [`history`], [`signal`] | what all users did: watches and ratings |
//! | [`session`] | one connection for several statements |
//! | [`user`] | one user: settings, signals, watched channels |
//! | [`playlists`] | what follows a video in playlists of its owner |
//! | [`past`] | signals and ties of one user at once |
//! | [`subscriptions`] | whom a user follows, and the newest of them |
//! | [`ties`] | which channels users are tied to, by subscriptions and public comments |
//! | `timestamp` | points in time, as far as they can be used and can be true |
//! | `skipped` | rows that cannot be used |
//! | [`accounts`] | who exists, and whose history may be used |
//! | [`identity`] | which PeerTube this is, and since when its users are there |
//! | [`tokens`] | whose access token it is |
//! | [`visibility`] | the rules applied to candidates |
//! | [`recent`] | newest and lately most viewed videos |
//! | [`visitor`] | what a visitor without an account chose in the browser |
//! | [`cards`] | videos as lists show them |
//! | [`error`] | what can go wrong |
//!
//! Statements are checked by tests on each supported layout, not by macros at compile time: the tables are PeerTube's and
//! change with it. What a signal is worth, which videos are recommended and how they are ranked is decided elsewhere.

pub mod accounts;
pub mod beside;
pub mod cards;
pub mod catalogue;
pub mod check;
mod columns;
pub mod connection;
pub mod error;
pub mod history;
mod host;
pub mod identity;
pub mod ids;
pub mod names;
pub mod past;
pub mod playlists;
pub mod recent;
pub mod reference;
pub mod role;
mod rules;
pub mod schema;
pub mod session;
pub mod signal;
mod skipped;
pub mod subscriptions;
pub mod ties;
mod timestamp;
pub mod tokens;
pub mod user;
pub mod visibility;
pub mod visitor;
mod wiped;

pub use cards::{ChannelCard, VideoCard};
pub use catalogue::{CatalogueChannel, CataloguePrivacy, CatalogueVideo};
pub use check::CheckReport;
pub use connection::PeerTube;
pub use error::PeerTubeError;
pub use history::HistorySummary;
pub use ids::{AccountId, ChannelId, ServerId, UserId, VideoId};
pub use reference::{InvalidReference, ShortUuid, VideoReference};
pub use role::read_role_sql;
pub use schema::{Layout, SchemaVersion};
pub use session::Session;
pub use signal::{Rated, Rating, Signal, UserSignals, Watch};
pub use skipped::UNUSABLE_ROWS;
pub use ties::Tie;
pub use user::{NsfwPolicy, Viewer};
pub use visibility::Audience;
pub use visitor::VisitorSettings;
