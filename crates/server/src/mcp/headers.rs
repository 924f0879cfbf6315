//! The headers that mirror the body since 2026-07-28. A header that differs from the body is an error.
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation>

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AsHeaderName;
use http::{HeaderMap, HeaderName};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Error, ErrorKind};
use super::rpc;
use crate::json;
use crate::tools::HeaderParam;

/// A header that mirrors a part of the body.
pub(super) struct Mirror {
    /// As the specification writes it.
    name: &'static str,
    /// Made once: a name that is text is checked at each look-up.
    key: HeaderName,
}

pub(super) static VERSION: Mirror =
    Mirror { name: "MCP-Protocol-Version", key: HeaderName::from_static("mcp-protocol-version") };
static METHOD: Mirror = Mirror { name: "Mcp-Method", key: HeaderName::from_static("mcp-method") };
static NAME: Mirror = Mirror { name: "Mcp-Name", key: HeaderName::from_static("mcp-name") };

fn mismatch(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::HeaderMismatch, format!("header mismatch: {}", message.into()))
}

impl Mirror {
    /// The one value of the header; `None` without it.
    pub(super) fn value<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Error> {
        single(headers, &self.key, self.name)
    }

    /// Checks that the header is there and equals the body's value.
    pub(super) fn must_match(&self, header: Option<&str>, body: &str) -> Result<(), Error> {
        must_match(self.name, header, body)
    }
}

fn single<'a>(headers: &'a HeaderMap, key: impl AsHeaderName, name: &str) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(key).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(mismatch(format!("{name} is sent twice")));
    }
    match value.to_str() {
        Ok(value) => Ok(Some(value.trim())),
        Err(_) => Err(mismatch(format!("{name} has invalid characters"))),
    }
}

fn must_match(name: &str, header: Option<&str>, body: &str) -> Result<(), Error> {
    match header {
        None => Err(mismatch(format!("{name} is missing"))),
        Some(header) if header == body => Ok(()),
        Some(_) => Err(mismatch(format!("{name} and the body differ"))),
    }
}

/// Checks `Mcp-Method`, and `Mcp-Name` where the method has a name.
pub(super) fn check_standard(headers: &HeaderMap, method: &str, name: Option<&RawValue>) -> Result<(), Error> {
    METHOD.must_match(METHOD.value(headers)?, method)?;
    // A body without a name is the method's error.
    let Some(name) = name.and_then(rpc::text) else { return Ok(()) };
    let header = NAME.value(headers)?.map(|value| decode(NAME.name, value)).transpose()?;
    NAME.must_match(header.as_deref(), &name)
}

/// Checks the `Mcp-Param-*` headers of a tool's annotated parameters.
pub(super) fn check_params(headers: &HeaderMap, params: &[HeaderParam], arguments: &RawValue) -> Result<(), Error> {
    let arguments: Value = serde_json::from_str(arguments.get())
        .map_err(|e| Error::invalid_params(format!("params.arguments: {}", json::without_place(&e))))?;
    for param in params {
        let name = format!("Mcp-Param-{}", param.header);
        let header = single(headers, &name, &name)?.map(|value| decode(&name, value)).transpose()?;
        let body = param.path.iter().try_fold(&arguments, |value, key| value.get(key)).filter(|value| !value.is_null());
        match (header, body) {
            (None, None) => {}
            (Some(_), None) => return Err(mismatch(format!("{name} is sent without its argument"))),
            (header, Some(Value::String(text))) => must_match(&name, header.as_deref(), text)?,
            (Some(header), Some(Value::Number(number))) if same_number(&header, number) => {}
            (header, Some(other)) => must_match(&name, header.as_deref(), &other.to_string())?,
        }
    }
    Ok(())
}

/// Whether both are the same number: `42.0` and `42` are.
fn same_number(header: &str, body: &serde_json::Number) -> bool {
    match (header.parse::<i64>(), body.as_i64()) {
        (Ok(header), Some(body)) => header == body,
        _ => header.parse::<f64>().is_ok_and(|header| body.as_f64() == Some(header)),
    }
}

/// Decodes `=?base64?…?=`, the form of a value with characters that a header cannot have; returns any other value as it is.
fn decode<'a>(name: &str, value: &'a str) -> Result<Cow<'a, str>, Error> {
    let Some(encoded) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Ok(Cow::Borrowed(value));
    };
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Cow::Owned).ok_or_else(|| mismatch(format!("{name} is not base64 of UTF-8 text")))
}
