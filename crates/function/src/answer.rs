//! HTTP responses as API Gateway takes them from a function.

use std::io::{self, Read};

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName};
use http_body_util::BodyExt;
use serde::{Serialize, Serializer};

/// The limit of Lambda is 6 MB for the whole answer. It has room for the headers.
const MAX_BASE64_BYTES: usize = 6_000_000;

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
        Self::of_at_most(MAX_BASE64_BYTES, response).await
    }

    async fn of_at_most(max_base64_bytes: usize, response: Response) -> Result<Self, axum::Error> {
        let (mut parts, body) = response.into_parts();
        let mut body = body.collect().await?.to_bytes();
        let is_gzip = parts.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        // The server knows that the text fits. Base64 of a text that is hardly smaller when it is compressed may be larger than it.
        if is_gzip && body.len().div_ceil(3) * 4 > max_base64_bytes {
            body = unpacked(&body).map_err(axum::Error::new)?;
            parts.headers.remove(CONTENT_ENCODING);
        }
        let (body, is_base64_encoded) = match parts.headers.contains_key(CONTENT_ENCODING) {
            true => (STANDARD.encode(&body), true),
            false => text_or_base64(body),
        };
        Ok(Self { status_code: parts.status.as_u16(), headers: parts.headers, body, is_base64_encoded })
    }
}

fn unpacked(gzip: &[u8]) -> io::Result<Bytes> {
    let mut text = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut text)?;
    Ok(text.into())
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;

    use super::*;

    #[tokio::test]
    async fn a_compressed_body_whose_base64_would_be_too_long_is_sent_as_text() {
        let text: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        let gzip = encoder.finish().unwrap();
        let base64 = STANDARD.encode(&gzip);
        for (max, expected) in [(base64.len(), &base64), (base64.len() - 1, &text)] {
            let mut response = Response::new(gzip.clone().into());
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            let answer = Answer::of_at_most(max, response).await.unwrap();
            assert_eq!(&answer.body, expected);
            assert_eq!(answer.is_base64_encoded, expected == &base64);
            assert_eq!(answer.headers.contains_key(CONTENT_ENCODING), expected == &base64);
        }
    }
}
