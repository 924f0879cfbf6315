//! The header `Mcp-Name`, beside the name in the body.

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use tokio::runtime::Runtime;

use super::service;

thread_local! {
    static SERVER: (Runtime, Router) = (service::runtime(), service::open());
}

/// The first line is the header, the rest the name. The request is refused for the header if and only if they differ.
pub fn run(input: &[u8]) {
    let (header, name) = match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, input),
    };
    let Ok(value) = HeaderValue::from_bytes(header) else { return };
    let name = String::from_utf8_lossy(name);
    let named = named(&value);
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("mcp-protocol-version"), HeaderValue::from_static("2026-07-28")),
        (HeaderName::from_static("mcp-method"), HeaderValue::from_static("prompts/get")),
        (HeaderName::from_static("mcp-name"), value),
    ]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "fuzz", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "name": name, "_meta": meta });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": params });
    SERVER.with(|(runtime, app)| {
        let (status, answer) = runtime.block_on(service::post(app, &headers, &body));
        let answer = answer.expect("an answer");
        let is_refused = answer["error"]["code"] == -32020;
        assert_eq!(is_refused, named.as_deref() != Some(&*name), "{headers:?} {answer}");
        assert_eq!(status.as_u16(), if is_refused { 400 } else { 200 }, "{answer}");
    });
}

/// The name that a header stands for.
fn named(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    match text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
        None => Some(text.to_owned()),
    }
}
