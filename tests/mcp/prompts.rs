//! Prompts: the list, its pages, a rendering, completions, and their errors.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use gallery::Gallery;
use insta::{assert_json_snapshot, assert_snapshot};
use prompt_gallery::Server;
use serde_json::{Value, json};
use server::mcp::{Mcp, Post};
use server::tools::{Tools, calculator};
use store::{Object, PromptStore, StoreError};

use crate::wire::Wire;
use crate::{GALLERY, server, server_of, wire};

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
    // Broken prompts make a page shorter; the walk goes on.
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
    assert_snapshot!(get(json!({ "count": "many", "ratio": "NaN", "loud": "yes", "size": "XL" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"argument `count` must be a whole number such as 42, not \"many\"; argument `ratio` must be a number such as 2.5, not \"NaN\"; argument `loud` must be true or false, not \"yes\"; argument `size` must be one of S, M, 10, not \"XL\""}}"#);
    assert_snapshot!(get(json!({ "count": 3 })).await, @r#"200 {"jsonrpc":"2.0","id":1,"result":{"messages":[{"role":"user","content":{"type":"text","text":"3 kg at 0.5"}}]}}"#);
    assert_snapshot!(get(json!({ "count": " ", "ratio": null })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"missing required argument `count` (how many)"}}"#);
    assert_snapshot!(get(json!({ "count": "3", "rato": "1", "zzz": "1" })).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown argument `rato`, did you mean `ratio`?; unknown argument `zzz`: this prompt has count, ratio, loud, note, size"}}"#);
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
    assert_snapshot!(wire.modern("completion/complete", resource).await, @r#"200 {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"only the arguments of prompts are completed: `ref` must be a `ref/prompt`"}}"#);
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
    let mcp = Mcp::new(Arc::new(gallery), Tools::new(vec![calculator::add()]).expect("tools"));
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
