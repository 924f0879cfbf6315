//! To any bytes, JSON, headers and requests the protocol gives a reply: one JSON-RPC message, or nothing. `fuzz/` searches for
//! longer.

use std::sync::Arc;
use std::time::Duration;

use gallery::Gallery;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use server::mcp::{Mcp, Post};
use server::tools::{Tools, calculator};
use store::DirStore;
use tokio::runtime::Runtime;

thread_local! {
    static SERVER: (Runtime, Mcp) = {
        let store = DirStore::open("tests/data/gallery").expect("a folder");
        let gallery = Gallery::new(Arc::new(store), Duration::from_secs(3600), 2);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let tools = Tools::new(vec![calculator::add(), calculator::multiply()]).expect("tools");
        (runtime, Mcp::new(Arc::new(gallery), tools))
    };
}

fn reply(headers: &HeaderMap, body: &[u8]) -> (StatusCode, String) {
    SERVER.with(|(runtime, mcp)| {
        let reply = runtime.block_on(mcp.handle(Post { headers, body, request_id: "r", claims: None }));
        (reply.status, String::from_utf8(reply.body.to_vec()).expect("UTF-8"))
    })
}

/// One JSON-RPC message with exactly one of result and error, or an empty body with 202.
fn check((status, body): (StatusCode, String)) {
    if body.is_empty() {
        assert_eq!(status, StatusCode::ACCEPTED);
        return;
    }
    let message: Map<String, Value> = serde_json::from_str(&body).expect("a JSON object");
    assert_eq!(message["jsonrpc"], "2.0");
    assert!(message.contains_key("result") != message.contains_key("error"), "{body}");
    assert!(message.get("id").is_none_or(|id| id.is_string() || id.is_number()), "{body}");
    let code = message.get("error").map(|error| error["code"].as_i64().expect("a code"));
    match status.as_u16() {
        200 => {}
        400 => assert!(matches!(code, Some(-32700 | -32600 | -32602 | -32022..=-32020)), "{body}"),
        404 => assert_eq!(code, Some(-32601)),
        other => panic!("{other} {body}"),
    }
}

/// Any JSON of a few levels.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..6).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

/// The words of the protocol, so that random requests get somewhere.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "initialize",
        "ping",
        "server/discover",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "tools/list",
        "tools/call",
        "resources/list",
        "notifications/initialized",
        "name",
        "arguments",
        "cursor",
        "_meta",
        "ref",
        "type",
        "ref/prompt",
        "ref/resource",
        "argument",
        "value",
        "hello",
        "typed",
        "bare",
        "broken_yaml",
        "broken_variable",
        "add",
        "multiply",
        "a",
        "b",
        "count",
        "mood",
        "search_prompts",
        "get_prompt",
        "open_gallery",
        "query",
        "tag",
        "2026-07-28",
        "2025-11-25",
        "protocolVersion",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientCapabilities",
        "traceparent",
        "inputResponses",
        "requestState",
        "action",
        "accept",
        "content",
        "aGVsbG8",
        "=?base64?aGVsbG8=?=",
    ];
    prop::sample::select(words.map(str::to_owned).to_vec())
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop::sample::select(vec!["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-param-x"]);
    let value = prop_oneof![word().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..20)];
    prop::collection::vec((name, value), 0..5).prop_map(|pairs| {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        headers
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_a_reply(headers in any_headers(), body in prop::collection::vec(any::<u8>(), 0..300)) {
        check(reply(&headers, &body));
    }

    #[test]
    fn any_json_gets_a_reply(headers in any_headers(), body in any_json()) {
        check(reply(&headers, body.to_string().as_bytes()));
    }

    #[test]
    fn any_request_gets_a_reply(headers in any_headers(), id in any_json(), method in word(), params in any_json()) {
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        check(reply(&headers, body.to_string().as_bytes()));
    }

    #[test]
    fn any_modern_request_gets_a_reply(method in word(), name in word(), fields in any_json()) {
        let mut params = fields.as_object().cloned().unwrap_or_default();
        params.insert("name".to_owned(), name.clone().into());
        params.insert("_meta".to_owned(), json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
        }));
        let mut headers = HeaderMap::new();
        for (key, value) in [("mcp-protocol-version", "2026-07-28"), ("mcp-method", &method), ("mcp-name", &name)] {
            headers.insert(HeaderName::from_static(key), HeaderValue::from_str(value).expect("a value"));
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        check(reply(&headers, body.to_string().as_bytes()));
    }
}
