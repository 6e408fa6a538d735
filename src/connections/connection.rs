//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use futures_util::future::BoxFuture;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::places::Place;
use super::refusal::Refusal;
use super::stream::Stream;
use super::{CUT_OFF, ConnectionLimits};

/// Largest head of a request, in bytes, and what is buffered of a body or an answer.
const BUFFER: usize = 64 * 1024;

/// What a connection needs to know.
#[derive(Clone)]
pub struct Surroundings {
    /// Whose connections these are, for metrics.
    pub listener: &'static str,
    /// Who answers.
    pub router: Router,
    /// How slow the caller may be.
    pub limits: ConnectionLimits,
    /// Cancelled when no new request shall be taken.
    pub stop: CancellationToken,
}

/// Why a connection ended.
enum End {
    /// The caller left, or broke the protocol.
    Itself,
    /// The head of a request did not arrive in time.
    HeadTimeout,
    /// Others needed the place.
    MadeRoom,
}

/// Answers requests that arrive on `tcp` until one side ends it.
pub async fn serve(tcp: TcpStream, caller: SocketAddr, place: Place, surroundings: Surroundings) {
    let Surroundings {
        listener,
        router,
        limits,
        stop,
    } = surroundings;
    // Answers are small and whole: waiting for more to send would only delay them.
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch off the delay of small packets");
    }
    let place = Arc::new(place);
    let answering = Arc::clone(&place);
    let service =
        service_fn(move |request: Request<Incoming>| answer(router.clone(), request, caller, Arc::clone(&answering)));
    let stream = TokioIo::new(Stream::new(tcp, Arc::clone(&place), limits.answer));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(BUFFER)
        .serve_connection(stream, service);

    let mut stopping = false;
    let end = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break match ended {
                Err(error) if error.is_timeout() => End::HeadTimeout,
                _ => End::Itself,
            },
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            // A request may have arrived after somebody else asked for the place.
            () = place.asked_to_leave() => if !place.works() {
                break End::MadeRoom;
            },
        }
    };
    let mut stream = connection.into_parts().io.into_inner();
    let (reason, refusal) = match end {
        End::Itself if stream.is_overdue() => ("answer-timeout", None),
        End::Itself => return,
        End::HeadTimeout => ("head-timeout", Some(Refusal::TooSlow)),
        End::MadeRoom => ("no-room", Some(Refusal::NoRoom)),
    };
    metrics::counter!(CUT_OFF, "listener" => listener, "reason" => reason).increment(1);
    // Who asked for nothing is told nothing: it would be taken for the answer to a later request.
    if let Some(refusal) = refusal.filter(|_| place.heard()) {
        stream.say(&refusal.answer());
    }
    if let Err(error) = stream.shutdown().await {
        tracing::debug!(%error, "a caller left first");
    }
}

/// Hands a request to the router. Until there is an answer, the caller waits for the server.
fn answer(
    router: Router,
    request: Request<Incoming>,
    caller: SocketAddr,
    place: Arc<Place>,
) -> BoxFuture<'static, Result<Response<Body>, Infallible>> {
    place.work();
    let (parts, body) = request.into_parts();
    let body = Arriving {
        body,
        place: Arc::clone(&place),
    };
    let mut request = Request::from_parts(parts, Body::new(body));
    request.extensions_mut().insert(ConnectInfo(caller));
    Box::pin(async move {
        let response = router.oneshot(request).await;
        place.wait_for_next();
        response
    })
}

/// The body of a request. While more of it must arrive, the server waits for the caller.
struct Arriving {
    body: Incoming,
    place: Arc<Place>,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() {
            self.place.wait_for_more();
        } else {
            self.place.work();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
