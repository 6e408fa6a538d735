//! Reading PeerTube's database, on a real server, as the role of `docs/sql/peertube-read-role.sql`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod beside;
mod cards;
mod catalogue;
mod check;
mod connecting;
mod history;
mod instance;
mod interruptions;
mod lists;
mod names;
mod odd_values;
mod poolers;
mod role;
mod ties;
mod users;
mod visibility;
