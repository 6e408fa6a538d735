//! What the connections to both databases have in common.
//!
//! | file | holds |
//! |---|---|
//! | [`address`] | connection strings, of which no part ever gets into an error |
//! | [`session`] | settings of every session, and whether sessions are kept by whatever is in between |

pub mod address;
pub mod session;

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgPoolOptions;

pub use address::{AddressError, connect_options};
pub use session::SessionSettings;

/// A connection that was in use so recently is not tried before it is used again: that would be one more round trip for
/// nearly every statement.
const TRUSTED: Duration = Duration::from_secs(1);

/// A pool of at most `max_connections`, and at least one, for which nobody waits longer than `acquire_timeout`. Every session
/// begins with `settings`.
///
/// After the database was started again, a statement fails on each connection that was used within the last second.
pub fn pool_options(max_connections: u32, acquire_timeout: Duration, settings: SessionSettings) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections.max(1))
        .acquire_timeout(acquire_timeout)
        .after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(async move { settings.apply(connection).await })
        })
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}
