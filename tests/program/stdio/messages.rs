//! Messages in and out, one a line.

use serde_json::json;

use super::{Gallery, files, initialize, modern, names, notification, request};
use crate::s3::{Fault, S3Server};

#[test]
fn a_handshake_client_is_answered() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    let hello = gallery.ask(&initialize("2025-06-18", json!({})));
    assert_eq!(hello["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(hello["result"]["capabilities"]["prompts"], json!({ "listChanged": true }));
    gallery.send(&notification("notifications/initialized", json!({})));
    assert_eq!(gallery.ask(&request(1, "ping", json!({})))["result"], json!({}));
    assert_eq!(names(&gallery.ask(&request(2, "prompts/list", json!({})))), ["plain", "talk", "tone"]);
    let talk = gallery.ask(&request("t", "prompts/get", json!({ "name": "talk", "arguments": { "who": "Ada" } })));
    assert_eq!((&talk["id"], &talk["result"]["messages"][0]["content"]["text"]), (&json!("t"), &json!("Hello Ada")));
    assert_eq!(gallery.end().0, Some(0));
}

#[test]
fn a_modern_client_is_answered_without_headers() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    let discovered = gallery.ask(&modern(1, "server/discover", json!({})));
    assert_eq!(discovered["result"]["supportedVersions"][0], "2026-07-28");
    assert_eq!(discovered["result"]["capabilities"]["prompts"], json!({ "listChanged": true }));
    let list = gallery.ask(&modern(2, "prompts/list", json!({})));
    assert_eq!((names(&list), &list["result"]["resultType"]), (vec!["plain", "talk", "tone"], &json!("complete")));
    let talk = gallery.ask(&modern(3, "prompts/get", json!({ "name": "talk", "arguments": { "who": "Ada" } })));
    assert_eq!(talk["result"]["messages"][0]["content"]["text"], "Hello Ada");
    let sum = gallery.ask(&modern(4, "tools/call", json!({ "name": "add", "arguments": { "a": 2, "b": 3 } })));
    assert_eq!(sum["result"]["structuredContent"], json!({ "result": 5 }));
    let handshake = gallery.ask(&modern(5, "initialize", json!({})));
    assert_eq!(handshake["error"]["code"], -32601);
    let mut unknown = modern(6, "prompts/list", json!({}));
    unknown["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "1900-01-01".into();
    assert_eq!(gallery.ask(&unknown)["error"]["code"], -32022);
}

#[test]
fn both_eras_share_one_process() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    gallery.ask(&initialize("2025-11-25", json!({})));
    assert_eq!(gallery.ask(&modern(1, "server/discover", json!({})))["id"], 1);
    assert_eq!(gallery.ask(&request(2, "ping", json!({})))["result"], json!({}));
    // A script needs no handshake.
    let mut gallery = Gallery::over(&dir);
    assert_eq!(names(&gallery.ask(&request(1, "prompts/list", json!({})))).len(), 3);
}

#[test]
fn what_is_not_a_request_is_an_error_and_the_next_line_is_read() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    let long = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}", "x".repeat(1024 * 1024));
    let cases: [(&[u8], i32, &str); 7] = [
        (b"hello", -32700, "not JSON"),
        (b"{\"jsonrpc\":\"2.0\"", -32700, "not JSON"),
        (b"\xff\xfe", -32700, "not UTF-8"),
        (b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600, "a message is one JSON object"),
        (b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600, "`id`"),
        (b"{\"id\":1,\"method\":\"ping\"}", -32600, "`jsonrpc`"),
        (long.as_bytes(), -32600, "the line is longer than 1 MiB"),
    ];
    for (line, code, text) in cases {
        gallery.write(line);
        let answer = gallery.next();
        let shown = String::from_utf8_lossy(&line[..line.len().min(60)]);
        assert_eq!((&answer["error"]["code"], answer.get("id")), (&json!(code), None), "{shown}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(text), "{shown}: {answer}");
        assert_eq!(gallery.ask(&request(7, "ping", json!({})))["id"], 7, "after {shown}");
    }
}

#[test]
fn a_line_may_be_blank_or_end_as_on_windows() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    gallery.write("");
    gallery.write("  \r");
    gallery.write(request(1, "ping", json!({})).to_string() + "\r");
    assert_eq!(gallery.next()["id"], 1);
    gallery.says_nothing();
}

#[test]
fn a_notification_or_a_stray_answer_gets_no_answer() {
    let dir = files();
    let mut gallery = Gallery::over(&dir);
    for message in [
        notification("notifications/initialized", json!({})),
        notification("notifications/roots/list_changed", json!({})),
        notification("notifications/cancelled", json!({ "requestId": 99 })),
        notification("notifications/cancelled", json!({})),
        notification("no/such/method", json!({})),
        json!({ "jsonrpc": "2.0", "id": 4, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": "gallery-1", "error": { "code": -1, "message": "no" } }),
    ] {
        gallery.send(&message);
    }
    assert_eq!(gallery.ask(&request(1, "ping", json!({})))["id"], 1);
    gallery.says_nothing();
}

/// A gallery over a bucket that has answered once, and now answers no more.
async fn gallery_that_waits() -> (Gallery, S3Server) {
    let s3 = S3Server::start().await;
    s3.put("prompts/talk.prompt", crate::TALK);
    let endpoint = s3.endpoint();
    let mut env = crate::s3_env(&endpoint).to_vec();
    env.push(("CACHE_TTL_SECONDS", "0"));
    let mut gallery = Gallery::start_with(&["--bucket", S3Server::BUCKET], &env);
    gallery.ask(&request(0, "prompts/list", json!({})));
    s3.set_fault(Some(Fault::Hang));
    (gallery, s3)
}

#[tokio::test]
async fn a_slow_request_does_not_hold_up_the_next() {
    let (mut gallery, _s3) = gallery_that_waits().await;
    gallery.send(&modern("slow", "prompts/get", json!({ "name": "talk", "arguments": { "who": "Ada" } })));
    for id in 1..=300 {
        gallery.send(&request(id, "ping", json!({})));
    }
    let mut answered: Vec<_> = (1..=300).map(|_| gallery.next()["id"].as_i64().unwrap()).collect();
    answered.sort_unstable();
    assert_eq!(answered, (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cancelled_request_gets_no_answer() {
    let (mut gallery, _s3) = gallery_that_waits().await;
    gallery.send(&request("slow", "prompts/list", json!({})));
    // The same id, written differently.
    gallery.write(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"\u0073low"}}"#);
    assert_eq!(gallery.ask(&request(1, "ping", json!({})))["id"], 1);
    // Its id is free again, and the process does not wait for it.
    assert_eq!(gallery.ask(&request("slow", "ping", json!({})))["id"], "slow");
    let (code, messages, _) = gallery.end();
    assert_eq!((code, messages), (Some(0), vec![]));
}

#[tokio::test]
async fn the_id_of_a_request_under_way_is_refused() {
    let s3 = S3Server::start().await;
    let endpoint = s3.endpoint();
    s3.set_fault(Some(Fault::Hang));
    let mut gallery = Gallery::start_with(&["--bucket", S3Server::BUCKET], &crate::s3_env(&endpoint));
    gallery.send(&request(1, "prompts/list", json!({})));
    let refused = gallery.ask(&request(1, "ping", json!({})));
    assert_eq!((refused.get("id"), &refused["error"]["code"]), (None, &json!(-32600)));
}

#[test]
fn standard_output_has_messages_alone() {
    let dir = files();
    std::fs::write(dir.path().join("broken.prompt"), "---\n: [\n---\n{{#if}}").unwrap();
    let env = [("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")];
    let mut gallery = Gallery::start_with(&["--dir", crate::name(dir.path())], &env);
    gallery.ask(&initialize("2025-11-25", json!({})));
    for id in 1..20 {
        gallery.ask(&request(id, "prompts/list", json!({})));
        gallery.ask(&request(format!("b{id}"), "prompts/get", json!({ "name": "broken" })));
        gallery.write("not json");
        gallery.next();
    }
    let log = gallery.logs("rpc.method=\"prompts/get\"");
    assert!(log.contains("mcp.name=\"broken\"") && !log.contains("http.status"), "{log}");
    // The session knows the client.
    assert!(log.contains("client.name=\"test\" client.version=\"1\""), "{log}");
    let (code, messages, _) = gallery.end();
    assert_eq!((code, messages), (Some(0), vec![]));
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let dir = files();
    let mut gallery = Gallery::start_with(&["--dir", crate::name(dir.path())], &[("RUST_LOG", "trace")]);
    // A reader that has stopped: the pipe is full after some hundred lines.
    gallery.log = std::sync::mpsc::channel().1;
    for id in 0..3000 {
        assert_eq!(gallery.ask(&request(id, "ping", json!({})))["id"], id);
    }
    assert_eq!(gallery.end().0, Some(0));
}
