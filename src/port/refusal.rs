//! Answers that hyper does not give: to clients beyond the limits. And the end of a connection whose client may still be sending.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::json;
use server::http::Denied;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::exchange::Line;
use super::limits::{MAX_HEAD_BYTES, RETRY_SECONDS};

/// A refusal of a request, or of what may become one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// One sentence for the client and the log.
    pub(super) message: &'static str,
}

impl Refusal {
    pub(super) const SLOW_HEAD: Self =
        Self { status: StatusCode::REQUEST_TIMEOUT, message: "the head of the request did not arrive in time" };
    pub(super) const NO_ROOM: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: "the requests of all clients hold too much memory: try again later",
    };
    /// Of a request that a route has answered.
    pub(super) const NO_ROOM_FOR_ANSWER: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: "the answers that clients have not read hold too much memory: try again later",
    };
    pub(super) const TOO_MANY_CONNECTIONS: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: "all connections of this server are in use (MAX_CONNECTIONS): try again later",
    };

    /// The whole answer.
    fn text(self) -> String {
        let Self { status, message } = self;
        let body = json!({ "jsonrpc": "2.0", "error": { "code": -32600, "message": message } }).to_string();
        let mut text = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n");
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let _ = write!(text, "retry-after: {RETRY_SECONDS}\r\n");
        }
        let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
        text
    }

    /// The answer for hyper.
    pub(super) fn response(self) -> Response {
        Denied::new(self.status, self.message).with_header(RETRY_AFTER, RETRY_SECONDS.into()).into_response()
    }

    /// Writes the answer, for at most this time.
    pub(super) async fn write(self, stream: &mut TcpStream, time: Duration) {
        let _ = timeout(time, stream.write_all(self.text().as_bytes())).await;
    }

    /// Writes the answer and closes the connection, without waiting: what the system does not take at once is lost.
    pub(super) fn write_at_once(self, stream: TcpStream) {
        // Of the system, which takes an answer of this size on a new connection. Tokio does not know yet that it does.
        let Ok(mut stream) = stream.into_std() else { return };
        let _ = stream.write_all(self.text().as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        // Otherwise the system would answer what is there with a reset.
        let mut buffer = [0; 4096];
        let mut length = 0;
        while let (Ok(read @ 1..), ..=MAX_HEAD_BYTES) = (stream.read(&mut buffer), length) {
            length += read;
        }
    }

    /// Writes the log line: no route has seen the request.
    pub(super) fn log(self) {
        log(self.status, self.message);
    }
}

/// Writes the log line of a request that no route has seen.
pub(super) fn log(status: StatusCode, cause: &str) {
    tracing::info!(http.status = status.as_u16(), cause, "request refused");
}

/// Reads the head of a request, for at most this time. Some clients take an answer that comes before their request for an error.
pub(super) async fn read_head(stream: &mut TcpStream, time: Duration) {
    let read = async {
        let (mut line, mut length, mut buffer) = (Line::default(), 0, vec![0; 4096]);
        while length < MAX_HEAD_BYTES {
            match stream.read(&mut buffer).await {
                Ok(read @ 1..) if line.find_end(&buffer[..read]).is_none() => length += read,
                _ => break,
            }
        }
    };
    let _ = timeout(time, read).await;
}

/// Closes a connection whose client may still be sending: reads until it closes its side too, for at most this time. If the connection
/// were closed at once, the system would answer what comes with a reset, and the client might not see the answer.
pub(super) async fn linger(mut stream: TcpStream, time: Duration) {
    let drain = async {
        stream.shutdown().await?;
        let mut buffer = vec![0; 8192];
        while stream.read(&mut buffer).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(time, drain).await;
}
