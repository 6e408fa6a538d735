//! Connections of callers to one listener: how many at once, how slow they may be, how they end.
//!
//! | file | holds |
//! |---|---|
//! | [`serving`] | accepting, the limit on connections, the end |
//! | `connection` | one connection, from its first byte to its last |
//! | `places` | who waits for whom, and who gives way |
//! | `stream` | a stream that gives up on a caller who does not take an answer |
//! | `refusal` | what a caller is told who is cut off in the middle of a request |
//!
//! What stays out: routes, and limits on requests ([`crate::api::overload`]).
//!
//! A server that waits for slow callers can be held up by somebody who opens thousands of connections and sends a byte now
//! and then ("Slowloris"). Three rules prevent that. A caller has limited time to send the head of a request and to take an
//! answer. There is a limit on connections, low enough for the 1024 open files that Linux allows by default. Where it is
//! reached, whoever has kept the server waiting longest makes room for the next caller, as in nginx; whoever waits for the
//! server never does. There is no limit per address: callers are proxies, and one address stands for everybody.

mod connection;
mod places;
mod refusal;
pub mod serving;
mod stream;

use std::time::Duration;

/// Open connections of a listener, by `listener`.
pub const OPEN: &str = "shoal_http_connections";
/// Connections that the server ended because their callers were slow, by `listener` and `reason`.
pub const CUT_OFF: &str = "shoal_http_connections_cut_off_total";

/// Bounds on connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections of one listener at once, at least 1.
    pub most: usize,
    /// Longest wait for the whole head of a request, also of the next request on the same connection.
    pub head: Duration,
    /// Longest time in which the caller may take an answer, from when the system's buffers are full.
    pub answer: Duration,
}

impl Default for ConnectionLimits {
    /// Two listeners, two database pools and deliveries fit into 1024 open files.
    fn default() -> Self {
        Self {
            most: 384,
            head: Duration::from_secs(30),
            answer: Duration::from_mins(1),
        }
    }
}
