//! What the connection pools of both databases have in common.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgPoolOptions;

/// A connection that was in use so recently is not tried before it is used again: that would be one more round trip for
/// nearly every statement.
const TRUSTED: Duration = Duration::from_secs(1);

/// A pool of at most `max_connections`, and at least one, for which nobody waits longer than `acquire_timeout`.
///
/// After the database was started again, a statement fails on each connection that was used within the last second.
pub fn pool_options(max_connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections.max(1))
        .acquire_timeout(acquire_timeout)
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
