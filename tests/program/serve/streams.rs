//! Server-sent events on real sockets: the streams of changed lists.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rmcp::model::{ClientConfig, ServerNotification, SubscriptionFilter};
use rmcp::service::SubscriptionEnd;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientLifecycleMode, ClientServiceExt};
use serde_json::{Value, json};

use super::Program;
use crate::s3::S3Server;
use crate::waiting::PATIENCE;
use crate::{TALK, folder, name, s3_env};

const ACCEPT: &str = "Accept: application/json, text/event-stream\r\n";
const EVENTS: &str = "Accept: text/event-stream\r\n";
const PROMPTS: &str = "notifications/prompts/list_changed";
const TOOLS: &str = "notifications/tools/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";
const TOOL: &str = "---\ndescription: Plans a trip.\ntool: true\ninput: {schema: {city: string}}\n---\nPlan {{city}}";

/// An answer that may go on.
struct Stream {
    reader: BufReader<TcpStream>,
    /// The status line and the headers.
    head: String,
}

impl Stream {
    fn open(program: &Program, request: &str, headers: &str, body: &str) -> Self {
        let mut socket = TcpStream::connect(program.host()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let (host, length) = (program.host(), body.len());
        write!(socket, "{request} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut reader = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        Self { reader, head: head.to_lowercase() }
    }

    /// `subscriptions/listen` as a well-made client sends it.
    fn listen(program: &Program, id: &str, filter: &Value) -> Self {
        Self::listen_with(program, id, filter, ACCEPT)
    }

    fn listen_with(program: &Program, id: &str, filter: &Value, accept: &str) -> Self {
        let method = "subscriptions/listen";
        let headers = format!(
            "{accept}Content-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n"
        );
        let params = json!({ "_meta": meta(), "notifications": filter });
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        Self::open(program, "POST /mcp", &headers, &body.to_string())
    }

    /// The stream of a client of a handshake revision.
    fn get(program: &Program, headers: &str) -> Self {
        Self::open(program, "GET /mcp", headers, "")
    }

    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// The next message; `None` at the end.
    fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).expect("a message in time");
            match line.trim_end().split_once(": ") {
                Some(("data", message)) => return Some(serde_json::from_str(message).unwrap()),
                // A chunk of no length ends the stream.
                None if line.is_empty() || line == "0\r\n" => return None,
                _ => {}
            }
        }
    }

    fn method(&mut self) -> String {
        self.next().expect("a message")["method"].as_str().expect("a notification").to_owned()
    }

    /// Fails if a message comes for a while.
    fn says_nothing(&mut self) {
        self.reader.get_ref().set_read_timeout(Some(Duration::from_millis(700))).unwrap();
        let mut line = String::new();
        while self.reader.read_line(&mut line).is_ok() {
            assert!(!line.contains("data:"), "{line}");
        }
        self.reader.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}
    })
}

fn told(method: &str, subscription: &str) -> Value {
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": subscription });
    json!({ "jsonrpc": "2.0", "method": method, "params": { "_meta": meta } })
}

fn all() -> Value {
    json!({ "promptsListChanged": true, "toolsListChanged": true })
}

#[test]
fn a_subscription_is_acknowledged_first_and_then_told_of_the_lists_of_its_filter() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let program = Program::start(name(dir.path()), "127.0.0.1:0");
    let filter =
        json!({ "promptsListChanged": true, "toolsListChanged": true, "resourceSubscriptions": ["file:///a"] });
    let mut both = Stream::listen(&program, "b", &filter);
    assert_eq!(both.status(), "200");
    for header in ["content-type: text/event-stream\r\n", "cache-control: no-cache\r\n", "x-accel-buffering: no\r\n"] {
        assert!(both.head.contains(header), "{}", both.head);
    }
    let mut acknowledged = told("notifications/subscriptions/acknowledged", "b");
    acknowledged["params"]["notifications"] = all();
    assert_eq!(both.next(), Some(acknowledged));
    let mut tools = Stream::listen(&program, "t", &json!({ "toolsListChanged": true }));
    tools.next();
    fs::write(dir.path().join("new.hbs"), "New").unwrap();
    assert_eq!(both.next(), Some(told(PROMPTS, "b")));
    fs::write(dir.path().join("trip.prompt"), TOOL).unwrap();
    assert_eq!(both.next(), Some(told(PROMPTS, "b")));
    assert_eq!(both.next(), Some(told(TOOLS, "b")));
    // The prompt that is no tool was not told here.
    assert_eq!(tools.next(), Some(told(TOOLS, "t")));
    // The list has what was told.
    assert!(program.post(r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#).contains("\"trip\""));
}

#[test]
fn a_get_is_a_stream_for_the_handshake_revisions() {
    let dir = folder(&[("talk.prompt", TALK)]);
    // Otherwise each change of a prompt is one of the resources too.
    let program = Program::start_with(name(dir.path()), "127.0.0.1:0", &[("PAGE_SOURCE", "off")]);
    let versions =
        ["2025-11-25", "2025-06-18", "2025-03-26"].map(|version| format!("MCP-Protocol-Version: {version}\r\n"));
    let mut streams: Vec<_> = versions
        .iter()
        .map(String::as_str)
        .chain([""])
        .map(|v| Stream::get(&program, &format!("{EVENTS}{v}")))
        .collect();
    fs::write(dir.path().join("trip.prompt"), TOOL).unwrap();
    for stream in &mut streams {
        assert!(stream.head.contains("content-type: text/event-stream\r\n"), "{}", stream.head);
        assert_eq!(stream.next(), Some(json!({ "jsonrpc": "2.0", "method": PROMPTS })));
        assert_eq!(stream.next(), Some(json!({ "jsonrpc": "2.0", "method": TOOLS })));
    }
    // Files that no list shows.
    fs::write(dir.path().join("notes.txt"), "Notes").unwrap();
    fs::write(dir.path().join("broken.prompt"), "{{#if}}").unwrap();
    program.logs("broken.prompt");
    streams[0].says_nothing();
}

#[test]
fn only_a_get_that_accepts_events_is_a_stream() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let refused = |request: &str, headers: &str, status: &str, says: &str| {
        let answer = program.send(&format!("{request} HTTP/1.1\r\nHost: {}\r\n{headers}", program.host()), "");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(says), "{answer}");
        assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
        assert_eq!(answer.contains("allow: GET, POST\r\n"), status == "405", "{answer}");
    };
    for accept in ["", "Accept: */*\r\n", "Accept: application/json\r\n", "Accept: text/event-stream;q=0\r\n"] {
        refused("GET /mcp", accept, "405", "send `Accept: text/event-stream`");
    }
    let with = |version: &str| format!("{EVENTS}MCP-Protocol-Version: {version}\r\n");
    refused("GET /mcp", &with("2026-07-28"), "405", "subscriptions/listen");
    refused("GET /mcp", &with("2024-11-05"), "400", "-32022");
    refused("DELETE /mcp", "", "405", "no sessions");
    refused("PUT /mcp", EVENTS, "405", "no sessions");
}

#[test]
fn a_subscription_needs_a_client_that_accepts_events() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let refused = Stream::listen_with(&program, "l", &all(), "Accept: application/json\r\n");
    assert_eq!(refused.status(), "406");
    for accept in ["", "Accept: */*\r\n", EVENTS, ACCEPT] {
        let mut stream = Stream::listen_with(&program, "l", &all(), accept);
        assert_eq!(stream.method(), "notifications/subscriptions/acknowledged", "{accept}");
    }
    // An error is no stream.
    let wrong = Stream::listen(&program, "l", &json!({ "promptsListChanged": "yes" }));
    assert!(wrong.status() == "200" && wrong.head.contains("content-type: application/json"), "{}", wrong.head);
}

#[test]
fn the_local_server_declares_the_lists_that_change() {
    let capabilities = |program: &Program| {
        let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
        let discover = json!({ "jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": { "_meta": meta() } });
        let modern = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: server/discover\r\n";
        [(initialize, ""), (discover, modern)].map(|(body, headers)| {
            let host = program.host();
            let head = format!("POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}");
            let answer = program.send(&head, &body.to_string());
            let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            answer["result"]["capabilities"].clone()
        })
    };
    let changing = json!({ "listChanged": true });
    let mut expected = json!({ "completions": {}, "prompts": changing, "resources": changing, "tools": changing });
    let mut extensions = json!({
        "io.modelcontextprotocol/skills": { "directoryRead": true },
        "io.modelcontextprotocol/ui": { "mimeTypes": ["text/html;profile=mcp-app"] },
    });
    let modern = |handshake: &Value, extensions: &Value| {
        let mut modern = handshake.clone();
        modern["extensions"] = extensions.clone();
        [handshake.clone(), modern]
    };
    assert_eq!(capabilities(&Program::start("prompts", "127.0.0.1:0")), modern(&expected, &extensions));
    let without = Program::start_with("prompts", "127.0.0.1:0", &[("PROMPT_TOOLS", "off")]);
    expected["tools"] = json!({});
    extensions.as_object_mut().unwrap().remove("io.modelcontextprotocol/ui");
    assert_eq!(capabilities(&without), modern(&expected, &extensions));
    let filter = json!({ "promptsListChanged": true, "toolsListChanged": true, "resourcesListChanged": true });
    let acknowledged = Stream::listen(&without, "l", &filter).next().unwrap();
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({ "promptsListChanged": true, "resourcesListChanged": true })
    );
}

#[test]
fn a_skill_that_comes_and_goes_is_a_change_of_the_resources() {
    let dir = folder(&[("prompts/talk.prompt", TALK), ("skills/refunds/SKILL.md", &skill("refunds"))]);
    let at = |path: &str| dir.path().join(path);
    let (prompts, skills) = (at("prompts"), at("skills"));
    let program =
        Program::start_with(name(&prompts), "127.0.0.1:0", &[("SKILLS_DIR", name(&skills)), ("PAGE_SOURCE", "off")]);
    let mut listen = Stream::listen(&program, "l", &json!({ "resourcesListChanged": true }));
    listen.next();
    let mut get = Stream::get(&program, EVENTS);
    fs::create_dir(at("skills/returns")).unwrap();
    fs::write(at("skills/returns/SKILL.md"), skill("returns")).unwrap();
    assert_eq!(listen.next(), Some(told(RESOURCES, "l")));
    assert_eq!(get.next(), Some(json!({ "jsonrpc": "2.0", "method": RESOURCES })));
    fs::remove_dir_all(at("skills/returns")).unwrap();
    assert_eq!(listen.next(), Some(told(RESOURCES, "l")));
    // A prompt that is no skill and shows no file is no resource.
    get.next();
    fs::write(at("prompts/new.hbs"), "New").unwrap();
    assert_eq!(get.method(), PROMPTS);
    listen.says_nothing();
}

#[test]
fn a_changed_file_is_a_change_of_the_resources_where_files_are_shown() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let program = Program::start(name(dir.path()), "127.0.0.1:0");
    let mut listen = Stream::listen(&program, "l", &json!({ "resourcesListChanged": true }));
    listen.next();
    fs::write(dir.path().join("broken.prompt"), "{{#if}}").unwrap();
    assert_eq!(listen.next(), Some(told(RESOURCES, "l")));
    fs::write(dir.path().join("broken.prompt"), "{{#if name}}").unwrap();
    assert_eq!(listen.next(), Some(told(RESOURCES, "l")));
    fs::write(dir.path().join("notes.txt"), "Notes").unwrap();
    listen.says_nothing();
}

fn skill(name: &str) -> String {
    format!("---\nname: {name}\ndescription: Handles {name}.\n---\n# {name}\n")
}

#[test]
fn a_change_right_after_the_beginning_of_a_stream_is_not_missed() {
    for round in 0..5 {
        let dir = folder(&[("talk.prompt", TALK)]);
        let program = Program::start(name(dir.path()), "127.0.0.1:0");
        let mut get = Stream::get(&program, EVENTS);
        fs::write(dir.path().join(format!("new-{round}.hbs")), "New").unwrap();
        assert_eq!(get.method(), PROMPTS);
        let mut listen = Stream::listen(&program, "l", &json!({ "promptsListChanged": true }));
        listen.next();
        fs::write(dir.path().join("other.hbs"), "Other").unwrap();
        assert_eq!(listen.method(), PROMPTS);
    }
}

#[test]
fn a_stopping_server_ends_its_streams() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let (mut get, mut listen) = (Stream::get(&program, EVENTS), Stream::listen(&program, "l", &all()));
    listen.next();
    let reading = thread::spawn(move || {
        assert_eq!(get.next(), None);
        let end = listen.next().unwrap();
        assert_eq!((&end["id"], &end["result"]["resultType"]), (&json!("l"), &json!("complete")));
        assert_eq!(end["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "l");
        assert_eq!(listen.next(), None);
    });
    let (code, log) = program.stop();
    reading.join().unwrap();
    assert_eq!(code, Some(0));
    for method in ["GET", "subscriptions/listen"] {
        let line = log.lines().find(|line| line.contains(&format!("rpc.method=\"{method}\""))).unwrap();
        assert!(line.contains("stream ended") && line.contains("ended_by=\"server\""), "{line}");
        assert_eq!(log.matches(&format!("rpc.method=\"{method}\"")).count(), 1, "{log}");
    }
}

#[test]
fn there_is_room_for_two_hundred_streams() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let mut streams: Vec<_> = (0..200).map(|_| Stream::get(&program, EVENTS)).collect();
    let refused = Stream::get(&program, EVENTS);
    assert!(refused.status() == "503" && refused.head.contains("\r\nretry-after: 30\r\n"), "{}", refused.head);
    assert_eq!(Stream::listen(&program, "l", &all()).status(), "503");
    // Requests are answered all the same.
    assert!(program.post(super::PING).contains("200 OK"));
    // A client that leaves makes room.
    streams.pop();
    let line = program.logs("stream ended");
    assert!(line.contains("ended_by=\"client\"") && line.contains("duration_ms="), "{line}");
    assert_eq!(Stream::get(&program, EVENTS).status(), "200");
}

#[test]
fn a_stream_passes_the_checks_of_a_request() {
    let program = Program::start("prompts", "127.0.0.1:0");
    let foreign = |head: &str| program.send(head, "").starts_with("HTTP/1.1 403 ");
    let host = program.host();
    assert!(foreign(&format!("GET /mcp HTTP/1.1\r\nHost: evil.example\r\n{EVENTS}")));
    assert!(foreign(&format!("GET /mcp HTTP/1.1\r\nHost: {host}\r\nOrigin: https://evil.example\r\n{EVENTS}")));
    // A page of an allowed origin may open one, as its preflight says.
    let page = Stream::get(&program, &format!("Origin: http://localhost:6274\r\n{EVENTS}"));
    assert!(page.head.contains("\r\naccess-control-allow-origin: http://localhost:6274\r\n"), "{}", page.head);
    let preflight = program.send(
        &format!(
            "OPTIONS /mcp HTTP/1.1\r\nHost: {host}\r\nOrigin: http://localhost:6274\r\nAccess-Control-Request-Method: GET\r\n"
        ),
        "",
    );
    assert!(preflight.contains("access-control-allow-methods: GET,POST\r\n"), "{preflight}");
}

#[tokio::test]
async fn a_bucket_is_listed_again_only_while_a_client_listens() {
    let s3 = S3Server::start().await;
    s3.put("prompts/talk.prompt", TALK);
    let endpoint = s3.endpoint();
    let mut env = s3_env(&endpoint).to_vec();
    env.push(("CACHE_TTL_SECONDS", "1"));
    let program = Program::start_at(&["--bucket", S3Server::BUCKET], "127.0.0.1:0", &env);
    let mut listen = Stream::listen(&program, "l", &all());
    listen.next();
    s3.put("prompts/new.prompt", "New");
    assert_eq!(listen.next(), Some(told(PROMPTS, "l")));
    s3.put("prompts/trip.prompt", TOOL);
    assert_eq!([listen.next(), listen.next()], [Some(told(PROMPTS, "l")), Some(told(TOOLS, "l"))]);
    drop(listen);
    program.logs("stream ended");
    let before = s3.requests();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(s3.requests().total <= before.total + 1);
}

#[tokio::test]
async fn the_official_rust_sdk_listens() {
    let dir = folder(&[("talk.prompt", TALK)]);
    let program = Program::start(name(dir.path()), "127.0.0.1:0");
    let transport = StreamableHttpClientTransport::from_uri(format!("http://{}/mcp", program.host()));
    let preferred_versions = vec![rmcp::model::ProtocolVersion::V_2026_07_28];
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions };
    let client = ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await.unwrap();
    let filter = SubscriptionFilter::builder().prompts_list_changed().build();
    let mut subscription = client.listen(filter).await.unwrap();
    fs::write(dir.path().join("new.hbs"), "New").unwrap();
    let next = tokio::time::timeout(PATIENCE, subscription.next()).await.expect("a notification in time").unwrap();
    assert!(matches!(next, Some(ServerNotification::PromptListChangedNotification(_))), "{next:?}");
    program.signal_to_stop();
    let end = tokio::time::timeout(PATIENCE, subscription.next()).await.expect("an end in time").unwrap();
    assert!(end.is_none() && matches!(subscription.end(), Some(SubscriptionEnd::Graceful(_))), "{subscription:?}");
}
