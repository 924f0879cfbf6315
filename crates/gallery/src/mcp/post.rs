//! One POST, its reply, and the record of both for the log.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

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
    /// How many requests to the store this one made, retries included.
    pub store_requests: u32,
}
