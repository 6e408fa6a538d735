//! Accepting connections, as many as the limit allows, until the order to stop.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connection::{self, Surroundings};
use super::places::Places;
use super::{ConnectionLimits, OPEN};
use crate::panics::contained;

/// How long requests under way may take after the order to stop.
const GRACE: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, most often because too many files are open.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait for whoever was asked to make room, before the next one is asked.
const PATIENCE: Duration = Duration::from_millis(20);

/// Serves `router` on `socket`, named `listener` in metrics, until `stop` is cancelled; then answers what is under way, for
/// at most ten seconds. Handlers find the caller's address as [`axum::extract::ConnectInfo`].
///
/// # Errors
/// What the system says when the listener cannot be used.
pub async fn serve(
    listener: &'static str,
    socket: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Arc::new(Places::default());
    let room = Arc::new(Semaphore::new(limits.most.max(1)));
    let surroundings = Surroundings {
        listener,
        router,
        limits,
        stop,
    };
    let mut connections = JoinSet::new();
    while contained(
        listener,
        accept(&socket, &places, &room, &surroundings, &mut connections),
    )
    .await
    .is_err()
    {
        tokio::time::sleep(PAUSE).await;
    }
    drop(socket);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        tracing::warn!(listener, "requests under way were cut off");
    }
    Ok(())
}

/// Accepts connections until the order to stop.
async fn accept(
    socket: &TcpListener,
    places: &Arc<Places>,
    room: &Arc<Semaphore>,
    surroundings: &Surroundings,
    connections: &mut JoinSet<()>,
) {
    let Surroundings { listener, stop, .. } = surroundings;
    let listener = *listener;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = socket.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (tcp, caller) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_callers(&error) => continue,
            Err(error) => {
                tracing::warn!(listener, %error, "a connection cannot be accepted");
                places.make_room();
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Where everybody waits for the server, callers queue in the system until somebody has an answer.
        let Some(permit) = until(stop, find_room(room, places)).await else {
            break;
        };
        let (place, surroundings) = (places.take(), surroundings.clone());
        connections.spawn(async move {
            let _open = Open::new(listener, permit);
            connection::serve(tcp, caller, place, surroundings).await;
        });
    }
}

/// Room for one more connection; somebody slow may have to leave for it.
async fn find_room(room: &Arc<Semaphore>, places: &Places) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
            return Some(permit);
        }
        places.make_room();
        if let Ok(permit) = tokio::time::timeout(PATIENCE, Arc::clone(room).acquire_owned()).await {
            return permit.ok();
        }
    }
}

/// What `future` yields, or nothing once `stop` is cancelled.
async fn until<T>(stop: &CancellationToken, future: impl Future<Output = Option<T>>) -> Option<T> {
    stop.run_until_cancelled(future).await.flatten()
}

/// Whether only this one connection failed, before it was there.
fn is_callers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

/// Counts a connection as open while it lives.
struct Open {
    listener: &'static str,
    _permit: OwnedSemaphorePermit,
}

impl Open {
    fn new(listener: &'static str, permit: OwnedSemaphorePermit) -> Self {
        metrics::gauge!(OPEN, "listener" => listener).increment(1);
        Self {
            listener,
            _permit: permit,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!(OPEN, "listener" => self.listener).decrement(1);
    }
}
