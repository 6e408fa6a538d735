//! The REST interface over real HTTP, on a real PostgreSQL, with a model that was really trained.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asking;
mod beside;
mod chances;
mod controls;
mod copies;
mod data;
mod explore;
mod fallback;
mod following;
mod fresh;
mod health;
mod long_lists;
mod next;
mod odd_values;
mod overload;
mod paging;
mod personal;
mod presumed;
mod problems;
mod ranking;
mod reasons;
mod series;
mod silence;
mod similar;
mod subscriptions;
mod visibility;
mod world;

#[allow(
    dead_code,
    reason = "shared with the tests of the room `peertube`, which use more of it"
)]
#[path = "../peertube/instance.rs"]
mod instance;
