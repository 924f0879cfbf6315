//! A POST of JSON, from the request to the response.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::body::read_body;
use super::compression::{GZIP, VARIES, compressed};
use super::denied::Denied;
use super::{JSON, RequestId, text_of_one};
use crate::auth::Claims;
use crate::limits::{BODY_TIMEOUT, MAX_BODY_BYTES};
use crate::mcp::{Post, Reply};

/// A POST of JSON whose body has arrived.
#[derive(Debug)]
pub struct ReceivedPost {
    parts: Parts,
    body: Bytes,
}

impl ReceivedPost {
    /// Reads a request.
    ///
    /// # Errors
    /// A content type that is not JSON, a body that is encoded, too long or does not arrive.
    pub async fn read(request: Request) -> Result<Self, Denied> {
        let (parts, body) = request.into_parts();
        if !text_of_one(&parts.headers, &CONTENT_TYPE)?.is_some_and(is_json) {
            let message = "the Content-Type must be application/json";
            let (status, headers) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, &parts.headers);
            return Err(Denied::for_header(status, message, headers, &CONTENT_TYPE));
        }
        let body = read_body(&parts, body, MAX_BODY_BYTES, BODY_TIMEOUT).await;
        let body = body.map_err(|unread| unread.denied(&parts.headers))?;
        Ok(Self { parts, body })
    }

    /// The request for the protocol.
    #[must_use]
    pub fn as_post(&self) -> Post<'_> {
        let Parts { headers, extensions, .. } = &self.parts;
        let claims = extensions.get::<Arc<Claims>>().map(|claims| &claims.0);
        let request_id = extensions.get::<RequestId>().map_or("", |id| &id.0);
        Post { headers, body: &self.body, request_id, claims }
    }

    /// The response of its reply, compressed if the client takes that.
    #[must_use]
    pub fn respond(&self, mut reply: Reply) -> Response {
        let shared = reply.shared.take();
        let shared = shared.as_ref().map(|(start, shared)| (*start, &**shared));
        let gzip = compressed(&reply.body, shared, &self.parts.headers);
        let is_compressed = gzip.is_some();
        if let Some(gzip) = gzip {
            reply.body = gzip;
        }
        let mut response = response(reply);
        if is_compressed {
            response.headers_mut().insert(CONTENT_ENCODING, GZIP);
        }
        response
    }

    /// Its head, with [`RequestId`] and the caller's [`Claims`].
    #[must_use]
    pub fn head(&self) -> &Parts {
        &self.parts
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case(JSON)
}

/// The response of a reply, not compressed. It carries its record, which the log gets.
pub fn response(Reply { status, body, record, .. }: Reply) -> Response {
    let mut response = match status {
        StatusCode::ACCEPTED => status.into_response(),
        _ => {
            let headers = [(CONTENT_TYPE, HeaderValue::from_static(JSON)), (VARY, VARIES)];
            (status, headers, body).into_response()
        }
    };
    response.extensions_mut().insert(record);
    response
}
