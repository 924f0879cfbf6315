//! One connection: hyper reads its requests, the service answers them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderValue, Request, StatusCode, Version};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use server::http::{Denied, response};
use server::mcp::Reply;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tower::ServiceExt;
use uuid::Uuid;

use super::Limits;
use super::exchange::{Answering, End, Exchange};
use super::limits::{LONG_HEAD, MAX_HEAD_BYTES, SHORT_ANSWER_BYTES};
use super::memory::{HeldBytes, Memory};
use super::refusal::{Refusal, linger, log};
use super::socket::Socket;

/// What connections share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) app: Router,
    pub(super) limits: Arc<Limits>,
    requests: Arc<Memory>,
    answers: Arc<Memory>,
    pub(super) is_stopping: watch::Receiver<bool>,
}

impl Shared {
    pub(super) fn new(app: Router, limits: Arc<Limits>, is_stopping: watch::Receiver<bool>) -> Self {
        let requests = Arc::new(Memory::new(limits.held_bytes));
        let answers = Arc::new(Memory::new(limits.held_answers));
        Self { app, limits, requests, answers, is_stopping }
    }

    /// An answer with what it holds until it is written, if it is long; a refusal if there is no room for it.
    fn hold(&self, response: Response) -> (Response, Option<Arc<HeldBytes>>) {
        let length = response.body().size_hint().exact().unwrap_or_default();
        if length <= SHORT_ANSWER_BYTES {
            return (response, None);
        }
        let held = HeldBytes::new(&self.answers);
        if held.add(usize::try_from(length).unwrap_or(usize::MAX)).is_ok() {
            return (response, Some(held));
        }
        Refusal::NO_ROOM_FOR_ANSWER.log();
        (Refusal::NO_ROOM_FOR_ANSWER.response(), None)
    }
}

/// The client's address, for `GET /metrics`.
type Peer = Option<ConnectInfo<SocketAddr>>;

/// Answers the requests of a client until one of both ends the connection.
pub(super) async fn serve(stream: TcpStream, shared: Shared) {
    // Otherwise a small answer waits for the client's acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok().map(ConnectInfo);
    let exchange = Exchange::new(Arc::clone(&shared.requests));
    let (socket, returned) = Socket::new(stream, Arc::clone(&exchange), Arc::clone(&shared.limits));
    let ended = drive(socket, peer, &exchange, &shared).await;
    let Some(mut stream) = returned.take() else { return };
    let limits = &shared.limits;
    let refusal = match exchange.end() {
        Some(End::SlowHead) => Some(Refusal::SLOW_HEAD),
        Some(End::NoRoom) => Some(Refusal::NO_ROOM),
        Some(End::NotRead) => {
            tracing::info!(cause = "the client does not read its answer", "connection closed");
            return;
        }
        Some(End::Idle) => return,
        None => None,
    };
    let is_refused = match (refusal, ended) {
        (Some(refusal), _) => {
            refusal.log();
            refusal.write(&mut stream, limits.short_linger).await;
            true
        }
        (None, Err(e)) if e.is_parse_too_large() => {
            // hyper answers so if the target alone is too long, and has no other word for it.
            let is_target = e.to_string().starts_with("URI");
            log(
                if is_target { StatusCode::URI_TOO_LONG } else { StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE },
                LONG_HEAD,
            );
            true
        }
        // hyper's message has nothing of the request.
        (None, Err(e)) if e.is_parse() => {
            log(StatusCode::BAD_REQUEST, &e.to_string());
            true
        }
        (None, _) => false,
    };
    if is_refused && !exchange.is_closed_by_client() || exchange.may_be_sending() {
        let mut is_stopping = shared.is_stopping.clone();
        let stopped = async {
            let _ = is_stopping.wait_for(|is_stopping| *is_stopping).await;
            sleep(limits.short_linger).await;
        };
        tokio::select! {
            () = linger(stream, limits.linger) => {}
            () = stopped => {}
        }
    }
}

/// Runs hyper until the connection ends. A stop lets the request under way be answered.
async fn drive(socket: Socket, peer: Peer, exchange: &Arc<Exchange>, shared: &Shared) -> hyper::Result<()> {
    let service = service_fn(|request: Request<Incoming>| {
        // At once: hyper reads on before it polls the future.
        let begun = exchange.begin(request.body().size_hint().exact());
        answer(request, peer, begun, exchange, shared)
    });
    let mut connection =
        pin!(http1::Builder::new().max_buf_size(MAX_HEAD_BYTES).serve_connection(TokioIo::new(socket), service));
    let mut is_stopping = shared.is_stopping.clone();
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        _ = is_stopping.wait_for(|is_stopping| *is_stopping) => {}
    }
    // hyper's own stop would wait for half a head, and not answer a request that arrived together with another.
    exchange.stop();
    connection.await
}

/// Answers one request.
async fn answer(
    request: Request<Incoming>,
    peer: Peer,
    (answering, held): (Answering, Arc<HeldBytes>),
    exchange: &Exchange,
    shared: &Shared,
) -> Result<http::Response<Answer>, Infallible> {
    // hyper reads a little more than its limit.
    let is_long = exchange.head_length().is_some_and(|length| length > MAX_HEAD_BYTES as u64);
    let long_head = is_long.then_some((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, LONG_HEAD));
    let problem = || head_problem(&request).map(|problem| (StatusCode::BAD_REQUEST, problem));
    let response = match long_head.or_else(problem) {
        Some((status, problem)) => {
            log(status, problem);
            Denied::new(status, problem).into_response()
        }
        None => {
            let mut request = request.map(Body::new);
            // Dropped with the request.
            request.extensions_mut().insert(held);
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            // A panic fails this request alone.
            let answered = AssertUnwindSafe(shared.app.clone().oneshot(request)).catch_unwind().await;
            answered.map_or_else(|_| failed(), |Ok(response)| response)
        }
    };
    let (mut response, unsent) = shared.hold(response);
    answering.has_begun(unsent);
    let ends = response.status() == StatusCode::PAYLOAD_TOO_LARGE || exchange.is_stopping() && exchange.is_last();
    if ends {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Answer { body, _answering: answering }))
}

/// The answer to a request whose route has panicked.
fn failed() -> Response {
    let id = Uuid::new_v4().to_string();
    tracing::error!(http.status = 500, request_id = id, cause = "panic", "request failed");
    response(Reply::failed(&id, "panic"))
}

/// Why the head of a request is wrong, for every address: its `Host` (RFC 9112, 3.2), or a header that is there twice, of which another
/// reader could take the other one.
fn head_problem<B>(request: &Request<B>) -> Option<&'static str> {
    let headers = request.headers();
    let is_repeated = |name| headers.get_all(name).iter().nth(1).is_some();
    let is_missing = request.version() >= Version::HTTP_11 && !headers.contains_key(HOST);
    let problems = [
        (is_missing, "the request has no Host"),
        (is_repeated(HOST), "the request has more than one Host"),
        (is_repeated(ORIGIN), "the request has more than one Origin"),
        (is_repeated(CONTENT_TYPE), "the request has more than one Content-Type"),
    ];
    problems.into_iter().find_map(|(is_wrong, problem)| is_wrong.then_some(problem))
}

/// The body of an answer.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
