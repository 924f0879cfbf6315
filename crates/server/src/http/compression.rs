//! Compressed answers, for clients that take gzip. A page that is kept is compressed once: `gzip.rs` of `gallery`.
//!
//! Only gzip: every client that was seen to send `Accept-Encoding` names it, and the function has its code anyway. Streams are not
//! compressed, nor is what has a form of its own, as the files of the page have.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use gallery::{SharedJson, gzip};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use page::takes_gzip;

use crate::limits::MIN_COMPRESSED_BYTES;

pub(super) const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// The value of `Vary` wherever an answer may be compressed.
pub(super) const VARIES: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// The compressed form of a body, if the client takes it and it is smaller. `shared` is a part of the body and where it begins.
pub(super) fn compressed(body: &[u8], shared: Option<(usize, &SharedJson)>, request: &HeaderMap) -> Option<Bytes> {
    if body.len() < MIN_COMPRESSED_BYTES || !request.contains_key(ACCEPT_ENCODING) || !takes_gzip(request) {
        return None;
    }
    let gzip = match shared {
        Some((start, shared)) => {
            let (before, rest) = body.split_at(start);
            shared.deflated().gzip(before, &rest[shared.get().len()..])
        }
        None => gzip(body),
    };
    (gzip.len() < body.len()).then(|| gzip.into())
}

/// A layer for routes whose answers are text in one piece.
pub(super) async fn compress(request: Request, next: Next) -> Response {
    let accepted = request.headers().get_all(ACCEPT_ENCODING).iter().cloned();
    let accepted: HeaderMap = accepted.map(|value| (ACCEPT_ENCODING, value)).collect();
    let mut response = next.run(request).await;
    if !may_be_compressed(&response) {
        return response;
    }
    response.headers_mut().append(VARY, VARIES);
    let length = response.body().size_hint().exact().unwrap_or_default();
    if length < MIN_COMPRESSED_BYTES as u64 || accepted.is_empty() {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // In one piece, so that nothing is waited for, and nothing can fail.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let Some(gzip) = compressed(&body, None, &accepted) else { return Response::from_parts(head, body.into()) };
    head.headers.insert(CONTENT_ENCODING, GZIP);
    // Other bytes of the same version.
    let strong = head.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.starts_with('"'));
    if let Some(tag) = strong.and_then(|tag| HeaderValue::try_from(format!("W/{tag}")).ok()) {
        head.headers.insert(ETAG, tag);
    }
    Response::from_parts(head, Body::from(gzip))
}

/// Whether the coding of this answer depends on the request: that of a text, or of one that the client has.
fn may_be_compressed(response: &Response) -> bool {
    let headers = response.headers();
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_text = media_type.starts_with("text/") && media_type != "text/event-stream";
    let is_json = media_type.ends_with("/json") || media_type.ends_with("+json");
    let is_known = response.status() == StatusCode::NOT_MODIFIED;
    !headers.contains_key(CONTENT_ENCODING) && (is_text || is_json || is_known)
}
