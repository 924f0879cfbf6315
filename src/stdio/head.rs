//! The part of a line that the connection itself needs: the protocol reads the rest.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The id of a request, comparable: equal ids may be written differently.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Id(String);

impl Id {
    fn of(raw: &RawValue) -> Self {
        match serde_json::from_str::<Cow<'_, str>>(raw.get()) {
            Ok(text) => Self(format!("\"{text}")),
            Err(_) => Self(raw.get().to_owned()),
        }
    }

    /// The text of an id that is text.
    pub(super) fn text(&self) -> Option<&str> {
        self.0.strip_prefix('"')
    }
}

/// What a line is, as far as the connection must know.
#[derive(Debug)]
pub(super) enum Head<'a> {
    Request {
        id: Id,
        method: Cow<'a, str>,
        raw_id: &'a RawValue,
    },
    /// `notifications/cancelled`.
    Cancelled {
        id: Id,
    },
    /// `notifications/initialized`.
    Initialized,
    /// The client's answer to a request of the server; without `answer` if it is an error.
    Response {
        id: Id,
        answer: Option<Value>,
    },
    /// Another notification, or not a message.
    Other,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    result: Option<Value>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CancelledParams<'a> {
    #[serde(borrow, rename = "requestId")]
    request_id: &'a RawValue,
}

impl<'a> Head<'a> {
    pub(super) fn of(line: &'a [u8]) -> Self {
        let Ok(fields) = serde_json::from_slice::<Fields<'a>>(line) else { return Self::Other };
        let Fields { id, method, params, result, error } = fields;
        match (id, method) {
            (Some(id), Some(method)) => Self::Request { id: Id::of(id), method, raw_id: id },
            (Some(id), None) if result.is_some() || error.is_some() => {
                Self::Response { id: Id::of(id), answer: result }
            }
            (None, Some(method)) if method == "notifications/initialized" => Self::Initialized,
            (None, Some(method)) if method == "notifications/cancelled" => {
                let params = params.and_then(|params| serde_json::from_str::<CancelledParams<'_>>(params.get()).ok());
                // A malformed one is ignored, as the specification asks for.
                params.map_or(Self::Other, |params| Self::Cancelled { id: Id::of(params.request_id) })
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ids_may_be_written_differently() {
        let id = |json: &str| Id::of(&RawValue::from_string(json.to_owned()).expect("JSON"));
        assert_eq!(id(r#""a""#), id(r#""\u0061""#));
        assert_ne!(id("1"), id(r#""1""#));
        assert_eq!(id("1"), id("1"));
    }
}
