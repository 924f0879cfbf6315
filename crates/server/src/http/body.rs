//! The body of a request: within limits, or not used.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::denied::Denied;
use super::text;
use crate::limits::BODY_RETRY_SECONDS;

/// The content coding that changes nothing.
const IDENTITY: &str = "identity";

/// Why a body cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    TooLong,
    /// It has a `Content-Encoding` other than `identity`.
    Encoded,
    Late,
    /// The server holds too many bytes of other requests.
    NoRoom,
    /// The client has closed the connection, or its chunks are malformed.
    Broken,
}

impl Unread {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    /// One sentence for the client and the log.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::TooLong => "the body is too long",
            Self::Encoded => "the body must have no Content-Encoding",
            Self::Late => "the body did not arrive in time",
            Self::NoRoom => "the requests of all clients hold too much memory: try again later",
            Self::Broken => "the body did not arrive whole",
        }
    }

    /// The refusal of a request to `/mcp` with these headers.
    pub(super) fn denied(self, headers: &HeaderMap) -> Denied {
        let denied = Denied::new(self.status(), self.cause());
        match self {
            Self::TooLong => Denied::new(self.status(), "the body is longer than 1 MiB"),
            Self::Encoded => Denied::for_header(self.status(), self.cause(), headers, &CONTENT_ENCODING)
                .with_header(ACCEPT_ENCODING, HeaderValue::from_static(IDENTITY)),
            Self::NoRoom => denied.with_header(RETRY_AFTER, BODY_RETRY_SECONDS.into()),
            Self::Late | Self::Broken => denied,
        }
    }
}

/// Reads a body of at most `max_bytes`, for at most this time.
///
/// # Errors
/// A body that is longer or encoded, or does not arrive whole in time.
pub(super) async fn read_body(parts: &Parts, body: Body, max_bytes: usize, time: Duration) -> Result<Bytes, Unread> {
    if is_encoded(&parts.headers) {
        return Err(Unread::Encoded);
    }
    let length = text(&parts.headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > max_bytes) {
        return Err(Unread::TooLong);
    }
    let body = tokio::time::timeout(time, Limited::new(body, max_bytes).collect());
    match body.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(Unread::TooLong),
        Ok(Err(e)) if has_no_room(&*e) => Err(Unread::NoRoom),
        Ok(Err(_)) => Err(Unread::Broken),
        Err(_) => Err(Unread::Late),
    }
}

/// Whether the connection did not take more of a body, because the requests of all clients hold too much.
fn has_no_room(e: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(e);
    while let Some(e) = cause {
        if e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::QuotaExceeded) {
            return true;
        }
        cause = e.source();
    }
    false
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    codings.any(|coding| {
        !matches!(coding.trim_ascii(), b"") && !coding.trim_ascii().eq_ignore_ascii_case(IDENTITY.as_bytes())
    })
}

#[cfg(test)]
mod tests;
