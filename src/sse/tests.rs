//! Tools that report progress, and tokens, on real sockets. `tests/program` has the streams of changed lists.

use std::future::pending;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures_util::stream;
use gallery::{Content, Gallery};
use http::HeaderMap;
use serde_json::{Value, json};
use server::auth::{Claims, Refusal, TokenVerifier};
use server::config::Flags;
use server::tools::{Tool, ToolCall, ToolError, ToolReply, Tools};
use store::DirStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::*;
use crate::live::Watched;
use crate::open::Folders;
use crate::port::Limits;

/// Longer than any event takes.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
const EVENTS: &str = "Accept: application/json, text/event-stream\r\n";

/// Reports three steps, pauses between them if the arguments say so, and fails at last if they say so.
async fn steps(call: ToolCall) -> Result<ToolReply, ToolError> {
    let arguments: Value = call.arguments()?;
    for step in 0..3 {
        call.progress.report(f64::from(step), Some(2.0), "Stepping");
        if arguments["pauses"] == true {
            sleep(PAUSE).await;
        }
    }
    let progress = call.progress.clone();
    tokio::spawn(async move {
        sleep(PAUSE).await;
        progress.report(3.0, None, "Too late");
    });
    if arguments["fails"] == true {
        return Err(ToolError::InvalidParams("no".to_owned()));
    }
    Ok(ToolReply::Complete { content: vec![Content::text("Stepped.")], structured: None })
}

/// Reports one step, and says on the channel when it is dropped.
fn endless(dropped: watch::Sender<bool>) -> Tool {
    struct Dropped(watch::Sender<bool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.send_replace(true);
        }
    }
    Tool::with_reply("endless", "Never ends.", json!({ "type": "object" }), move |call| {
        let dropped = Dropped(dropped.clone());
        async move {
            let _dropped = dropped;
            call.progress.report(1.0, None, "");
            pending().await
        }
    })
}

/// Takes a bearer token as the time in seconds when it expires.
struct Expiry;

#[async_trait]
impl TokenVerifier for Expiry {
    async fn verify(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal> {
        let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let expires = token.and_then(|token| token.parse::<u64>().ok());
        Ok(expires.map(|expires| Claims(json!({ "sub": "ada", "exp": expires }).as_object().expect("one").clone())))
    }
}

/// A server on a port, gone with its runtime.
struct Local {
    address: String,
    cancelled: watch::Receiver<bool>,
    _dir: TempDir,
}

impl Local {
    async fn start(verifier: Verifier) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let flags = Flags { dir: Some(dir.path().into()), ..Flags::default() };
        let config = Config::new(flags, |_| None).expect("settings");
        let store = Arc::new(DirStore::open(dir.path()).expect("a folder"));
        let gallery = Arc::new(Gallery::new(store, config.cache_ttl, config.page_size));
        let (is_dropped, cancelled) = watch::channel(false);
        let steps = Tool::with_reply("steps", "Steps.", json!({ "type": "object" }), steps);
        let tools = Tools::new(vec![steps, endless(is_dropped)]).expect("tools");
        let mcp = Arc::new(Mcp::new(Arc::clone(&gallery), tools).configured(&config).with_live_lists());
        let lists = Arc::new(Lists::default());
        let app = Streams::new(Arc::clone(&mcp), Arc::clone(&lists), 1024).app(&config, verifier);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move { Watched { gallery, mcp, folders: Folders::default() }.report(&lists, None).await });
        tokio::spawn(crate::port::serve(app, listener, Limits::new(1024), pending()));
        Self { address, cancelled, _dir: dir }
    }

    async fn send(&self, request: &str, headers: &str, body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(&self.address).await.expect("a connection");
        let (address, length) = (&self.address, body.len());
        let head = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
        let text = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        socket.write_all(text.as_bytes()).await.expect("a request");
        socket
    }

    /// The whole answer: its head, and its messages.
    async fn ask(&self, request: &str, headers: &str, body: &str) -> (String, Vec<Value>) {
        let mut socket = self.send(request, headers, body).await;
        let mut answer = String::new();
        timeout(PATIENCE, socket.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let is_stream = head.contains("content-type: text/event-stream");
        let messages = body.lines().filter_map(|line| if is_stream { line.strip_prefix("data: ") } else { Some(line) });
        (head.to_owned(), messages.filter_map(|message| serde_json::from_str(message).ok()).collect())
    }

    /// Calls `steps` as a client of 2026-07-28, or of a handshake revision.
    async fn call(
        &self,
        is_modern: bool,
        accept: &str,
        token: Option<Value>,
        arguments: Value,
    ) -> (String, Vec<Value>) {
        let (mut meta, mut headers) = (json!({}), format!("{accept}Content-Type: application/json\r\n"));
        if is_modern {
            meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
            headers += "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: steps\r\n";
        }
        if let Some(token) = token {
            meta["progressToken"] = token;
        }
        let params = json!({ "name": "steps", "arguments": arguments, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
        self.ask("POST /mcp", &headers, &body.to_string()).await
    }
}

fn report(token: &Value, progress: f64) -> Value {
    let params = json!({ "progressToken": token, "progress": progress, "total": 2.0, "message": "Stepping" });
    json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
}

#[tokio::test]
async fn a_call_with_progress_is_a_stream_that_ends_with_the_response() {
    let local = Local::start(Verifier::None).await;
    for is_modern in [true, false] {
        for pauses in [true, false] {
            for token in [json!("t"), json!(5)] {
                let arguments = json!({ "pauses": pauses });
                let (head, messages) = local.call(is_modern, EVENTS, Some(token.clone()), arguments).await;
                assert!(head.starts_with("HTTP/1.1 200") && head.contains("x-accel-buffering: no"), "{head}");
                let (response, reports) = messages.split_last().expect("messages");
                assert_eq!(reports, [0.0, 1.0, 2.0].map(|progress| report(&token, progress)));
                assert_eq!(response["id"], 7);
                assert_eq!(response["result"]["content"][0]["text"], "Stepped.");
            }
        }
    }
}

#[tokio::test]
async fn an_error_after_progress_ends_the_stream_too() {
    let local = Local::start(Verifier::None).await;
    let (_, messages) = local.call(true, EVENTS, Some("t".into()), json!({ "fails": true })).await;
    assert_eq!((messages.len(), &messages[3]["error"]["code"]), (4, &json!(-32602)));
}

#[tokio::test]
async fn a_client_that_asks_for_no_progress_or_takes_no_stream_gets_json() {
    let local = Local::start(Verifier::None).await;
    for (accept, token) in [
        (EVENTS, None),
        ("", Some(json!("t"))),
        ("Accept: */*\r\n", Some(json!("t"))),
        ("Accept: application/json\r\n", Some(json!("t"))),
        // A token is a string or an integer.
        (EVENTS, Some(json!({ "a": 1 }))),
        (EVENTS, Some(Value::Null)),
    ] {
        let (head, messages) = local.call(true, accept, token, json!({})).await;
        assert!(head.contains("content-type: application/json"), "{accept}: {head}");
        assert_eq!((messages.len(), &messages[0]["id"]), (1, &json!(7)));
    }
}

#[tokio::test]
async fn a_subscription_with_a_progress_token_is_a_subscription() {
    let local = Local::start(Verifier::Tokens(Arc::new(Expiry))).await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}, "progressToken": 1
    });
    let params = json!({ "_meta": meta, "notifications": { "promptsListChanged": true, "toolsListChanged": true } });
    let body = json!({ "jsonrpc": "2.0", "id": "l", "method": "subscriptions/listen", "params": params }).to_string();
    let headers = format!(
        "{EVENTS}Content-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n"
    );
    let (head, _) = local.ask("POST /mcp", &headers, &body).await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    // The stream ends, as it began, with the token.
    let authorized = format!("{headers}Authorization: Bearer {}\r\n", now() + 1);
    let (_, messages) = local.ask("POST /mcp", &authorized, &body).await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[0]["method"], "notifications/subscriptions/acknowledged");
    assert_eq!((&messages[1]["id"], &messages[1]["result"]["resultType"]), (&json!("l"), &json!("complete")));
}

#[tokio::test]
async fn a_get_needs_a_token_and_ends_with_it() {
    let local = Local::start(Verifier::Tokens(Arc::new(Expiry))).await;
    let (head, _) = local.ask("GET /mcp", "Accept: text/event-stream\r\n", "").await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    let authorized = format!("Accept: text/event-stream\r\nAuthorization: Bearer {}\r\n", now() + 1);
    let (head, messages) = local.ask("GET /mcp", &authorized, "").await;
    assert!(head.starts_with("HTTP/1.1 200") && messages.is_empty(), "{head}, {messages:?}");
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_call() {
    let mut local = Local::start(Verifier::None).await;
    let params = json!({ "name": "endless", "_meta": { "progressToken": 1 } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let headers = format!("{EVENTS}Content-Type: application/json\r\n");
    let mut socket = local.send("POST /mcp", &headers, &body.to_string()).await;
    let mut read = String::new();
    while !read.contains("notifications/progress") {
        let mut some = [0; 1024];
        let count = timeout(PATIENCE, socket.read(&mut some)).await.expect("in time").expect("an answer");
        read += std::str::from_utf8(&some[..count]).expect("UTF-8");
    }
    assert!(!*local.cancelled.borrow());
    drop(socket);
    timeout(PATIENCE, local.cancelled.wait_for(|is_cancelled| *is_cancelled)).await.expect("in time").expect("a tool");
}

#[tokio::test]
async fn a_silent_stream_has_comments() {
    let silent = response_kept_alive(stream::pending(), Duration::from_millis(1));
    let mut chunks = silent.into_body().into_data_stream();
    for _ in 0..3 {
        let chunk = timeout(PATIENCE, chunks.next()).await.expect("in time").expect("a chunk").expect("bytes");
        assert_eq!(chunk, ":\n\n");
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
