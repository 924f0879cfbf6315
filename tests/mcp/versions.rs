//! Versions: the handshake, the revisions without one, and the headers that mirror the body.

use http::Method;
use insta::assert_snapshot;
use prompt_gallery::{Content, Server, Tool, ToolReply};
use serde_json::json;

use crate::wire::{Wire, meta};
use crate::{GALLERY, HANDSHAKE, server};

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
    assert_snapshot!(answer, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{"completions":{},"prompts":{},"resources":{},"tools":{}},"serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"},"instructions":"The prompts of a team: list them, fill in their arguments and use what they render to. The tools calculate exactly on 64-bit integers. Without access to prompts, use the tools `search_prompts`, which finds prompts by words or tag and shows the arguments of each as JSON Schema, and `get_prompt`, which takes a name and `arguments` and returns the text of the prompt. When the user asks for a prompt of the team, or for a task that one of its prompts covers, get that prompt and follow its text as if the user had written it."}}"#);
}

#[tokio::test]
async fn initialize_without_a_version_is_invalid_params() {
    assert_snapshot!(server().await.handshake("2025-06-18", "initialize", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"params: missing field `protocolVersion`"}}"#);
}

#[tokio::test]
async fn discover_tells_versions_capabilities_and_the_servers_name() {
    assert_snapshot!(server().await.modern("server/discover", json!({})).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"prompt-gallery","title":"Prompt gallery","version":"0.1.0"}},"supportedVersions":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"],"capabilities":{"completions":{},"prompts":{},"resources":{},"tools":{},"extensions":{"io.modelcontextprotocol/skills":{"directoryRead":true},"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}}},"instructions":"The prompts of a team: list them, fill in their arguments and use what they render to. The tools calculate exactly on 64-bit integers. Without access to prompts, use the tools `search_prompts`, which finds prompts by words or tag and shows the arguments of each as JSON Schema, and `get_prompt`, which takes a name and `arguments` and returns the text of the prompt. When the user asks for a prompt of the team, or for a task that one of its prompts covers, get that prompt and follow its text as if the user had written it."}}"#);
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
async fn subscriptions_are_for_stdio_alone() {
    let wire = server().await;
    let filter = json!({ "notifications": { "promptsListChanged": true } });
    assert_snapshot!(
        wire.modern("subscriptions/listen", filter).await,
        @r#"404 {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method not found: subscriptions/listen"}}"#
    );
    let discovered = wire.modern("server/discover", json!({})).await.json();
    assert_eq!(discovered["result"]["capabilities"]["prompts"], json!({}));
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
