//! The transcript: what the server answers on the wire, for every row of its tables, in both eras.

#[path = "support/wire.rs"]
mod wire;

use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use insta::{assert_json_snapshot, assert_snapshot};
use prompt_gallery::gallery::Gallery;
use prompt_gallery::mcp::Post;
use prompt_gallery::store::{Object, PromptStore, StoreError};
use prompt_gallery::{Content, Server, Tool, ToolCall, ToolError, ToolReply};
use serde_json::{Value, json};
use tempfile::TempDir;
use wire::{Wire, meta};

const GALLERY: &str = "tests/data/gallery";
const HANDSHAKE: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

async fn server() -> Wire {
    Wire::new(Server::new(), GALLERY, &[]).await
}

// --- Versions and eras ---

#[tokio::test]
async fn initialize_agrees_on_the_version_that_the_client_asks_for() {
    let wire = server().await;
    for version in HANDSHAKE {
        let params =
            json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let answer = wire.post(&body.to_string()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["result"]["protocolVersion"], version);
        assert!(answer.headers.get("mcp-session-id").is_none());
    }
}

#[tokio::test]
async fn initialize_with_an_unknown_or_newer_version_negotiates_2025_11_25() {
    let wire = server().await;
    for version in ["2024-11-05", "2026-07-28", "2099-01-01", "draft"] {
        let params =
            json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        assert_eq!(
            wire.handshake(version, "initialize", params).await.json()["result"]["protocolVersion"],
            "2025-11-25"
        );
    }
}

#[tokio::test]
async fn initialize_tells_the_capabilities_as_they_are() {
    let params =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let answer = server().await.handshake("2025-06-18", "initialize", params).await;
    assert_snapshot!(answer, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{"completions":{},"prompts":{},"tools":{}},"serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"},"instructions":"The prompts of a team: list them, fill in their arguments and use what they render to. The tools calculate exactly on 64-bit integers."}}"#);
}

#[tokio::test]
async fn initialize_without_a_version_is_invalid_params() {
    assert_snapshot!(server().await.handshake("2025-06-18", "initialize", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"params: missing field `protocolVersion`"}}"#);
}

#[tokio::test]
async fn discover_tells_versions_capabilities_and_the_servers_name() {
    assert_snapshot!(server().await.modern("server/discover", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"supportedVersions":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"],"capabilities":{"completions":{},"prompts":{},"tools":{}},"instructions":"The prompts of a team: list them, fill in their arguments and use what they render to. The tools calculate exactly on 64-bit integers."}}"#);
}

#[tokio::test]
async fn discover_without_meta_is_unknown_to_the_handshake_revisions() {
    let wire = server().await;
    for version in HANDSHAKE {
        let answer = wire.handshake(version, "server/discover", json!({})).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["error"]["code"], -32601);
    }
    assert_snapshot!(wire.handshake("2025-11-25", "server/discover", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method not found: server/discover without the `_meta` of 2026-07-28"}}"#);
}

#[tokio::test]
async fn ping_answers_an_empty_result() {
    let wire = server().await;
    for version in HANDSHAKE {
        let answer = wire.handshake(version, "ping", json!({})).await;
        assert_eq!(answer.to_string(), r#"200 {"jsonrpc":"2.0","id":1,"result":{}}"#);
    }
}

#[tokio::test]
async fn the_handshake_does_not_exist_in_2026_07_28() {
    let wire = server().await;
    for method in ["initialize", "ping", "logging/setLevel"] {
        let answer = wire.modern(method, json!({})).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.json()["error"]["code"], -32601);
    }
    assert_snapshot!(wire.modern("ping", json!({})).await, @r#"404 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method not found: ping in 2026-07-28, which has no handshake"}}"#);
}

#[tokio::test]
async fn an_unknown_method_is_404_in_2026_07_28_and_200_before() {
    let wire = server().await;
    assert_snapshot!(wire.modern("prompts/delete", json!({})).await, @r#"404 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method not found: prompts/delete"}}"#);
    assert_snapshot!(wire.handshake("2025-06-18", "prompts/delete", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method not found: prompts/delete"}}"#);
}

#[tokio::test]
async fn a_request_without_a_version_header_speaks_2025_03_26() {
    let answer = server().await.post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    assert_snapshot!(answer, @r#"200 {"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[tokio::test]
async fn an_unsupported_version_is_refused_with_the_supported_ones() {
    let wire = server().await;
    assert_snapshot!(wire.handshake("1900-01-01", "tools/list", json!({})).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"unsupported protocol version, supported are 2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26","data":{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"],"requested":"1900-01-01"}}}"#);
    let mut meta = meta();
    meta["io.modelcontextprotocol/protocolVersion"] = "2099-01-01".into();
    // A version of the future may well have other fields.
    meta.as_object_mut().map(|meta| meta.remove("io.modelcontextprotocol/clientCapabilities"));
    let version = [("mcp-protocol-version", "2099-01-01")];
    let answer = wire.modern_with("tools/list", json!({ "_meta": meta }), &version).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["code"], -32022);
    assert_eq!(answer.json()["error"]["data"]["requested"], "2099-01-01");
    assert_eq!(answer.json()["id"], 1);
}

#[tokio::test]
async fn a_missing_meta_field_is_invalid_params() {
    let wire = server().await;
    for (missing, rest) in [
        ("params._meta", json!({ "_meta": {} })),
        ("protocolVersion", json!({ "_meta": { "io.modelcontextprotocol/clientCapabilities": {} } })),
        ("clientCapabilities", json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } })),
        ("_meta", json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": 7 } })),
        ("_meta", json!({ "_meta": "no object" })),
    ] {
        let answer = wire.modern("tools/list", rest).await;
        assert_eq!(answer.status, 400, "{answer}");
        assert_eq!(answer.json()["error"]["code"], -32602, "{answer}");
        assert_eq!(answer.json()["id"], 1, "{answer}");
        assert!(answer.json()["error"]["message"].as_str().is_some_and(|text| text.contains(missing)), "{answer}");
    }
}

#[tokio::test]
async fn client_info_is_optional() {
    let mut meta = meta();
    meta.as_object_mut().map(|meta| meta.remove("io.modelcontextprotocol/clientInfo"));
    assert_eq!(server().await.modern("tools/list", json!({ "_meta": meta })).await.status, 200);
}

// --- Headers that mirror the body ---

#[tokio::test]
async fn a_header_that_differs_from_the_body_is_a_mismatch() {
    let wire = server().await;
    let hello = json!({ "name": "hello", "arguments": { "name": "Ada" } });
    for (header, value) in [
        ("mcp-protocol-version", "2025-11-25"),
        ("mcp-protocol-version", ""),
        ("mcp-method", "prompts/list"),
        ("mcp-method", "PROMPTS/GET"),
        ("mcp-method", ""),
        ("mcp-name", "bare"),
        ("mcp-name", ""),
        ("mcp-name", "=?base64?%%%?="),
        ("mcp-name", "=?base64?aGVsbG8?="),
    ] {
        let answer = wire.modern_with("prompts/get", hello.clone(), &[(header, value)]).await;
        assert_eq!(answer.status, 400, "{header}: {value}");
        assert_eq!(answer.json()["error"]["code"], -32020, "{header}: {value}");
        assert_eq!(answer.json()["id"], 1);
    }
    let twice = [("mcp-method", "prompts/get"), ("mcp-method", "prompts/get")];
    assert_snapshot!(wire.modern_with("prompts/get", hello.clone(), &twice).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"header mismatch: Mcp-Method is sent twice"}}"#);
    assert_snapshot!(wire.modern_with("prompts/get", hello.clone(), &[("mcp-name", "")]).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"header mismatch: Mcp-Name is missing"}}"#);
    assert_snapshot!(wire.modern_with("prompts/get", hello, &[("mcp-name", "bare")]).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"header mismatch: Mcp-Name and the body differ"}}"#);
}

#[tokio::test]
async fn a_name_may_come_in_base64_and_with_spaces_around() {
    let wire = server().await;
    let hello = json!({ "name": "hello", "arguments": { "name": "Ada" } });
    for name in ["=?base64?aGVsbG8=?=", "  hello  "] {
        assert_eq!(wire.modern_with("prompts/get", hello.clone(), &[("Mcp-Name", name)]).await.status, 200);
    }
}

#[tokio::test]
async fn handshake_revisions_do_not_read_the_mirrored_headers() {
    let headers = [("content-type", "application/json"), ("mcp-protocol-version", "2025-11-25"), ("mcp-method", "x")];
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(server().await.send(Method::POST, "/mcp", &headers, body).await.status, 200);
}

#[tokio::test]
async fn a_mirrored_parameter_is_checked_where_the_schema_says_so() {
    let schema = json!({
        "type": "object",
        "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "nested": { "type": "object", "properties": { "size": { "type": "integer", "x-mcp-header": "Size" } } },
        },
    });
    let tool = Tool::with_reply("where", "Says where.", schema, |_| async {
        Ok(ToolReply::Complete { content: vec![Content::text("here")], structured: None })
    });
    let wire = Wire::new(Server::without_tools().tool(tool), GALLERY, &[]).await;
    let ok = [
        (json!({}), vec![]),
        (json!({ "region": null }), vec![]),
        (json!({ "region": "eu" }), vec![("mcp-param-region", "eu")]),
        (json!({ "region": "é" }), vec![("Mcp-Param-Region", "=?base64?w6k=?=")]),
        (json!({ "nested": { "size": 42 } }), vec![("mcp-param-size", "42.0")]),
    ];
    for (arguments, headers) in ok {
        let answer = wire.modern_with("tools/call", json!({ "name": "where", "arguments": arguments }), &headers).await;
        assert_eq!(answer.status, 200, "{arguments} {headers:?} {answer}");
    }
    let mismatches = [
        (json!({ "region": "eu" }), vec![]),
        (json!({ "region": "eu" }), vec![("mcp-param-region", "us")]),
        (json!({ "region": "é" }), vec![("mcp-param-region", "=?base64?w6k?=")]),
        (json!({}), vec![("mcp-param-region", "eu")]),
        (json!({ "nested": { "size": 42 } }), vec![("mcp-param-size", "43")]),
        (json!({ "nested": { "size": 9_007_199_254_740_993_i64 } }), vec![("mcp-param-size", "9007199254740992")]),
    ];
    for (arguments, headers) in mismatches {
        let answer = wire.modern_with("tools/call", json!({ "name": "where", "arguments": arguments }), &headers).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (400, &json!(-32020)), "{answer}");
    }
    // Nested deeper than JSON is read: no way around the check.
    let deep = format!(r#"{{"region":"eu","x":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let params = format!(r#"{{"name":"where","arguments":{deep},"_meta":{}}}"#, meta());
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    let headers = [
        ("content-type", "application/json"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "where"),
    ];
    let answer = wire.send(Method::POST, "/mcp", &headers, body).await;
    assert_eq!(answer.json()["error"]["code"], -32602, "{answer}");
    let before =
        wire.handshake("2025-11-25", "tools/call", json!({ "name": "where", "arguments": { "region": "eu" } }));
    assert_eq!(before.await.status, 200);
}

// --- JSON-RPC ---

#[tokio::test]
async fn what_is_not_json_is_a_parse_error_without_an_id() {
    let wire = server().await;
    assert_snapshot!(wire.post("{").await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32700,"message":"not JSON: EOF while parsing an object at line 1 column 1"}}"#);
    let headers = [("content-type", "application/json")];
    let not_utf8 = wire.send(Method::POST, "/mcp", &headers, &b"{\"id\":\"\xff\"}"[..]).await;
    assert_snapshot!(not_utf8, @r#"400 {"jsonrpc":"2.0","error":{"code":-32700,"message":"not JSON: not UTF-8 text"}}"#);
    for body in ["", " ", "nonsense", "{\"jsonrpc\":\"2.0\",}", "{} {}", "\u{feff}{}", "[1,"] {
        let answer = wire.post(body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (400, &json!(-32700)),
            "{body}: {answer}"
        );
        assert!(answer.json().get("id").is_none(), "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_a_request_is_an_invalid_request_without_an_id() {
    let wire = server().await;
    let bodies = [
        "[]",
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        "7",
        "null",
        "{}",
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1e3,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ];
    for body in bodies {
        let answer = wire.post(body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (400, &json!(-32600)),
            "{body}: {answer}"
        );
        assert!(answer.json().get("id").is_none(), "{body}: {answer}");
    }
    assert_snapshot!(wire.post(bodies[1]).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"not a JSON-RPC request: a message is a JSON object, one a POST"}}"#);
    assert_snapshot!(wire.post(bodies[9]).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"not a JSON-RPC request: `id` must be a string or an integer"}}"#);
}

#[tokio::test]
async fn an_id_is_echoed_to_the_letter() {
    let wire = server().await;
    for id in ["0", "-1", "123456789012345678901234567890", r#""""#, r#""a""#, r#""\u00e9 \"x\"""#, r#""é""#] {
        let answer = wire.post(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)).await;
        assert_eq!(answer.to_string(), format!(r#"200 {{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
    }
}

#[tokio::test]
async fn a_notification_gets_202_and_an_empty_body() {
    let wire = server().await;
    for method in ["notifications/initialized", "notifications/cancelled", "notifications/unknown"] {
        let answer = wire.post(&json!({ "jsonrpc": "2.0", "method": method }).to_string()).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (202, ""));
    }
}

// --- Prompts ---

#[tokio::test]
async fn prompts_are_listed_by_name_without_partials_and_broken_ones() {
    let wire = server().await;
    let mut handshake = wire.handshake("2025-06-18", "prompts/list", json!({})).await.json();
    let modern = wire.modern("prompts/list", json!({})).await.json();
    assert_eq!(modern["result"]["prompts"], handshake["result"]["prompts"]);
    for prompt in handshake["result"]["prompts"].as_array_mut().expect("a list") {
        let version = prompt["_meta"]["version"].take();
        assert!(version.as_str().is_some_and(|version| !version.is_empty()), "{prompt}");
        prompt["_meta"]["version"] = "[version]".into();
    }
    assert_json_snapshot!("prompts_list", handshake["result"]);
}

#[tokio::test]
async fn a_modern_result_has_its_type_its_hints_and_the_servers_name() {
    let mut answer = server().await.modern("prompts/list", json!({})).await.json();
    answer["result"].as_object_mut().map(|result| result.remove("prompts"));
    assert_snapshot!(answer, @r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}}}}"#);
}

#[tokio::test]
async fn an_old_result_has_none_of_that() {
    let wire = server().await;
    for (method, params) in [
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "hello" }, "argument": { "name": "mood", "value": "" } }),
        ),
        ("prompts/list", json!({})),
        ("prompts/get", json!({ "name": "hello", "arguments": { "name": "Ada" } })),
        ("tools/list", json!({})),
        ("tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } })),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
    ] {
        let modern = wire.modern(method, params.clone()).await.json();
        let answer = wire.handshake("2025-11-25", method, params).await.json();
        for field in ["resultType", "ttlMs", "cacheScope", "_meta"] {
            assert!(answer["result"].get(field).is_none(), "{method}: {field}");
        }
        assert_eq!(modern["result"]["resultType"], "complete", "{method}");
        assert_eq!(
            modern["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "prompt-gallery",
            "{method}"
        );
    }
}

#[tokio::test]
async fn pages_follow_each_other_by_cursor() {
    let wire = Wire::new(Server::new(), GALLERY, &[("PAGE_SIZE", "2")]).await;
    let (mut names, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let params = cursor.map_or_else(|| json!({}), |cursor: Value| json!({ "cursor": cursor }));
        let result = wire.modern("prompts/list", params).await.json()["result"].take();
        names.extend(result["prompts"].as_array().into_iter().flatten().map(|prompt| prompt["name"].to_string()));
        pages += 1;
        match result.get("nextCursor") {
            Some(next) => cursor = Some(next.clone()),
            None => break,
        }
    }
    // The broken ones make a page shorter, never a list.
    assert_snapshot!(format!("{pages} pages: {}", names.join(" ")), @r#"4 pages: "bare" "broken_variable" "hello" "team_code-review--strict" "typed""#);
}

#[tokio::test]
async fn a_bad_cursor_is_invalid_params() {
    let wire = server().await;
    for cursor in ["", "%", "nonsense!", "AAAA", "_____w"] {
        let answer = wire.modern("prompts/list", json!({ "cursor": cursor })).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (200, &json!(-32602)), "{cursor}");
    }
    assert_snapshot!(wire.handshake("2025-06-18", "prompts/list", json!({ "cursor": "%" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"invalid cursor: pass the `nextCursor` of the page before, or none for the first page"}}"#);
    assert_snapshot!(wire.handshake("2025-06-18", "prompts/list", json!({ "cursor": 7 })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"params.cursor: invalid type: integer `7`, expected a string"}}"#);
    assert_snapshot!(wire.handshake("2025-06-18", "tools/list", json!({ "cursor": "aGVsbG8" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"invalid cursor: pass the `nextCursor` of the page before, or none for the first page"}}"#);
}

#[tokio::test]
async fn a_prompt_is_rendered_without_html_escapes() {
    let wire = server().await;
    let params = json!({ "name": "bare", "arguments": { "topic": "a < b && \"c\"", "audience": "<me>" } });
    assert_snapshot!(wire.handshake("2025-06-18", "prompts/get", params.clone()).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"messages":[{"role":"user","content":{"type":"text","text":"Explain <a < b && \"c\"> & \"why\" to <me>."}}]}}"#);
    assert_snapshot!(wire.modern("prompts/get", params).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"messages":[{"role":"user","content":{"type":"text","text":"Explain <a < b && \"c\"> & \"why\" to <me>."}}]}}"#);
}

#[tokio::test]
async fn defaults_and_types_apply() {
    let wire = server().await;
    let text = async |name: &str, arguments: Value| {
        let answer = wire.modern("prompts/get", json!({ "name": name, "arguments": arguments })).await;
        answer.json()["result"]["messages"][0]["content"]["text"]
            .as_str()
            .map(str::to_owned)
            .unwrap_or(answer.to_string())
    };
    assert_snapshot!(text("hello", json!({ "name": "Ada" })).await, @"Say hello to Ada in a warm way.");
    assert_snapshot!(text("hello", json!({ "name": "Ada", "mood": "dry" })).await, @"Say hello to Ada in a dry way.");
    assert_snapshot!(text("hello", json!({ "name": "{{mood}}", "mood": "" })).await, @"Say hello to {{mood}} in a warm way.");
    assert_snapshot!(text("typed", json!({ "count": "3" })).await, @"3 kg at 0.5");
    let all = json!({ "count": " -7 ", "ratio": "2.0", "loud": "true", "size": "10", "note": "<n>" });
    assert_snapshot!(text("typed", all).await, @"-7 kg at 2 LOUD size 10 (<n>)");
    assert_snapshot!(text("typed", json!({ "count": "3", "loud": "false", "size": "" })).await, @"3 kg at 0.5");
    assert_snapshot!(text("team_code-review--strict", json!({ "code": "x" })).await, @"Review strictly: x");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_named_all_at_once() {
    let wire = server().await;
    let get = async |arguments: Value| {
        wire.handshake("2025-06-18", "prompts/get", json!({ "name": "typed", "arguments": arguments })).await
    };
    assert_snapshot!(get(json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"missing required argument `count` (how many)"}}"#);
    assert_snapshot!(get(json!({ "count": "many", "ratio": "NaN", "loud": "yes", "size": "XL" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"argument `count` takes a whole number such as 42, not \"many\"; argument `ratio` takes a number such as 2.5, not \"NaN\"; argument `loud` takes true or false, not \"yes\"; argument `size` takes one of S, M, 10, not \"XL\""}}"#);
    assert_snapshot!(get(json!({ "count": 3 })).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"messages":[{"role":"user","content":{"type":"text","text":"3 kg at 0.5"}}]}}"#);
    assert_snapshot!(get(json!({ "count": " ", "ratio": null })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"missing required argument `count` (how many)"}}"#);
    assert_snapshot!(get(json!({ "count": "3", "rato": "1", "zzz": "1" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown argument `rato`, did you mean `ratio`?; unknown argument `zzz`: this prompt takes count, ratio, loud, note, size"}}"#);
    assert_snapshot!(get(json!(["count"])).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"params.arguments: invalid type: sequence, expected a map"}}"#);
    assert_snapshot!(wire.modern("prompts/get", json!({ "name": "hello" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"missing required argument `name` (Who to greet)"}}"#);
}

#[tokio::test]
async fn thousands_of_unknown_arguments_get_a_short_answer() {
    let arguments: serde_json::Map<String, Value> =
        (0..50_000).map(|number| (format!("x{number}"), "".into())).collect();
    let answer = server().await.modern("prompts/get", json!({ "name": "typed", "arguments": arguments })).await;
    assert_snapshot!(answer, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"a call has at most 200 arguments, not 50000"}}"#);
}

#[tokio::test]
async fn an_unknown_prompt_is_invalid_params_and_names_the_nearest() {
    let wire = server().await;
    assert_snapshot!(wire.handshake("2025-06-18", "prompts/get", json!({ "name": "helo" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown prompt `helo`, did you mean `hello`?"}}"#);
    assert_snapshot!(wire.modern("prompts/get", json!({ "name": "nothing-like-it" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown prompt `nothing-like-it`"}}"#);
    assert_snapshot!(wire.modern("prompts/get", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"params: missing field `name`"}}"#);
    assert_snapshot!(wire.modern("prompts/get", json!({ "name": "_partial" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown prompt `_partial`"}}"#);
}

#[tokio::test]
async fn a_broken_prompt_is_an_internal_error_that_names_file_line_and_column() {
    let wire = server().await;
    let get = async |name: &str| {
        let answer = wire.handshake("2025-06-18", "prompts/get", json!({ "name": name })).await;
        let mut body = answer.json();
        let id = body["error"]["data"]["requestId"].take();
        assert!(id.as_str().is_some_and(|id| id.len() > 8), "{answer}");
        format!("{} {}", answer.status.as_u16(), body["error"])
    };
    assert_snapshot!(get("broken_yaml").await, @r#"200 {"code":-32603,"message":"prompt `broken_yaml` cannot be rendered: broken/yaml.prompt, line 2, column 8: front matter: unclosed bracket '['","data":{"requestId":null}}"#);
    assert_snapshot!(get("broken_template").await, @r#"200 {"code":-32603,"message":"prompt `broken_template` cannot be rendered: broken/template.prompt, line 6, column 3: `if` is opened here and not closed by {{/if}}","data":{"requestId":null}}"#);
    assert_snapshot!(get("broken_variable").await, @r#"200 {"code":-32603,"message":"prompt `broken_variable` cannot be rendered: broken/variable.prompt, line 7, column 5: the variable `undeclared` has no value","data":{"requestId":null}}"#);
}

/// A server over these files, kept in a folder for as long as that is held.
async fn server_of(files: &[(&str, &str)]) -> (Wire, TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("a file");
    }
    (Wire::new(Server::new(), dir.path().to_str().expect("UTF-8"), &[]).await, dir)
}

#[tokio::test]
async fn values_complete_by_prefix_then_word_then_scattered_characters() {
    let wire = server().await;
    let complete = async |name: &str, argument: &str, value: &str| {
        let reference = json!({ "type": "ref/prompt", "name": name });
        let params = json!({ "ref": reference, "argument": { "name": argument, "value": value } });
        wire.handshake("2025-06-18", "completion/complete", params).await
    };
    assert_snapshot!(complete("hello", "mood", "").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":["warm","dry"],"total":2,"hasMore":false}}}"#);
    assert_snapshot!(complete("hello", "mood", "w").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":["warm"],"total":1,"hasMore":false}}}"#);
    assert_snapshot!(complete("hello", "mood", "WA").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":["warm"],"total":1,"hasMore":false}}}"#);
    assert_snapshot!(complete("hello", "mood", "r").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":["warm","dry"],"total":2,"hasMore":false}}}"#);
    assert_snapshot!(complete("hello", "mood", "cold").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":[],"total":0,"hasMore":false}}}"#);
    assert_snapshot!(complete("typed", "loud", "").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":["true","false"],"total":2,"hasMore":false}}}"#);
    assert_snapshot!(complete("hello", "name", "A").await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":[],"total":0,"hasMore":false}}}"#);
    assert_snapshot!(complete("hello", "moood", "").await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown argument `moood`, did you mean `mood`?"}}"#);
    assert_snapshot!(complete("helo", "mood", "").await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown prompt `helo`, did you mean `hello`?"}}"#);
    assert_eq!(complete("hello", "mood", &"w".repeat(1_000_000)).await.json()["result"]["completion"]["total"], 0);
    let modern =
        json!({ "ref": { "type": "ref/prompt", "name": "hello" }, "argument": { "name": "mood", "value": "d" } });
    assert_snapshot!(wire.modern("completion/complete", modern).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"completion":{"values":["dry"],"total":1,"hasMore":false}}}"#);
    let resource =
        json!({ "ref": { "type": "ref/resource", "uri": "x://y" }, "argument": { "name": "a", "value": "" } });
    assert_snapshot!(wire.modern("completion/complete", resource).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"there are no resources here: `ref` takes a `ref/prompt`"}}"#);
    assert_snapshot!(wire.modern("completion/complete", json!({ "ref": { "type": "ref/x" } })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"params.ref.type: unknown variant `ref/x`, expected `ref/prompt` or `ref/resource`"}}"#);
}

#[tokio::test]
async fn at_most_a_hundred_values_complete_and_all_are_counted() {
    let values: Vec<_> = (0..150).map(|number| format!("v{number}")).collect();
    let prompt = format!("---\narguments: [{{ name: x, enum: [{}] }}]\n---\n{{{{x}}}}", values.join(", "));
    let (wire, _dir) = server_of(&[("many.prompt", &prompt)]).await;
    let complete = async |value: &str| {
        let params =
            json!({ "ref": { "type": "ref/prompt", "name": "many" }, "argument": { "name": "x", "value": value } });
        wire.modern("completion/complete", params).await.json()["result"]["completion"].take()
    };
    let all = complete("V").await;
    assert_eq!((&all["total"], &all["hasMore"]), (&json!(150), &json!(true)));
    assert_eq!(all["values"], json!(values[..100]));
    assert_snapshot!(complete("149").await, @r#"{"values":["v149"],"total":1,"hasMore":false}"#);
}

// --- Prompts that ask for their arguments ---

const TRIP: &str = "\
---
title: A trip
arguments:
  - { name: city, title: City, description: Where to go., required: true }
  - { name: days, description: For how long., required: true, type: integer }
  - { name: pace, required: true, enum: [slow, fast] }
  - { name: budget, type: number }
---
{{days}} {{pace}} days in {{city}}{{#if budget}} for {{budget}}{{/if}}.";

/// A prompt with three arguments that it needs, and a client that can show forms.
struct Trip {
    wire: Wire,
    _dir: TempDir,
}

impl Trip {
    async fn new() -> Self {
        let (wire, dir) = server_of(&[("trip.prompt", TRIP)]).await;
        Self { wire, _dir: dir }
    }

    /// `prompts/get` with these parameters; the parts of the answer that matter here.
    async fn get(&self, params: Value) -> Value {
        self.get_able(json!({ "elicitation": {} }), params).await
    }

    async fn get_able(&self, capabilities: Value, mut params: Value) -> Value {
        params["name"] = "trip".into();
        params["_meta"] = meta();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        let answer = self.wire.modern("prompts/get", params).await;
        assert_eq!(answer.status, 200);
        let mut answer = answer.json();
        match answer.get_mut("result") {
            Some(result) => {
                let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"];
                assert_eq!(server, "prompt-gallery");
                result.as_object_mut().map(|result| result.shift_remove("_meta"));
                result.take()
            }
            None => answer["error"].take(),
        }
    }
}

/// The answer to the form: it was filled in like this.
fn accept(content: &Value) -> Value {
    json!({ "arguments": { "action": "accept", "content": content } })
}

#[tokio::test]
async fn what_is_missing_is_asked_for() {
    let trip = Trip::new().await;
    assert_snapshot!(trip.get(json!({})).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information.","requestedSchema":{"type":"object","properties":{"city":{"type":"string","title":"City","description":"Where to go."},"days":{"type":"integer","description":"For how long."},"pace":{"type":"string","enum":["slow","fast"]}},"required":["city","days","pace"]}}}}}"#);
    // What is given empty is missing.
    let blank = json!({ "city": "", "days": " \n", "pace": null });
    assert_eq!(trip.get(json!({ "arguments": blank })).await, trip.get(json!({})).await);
    let given = json!({ "city": "Oslo", "pace": "slow" });
    assert_snapshot!(trip.get(json!({ "arguments": given })).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information.","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."}},"required":["days"]}}}}}"#);
    let answered = json!({ "arguments": given, "inputResponses": accept(&json!({ "days": 3 })) });
    assert_snapshot!(trip.get(answered).await, @r#"{"resultType":"complete","messages":[{"role":"user","content":{"type":"text","text":"3 slow days in Oslo."}}]}"#);
}

#[tokio::test]
async fn what_is_wrong_is_asked_for_with_the_reason() {
    let trip = Trip::new().await;
    let given = json!({ "city": "Oslo", "days": "many", "pace": "slow", "budget": "lots" });
    assert_snapshot!(trip.get(json!({ "arguments": given })).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `days` takes a whole number such as 42, not \"many\"; argument `budget` takes a number such as 2.5, not \"lots\".","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."},"budget":{"type":"number"}},"required":["days","budget"]}}}}}"#);
    let answers = accept(&json!({ "days": 3, "budget": 99.5 }));
    assert_snapshot!(trip.get(json!({ "arguments": given, "inputResponses": answers })).await, @r#"{"resultType":"complete","messages":[{"role":"user","content":{"type":"text","text":"3 slow days in Oslo for 99.5."}}]}"#);
}

#[tokio::test]
async fn what_is_wrong_inside_of_an_argument_is_asked_for_too() {
    let source = "---\ninput:\n  schema:\n    numbers(array): integer\n    city: string\n---\n{{numbers}} {{city}}";
    let (wire, _dir) = server_of(&[("trip.prompt", source)]).await;
    let trip = Trip { wire, _dir };
    let asked = trip.get(json!({ "arguments": { "numbers": "1, x" } })).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let form = &asked["inputRequests"]["arguments"]["params"];
    assert_eq!(form["requestedSchema"]["required"], json!(["numbers", "city"]));
    let message = "argument `numbers[1]` takes a whole number such as 42, not \"x\"";
    assert!(form["message"].as_str().is_some_and(|text| text.contains(message)), "{form}");
}

#[tokio::test]
async fn what_still_does_not_fit_is_asked_for_again_and_no_answer_is_lost() {
    let trip = Trip::new().await;
    let given = json!({ "days": "many" });
    let first = accept(&json!({ "city": "Oslo \"{{days}}\"", "days": "some", "pace": null }));
    let asked = trip.get(json!({ "arguments": given, "inputResponses": first })).await;
    assert_snapshot!(asked, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `days` takes a whole number such as 42, not \"some\".","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."},"pace":{"type":"string","enum":["slow","fast"]}},"required":["days","pace"]}}}},"requestState":"{\"city\":\"Oslo \\\"{{days}}\\\"\"}"}"#);
    let second = json!({
        "arguments": given,
        "inputResponses": accept(&json!({ "days": "3", "pace": ["slow"] })),
        "requestState": asked["requestState"],
    });
    let asked = trip.get(second).await;
    assert_snapshot!(asked, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `pace` takes one of slow, fast, not \"[\\\"slow\\\"]\".","requestedSchema":{"type":"object","properties":{"pace":{"type":"string","enum":["slow","fast"]}},"required":["pace"]}}}},"requestState":"{\"city\":\"Oslo \\\"{{days}}\\\"\",\"days\":\"3\"}"}"#);
    let third = json!({
        "arguments": given,
        "inputResponses": accept(&json!({ "pace": "slow" })),
        "requestState": asked["requestState"],
    });
    assert_snapshot!(trip.get(third).await, @r#"{"resultType":"complete","messages":[{"role":"user","content":{"type":"text","text":"3 slow days in Oslo \"{{days}}\"."}}]}"#);
}

#[tokio::test]
async fn a_form_that_is_not_filled_in_is_shown_again() {
    let trip = Trip::new().await;
    let asked = trip.get(json!({})).await;
    for responses in [
        Value::Null,
        json!({}),
        accept(&json!({})),
        accept(&Value::Null),
        json!({ "arguments": { "action": "accept" } }),
        json!({ "another": { "action": "accept", "content": { "city": "Oslo" } } }),
        json!({ "another": 7 }),
    ] {
        assert_eq!(trip.get(json!({ "inputResponses": responses })).await, asked, "{responses}");
    }
}

#[tokio::test]
async fn a_form_that_is_refused_is_an_error_that_lists_what_is_missing() {
    let trip = Trip::new().await;
    let refuse = async |action: &str, arguments: Value| {
        let responses = json!({ "arguments": { "action": action } });
        trip.get(json!({ "arguments": arguments, "inputResponses": responses })).await
    };
    assert_snapshot!(refuse("decline", json!({ "city": "Oslo" })).await, @r#"{"code":-32602,"message":"the form was declined: missing required argument `days` (For how long); missing required argument `pace`"}"#);
    assert_snapshot!(refuse("cancel", json!({ "days": "many" })).await, @r#"{"code":-32602,"message":"the form was cancelled: missing required argument `city` (Where to go); argument `days` takes a whole number such as 42, not \"many\"; missing required argument `pace`"}"#);
    let whole = json!({ "city": "Oslo", "days": "3", "pace": "slow" });
    assert_eq!(refuse("decline", whole).await["resultType"], "complete");
}

#[tokio::test]
async fn malformed_answers_are_invalid_params() {
    let trip = Trip::new().await;
    let respond = async |responses: Value| {
        let error = trip.get(json!({ "inputResponses": responses })).await;
        assert_eq!(error["code"], -32602, "{responses}");
        error["message"].as_str().expect("a message").to_owned()
    };
    assert_snapshot!(respond(json!([])).await, @"params.inputResponses: invalid type: sequence, expected a map");
    assert_snapshot!(respond(json!("yes")).await, @r#"params.inputResponses: invalid type: string "yes", expected a map"#);
    assert_snapshot!(respond(json!({ "arguments": 7 })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(json!({ "arguments": ["accept", {}] })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(json!({ "arguments": { "content": {} } })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(json!({ "arguments": { "action": "Accept" } })).await, @r#"params.inputResponses.arguments.action: must be "accept", "decline" or "cancel""#);
    assert_snapshot!(respond(accept(&json!(["Oslo"]))).await, @"params.inputResponses.arguments.content: must be an object");
    assert_snapshot!(respond(accept(&json!({ "city": { "name": "Oslo" } }))).await, @"params.inputResponses.arguments.content: takes text, numbers, booleans and lists");
    assert_snapshot!(respond(accept(&json!({ "cty": "Oslo" }))).await, @"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`; unknown argument `cty`, did you mean `city`?");
}

#[tokio::test]
async fn a_request_state_is_trusted_no_more_than_an_argument() {
    let trip = Trip::new().await;
    for state in [json!(""), json!("x"), json!("[]"), json!(r#"{"days":3}"#), json!(7), json!({ "days": "3" })] {
        let error = trip.get(json!({ "requestState": state })).await;
        assert_eq!(error["code"], -32602, "{state}");
    }
    assert_snapshot!(trip.get(json!({ "requestState": "forged" })).await, @r#"{"code":-32602,"message":"params.requestState: not what this server gave out"}"#);
    assert_snapshot!(trip.get(json!({ "requestState": r#"{"city":"Oslo","days":"-","pace":"slow"}"# })).await, @r#"{"resultType":"input_required","inputRequests":{"arguments":{"method":"elicitation/create","params":{"mode":"form","message":"The prompt `trip` needs more information: argument `days` takes a whole number such as 42, not \"-\".","requestedSchema":{"type":"object","properties":{"days":{"type":"integer","description":"For how long."}},"required":["days"]}}}},"requestState":"{\"city\":\"Oslo\",\"pace\":\"slow\"}"}"#);
    assert_snapshot!(trip.get(json!({ "requestState": r#"{"admin":"true"}"# })).await, @r#"{"code":-32602,"message":"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`; unknown argument `admin`: this prompt takes city, days, pace, budget"}"#);
    // What could not be sent back is not given out.
    let long = accept(&json!({ "city": "x".repeat(300_000) }));
    assert_snapshot!(trip.get(json!({ "inputResponses": long })).await, @r#"{"code":-32602,"message":"argument `city` has at most 262144 bytes, not 300000"}"#);
}

#[tokio::test]
async fn only_a_client_that_can_show_a_form_is_asked() {
    let trip = Trip::new().await;
    for able in [json!({}), json!({ "form": {} }), json!({ "form": { "x": 1 }, "url": {} })] {
        let answer = trip.get_able(json!({ "elicitation": able }), json!({})).await;
        assert_eq!(answer["resultType"], "input_required", "{able}");
    }
    for unable in [
        json!({}),
        json!({ "sampling": {}, "form": {} }),
        json!({ "elicitation": { "url": {} } }),
        json!({ "elicitation": { "form": null } }),
        json!({ "elicitation": null }),
        json!({ "elicitation": true }),
    ] {
        assert_eq!(trip.get_able(unable.clone(), json!({})).await["code"], -32602, "{unable}");
    }
    assert_snapshot!(trip.get_able(json!({}), json!({})).await, @r#"{"code":-32602,"message":"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`"}"#);
}

#[tokio::test]
async fn no_form_mends_an_unknown_argument() {
    let trip = Trip::new().await;
    assert_snapshot!(trip.get(json!({ "arguments": { "city": "Oslo", "dayz": "3" } })).await, @r#"{"code":-32602,"message":"missing required argument `days` (For how long); missing required argument `pace`; unknown argument `dayz`, did you mean `days`?"}"#);
}

#[tokio::test]
async fn the_handshake_revisions_do_not_ask_and_list_all_that_is_missing() {
    let trip = Trip::new().await;
    // Neither answers nor a state exist there.
    let answers = accept(&json!({ "city": "Oslo", "days": "3", "pace": "slow" }));
    let params = json!({ "name": "trip", "inputResponses": answers, "requestState": "x" });
    let get = async |version| trip.wire.handshake(version, "prompts/get", params.clone()).await.to_string();
    let answer = get(HANDSHAKE[0]).await;
    assert_snapshot!(answer, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"missing required argument `city` (Where to go); missing required argument `days` (For how long); missing required argument `pace`"}}"#);
    for version in &HANDSHAKE[1..] {
        assert_eq!(get(version).await, answer);
    }
}

// --- Tools ---

#[tokio::test]
async fn tools_are_listed_with_their_schemas() {
    let wire = server().await;
    let handshake = wire.handshake("2025-06-18", "tools/list", json!({})).await.json();
    assert_json_snapshot!("tools_list", handshake["result"]);
    assert_eq!(wire.modern("tools/list", json!({})).await.json()["result"]["tools"], handshake["result"]["tools"]);
}

/// The result of one tool call, whose arguments are JSON text so that numbers stay as written.
async fn call(wire: &Wire, name: &str, arguments: &str) -> String {
    let params = format!(r#"{{"name":"{name}","arguments":{arguments}}}"#);
    let answer = wire.post(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    body.get("result").unwrap_or(&body["error"]).to_string()
}

#[tokio::test]
async fn the_calculator_is_exact_on_64_bit_integers() {
    let wire = server().await;
    assert_snapshot!(call(&wire, "add", r#"{"a":2,"b":3}"#).await, @r#"{"content":[{"type":"text","text":"{\"result\":5}"}],"structuredContent":{"result":5},"isError":false}"#);
    for (name, arguments, result) in [
        ("add", r#"{"a":9007199254740993,"b":2}"#, "9007199254740995"),
        ("add", r#"{"a":9223372036854775807,"b":-9223372036854775808}"#, "-1"),
        ("add", r#"{"a":-9223372036854775807,"b":-1}"#, "-9223372036854775808"),
        ("multiply", r#"{"a":3037000499,"b":3037000499}"#, "9223372030926249001"),
        ("multiply", r#"{"a":-9223372036854775808,"b":1}"#, "-9223372036854775808"),
        ("multiply", r#"{"a":0,"b":9223372036854775807}"#, "0"),
        ("add", r#"{"a":2.0,"b":4e1}"#, "42"),
    ] {
        let expected = format!(r#""structuredContent":{{"result":{result}}},"isError":false}}"#);
        let answer = call(&wire, name, arguments).await;
        assert!(answer.ends_with(&expected), "{name} {arguments}: {answer}");
    }
}

#[tokio::test]
async fn what_a_tool_cannot_use_is_a_result_that_the_model_can_act_on() {
    let wire = server().await;
    assert_snapshot!(call(&wire, "add", r#"{"a":2.5,"b":3}"#).await, @r#"{"content":[{"type":"text","text":"Invalid argument `a`: expected an integer, got 2.5."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "add", r#"{"a":"2","b":3}"#).await, @r#"{"content":[{"type":"text","text":"Invalid argument `a`: expected an integer, as a JSON number without quotes, got \"2\"."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "add", r#"{"a":null,"b":3}"#).await, @r#"{"content":[{"type":"text","text":"Invalid argument `a`: expected an integer, as a JSON number without quotes, got null."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "add", r#"{"b":3}"#).await, @r#"{"content":[{"type":"text","text":"Invalid arguments: missing field `a`."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "add", r#"{"a":2,"b":3,"c":4}"#).await, @r#"{"content":[{"type":"text","text":"Invalid argument `c`: unknown field `c`, expected `a` or `b`."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "add", r#"{"a":9223372036854775808,"b":0}"#).await, @r#"{"content":[{"type":"text","text":"Invalid argument `a`: expected a 64-bit integer, got 9223372036854775808."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "add", r#"{"a":9223372036854775807,"b":1}"#).await, @r#"{"content":[{"type":"text","text":"The sum 9223372036854775808 does not fit in a 64-bit integer (-9223372036854775808 to 9223372036854775807). Use smaller numbers."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "multiply", r#"{"a":9223372036854775807,"b":2}"#).await, @r#"{"content":[{"type":"text","text":"The product 18446744073709551614 does not fit in a 64-bit integer (-9223372036854775808 to 9223372036854775807). Use smaller numbers."}],"isError":true}"#);
    assert_snapshot!(call(&wire, "multiply", r#"{"a":1,"a":2,"b":3}"#).await, @r#"{"content":[{"type":"text","text":"Invalid arguments: duplicate field `a`."}],"isError":true}"#);
    let absent = wire.modern("tools/call", json!({ "name": "add" })).await;
    assert_eq!((absent.status.as_u16(), &absent.json()["result"]["isError"]), (200, &json!(true)));
}

#[tokio::test]
async fn an_unknown_tool_is_invalid_params() {
    let wire = server().await;
    assert_snapshot!(call(&wire, "ad", "{}").await, @r#"{"code":-32602,"message":"unknown tool `ad`, did you mean `add`?"}"#);
    assert_snapshot!(call(&wire, "add", "[]").await, @r#"{"code":-32602,"message":"params.arguments: must be an object"}"#);
    assert_snapshot!(wire.modern("tools/call", json!({ "name": "subtract" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown tool `subtract`"}}"#);
}

#[tokio::test]
async fn a_modern_tool_result_is_complete() {
    let params = json!({ "name": "add", "arguments": { "a": 2, "b": 3 } });
    assert_snapshot!(server().await.modern("tools/call", params).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"content":[{"type":"text","text":"{\"result\":5}"}],"structuredContent":{"result":5},"isError":false}}"#);
}

#[tokio::test]
async fn a_tool_may_ask_back_only_in_2026_07_28() {
    let ask = |call: ToolCall| async move {
        match call.input_responses.get("name") {
            Some(name) => Ok(ToolReply::Complete { content: vec![Content::text(name.to_string())], structured: None }),
            None => Ok(ToolReply::InputRequired {
                requests: json!({ "name": { "method": "elicitation/create" } })
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
                state: Some("s".to_owned()),
            }),
        }
    };
    let tool = Tool::with_reply("ask", "Asks back.", json!({ "type": "object" }), ask);
    let wire = Wire::new(Server::without_tools().tool(tool), GALLERY, &[]).await;
    assert_snapshot!(wire.modern("tools/call", json!({ "name": "ask" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"inputRequests":{"name":{"method":"elicitation/create"}},"requestState":"s"}}"#);
    let answered = json!({ "name": "ask", "inputResponses": { "name": "Ada" }, "requestState": "s" });
    assert_snapshot!(wire.modern("tools/call", answered).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"content":[{"type":"text","text":"\"Ada\""}],"isError":false}}"#);
    assert_snapshot!(wire.handshake("2025-11-25", "tools/call", json!({ "name": "ask" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"This tool asks for more input, which takes a client of MCP 2026-07-28."}],"isError":true}}"#);
}

#[tokio::test]
async fn a_tool_may_require_a_capability_and_refuse_a_call() {
    let tool = |name: &str, error: ToolError| {
        Tool::with_reply(name, "Fails.", json!({ "type": "object" }), move |_| std::future::ready(Err(error.clone())))
    };
    let server = Server::without_tools()
        .tool(tool("sample", ToolError::MissingCapability(json!({ "sampling": {} }))))
        .tool(tool("forged", ToolError::InvalidParams("the request state is forged".to_owned())));
    let wire = Wire::new(server, GALLERY, &[]).await;
    assert_snapshot!(wire.modern("tools/call", json!({ "name": "sample" })).await, @r#"400 {"jsonrpc":"2.0","id":1,"error":{"code":-32021,"message":"the client lacks a capability that this tool needs","data":{"requiredCapabilities":{"sampling":{}}}}}"#);
    assert_snapshot!(wire.handshake("2025-11-25", "tools/call", json!({ "name": "sample" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"This tool needs a client of MCP 2026-07-28."}],"isError":true}}"#);
    assert_snapshot!(wire.modern("tools/call", json!({ "name": "forged" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"the request state is forged"}}"#);
}

#[tokio::test]
async fn a_panic_is_one_failed_request() {
    let tool = Tool::with_reply("panic", "Panics.", json!({ "type": "object" }), |_| async { panic!("a bug") });
    let wire = Wire::new(Server::new().tool(tool), GALLERY, &[]).await;
    let answer = wire.modern("tools/call", json!({ "name": "panic" })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (200, &json!(-32603)));
    assert_eq!(answer.json()["error"]["message"], "internal error");
    assert_eq!(answer.json()["id"], 1);
    assert!(!answer.body.contains("a bug"));
    assert!(call(&wire, "add", r#"{"a":1,"b":1}"#).await.contains(r#""result":2"#));
}

#[tokio::test]
async fn a_tool_that_cannot_be_served_is_refused_at_the_start() {
    let object = json!({ "type": "object" });
    let mirrored = |property: Value| json!({ "type": "object", "properties": { "x": property } });
    let reply = |_| async { Ok(ToolReply::Complete { content: Vec::new(), structured: None }) };
    for (name, schema, problem) in [
        ("two words", object.clone(), "a name has 1 to 128"),
        ("add", object.clone(), "registered twice"),
        ("text", json!({ "type": "string" }), "a schema is of type object"),
        ("token", mirrored(json!({ "type": "string", "x-mcp-header": "a b" })), "must be a header name"),
        ("float", mirrored(json!({ "type": "number", "x-mcp-header": "X" })), "stands on strings"),
        ("items", mirrored(json!({ "items": { "type": "string", "x-mcp-header": "X" } })), "no chain of `properties`"),
    ] {
        let server = Server::new().tool(Tool::with_reply(name, "Refused.", schema, reply));
        let error = server.app(&wire::config(GALLERY, &[])).expect_err("refused").to_string();
        assert!(error.starts_with(&format!("tool `{name}`: ")) && error.contains(problem), "{error}");
    }
}

// --- Resources ---

#[tokio::test]
async fn there_are_no_resources() {
    let wire = server().await;
    assert_snapshot!(wire.handshake("2025-06-18", "resources/list", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resources":[]}}"#);
    assert_snapshot!(wire.handshake("2025-06-18", "resources/templates/list", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resourceTemplates":[]}}"#);
    assert_snapshot!(wire.modern("resources/list", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"resources":[]}}"#);
    let read = wire.modern_with("resources/read", json!({ "uri": "x://y" }), &[("mcp-name", "x://y")]).await;
    assert_eq!((read.status.as_u16(), &read.json()["error"]["code"]), (404, &json!(-32601)));
}

// --- HTTP ---

#[tokio::test]
async fn other_methods_than_post_are_405() {
    let wire = server().await;
    for method in [Method::GET, Method::DELETE, Method::PUT, Method::PATCH] {
        let answer = wire.send(method, "/mcp", &[("accept", "text/event-stream")], "").await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers["allow"], "POST");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    assert_snapshot!(wire.send(Method::GET, "/mcp", &[], "").await, @r#"405 {"jsonrpc":"2.0","error":{"code":-32600,"message":"this server has no streams and no sessions: send a POST"}}"#);
}

#[tokio::test]
async fn health_is_200_and_other_paths_are_404() {
    let wire = server().await;
    assert_snapshot!(wire.send(Method::GET, "/health", &[], "").await, @"200 ok");
    assert_snapshot!(wire.send(Method::GET, "/", &[], "").await, @"404 Not found. The MCP endpoint is /mcp.");
    assert_eq!(wire.send(Method::POST, "/health", &[], "").await.status, 405);
    assert_eq!(wire.send(Method::GET, "/.well-known/oauth-protected-resource", &[], "").await.status, 404);
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[tokio::test]
async fn a_wrong_content_type_is_415() {
    let wire = server().await;
    for content_type in ["text/plain", "application/jsonp", "", "application/x-www-form-urlencoded"] {
        let answer = wire.send(Method::POST, "/mcp", &[("content-type", content_type)], PING).await;
        assert_eq!(answer.status, 415, "{content_type}");
    }
    assert_snapshot!(wire.send(Method::POST, "/mcp", &[], PING).await, @r#"415 {"jsonrpc":"2.0","error":{"code":-32600,"message":"the Content-Type must be application/json"}}"#);
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(wire.send(Method::POST, "/mcp", &[("content-type", content_type)], PING).await.status, 200);
    }
}

#[tokio::test]
async fn a_body_over_1_mib_is_413() {
    let wire = server().await;
    let padded = |length: usize| format!("{PING}{}", " ".repeat(length - PING.len()));
    assert_eq!(wire.post(&padded(1024 * 1024)).await.status, 200);
    assert_snapshot!(wire.post(&padded(1024 * 1024 + 1)).await, @r#"413 {"jsonrpc":"2.0","error":{"code":-32600,"message":"the body is longer than 1 MiB"}}"#);
    let claimed = [("content-type", "application/json"), ("content-length", "2000000")];
    assert_eq!(wire.send(Method::POST, "/mcp", &claimed, PING).await.status, 413);
}

#[tokio::test]
async fn a_foreign_origin_or_host_is_403() {
    let wire = Wire::new(
        Server::new(),
        GALLERY,
        &[("ALLOWED_ORIGINS", "https://app.example.com"), ("ALLOWED_HOSTS", "gallery.example.com")],
    )
    .await;
    let status = async |name: &str, value: &str| {
        let headers = [("content-type", "application/json"), (name, value)];
        wire.send(Method::POST, "/mcp", &headers, PING).await.status.as_u16()
    };
    for origin in ["http://localhost:6274", "http://127.0.0.1", "https://app.example.com", "http://[::1]:3000"] {
        assert_eq!(status("origin", origin).await, 200, "{origin}");
    }
    for origin in ["https://evil.example.com", "null", "http://localhost.evil.com", "http://app.example.com", "x"] {
        assert_eq!(status("origin", origin).await, 403, "{origin}");
    }
    for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "gallery.example.com", "gallery.example.com:443"] {
        assert_eq!(status("host", host).await, 200, "{host}");
    }
    for host in ["evil.example.com", "localhost.evil.com", "gallery.example.com.evil.com", "127.0.0.1.evil.com"] {
        assert_eq!(status("host", host).await, 403, "{host}");
    }
    let headers = [("content-type", "application/json"), ("origin", "https://evil.example.com")];
    assert_snapshot!(wire.send(Method::POST, "/mcp", &headers, PING).await, @r#"403 {"jsonrpc":"2.0","error":{"code":-32600,"message":"this Origin is not allowed; ALLOWED_ORIGINS lists more"}}"#);
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_the_answer() {
    let wire = server().await;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,mcp-method,mcp-param-region"),
        ];
        wire.send(Method::OPTIONS, "/mcp", &headers, "").await.headers
    };
    let allowed = preflight("http://localhost:6274").await;
    assert_eq!(allowed["access-control-allow-origin"], "http://localhost:6274");
    assert_eq!(allowed["access-control-allow-headers"], "content-type,mcp-method,mcp-param-region");
    assert!(preflight("https://evil.example.com").await.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn a_session_id_is_ignored() {
    let headers = [("content-type", "application/json"), ("mcp-session-id", "abc"), ("last-event-id", "7")];
    let answer = server().await.send(Method::POST, "/mcp", &headers, PING).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers.get("mcp-session-id").is_none());
}

// --- The store is down ---

/// A store whose bucket cannot be reached.
struct Down;

#[async_trait]
impl PromptStore for Down {
    async fn list(&self) -> Result<Vec<Object>, StoreError> {
        Err(StoreError::Unavailable("s3://secret-bucket: connection refused".to_owned()))
    }

    async fn get(&self, object: &Object) -> Result<Bytes, StoreError> {
        Err(StoreError::NotFound(object.key.clone()))
    }

    fn location(&self) -> String {
        "s3://secret-bucket/".to_owned()
    }
}

#[tokio::test]
async fn an_outage_says_only_that_the_store_is_unavailable_and_tools_go_on() {
    let config = wire::config(GALLERY, &[]);
    let gallery = Gallery::new(Arc::new(Down), config.cache_ttl, config.page_size);
    let mcp = Server::new().protocol(Arc::new(gallery)).expect("a server");
    let post = async |body: &str| {
        let headers = http::HeaderMap::new();
        let post = Post { headers: &headers, body: body.as_bytes(), request_id: "r-1", claims: None };
        let reply = mcp.handle(post).await;
        assert!(reply.record.cause.is_none_or(|cause| cause.contains("connection refused")));
        format!("{} {}", reply.status.as_u16(), String::from_utf8_lossy(&reply.body))
    };
    assert_snapshot!(post(r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"prompt store unavailable","data":{"requestId":"r-1"}}}"#);
    let get = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"hello"}}"#;
    assert_snapshot!(post(get).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"prompt store unavailable","data":{"requestId":"r-1"}}}"#);
    let add = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":1}}}"#;
    assert!(post(add).await.contains(r#"{"result":2}"#));
}
