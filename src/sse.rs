//! Server-sent events of the local server: clients are told of changed lists, and of the progress of a tool. Lambda has no
//! streams.
//!
//! | request | stream |
//! |---|---|
//! | POST `subscriptions/listen`, 2026-07-28 | the acknowledgement, then changed lists, each with the id of the subscription |
//! | GET, the handshake revisions | changed lists |
//! | POST `tools/call` with a progress token | the progress that the tool reports, then the response |
//!
//! A request gets here after the checks of `Origin`, `Host` and token.

mod accept;
mod call;
mod listening;
mod record;

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::any;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::header::RETRY_AFTER;
use http::{HeaderName, Method, StatusCode};
use server::auth::Verifier;
use server::config::Config;
use server::http::{self as service, Denied, ReceivedPost};
use server::mcp::{self, Effect, Mcp, Record, Reply};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::live::{Lists, MAX_LISTENING};
use accept::Accepted;
use listening::Listening;
use record::StreamRecord;

/// How long a stream is silent at most: then a comment keeps the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// When a client that found no room may come again.
const RETRY_SECONDS: u16 = 30;

/// Asks proxies not to hold events back.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

static METHODS: [Method; 2] = [Method::GET, Method::POST];
const ALLOW: &str = "GET, POST";

/// The streams of one server.
pub(crate) struct Streams {
    mcp: Arc<Mcp>,
    lists: Arc<Lists>,
    room: Arc<Semaphore>,
    max_streams: usize,
    is_stopping: watch::Sender<bool>,
}

impl Streams {
    /// The streams of a server with so many connections.
    pub(crate) fn new(mcp: Arc<Mcp>, lists: Arc<Lists>, max_connections: usize) -> Arc<Self> {
        // Each holds a connection.
        let max_streams = MAX_LISTENING.min(max_connections.div_ceil(2));
        let room = Arc::new(Semaphore::new(max_streams));
        Arc::new(Self { mcp, lists, room, max_streams, is_stopping: watch::Sender::new(false) })
    }

    /// The HTTP service with streams.
    pub(crate) fn app(self: &Arc<Self>, config: &Config, verifier: Verifier) -> Router {
        let gallery = Arc::clone(self.mcp.gallery());
        let handler = any(answer).with_state(Arc::clone(self));
        let app = service::service(handler, &METHODS, Arc::clone(&gallery), config, verifier);
        service::with_published_skills(app, gallery, config)
    }

    /// Ends the streams of clients that listen. Calls under way go on.
    pub(crate) fn stop(&self) {
        self.is_stopping.send_replace(true);
    }

    fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// Room for a client that listens.
    fn room_or_refusal(&self) -> Result<OwnedSemaphorePermit, Denied> {
        self.room().ok_or_else(|| {
            let count = self.max_streams;
            let message = format!("all {count} streams of this server are open: close one, or try again later");
            let denied = Denied::new(StatusCode::SERVICE_UNAVAILABLE, message);
            denied.with_header(RETRY_AFTER, RETRY_SECONDS.into())
        })
    }
}

/// Answers a request to `/mcp`.
async fn answer(State(streams): State<Arc<Streams>>, request: Request) -> Result<Response, Denied> {
    match *request.method() {
        Method::POST => post(streams, ReceivedPost::read(request).await?).await,
        Method::GET => get(streams, request).await,
        _ => {
            let message = "this server has no sessions: send a POST, or a GET for a stream";
            Err(Denied::for_method(request.method(), message, ALLOW))
        }
    }
}

/// Opens the stream of a client of a handshake revision.
async fn get(streams: Arc<Streams>, request: Request) -> Result<Response, Denied> {
    let (head, _) = request.into_parts();
    if !Accepted::of(&head.headers).events {
        let message = "a GET opens a stream: send `Accept: text/event-stream`, or a POST for a request";
        return Err(Denied::for_method(&head.method, message, ALLOW));
    }
    let version = match mcp::stream_version(&head.headers) {
        Ok(Some(version)) => version,
        Ok(None) => {
            let message = "2026-07-28 has no GET: send a POST of `subscriptions/listen`";
            return Err(Denied::for_method(&head.method, message, ALLOW));
        }
        Err(refused) => return Ok(service::response(*refused)),
    };
    let room = streams.room_or_refusal()?;
    let facts = Record { method: Some("GET"), version: Some(version), ..Record::default() };
    let record = StreamRecord::of(&head, facts);
    Ok(Listening::begin(streams, None, record, room).await)
}

/// A request that was handled without a stream so far.
struct Handled {
    post: ReceivedPost,
    reply: Reply,
    effect: Option<Effect>,
}

async fn post(streams: Arc<Streams>, post: ReceivedPost) -> Result<Response, Denied> {
    let accepted = Accepted::of(post.as_post().headers);
    let channel = if accepted.events { mcp::progress_channel(post.as_post().body) } else { None };
    // Without room for a stream the reports are dropped.
    let channel = channel.and_then(|channel| Some((channel, streams.room()?)));
    let handled = if let Some((channel, room)) = channel {
        match call::handle(&streams, post, channel, room).await {
            ControlFlow::Continue(handled) => handled,
            ControlFlow::Break(stream) => return Ok(stream),
        }
    } else {
        let (reply, effect) = streams.mcp.handle_live(post.as_post(), None).await;
        Handled { post, reply, effect }
    };
    let Handled { post, reply, effect } = handled;
    let Some(Effect::Listens(subscription)) = effect else { return Ok(post.respond(reply)) };
    if !accepted.any_or_events {
        let message =
            "the answer to `subscriptions/listen` is a stream: send `Accept: application/json, text/event-stream`";
        return Err(Denied::new(StatusCode::NOT_ACCEPTABLE, message));
    }
    let room = streams.room_or_refusal()?;
    let record = StreamRecord::of(post.head(), reply.record);
    Ok(Listening::begin(streams, Some((subscription, reply.body)), record, room).await)
}

/// The response of a stream of messages.
fn response(messages: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    response_kept_alive(messages, KEEP_ALIVE)
}

fn response_kept_alive(messages: impl Stream<Item = Bytes> + Send + 'static, every: Duration) -> Response {
    let event = |message: Bytes| {
        let event = Event::default().event("message").data(String::from_utf8_lossy(&message));
        Ok::<_, Infallible>(event)
    };
    let events = Sse::new(messages.map(event)).keep_alive(KeepAlive::new().interval(every));
    ([UNBUFFERED], events).into_response()
}

#[cfg(test)]
mod tests;
