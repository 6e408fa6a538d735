//! A TCP stream that notes what arrives, and that fails when an answer is not taken in time.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::places::Place;

/// The stream of one connection.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    place: Arc<Place>,
    longest: Duration,
    /// Runs while the caller owes us taking what was written. Taking a little of it does not stop it.
    owed: Option<Pin<Box<Sleep>>>,
    overdue: bool,
}

impl Stream {
    /// `longest` is the time in which an answer must be taken.
    pub fn new(tcp: TcpStream, place: Arc<Place>, longest: Duration) -> Self {
        Self {
            tcp,
            place,
            longest,
            owed: None,
            overdue: false,
        }
    }

    /// Whether an answer was not taken in time.
    pub fn is_overdue(&self) -> bool {
        self.overdue
    }

    /// Sends `bytes` as far as that needs no waiting, unless they would get into the middle of an answer.
    pub fn say(&self, bytes: &[u8]) {
        if self.owed.is_none()
            && let Err(error) = self.tcp.try_write(bytes)
        {
            tracing::debug!(%error, "a caller cannot be told why it is cut off");
        }
    }

    fn checked(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            return written;
        }
        let owed = self.owed.get_or_insert_with(|| Box::pin(sleep(self.longest)));
        ready!(owed.as_mut().poll(context));
        self.overdue = true;
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.place.hear();
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.checked(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, bytes);
        self.checked(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    /// Hyper flushes when it has written all that it had: nothing is owed any more.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.owed = None;
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
