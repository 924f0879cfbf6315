//! The answer to a request that the protocol does not see.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::post::response;
use crate::auth::{Guard, Refusal};
use crate::limits::MAX_LOGGED_HEADER_CHARS;
use crate::mcp::Reply;
use dotprompt::shorten_to;

const REPEATED: &str = "the request has a header more than once that it may have once";

/// The refusal of a request that the protocol does not see.
#[derive(Debug)]
pub struct Denied {
    status: StatusCode,
    /// One sentence for the client.
    message: Cow<'static, str>,
    /// More for the log.
    cause: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
    /// Why the caller was not admitted, if that is the reason.
    refused: Option<&'static str>,
}

impl Denied {
    /// A refusal with one sentence for the client.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), cause: None, header: None, refused: None }
    }

    /// The same with a header of the answer.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// A method that this address does not have; `allow` names those that it has.
    #[must_use]
    pub fn for_method(method: &Method, message: &'static str, allow: &'static str) -> Self {
        let cause = Some(format!("method: {}", shorten_to(MAX_LOGGED_HEADER_CHARS, method.as_str())));
        let denied = Self { cause, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, message) };
        denied.with_header(ALLOW, HeaderValue::from_static(allow))
    }

    /// The same for a header that a request may have once.
    pub(super) fn for_repeated(name: &HeaderName) -> Self {
        Self { cause: Some(format!("more than one {name}")), ..Self::new(StatusCode::BAD_REQUEST, REPEATED) }
    }

    /// The same for a header with a wrong value.
    pub(super) fn for_header(
        status: StatusCode,
        message: &'static str,
        headers: &HeaderMap,
        name: &HeaderName,
    ) -> Self {
        let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let cause = match value {
            Some(value) => format!("{name}: {}", shorten_to(MAX_LOGGED_HEADER_CHARS, &value)),
            None => format!("no {name}"),
        };
        Self { cause: Some(cause), ..Self::new(status, message) }
    }

    pub(super) fn for_caller(refusal: &Refusal, guard: &Guard) -> Self {
        let (status, message, error) = refusal.answer();
        let header = match refusal {
            // In whole seconds, rounded up.
            Refusal::NoKeys(pause) => {
                let pause = pause.saturating_add(Duration::from_millis(999));
                Some((RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1))))
            }
            _ => guard.challenge(error).map(|value| (WWW_AUTHENTICATE, value)),
        };
        let cause = if let Refusal::InvalidToken(why) = refusal { Some((*why).to_owned()) } else { None };
        Self { cause, header, refused: Some(refusal.name()), ..Self::new(status, message) }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let cause = self.cause.or_else(|| Some(self.message.clone().into_owned()));
        let mut reply = Reply::refused(self.status, &self.message, cause);
        reply.record.refused = self.refused;
        let mut response = response(reply);
        response.headers_mut().extend(self.header);
        response
    }
}
