//! One POST, its reply, and the record of both for the log.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::client::{Client, ClientInfo};
use super::trace;
use crate::logging::milliseconds;
use gallery::SharedJson;
use store::Observed;

/// One POST.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's body.
    pub body: &'a [u8],
    /// The request's id in the log; an internal error tells it to the client.
    pub request_id: &'a str,
    /// The claims of the caller's verified token. Nothing that a client says of itself is among them.
    pub claims: Option<&'a Map<String, Value>>,
}

/// The answer to one POST.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// One JSON-RPC message; empty after a notification.
    pub body: Bytes,
    /// JSON in the body that other replies contain too, and where it begins.
    pub shared: Option<(usize, Arc<SharedJson>)>,
    /// What the log says of the request.
    pub record: Record,
}

/// The facts of a request for the log: never arguments, texts or tokens.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// The method's name; `notification` for all notifications, `unknown` for a method that this server does not have.
    pub method: Option<&'static str>,
    /// The name of the prompt or tool, if the request has one.
    pub name: Option<String>,
    /// The protocol version.
    pub version: Option<&'static str>,
    /// The trace id of `_meta.traceparent`.
    pub trace_id: Option<String>,
    /// The client, as its `clientInfo` says.
    pub client: Option<ClientInfo>,
    /// The JSON-RPC code of an error.
    pub error: Option<i32>,
    /// Whether a tool answered with `isError`.
    pub tool_error: bool,
    /// The cause of an error, if the client does not learn it.
    pub cause: Option<String>,
    /// The requests to the store, and what is old or missing in the answer.
    pub observed: Observed,
    /// The prompt that was rendered, or that could not be. Always one of the gallery: a name that only a caller knows is not here.
    pub prompt: Option<String>,
    /// The same as the dimension of a metric, if metrics are counted by prompt: [`OTHER_PROMPTS`] for all that have no number of
    /// their own.
    pub prompt_dimension: Option<String>,
    /// Whether prompts were answered without a request to the store.
    pub cache_hit: Option<bool>,
    /// How many prompts are broken, as far as they were read; 0 only if all were read. Counted on Lambda alone.
    pub broken: Option<usize>,
    /// Why the caller was not admitted.
    pub refused: Option<&'static str>,
}

/// The dimension of all prompts beyond the first 200.
pub const OTHER_PROMPTS: &str = "other";

/// Called for each request that is logged, with the time that it took.
pub type Observer = fn(&Record, Duration);

static OBSERVER: OnceLock<Observer> = OnceLock::new();

/// Lets a program count requests; the first call wins. On Lambda the log lines are what is counted.
pub fn observe_requests(observer: Observer) {
    let _ = OBSERVER.set(observer);
}

/// The target of the log lines of requests.
pub const REQUEST_TARGET: &str = module_path!();

// Made once: a name that is text is checked at each look-up.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static XRAY_TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What the headers of a request say for the log.
#[derive(Debug, Default, Clone)]
pub struct LoggedHeaders {
    traceparent: Option<HeaderValue>,
    xray: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
}

impl LoggedHeaders {
    /// Takes them from a request. Their values are read when the line is written.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        // Two headers contradict each other, so both are ignored.
        let mut traceparents = headers.get_all(&TRACEPARENT).iter();
        let traceparent = traceparents.next().filter(|_| traceparents.next().is_none()).cloned();
        Self { traceparent, xray: headers.get(&XRAY_TRACE_ID).cloned(), user_agent: headers.get(USER_AGENT).cloned() }
    }

    /// The trace of the request: that of `_meta`, where MCP has it, since a proxy may begin another one in the header.
    #[must_use]
    pub fn trace_id<'a>(&'a self, record: &'a Record) -> Option<&'a str> {
        let in_header = || trace::trace_id(self.traceparent.as_ref()?.to_str().ok()?);
        record.trace_id.as_deref().or_else(in_header)
    }

    /// The trace of X-Ray.
    #[must_use]
    pub fn xray_trace_id(&self) -> Option<&str> {
        trace::xray_trace_id(self.xray.as_ref()?.to_str().ok()?)
    }

    /// The client, by its `User-Agent` if it says nothing else.
    #[must_use]
    pub fn client<'a>(&'a self, record: &'a Record) -> Option<Client<'a>> {
        let by_header = || Client::of_user_agent(str::from_utf8(self.user_agent.as_ref()?.as_bytes()).ok()?);
        record.client.as_ref().and_then(ClientInfo::client).or_else(by_header)
    }
}

/// The log line of one request.
#[derive(Debug)]
pub struct RequestLine<'a> {
    /// The facts of the request.
    pub record: &'a Record,
    /// What its headers say; stdio has none.
    pub headers: &'a LoggedHeaders,
    /// Its id in the log.
    pub request_id: &'a str,
    /// When it arrived.
    pub began: Instant,
    /// The HTTP status; stdio has none.
    pub status: Option<u16>,
    /// The claim `sub` of the caller.
    pub sub: Option<&'a str>,
    /// The claim `client_id` of the caller.
    pub client_id: Option<&'a str>,
}

impl RequestLine<'_> {
    /// Writes the line: as an error if the server failed, as a warning if the store did and the answer lacks something.
    pub fn write(self) {
        let Self { record, headers, request_id, began, status, sub, client_id } = self;
        let outcome = match (record.error, record.tool_error) {
            (Some(_), _) => "error",
            (None, true) => "tool error",
            (None, false) => "ok",
        };
        let took = began.elapsed();
        if let Some(observe) = OBSERVER.get() {
            observe(record, took);
        }
        let duration_ms = milliseconds(took);
        let client = headers.client(record);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    rpc.method = record.method,
                    mcp.name = record.name,
                    prompt.name = record.prompt,
                    gen_ai.prompt.name = record.prompt_dimension,
                    mcp.version = record.version,
                    outcome,
                    caller.sub = sub,
                    caller.client_id = client_id,
                    client.name = client.as_ref().map(|client| &*client.name),
                    client.version = client.as_ref().and_then(|client| client.version.as_deref()),
                    error.code = record.error,
                    cause = record.cause,
                    http.status = status,
                    duration_ms,
                    s3.requests = record.observed.s3_requests,
                    stale_seconds = record.observed.stale_seconds,
                    unread_files = (record.observed.unread > 0).then_some(record.observed.unread),
                    cache.hit = record.cache_hit,
                    store.failed = record.observed.store_failed.then_some(true),
                    prompts.broken = record.broken,
                    refused = record.refused,
                    request.id = request_id,
                    trace.id = headers.trace_id(record),
                    xray.trace_id = headers.xray_trace_id(),
                    "request"
                )
            };
        }
        match (record.is_internal_error(), record.observed.store_failed) {
            (true, _) => line!(error),
            (false, true) => line!(warn),
            (false, false) => line!(info),
        }
    }
}
