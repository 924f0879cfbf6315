//! JSON-RPC 2.0: bytes in, a message or an error out. Pure: it knows no method and no transport.

use std::borrow::Cow;

use http::StatusCode;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{plain, read};

/// The bytes are not JSON.
pub(crate) const PARSE_ERROR: i32 = -32700;
/// The JSON is not a request.
pub(crate) const INVALID_REQUEST: i32 = -32600;
/// There is no such method.
pub(crate) const METHOD_NOT_FOUND: i32 = -32601;
/// The method's parameters do not fit.
pub(crate) const INVALID_PARAMS: i32 = -32602;
/// The fault is on this side.
pub(crate) const INTERNAL_ERROR: i32 = -32603;

/// What a client sent.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// Wants an answer.
    Request(Request<'a>),
    /// Wants none.
    Notification {
        /// What happened.
        method: Cow<'a, str>,
    },
}

/// A call of a method.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// A JSON string or integer, echoed to the letter.
    pub(crate) id: &'a RawValue,
    /// The method's name.
    pub(crate) method: Cow<'a, str>,
    /// A JSON object, if anything.
    pub(crate) params: Option<&'a RawValue>,
}

/// A JSON-RPC error, with the HTTP status that it goes with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Error {
    /// The JSON-RPC code.
    pub(crate) code: i32,
    /// One sentence for the client.
    pub(crate) message: String,
    /// More for the client's program.
    pub(crate) data: Option<Value>,
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The cause, for the log alone.
    pub(crate) cause: Option<String>,
}

impl Error {
    /// An error with status 200, as most of a method's own errors have.
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None, status: StatusCode::OK, cause: None }
    }

    /// The same with another status.
    #[must_use]
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with data for the client's program.
    #[must_use]
    pub(crate) fn with_data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    /// The same with a cause for the log.
    #[must_use]
    pub(crate) fn with_cause(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(INVALID_REQUEST, format!("not a JSON-RPC request: {}", message.into()))
            .with_status(StatusCode::BAD_REQUEST)
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// A field that is there is `Some`, even if it is null.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// Reads one message.
///
/// # Errors
/// [`PARSE_ERROR`] for what is not JSON, [`INVALID_REQUEST`] for a batch, a response, a bad id and whatever else is not
/// a request; both with status 400.
pub(crate) fn parse(body: &[u8]) -> Result<Message<'_>, Error> {
    // Once for all of it, and not for each piece that is taken out of it.
    let Ok(body) = std::str::from_utf8(body) else {
        return Err(Error::new(PARSE_ERROR, "not JSON: not UTF-8 text").with_status(StatusCode::BAD_REQUEST));
    };
    let envelope: Envelope<'_> = serde_json::from_str(body).map_err(|e| not_an_envelope(body, &e))?;
    // Serde would read a list as the fields in their order.
    if !body.trim_ascii_start().starts_with('{') {
        return Err(Error::invalid_request("a message is a JSON object, one a POST"));
    }
    if envelope.jsonrpc.and_then(text).as_deref() != Some("2.0") {
        return Err(Error::invalid_request("`jsonrpc` must be \"2.0\""));
    }
    if envelope.id.is_some_and(|id| !is_id(id.get())) {
        return Err(Error::invalid_request("`id` must be a string or an integer"));
    }
    let Some(method) = envelope.method.and_then(text) else {
        return Err(Error::invalid_request("`method` must be a string"));
    };
    if envelope.params.is_some_and(|params| !params.get().starts_with('{')) {
        return Err(Error::invalid_request("`params` must be an object"));
    }
    Ok(match envelope.id {
        Some(id) => Message::Request(Request { id, method, params: envelope.params }),
        None => Message::Notification { method },
    })
}

/// Tells JSON of another shape from what is not JSON.
fn not_an_envelope(body: &str, e: &serde_json::Error) -> Error {
    match serde_json::from_str::<IgnoredAny>(body) {
        Err(e) => Error::new(PARSE_ERROR, format!("not JSON: {e}")).with_status(StatusCode::BAD_REQUEST),
        Ok(_) if body.trim_ascii_start().starts_with('{') => Error::invalid_request(plain(e)),
        Ok(_) => Error::invalid_request("a message is a JSON object, one a POST"),
    }
}

/// A JSON string's text, borrowed where it has no escapes.
fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    let raw = json.get();
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.contains('\\') => Some(Cow::Borrowed(inner)),
        Some(_) => serde_json::from_str(raw).ok().map(Cow::Owned),
        None => None,
    }
}

fn is_id(raw: &str) -> bool {
    if raw.starts_with('"') {
        // Echoed as it came, so it must be text that others can read: no half of a surrogate pair.
        return serde_json::from_str::<Cow<'_, str>>(raw).is_ok();
    }
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

impl Request<'_> {
    /// The parameters as `T`; an absent `params` counts as `{}`.
    ///
    /// # Errors
    /// [`INVALID_PARAMS`] naming the field.
    pub(crate) fn params<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(self.params.map_or("{}", RawValue::get)).map_err(|(path, problem)| {
            let path = path.map_or_else(|| "params".to_owned(), |path| format!("params.{path}"));
            Error::new(INVALID_PARAMS, format!("{path}: {problem}"))
        })
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

/// The response whose result `write` writes, of which `size` bytes are known to come.
///
/// # Errors
/// When the result does not serialise.
pub(crate) fn answer(
    id: &RawValue,
    size: usize,
    write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<Vec<u8>> {
    // Beside the part whose size is known, most answers fit and need not grow; up to there an allocation is cheap.
    let mut answer = Vec::with_capacity(size + 1000);
    answer.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    answer.extend_from_slice(id.get().as_bytes());
    answer.extend_from_slice(br#","result":"#);
    write(&mut answer)?;
    answer.push(b'}');
    Ok(answer)
}

/// The response that carries `error`; the id is left out where none could be read.
#[must_use]
pub(crate) fn failure(id: Option<&RawValue>, error: &Error) -> Vec<u8> {
    let error = ErrorObject { code: error.code, message: &error.message, data: error.data.as_ref() };
    serde_json::to_vec(&Failure { jsonrpc: "2.0", id, error }).expect("an error serialises")
}
