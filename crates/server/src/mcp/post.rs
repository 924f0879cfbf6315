//! One POST, its reply, and the record of both for the log.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::logging::milliseconds;
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
    /// The JSON-RPC code of an error.
    pub error: Option<i32>,
    /// Whether a tool answered with `isError`.
    pub tool_error: bool,
    /// The cause of an error, if the client does not learn it.
    pub cause: Option<String>,
    /// The requests to the store, and what is old or missing in the answer.
    pub observed: Observed,
}

/// The log line of one request.
#[derive(Debug)]
pub struct RequestLine<'a> {
    /// The facts of the request.
    pub record: &'a Record,
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
    /// Writes the line, as an error if the server failed.
    pub fn write(self) {
        let Self { record, request_id, began, status, sub, client_id } = self;
        let outcome = match (record.error, record.tool_error) {
            (Some(_), _) => "error",
            (None, true) => "tool error",
            (None, false) => "ok",
        };
        let duration_ms = milliseconds(began.elapsed());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    rpc.method = record.method,
                    mcp.name = record.name,
                    mcp.version = record.version,
                    outcome,
                    caller.sub = sub,
                    caller.client_id = client_id,
                    error.code = record.error,
                    cause = record.cause,
                    http.status = status,
                    duration_ms,
                    s3.requests = record.observed.s3_requests,
                    stale_seconds = record.observed.stale_seconds,
                    unread_files = (record.observed.unread > 0).then_some(record.observed.unread),
                    request.id = request_id,
                    trace.id = record.trace_id,
                    "request"
                )
            };
        }
        if record.is_internal_error() { line!(error) } else { line!(info) }
    }
}
