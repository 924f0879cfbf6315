//! The log line of a request that is refused at another address than `/mcp`.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;

use crate::mcp::Record;

/// Why a request is refused, for the log: an extension of the answer. It has nothing of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause(pub(super) &'static str);

/// A layer for routes whose requests have no log line.
pub(super) async fn log_refused(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    write_line(&response);
    response
}

/// Writes the log line of an answer, if it is a refusal.
pub(super) fn write_line(response: &Response) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return;
    }
    let extensions = response.extensions();
    let told = extensions.get::<Cause>().map(|cause| cause.0);
    let cause = told.or_else(|| extensions.get::<Record>()?.cause.as_deref()).unwrap_or(match status {
        StatusCode::NOT_FOUND => "there is nothing at this address",
        StatusCode::METHOD_NOT_ALLOWED => "this address does not have the method",
        status => status.canonical_reason().unwrap_or_default(),
    });
    tracing::info!(http.status = status.as_u16(), cause, "request refused");
}
