//! The log line of a stream.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::request::Parts;
use server::auth::Claims;
use server::http::RequestId;
use server::logging::milliseconds;
use server::mcp::{LoggedHeaders, Record, RequestLine};

/// The facts of a stream for the log, written when it ends. A client that goes away ends it too.
pub(super) struct StreamRecord {
    record: Record,
    headers: LoggedHeaders,
    request_id: String,
    claims: Option<Arc<Claims>>,
    began: Instant,
    ended_by: &'static str,
    is_written: bool,
}

impl StreamRecord {
    pub(super) fn of(request: &Parts, record: Record) -> Self {
        let headers = LoggedHeaders::of(&request.headers);
        let request_id = request.extensions.get::<RequestId>().map_or_else(String::new, |id| id.0.clone());
        let claims = request.extensions.get::<Arc<Claims>>().cloned();
        Self { record, headers, request_id, claims, began: Instant::now(), ended_by: "client", is_written: false }
    }

    /// How long the caller's token is valid still; `None` without an end.
    pub(super) fn token_expires_in(&self) -> Option<Duration> {
        let expires = self.claims.as_ref()?.0.get("exp")?.as_f64()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Duration::try_from_secs_f64(expires).ok().map(|expires| expires.saturating_sub(now))
    }

    /// Says that the server ends the stream.
    pub(super) fn ended_by_server(&mut self) {
        self.ended_by = "server";
    }

    /// Writes the line of a request in place of that of a stream.
    pub(super) fn write_as_request(&mut self, record: &Record) {
        let (sub, client_id) = (self.claim("sub"), self.claim("client_id"));
        let (headers, request_id, began, status) = (&self.headers, self.request_id.as_str(), self.began, Some(200));
        RequestLine { record, headers, request_id, began, status, sub, client_id }.write();
        self.is_written = true;
    }

    /// Ends without a line: the request has one.
    pub(super) fn discard(mut self) {
        self.is_written = true;
    }

    fn claim(&self, name: &str) -> Option<&str> {
        self.claims.as_ref().and_then(|claims| claims.text(name))
    }
}

impl Drop for StreamRecord {
    fn drop(&mut self) {
        if self.is_written {
            return;
        }
        let client = self.headers.client(&self.record);
        tracing::info!(
            rpc.method = self.record.method,
            mcp.version = self.record.version,
            ended_by = self.ended_by,
            caller.sub = self.claim("sub"),
            caller.client_id = self.claim("client_id"),
            client.name = client.as_ref().map(|client| &*client.name),
            client.version = client.as_ref().and_then(|client| client.version.as_deref()),
            duration_ms = milliseconds(self.began.elapsed()),
            request.id = self.request_id,
            trace.id = self.headers.trace_id(&self.record),
            xray.trace_id = self.headers.xray_trace_id(),
            "stream ended"
        );
    }
}
