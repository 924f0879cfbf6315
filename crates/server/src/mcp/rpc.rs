//! JSON-RPC 2.0: reads the one message of a POST, and writes a response. It knows no method.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::error::{Error, ErrorKind};
use crate::json;
use gallery::SharedJson;

/// What a client sent.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// A request, which gets an answer.
    Request(Request<'a>),
    /// A notification, which gets none.
    Notification { method: Cow<'a, str> },
}

/// A call of a method.
#[derive(Debug)]
pub(super) struct Request<'a> {
    /// A JSON string or integer; the answer repeats its text.
    pub(super) id: &'a RawValue,
    pub(super) method: Cow<'a, str>,
    /// A JSON object.
    pub(super) params: Option<&'a RawValue>,
}

const NOT_AN_OBJECT: &str = "a message is one JSON object, not a batch";

fn not_json(problem: &str) -> Error {
    Error::new(ErrorKind::NotJson, format!("not JSON: {problem}"))
}

fn not_a_request(problem: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("not a JSON-RPC request: {problem}"))
}

/// A message whose fields are not checked yet.
#[derive(Deserialize)]
struct RawMessage<'a> {
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
/// [`ErrorKind::NotJson`], [`ErrorKind::InvalidRequest`].
pub(super) fn parse(body: &[u8]) -> Result<Message<'_>, Error> {
    // Checks the whole body once, not each part of it.
    let Ok(body) = std::str::from_utf8(body) else { return Err(not_json("not UTF-8 text")) };
    let message: RawMessage<'_> = serde_json::from_str(body).map_err(|e| not_a_message(body, &e))?;
    // Serde would read a list as the fields in their order.
    if !body.trim_ascii_start().starts_with('{') {
        return Err(not_a_request(NOT_AN_OBJECT));
    }
    if message.jsonrpc.and_then(text).as_deref() != Some("2.0") {
        return Err(not_a_request("`jsonrpc` must be \"2.0\""));
    }
    if message.id.is_some_and(|id| !is_id(id.get())) {
        return Err(not_a_request("`id` must be a string or an integer"));
    }
    let Some(method) = message.method.and_then(text) else {
        return Err(not_a_request("`method` must be a string"));
    };
    if message.params.is_some_and(|params| !params.get().starts_with('{')) {
        return Err(not_a_request("`params` must be an object"));
    }
    Ok(match message.id {
        Some(id) => Message::Request(Request { id, method, params: message.params }),
        None => Message::Notification { method },
    })
}

/// Tells JSON of another shape from text that is not JSON.
fn not_a_message(body: &str, e: &serde_json::Error) -> Error {
    match serde_json::from_str::<IgnoredAny>(body) {
        Err(e) => not_json(&e.to_string()),
        Ok(_) if body.trim_ascii_start().starts_with('{') => not_a_request(&json::without_place(e)),
        Ok(_) => not_a_request(NOT_AN_OBJECT),
    }
}

/// A JSON string's text, borrowed where it has no escapes.
pub(super) fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    let raw = json.get();
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.contains('\\') => Some(Cow::Borrowed(inner)),
        Some(_) => serde_json::from_str(raw).ok().map(Cow::Owned),
        None => None,
    }
}

/// Whether a JSON value is a string or an integer.
pub(super) fn is_id(raw: &str) -> bool {
    if raw.starts_with('"') {
        // The answer repeats the id, so it must be valid text: no half of a surrogate pair.
        return serde_json::from_str::<Cow<'_, str>>(raw).is_ok();
    }
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

impl Request<'_> {
    /// The parameters as `T`; an absent `params` counts as `{}`.
    ///
    /// # Errors
    /// One sentence that names the field.
    pub(super) fn params<T: DeserializeOwned>(&self) -> Result<T, String> {
        json::read(self.params.map_or("{}", RawValue::get)).map_err(|(path, problem)| {
            let path = path.map_or_else(|| "params".to_owned(), |path| format!("params.{path}"));
            format!("{path}: {problem}")
        })
    }
}

#[derive(Serialize)]
struct Notification<P> {
    jsonrpc: &'static str,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
}

/// A notification to a client.
pub(crate) fn notification<P: Serialize>(method: &'static str, params: Option<P>) -> Bytes {
    serde_json::to_vec(&Notification { jsonrpc: "2.0", method, params }).expect("a notification serialises").into()
}

/// Bytes reserved for a response beyond those of a large result.
const ENVELOPE_BYTES: usize = 1024;

/// The largest part of a result.
#[derive(Clone, Copy)]
pub(super) enum Part<'p> {
    /// About this number of bytes: room for them spares a copy of a large list.
    Bytes(usize),
    /// JSON that other responses contain too.
    Shared(&'p Arc<SharedJson>),
}

/// The bytes of a response.
#[derive(Debug, Default)]
pub(super) struct Response {
    pub(super) bytes: Vec<u8>,
    /// JSON among them that other responses contain too, and where it begins.
    pub(super) shared: Option<(usize, Arc<SharedJson>)>,
}

impl From<Bytes> for Response {
    fn from(bytes: Bytes) -> Self {
        Self { bytes: bytes.into(), shared: None }
    }
}

/// The response that carries `result`.
///
/// # Errors
/// A result that does not serialise.
pub(super) fn success<T: Serialize>(id: &RawValue, result: &T, part: Part<'_>) -> serde_json::Result<Response> {
    let reserved = match part {
        Part::Bytes(size) => size,
        Part::Shared(shared) => shared.get().len(),
    };
    let mut bytes = Vec::with_capacity(reserved + ENVELOPE_BYTES);
    // serde would look for what needs an escape in keys that never change.
    bytes.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    bytes.extend_from_slice(id.get().as_bytes());
    bytes.extend_from_slice(br#","result":"#);
    let shared = match part {
        Part::Bytes(_) => {
            serde_json::to_writer(&mut bytes, result)?;
            None
        }
        Part::Shared(shared) => {
            let mut writer = Locating { bytes: &mut bytes, text: shared.get().as_bytes(), start: None };
            serde_json::to_writer(&mut writer, result)?;
            writer.start.map(|start| (start, Arc::clone(shared)))
        }
    };
    bytes.push(b'}');
    Ok(Response { bytes, shared })
}

/// Notes where a text is written. serde writes raw JSON at once, from where it is.
struct Locating<'t> {
    bytes: &'t mut Vec<u8>,
    text: &'t [u8],
    start: Option<usize>,
}

impl io::Write for Locating<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        if std::ptr::eq(written, self.text) {
            self.start = Some(self.bytes.len());
        }
        self.bytes.extend_from_slice(written);
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
