//! Bodies that do not arrive. `tests/mcp` has all other requests.

use std::convert::Infallible;

use axum::response::IntoResponse;
use futures_util::{StreamExt, stream};
use http::Request;

use super::*;

/// What is read of a body that begins so and does not go on, and the status of its refusal.
async fn read(end: Option<io::Error>) -> (Unread, StatusCode) {
    let rest = stream::iter(end).map(Err).chain(stream::pending());
    let body = Body::from_stream(stream::iter([Ok("{")]).chain(rest));
    let (parts, ()) = Request::new(()).into_parts();
    let unread = read_body(&parts, body, 10, Duration::from_millis(20)).await.expect_err("refused");
    (unread, unread.denied(&parts.headers).into_response().status())
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_refused() {
    assert_eq!(read(None).await, (Unread::Late, StatusCode::REQUEST_TIMEOUT));
    assert_eq!(read(Some(ErrorKind::ConnectionReset.into())).await, (Unread::Broken, StatusCode::BAD_REQUEST));
    assert_eq!(read(Some(ErrorKind::QuotaExceeded.into())).await, (Unread::NoRoom, StatusCode::SERVICE_UNAVAILABLE));
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit() {
    let read = async |length: usize| {
        let body = Body::from_stream(stream::iter(vec![Ok::<_, Infallible>(" "); length]));
        let (parts, ()) = Request::new(()).into_parts();
        read_body(&parts, body, 10, Duration::from_secs(30)).await.map(|body| body.len())
    };
    assert_eq!([read(10).await, read(11).await], [Ok(10), Err(Unread::TooLong)]);
}
