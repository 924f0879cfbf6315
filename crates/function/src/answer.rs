//! HTTP responses as API Gateway takes them from a function.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName};
use http_body_util::BodyExt;
use serde::{Serialize, Serializer};

/// A response in payload format 2.0.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    status_code: u16,
    #[serde(serialize_with = "joined")]
    headers: HeaderMap,
    body: String,
    is_base64_encoded: bool,
}

impl Answer {
    /// The answer with the whole body of a response: as text, or in base64 if it is compressed or not text.
    ///
    /// # Errors
    /// A body that ends early.
    pub(crate) async fn of(response: Response) -> Result<Self, axum::Error> {
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let (body, is_base64_encoded) = match parts.headers.contains_key(CONTENT_ENCODING) {
            true => (STANDARD.encode(&body), true),
            false => text_or_base64(body),
        };
        Ok(Self { status_code: parts.status.as_u16(), headers: parts.headers, body, is_base64_encoded })
    }
}

fn text_or_base64(body: Bytes) -> (String, bool) {
    // Nothing else holds a body that was made for this answer, so that it is not copied.
    match String::from_utf8(body.into()) {
        Ok(text) => (text, false),
        Err(other) => (STANDARD.encode(other.as_bytes()), true),
    }
}

/// Writes the values of one name as one value: API Gateway takes no more.
fn joined<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let joined = |name: &HeaderName| {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        values.join(", ")
    };
    serializer.collect_map(headers.keys().map(|name| (name.as_str(), joined(name))))
}
