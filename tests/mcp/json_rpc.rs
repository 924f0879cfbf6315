//! JSON-RPC: valid and invalid messages, and their answers.

use http::Method;
use insta::assert_snapshot;
use serde_json::json;

use crate::server;

#[tokio::test]
async fn text_that_is_not_json_is_a_parse_error_without_an_id() {
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
async fn json_that_is_not_a_request_is_an_invalid_request_without_an_id() {
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
    assert_snapshot!(wire.post(bodies[1]).await, @r#"400 {"jsonrpc":"2.0","error":{"code":-32600,"message":"not a JSON-RPC request: a message is one JSON object, not a batch"}}"#);
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
