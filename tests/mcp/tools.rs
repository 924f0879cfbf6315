//! Tools: the list, the calculator, tools of one's own; and that there are no resources.

use insta::{assert_json_snapshot, assert_snapshot};
use prompt_gallery::{Content, Server, Tool, ToolCall, ToolError, ToolReply};
use serde_json::{Value, json};

use crate::wire::Wire;
use crate::{GALLERY, call, server, wire};

#[tokio::test]
async fn tools_are_listed_with_their_schemas() {
    let wire = server().await;
    let handshake = wire.handshake("2025-06-18", "tools/list", json!({})).await.json();
    assert_json_snapshot!("tools_list", handshake["result"]);
    assert_eq!(wire.modern("tools/list", json!({})).await.json()["result"]["tools"], handshake["result"]["tools"]);
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
async fn a_wrong_argument_of_a_tool_is_a_result_that_the_model_can_act_on() {
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
    assert_snapshot!(wire.handshake("2025-11-25", "tools/call", json!({ "name": "ask" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"This tool asks for more input, which needs a client of MCP 2026-07-28."}],"isError":true}}"#);
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
        ("float", mirrored(json!({ "type": "number", "x-mcp-header": "X" })), "is only allowed on strings"),
        (
            "items",
            mirrored(json!({ "items": { "type": "string", "x-mcp-header": "X" } })),
            "is only allowed on parameters that",
        ),
    ] {
        let server = Server::new().tool(Tool::with_reply(name, "Refused.", schema, reply));
        let error = server.app(&wire::config(GALLERY, &[])).expect_err("refused").to_string();
        assert!(error.starts_with(&format!("tool `{name}`: ")) && error.contains(problem), "{error}");
    }
}
