//! HTTP responses as `lambda_http` and API Gateway take them.

use std::io::{self, Read};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Body as _;
use http_body_util::BodyExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::aws_lambda_events::encodings;
use serde::Serialize;

/// The limit of Lambda is 6 MB for the whole answer. It has room for the headers.
const MAX_BASE64_BYTES: u64 = 6_000_000;

/// A response in API Gateway's form.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer<A> {
    /// As `lambda_http` has written it.
    Adapted(A),
    /// Without `lambda_http`.
    OfGuard(Box<ApiGatewayV2httpResponse>),
}

impl<A> Answer<A> {
    /// The answer with a response of text.
    ///
    /// # Errors
    /// A body that ends early.
    pub(crate) async fn of_guard(response: Response) -> Result<Self, axum::Error> {
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let mut answer = Box::<ApiGatewayV2httpResponse>::default();
        answer.status_code = parts.status.as_u16().into();
        answer.headers = parts.headers;
        answer.body = Some(encodings::Body::Text(String::from_utf8_lossy(&body).into_owned()));
        Ok(Self::OfGuard(answer))
    }
}

/// The response as API Gateway takes it: one value for each header, and no body whose base64 is too long.
///
/// # Errors
/// A body that ends early, or is not what its `Content-Encoding` says.
pub(crate) async fn sendable(response: Response) -> Result<Response, axum::Error> {
    sendable_at_most(MAX_BASE64_BYTES, response).await
}

async fn sendable_at_most(max_base64_bytes: u64, response: Response) -> Result<Response, axum::Error> {
    let (mut parts, mut body) = response.into_parts();
    join_values(&mut parts.headers);
    let is_gzip = parts.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
    // The server knows that the text fits. Base64 of a text that is hardly smaller when it is compressed may be larger than it.
    if is_gzip && body.size_hint().upper().is_none_or(|bytes| bytes.div_ceil(3) * 4 > max_base64_bytes) {
        let gzip = body.collect().await?.to_bytes();
        body = Body::from(unpacked(&gzip).map_err(axum::Error::new)?);
        parts.headers.remove(CONTENT_ENCODING);
    }
    Ok(Response::from_parts(parts, body))
}

fn unpacked(gzip: &[u8]) -> io::Result<Bytes> {
    let mut text = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut text)?;
    Ok(text.into())
}

/// Makes one value of the values of each name: API Gateway takes no more, and `lambda_http` sends the first one alone.
fn join_values(headers: &mut HeaderMap) {
    if headers.len() == headers.keys_len() {
        return;
    }
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    for name in names {
        let values: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if values.len() > 1
            && let Ok(joined) = HeaderValue::from_bytes(&values.join(&b", "[..]))
        {
            headers.insert(name, joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::header::VARY;

    use super::*;

    #[tokio::test]
    async fn a_compressed_body_whose_base64_would_be_too_long_is_sent_as_text() {
        let text: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        let gzip = encoder.finish().unwrap();
        let base64 = gzip.len().div_ceil(3) as u64 * 4;
        for (max, expected) in [(base64, &gzip[..]), (base64 - 1, text.as_bytes())] {
            let mut response = Response::new(gzip.clone().into());
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            let response = sendable_at_most(max, response).await.unwrap();
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), max == base64);
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), expected);
        }
    }

    #[tokio::test]
    async fn headers_of_one_name_are_one_value() {
        let mut response = Response::new(Body::empty());
        for value in ["origin", "accept-encoding"] {
            response.headers_mut().append(VARY, HeaderValue::from_static(value));
        }
        let response = sendable(response).await.unwrap();
        let values: Vec<_> = response.headers().get_all(VARY).iter().collect();
        assert_eq!(values, ["origin, accept-encoding"]);
    }
}
