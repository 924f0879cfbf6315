//! The metrics of a running server: scraped, sent to a collector, and read by `usage`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use super::Program;
use crate::issuer::Issuer;
use crate::s3::{Fault, S3Server};
use crate::waiting::PATIENCE;
use crate::{Ran, folder, name, run_with, s3_env};

const SECRET: &str = "secret-argument";

impl Program {
    fn call(&self, method: &str, params: &Value) {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let answer = self.post(&body);
        assert!(answer.contains("jsonrpc"), "{answer}");
    }

    fn get_prompt(&self, name: &str) {
        self.call("prompts/get", &json!({ "name": name, "arguments": { "who": SECRET } }));
    }

    fn metrics(&self, query: &str) -> String {
        self.send(&format!("GET /metrics{query} HTTP/1.1\r\nHost: {}\r\n", self.host()), "")
    }
}

fn gallery() -> tempfile::TempDir {
    folder(&[
        ("hi.prompt", "Hello {{who}}!"),
        ("plain.prompt", "Nothing to fill in."),
        ("broken.prompt", "{{#if who}}no end"),
        ("unused.prompt", "Nobody asks for {{who}}."),
    ])
}

/// Requests of each kind.
fn use_it(program: &Program) {
    program.call("prompts/list", &json!({}));
    program.get_prompt("hi");
    program.get_prompt("hi");
    program.get_prompt("broken");
    // An argument that the prompt does not have.
    program.get_prompt("plain");
    program.get_prompt("nobody-knows-this");
    program.call("tools/call", &json!({ "name": "add", "arguments": { "a": 1, "b": 2 } }));
    program.call("tools/call", &json!({ "name": "add", "arguments": { "a": i64::MAX, "b": 1 } }));
    let same = json!({ "name": "get_prompt", "arguments": { "name": "hi", "arguments": { "who": SECRET } } });
    program.call("tools/call", &same);
    program.call("made/up", &json!({}));
}

/// The lines of these metrics.
fn lines<'t>(text: &'t str, metric: &str) -> Vec<&'t str> {
    let mut lines: Vec<_> = text.lines().filter(|line| line.starts_with(metric)).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_scrape_has_requests_errors_and_caches_and_no_word_of_a_caller() {
    let dir = gallery();
    let program = Program::start(name(dir.path()), "127.0.0.1:0");
    use_it(&program);
    let text = program.metrics("");
    assert!(
        text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("content-type: text/plain; version=0.0.4"),
        "{text}"
    );
    insta::assert_snapshot!(lines(&text, "mcp_server_operation_duration_seconds_count").join("\n"), @r#"
    mcp_server_operation_duration_seconds_count{mcp_method_name="_OTHER",error_type="-32601",rpc_response_status_code="-32601"} 1
    mcp_server_operation_duration_seconds_count{mcp_method_name="prompts/get",error_type="-32602",rpc_response_status_code="-32602"} 2
    mcp_server_operation_duration_seconds_count{mcp_method_name="prompts/get",error_type="-32603",rpc_response_status_code="-32603"} 1
    mcp_server_operation_duration_seconds_count{mcp_method_name="prompts/get"} 2
    mcp_server_operation_duration_seconds_count{mcp_method_name="prompts/list"} 1
    mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call",error_type="tool_error"} 1
    mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call"} 2
    "#);
    insta::assert_snapshot!(lines(&text, "prompt_gallery").join("\n"), @"
    prompt_gallery_cache_hits_total 4
    prompt_gallery_cache_misses_total 0
    prompt_gallery_cold_starts_total 1
    prompt_gallery_files_unread_total 0
    prompt_gallery_prompt_failures_total 1
    prompt_gallery_prompt_refusals_total 1
    prompt_gallery_prompt_renders_total 3
    prompt_gallery_prompts_broken 1
    prompt_gallery_s3_requests_total 0
    prompt_gallery_stale_age_seconds 0
    prompt_gallery_store_failures_total 0
    ");
    for buckets in ["le=\"0.01\"", "le=\"300\"", "le=\"+Inf\""] {
        assert!(text.contains(buckets), "{text}");
    }
    for word in [SECRET, "nobody-knows-this", "made/up", "hi\""] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn prompts_are_labels_only_if_they_are_asked_for() {
    let dir = gallery();
    let program = Program::start_with(name(dir.path()), "127.0.0.1:0", &[("METRICS_BY_PROMPT", "on")]);
    use_it(&program);
    let text = program.metrics("");
    insta::assert_snapshot!(lines(&text, "prompt_gallery_prompt_").join("\n"), @r#"
    prompt_gallery_prompt_failures_total{gen_ai_prompt_name="broken"} 1
    prompt_gallery_prompt_refusals_total{gen_ai_prompt_name="plain"} 1
    prompt_gallery_prompt_renders_total{gen_ai_prompt_name="hi"} 3
    "#);
    assert!(!text.contains("nobody-knows-this") && !text.contains(SECRET), "{text}");
}

#[test]
fn two_hundred_prompts_are_labels_and_the_others_are_one() {
    let files: Vec<_> = (0..203).map(|number| (format!("p-{number:03}.prompt"), "Text.".to_owned())).collect();
    let files: Vec<_> = files.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let dir = folder(&files);
    let program = Program::start_with(name(dir.path()), "127.0.0.1:0", &[("METRICS_BY_PROMPT", "on")]);
    for number in (0..203).rev() {
        program.call("prompts/get", &json!({ "name": format!("p-{number:03}") }));
    }
    let text = program.metrics("");
    let lines = lines(&text, "prompt_gallery_prompt_renders_total{");
    assert_eq!(lines.len(), 201, "{text}");
    assert!(lines.contains(&"prompt_gallery_prompt_renders_total{gen_ai_prompt_name=\"other\"} 3"), "{lines:?}");
    assert!(lines.contains(&"prompt_gallery_prompt_renders_total{gen_ai_prompt_name=\"p-199\"} 1"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_this_machine_and_for_callers_who_sign_in() {
    let dir = gallery();
    let program = Program::start(name(dir.path()), "127.0.0.1:0");
    let send = |program: &Program, headers: &str| {
        let head = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n{headers}", program.host());
        program.send(&head, "")
    };
    // A proxy on this machine, a page that rebinds a host name, and a page of another origin.
    let proxied = "X-Forwarded-For: 203.0.113.7\r\n";
    assert!(send(&program, proxied).starts_with("HTTP/1.1 403 "), "{}", send(&program, proxied));
    let rebound = program.send("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n", "");
    assert!(rebound.starts_with("HTTP/1.1 403 "), "{rebound}");
    assert!(send(&program, "Origin: https://evil.example\r\n").starts_with("HTTP/1.1 403 "));

    let issuer = Issuer::start().await;
    let settings = [
        ("OAUTH_ISSUER", issuer.url.as_str()),
        ("OAUTH_AUDIENCE", "gallery"),
        ("PUBLIC_URL", "http://localhost/mcp"),
        ("ALLOW_ANONYMOUS", "true"),
    ];
    let program = Program::start_with(name(dir.path()), "127.0.0.1:0", &settings);
    assert!(send(&program, "").starts_with("HTTP/1.1 200 "), "this machine needs no token");
    let refused = send(&program, proxied);
    assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("www-authenticate: Bearer"), "{refused}");
    let wrong = format!("{proxied}Authorization: Bearer a.b.c\r\n");
    assert!(send(&program, &wrong).starts_with("HTTP/1.1 401 "));
    let token = issuer.token(|claims| claims["aud"] = "gallery".into());
    let signed_in = send(&program, &format!("{proxied}Authorization: Bearer {token}\r\n"));
    assert!(signed_in.starts_with("HTTP/1.1 200 "), "{signed_in}");
}

#[test]
fn usage_shows_what_is_used_what_fails_and_what_nobody_asks_for() {
    let dir = gallery();
    let program = Program::start(name(dir.path()), "127.0.0.1:0");
    let url = format!("http://{}/mcp", program.host());
    use_it(&program);
    let usage = |args: &[&str]| run_with(&[&["usage", "--dir", name(dir.path())], args].concat(), &[], "");
    let Ran { code, out, err } = usage(&[&url]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out, "hi\t3\t0\t0\nbroken\t0\t1\t0\nplain\t0\t0\t1\nunused\t0\t0\t0\n");
    let Ran { out, .. } = usage(&[&url, "--json"]);
    let rows: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(rows[0], json!({ "name": "hi", "renders": 3, "failed": 0, "refused": 0 }));
    assert_eq!(rows.as_array().map(Vec::len), Some(4));

    let Ran { code, out, err } = run_with(&["usage", "--dir", "no-such-folder", &url], &[], "");
    assert_eq!((code, out.as_str()), (Some(0), "hi\t3\t0\t0\nbroken\t0\t1\t0\nplain\t0\t0\t1\n"));
    assert!(err.contains("what was never used is not known: --dir=no-such-folder: no such folder"), "{err}");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let Ran { code, err, .. } = usage(&[&format!("http://{nobody}")]);
    assert!(code == Some(2) && err.contains("/metrics?by=prompt: "), "{err}");
    let port = program.host().rsplit(':').next().unwrap().to_owned();
    let Ran { out, .. } = run_with(&["usage", "--dir", name(dir.path())], &[("PORT", &port)], "");
    assert!(out.starts_with("hi\t3\t0\t0\n"), "{out}");
    let Ran { code, err, .. } = usage(&["localhost"]);
    assert_eq!((code, err.contains("expected an address such as")), (Some(2), true), "{err}");
}

/// One request of the program to a server of the test.
struct Sent {
    head: String,
    body: Vec<u8>,
}

/// A server that answers each request with 200 and what `answer` makes of it.
fn receiver(answer: fn(&Sent) -> &'static str) -> (String, Receiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (to, sent) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let head = stream.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let head = head.collect::<Vec<_>>().join("\n");
            if head.is_empty() {
                continue;
            }
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).unwrap();
            let sent = Sent { head, body };
            let answer = answer(&sent);
            let answer =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
            let _ = stream.get_mut().write_all(answer.as_bytes());
            if to.send(sent).is_err() {
                return;
            }
        }
    });
    (url, sent)
}

impl Sent {
    /// Whether the body, protobuf here, has this text as a field.
    fn has(&self, text: &str) -> bool {
        let field = [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        self.body.windows(field.len()).any(|window| window == field)
    }
}

#[test]
fn a_collector_that_is_named_gets_the_metrics() {
    let dir = gallery();
    let (url, sent) = receiver(|_| "");
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=abc"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ];
    let program = Program::start_with(name(dir.path()), "127.0.0.1:0", &settings);
    use_it(&program);
    let sent = loop {
        let sent = sent.recv_timeout(PATIENCE).expect("the collector gets metrics");
        if sent.has("prompt_gallery.prompt.renders") && sent.has("tools/call") {
            break sent;
        }
    };
    let head = sent.head.to_lowercase();
    assert!(head.starts_with("post /v1/metrics http/1.1") && head.contains("application/x-protobuf"), "{head}");
    assert!(head.contains("api-key: abc"), "{head}");
    for text in [
        "mcp.server.operation.duration",
        "mcp.method.name",
        "prompts/get",
        "error.type",
        "rpc.response.status_code",
        "-32603",
        "service.name",
        "prompt-gallery",
        "deployment.environment.name",
        "prompt_gallery.prompts.broken",
        "prompt_gallery.cache.hits",
        "prompt_gallery.s3.requests",
    ] {
        assert!(sent.has(text), "{text}");
    }
    for text in [SECRET, "nobody-knows-this", "made/up", "hi"] {
        assert!(!sent.has(text), "{text}");
    }
    // What was counted since is sent at the end.
    let (code, log) = program.stop();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_collector_that_is_away_stops_nothing() {
    let dir = gallery();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_METRIC_EXPORT_INTERVAL", "100")];
    let program = Program::start_with(name(dir.path()), "127.0.0.1:0", &settings);
    use_it(&program);
    assert!(program.metrics("").contains("mcp_server_operation_duration_seconds_count"));
    assert_eq!(program.stop().0, Some(0), "the collector never answers");
}

#[test]
fn a_setting_for_other_collectors_stops_only_the_server() {
    let dir = gallery();
    let grpc = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let run = |command: &str| run_with(&[command, "--dir", name(dir.path())], &grpc, "");
    assert_eq!(run("list").code, Some(0));
    let stdio = run("stdio");
    assert!(stdio.code == Some(0) && stdio.err.contains("no metrics are sent"), "{}", stdio.err);
    let serve = run("serve");
    assert!(serve.code == Some(2) && serve.err.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc: expected"), "{}", serve.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_names_a_prompt_whose_file_is_not_returned() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello!");
    s3.put("prompts/slow.prompt", "Slow");
    s3.set_fault(Some(Fault::SlowDownKey("prompts/slow.prompt".to_owned())));
    let endpoint = s3.endpoint();
    let env = s3_env(&endpoint);
    let program = Program::start_at(&["--bucket", S3Server::BUCKET], "127.0.0.1:0", &env);
    for name in ["greet", "slow", "no-such"] {
        program.call("prompts/get", &json!({ "name": name }));
    }
    program.call("prompts/list", &json!({}));
    let url = format!("http://{}/mcp", program.host());
    let args = ["usage", "--bucket", S3Server::BUCKET, "--json", &url];
    let Ran { out, err, .. } = run_with(&args, &env, "");
    let usage: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}"));
    let slow = usage.as_array().unwrap().iter().find(|row| row["name"] == "slow").unwrap();
    assert_eq!(slow["failed"], 1, "{out}");
    assert!(!out.contains("no-such"), "{out}");
    assert!(program.metrics("").contains("prompt_gallery_store_failures_total 1\n"), "{}", program.metrics(""));
}

/// Logs Insights as `usage` meets it. The emulator of `tests/aws` has no `stats`.
fn insights(sent: &Sent) -> &'static str {
    match sent.head.to_lowercase() {
        head if head.contains("x-amz-target: logs_20140328.startquery") => r#"{"queryId":"q-1"}"#,
        head if head.contains("x-amz-target: logs_20140328.getqueryresults") => {
            r#"{"status":"Complete","results":[
                [{"field":"prompt.name","value":"hi"},{"field":"outcome","value":"ok"},{"field":"calls","value":"40"}],
                [{"field":"prompt.name","value":"hi"},{"field":"outcome","value":"tool error"},{"field":"calls","value":"2"}],
                [{"field":"prompt.name","value":"hi"},{"field":"outcome","value":"error"},
                 {"field":"error.code","value":"-32603"},{"field":"calls","value":"3"}]]}"#
        }
        head => panic!("{head}"),
    }
}

#[test]
fn usage_reads_the_log_group_of_a_function() {
    let dir = gallery();
    let (url, sent) = receiver(insights);
    let env = [
        ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", url.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "session"),
    ];
    let args = ["usage", "--dir", name(dir.path()), "--log-group", "/aws/lambda/gallery", "--days", "30"];
    let Ran { code, out, err } = run_with(&args, &env, "");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out, "hi\t40\t3\t2\nbroken\t0\t0\t0\nplain\t0\t0\t0\nunused\t0\t0\t0\n");
    let started = sent.recv_timeout(PATIENCE).unwrap();
    let query: Value = serde_json::from_slice(&started.body).unwrap();
    assert_eq!(query["logGroupName"], "/aws/lambda/gallery");
    assert_eq!(query["endTime"].as_u64().unwrap() - query["startTime"].as_u64().unwrap(), 30 * 86_400);
    assert!(query["queryString"].as_str().unwrap().contains("by prompt.name"), "{query}");
    for header in
        ["aws4-hmac-sha256 credential=akidexample/", "eu-central-1/logs/aws4_request", "x-amz-security-token: session"]
    {
        assert!(started.head.to_lowercase().contains(header), "{}", started.head);
    }

    let Ran { code, err, .. } = run_with(&["usage", "--log-group", "x", "http://127.0.0.1:1"], &env, "");
    assert!(code == Some(2) && err.contains("cannot be used with"), "{err}");
}
