//! The program as a Lambda function. The test plays the platform: it speaks the Runtime API, version 2018-06-01, and an
//! S3 server holds the bucket.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly, its helpers too")]

#[path = "support/s3/mod.rs"]
mod s3;
#[path = "support/waiting.rs"]
mod waiting;

use std::fs::{self, File};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3::{Fault, S3Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{sleep, timeout};
use waiting::PATIENCE;

macro_rules! event {
    ($name:literal) => {
        include_str!(concat!("data/", $name, ".json"))
    };
}

/// `event` after `change`.
fn changed(event: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut event = serde_json::from_str(event).unwrap();
    change(&mut event);
    event.to_string()
}

/// The event of a handshake client's request.
fn request(method: &str, params: &Value) -> String {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    changed(event!("tools_call"), |event| {
        event["headers"]["content-length"] = body.len().to_string().into();
        event["body"] = body.into();
    })
}

/// A request of the function to the platform: `next` asks for an event, `ID/response` answers it, `ID/error` reports a
/// failure.
#[derive(Debug)]
struct Said {
    what: String,
    body: Bytes,
}

/// The platform, as one function sees it.
struct Platform {
    address: SocketAddr,
    events: mpsc::UnboundedSender<(String, String)>,
    said: mpsc::UnboundedReceiver<Said>,
    invocations: usize,
}

impl Platform {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, to_hand_out) = mpsc::unbounded_channel();
        let (to_tell, said) = mpsc::unbounded_channel();
        let to_hand_out = Arc::new(Mutex::new(to_hand_out));
        // The task and its connections end with the test's runtime.
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (events, said) = (Arc::clone(&to_hand_out), to_tell.clone());
                tokio::spawn(async move {
                    let handler = service_fn(|request| serve(request, &events, &said));
                    // An error means that the function was ended.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), handler)
                        .await;
                });
            }
        });
        Self { address, events, said, invocations: 0 }
    }

    async fn hear(&mut self) -> Said {
        timeout(PATIENCE, self.said.recv()).await.expect("the function says something").unwrap()
    }

    /// Waits until the function asks for an event.
    async fn is_asked(&mut self) {
        let said = self.hear().await;
        assert_eq!(said.what, "next", "{said:?}");
    }

    /// Hands out an event, and returns when the function asks for the next one.
    async fn invoke(&mut self, event: impl Into<String>) -> Result<Value, Value> {
        self.invocations += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", self.invocations);
        self.events.send((id.clone(), event.into())).unwrap();
        let said = self.hear().await;
        let body = serde_json::from_slice(&said.body).unwrap();
        let outcome = match said.what.strip_prefix(&id) {
            Some("/response") => Ok(body),
            Some("/error") => Err(body),
            _ => panic!("{said:?} is no outcome of {id}"),
        };
        self.is_asked().await;
        outcome
    }

    /// The JSON-RPC message that answers the event, of status 200.
    async fn ask(&mut self, event: impl Into<String>) -> Value {
        let response = self.invoke(event).await.unwrap();
        assert_eq!(response["statusCode"], 200);
        assert_eq!(response["headers"]["content-type"], "application/json");
        let body = response["body"].as_str().expect("a body");
        let is_gzip = response["headers"]["content-encoding"] == "gzip";
        assert_eq!(response["isBase64Encoded"], is_gzip);
        if is_gzip { serde_json::from_slice(&unpacked(body)).unwrap() } else { serde_json::from_str(body).unwrap() }
    }
}

/// What a client reads of gzip that came in base64.
fn unpacked(base64: &str) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(&*STANDARD.decode(base64).unwrap()).read_to_end(&mut text).unwrap();
    text
}

async fn serve(
    request: Request<Incoming>,
    events: &Mutex<mpsc::UnboundedReceiver<(String, String)>>,
    said: &mpsc::UnboundedSender<Said>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = parts.uri.path();
    let what = path.strip_prefix("/2018-06-01/runtime/invocation/").unwrap_or(path).to_owned();
    let is_next = what == "next";
    assert_eq!(parts.method, if is_next { Method::GET } else { Method::POST });
    said.send(Said { what, body }).unwrap();
    if !is_next {
        return Ok(Response::builder().status(StatusCode::ACCEPTED).body(Full::default()).unwrap());
    }
    // Without an event, the function waits, as it does on the platform.
    let Some((id, event)) = events.lock().await.recv().await else { return std::future::pending().await };
    let response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", id)
        .header("Lambda-Runtime-Deadline-Ms", "4102444800000")
        .header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:gallery")
        .header(
            "Lambda-Runtime-Trace-Id",
            "Root=1-6ad5d780-5f3c1e9a0b7d284600000001;Parent=53995c3f42cd8ad8;Sampled=0",
        );
    Ok(response.body(event.into()).unwrap())
}

/// The program to run: the one that `FUNCTION` names (built from `crates/function` alone), or the root program.
fn program() -> String {
    #[expect(clippy::disallowed_methods, reason = "it says what is tested")]
    let function = std::env::var("FUNCTION");
    function.unwrap_or_else(|_| env!("CARGO_BIN_EXE_prompt-gallery").to_owned())
}

/// The program, running in an environment of its own and a working directory without prompts. Killed when dropped.
struct Program {
    process: Child,
    dir: TempDir,
}

impl Program {
    fn start<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = |name| Stdio::from(File::create(dir.path().join(name)).unwrap());
        let process = Command::new(program())
            .env_clear()
            .envs(variables)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap();
        Self { process, dir }
    }

    /// Starts the program as the function of `platform`.
    fn function<'a>(platform: &'a Platform, variables: &[(&'a str, &'a str)]) -> Self {
        let address = platform.address.to_string();
        let platforms_own = [
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "gallery"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/gallery"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/10/19/[$LATEST]5f3c1e9a"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_Image"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_DEFAULT_REGION", "eu-central-1"),
            ("_HANDLER", "bootstrap"),
            ("TZ", ":UTC"),
        ];
        Self::start(platforms_own.into_iter().chain(variables.iter().copied()))
    }

    fn stdout(&self) -> String {
        fs::read_to_string(self.dir.path().join("stdout")).unwrap()
    }

    fn stderr(&self) -> String {
        fs::read_to_string(self.dir.path().join("stderr")).unwrap()
    }

    /// The lines of standard output, each a JSON object.
    fn log(&self) -> Vec<Value> {
        let line = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let lines: Vec<Value> = self.stdout().lines().map(line).collect();
        assert!(lines.iter().all(Value::is_object));
        lines
    }

    /// The log lines of requests.
    fn requests(&self) -> Vec<Value> {
        let mut lines = self.log();
        lines.retain(|line| line["message"] == "request");
        lines
    }

    async fn ended(&mut self) -> ExitStatus {
        let ended = async {
            loop {
                match self.process.try_wait().unwrap() {
                    Some(status) => return status,
                    None => sleep(Duration::from_millis(10)).await,
                }
            }
        };
        timeout(PATIENCE, ended).await.expect("the program ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The settings for the bucket of `s3`, without the endpoint.
const BUCKET: [(&str, &str); 4] = [
    ("BUCKET_NAME", S3Server::BUCKET),
    ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY),
    ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY),
    // No listing but the first one, however slow the machine is.
    ("CACHE_TTL_SECONDS", "86400"),
];

/// Starts the program as a function over `s3`; later `variables` win.
async fn start_over(s3: &S3Server, variables: &[(&str, &str)]) -> (Platform, Program) {
    let mut platform = Platform::start().await;
    // By name: S3 would be addressed by `BUCKET.HOST`, another server by path.
    let endpoint = s3.endpoint().replace("127.0.0.1", "localhost");
    let all: Vec<_> = BUCKET.into_iter().chain([("AWS_ENDPOINT_URL_S3", &*endpoint)]).collect();
    let program = Program::function(&platform, &[&all, variables].concat());
    platform.is_asked().await;
    (platform, program)
}

fn text_of(answer: &Value) -> &Value {
    &answer["result"]["messages"][0]["content"]["text"]
}

#[tokio::test]
async fn a_function_answers_one_event_after_the_other() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello {{name}}!");
    let (mut platform, program) = start_over(&s3, &[]).await;

    let sum = platform.ask(event!("tools_call")).await;
    assert_eq!(sum["result"]["structuredContent"], json!({ "result": 42 }));
    assert_eq!(text_of(&platform.ask(event!("prompts_get")).await), "Hello Ada!");
    assert_eq!(text_of(&platform.ask(event!("base64_body")).await), "Hello Ada!");
    assert_eq!(text_of(&platform.ask(event!("unicode_body")).await), "Hello Ада 🦀 “Łódź” \u{2028} 你好!");
    assert_eq!(platform.ask(event!("stage_in_path")).await["result"], sum["result"]);
    let requests = s3.requests();
    // The prompt and the index; where the listing was still under way, the prompt's two likely files too.
    assert!(requests.list == 1 && (2..=4).contains(&requests.get), "{requests:?}");
    assert_eq!(program.stderr(), "");
}

#[tokio::test]
async fn a_response_is_what_api_gateway_takes() {
    let platform = &mut Platform::start().await;
    let prompts = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts");
    let _program = Program::function(platform, &[("PROMPT_DIR", prompts)]);
    platform.is_asked().await;

    let accepted = platform.invoke(event!("notification")).await.unwrap();
    assert_eq!(accepted["statusCode"], 202);
    assert_eq!(accepted["isBase64Encoded"], false);
    assert!(matches!(accepted["body"].as_str(), None | Some("")));

    let refused = platform.invoke(event!("get_mcp")).await.unwrap();
    assert_eq!(refused["statusCode"], 405);
    assert_eq!(refused["headers"]["allow"], "POST");
    assert_eq!(refused["headers"]["content-type"], "application/json");
    assert_eq!(refused["isBase64Encoded"], false);
    assert!(refused["body"].as_str().unwrap().contains("-32600"));

    let health = platform.invoke(event!("get_health")).await.unwrap();
    assert_eq!((&health["statusCode"], &health["body"]), (&json!(200), &json!("ok\n")));
    assert_eq!(health["isBase64Encoded"], false);

    let no_path = platform.invoke(event!("path_with_percent")).await.unwrap();
    assert_eq!((&no_path["statusCode"], &no_path["isBase64Encoded"]), (&json!(404), &json!(false)));

    let modern = platform.invoke(changed(event!("modern_prompts_get"), |event| {
        event["headers"]["mcp-name"] = "another".into();
    }));
    assert_eq!(modern.await.unwrap()["statusCode"], 400);
}

#[tokio::test]
async fn a_request_is_one_line_of_json_in_the_log() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello {{name}}!");
    let (mut platform, program) = start_over(&s3, &[]).await;
    let id_of = |event: &str| serde_json::from_str::<Value>(event).unwrap()["requestContext"]["requestId"].take();
    let overflow = request("tools/call", &json!({ "name": "add", "arguments": { "a": i64::MAX, "b": 1 } }));
    let unknown = request("prompts/get", &json!({ "name": "great" }));
    let modern = event!("modern_prompts_get");

    // The event; method, name, version, outcome, requests to S3.
    let expected = [
        (event!("prompts_get"), "prompts/get", json!("greet"), "2025-11-25", "ok", None),
        (event!("prompts_get"), "prompts/get", json!("greet"), "2025-11-25", "ok", Some(0)),
        (event!("tools_call"), "tools/call", json!("add"), "2025-11-25", "ok", Some(0)),
        (event!("initialize"), "initialize", Value::Null, "2025-11-25", "ok", Some(0)),
        (&overflow, "tools/call", json!("add"), "2025-11-25", "tool error", Some(0)),
        (&unknown, "prompts/get", json!("great"), "2025-11-25", "error", Some(0)),
        (modern, "prompts/get", json!("greet"), "2026-07-28", "ok", Some(0)),
    ];
    for (event, ..) in &expected {
        platform.ask(*event).await;
    }
    let log = program.requests();
    assert_eq!(log.len(), expected.len());
    for (line, (event, method, name, version, outcome, s3_requests)) in log.iter().zip(expected) {
        assert_eq!(line["rpc.method"], method);
        assert_eq!(line["mcp.name"], name);
        assert_eq!(line["mcp.version"], version);
        assert_eq!(line["outcome"], outcome);
        assert_eq!(line["request.id"], id_of(event));
        assert!(line["duration_ms"].is_number());
        assert_eq!(line["level"], "INFO");
        match s3_requests {
            Some(count) => assert_eq!(line["s3.requests"], count),
            // Another request may have listed before.
            None => assert!(matches!(line["s3.requests"].as_u64(), Some(1..=4))),
        }
    }
    assert_eq!(log[5]["error.code"], -32602);
    assert_eq!(log[6]["trace.id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    // What the platform says of the trace, not what the event's headers do.
    assert!(log.iter().all(|line| line["xray.trace_id"] == "1-6ad5d780-5f3c1e9a0b7d284600000001"));
    // By `clientInfo`, or else by the user agent.
    let client = |line: &Value| format!("{} {}", line["client.name"], line["client.version"]);
    assert_eq!(client(&log[0]), r#""claude-code" "2.1.34""#);
    assert_eq!(client(&log[3]), r#""claude-code" "2.1.34""#);
    assert_eq!(client(&log[6]), r#""inspector" "1.4.0""#);
    // Nothing else is worth a line when all is well.
    assert_eq!(program.log().len(), log.len());
}

/// The metrics that CloudWatch makes of a line: the name, the unit, and the names of the dimensions.
fn metrics_of(line: &Value) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut metrics = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().expect("a record of metrics") {
        assert_eq!(directive["Namespace"], "PromptGallery");
        for set in directive["Dimensions"].as_array().unwrap() {
            let dimensions: Vec<_> = set.as_array().unwrap().iter().map(text).collect();
            assert!(dimensions.iter().all(|name| line[name].is_string()), "{line}");
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = text(&metric["Name"]);
                assert!(line[&name].is_number(), "{name}: {line}");
                metrics.push((name, text(&metric["Unit"]), dimensions.clone()));
            }
        }
    }
    metrics
}

/// The alarms of the template on metrics that the function writes: the name of the metric, and those of its dimensions.
fn alarms() -> Vec<(String, Vec<String>)> {
    let template = include_str!("../template.yaml");
    let alarms = template.split("Type: AWS::CloudWatch::Alarm").skip(1);
    let alarms = alarms.filter(|alarm| alarm.split("\n\n").next().unwrap().contains("Namespace: PromptGallery"));
    let value = |line: &str, key: &str| line.trim().strip_prefix(key).map(str::to_owned);
    let alarms = alarms.map(|alarm| {
        let lines = || alarm.split("\n\n").next().unwrap().lines();
        let metric = lines().find_map(|line| value(line, "MetricName: ")).unwrap();
        (metric, lines().filter_map(|line| value(line, "- Name: ")).collect())
    });
    // API Gateway's log has the refused sign-ins.
    alarms.filter(|(metric, _)| !template.contains(&format!("          MetricName: {metric}"))).collect()
}

#[tokio::test]
async fn every_alarm_on_the_gallerys_metrics_names_one_that_is_written() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello {{name}}!");
    s3.put("prompts/broken.prompt", "{{#if name}}no end");
    let settings = [("CACHE_TTL_SECONDS", "0"), ("METRICS_BY_PROMPT", "on")];
    let (mut platform, program) = start_over(&s3, &settings).await;
    platform.ask(request("prompts/list", &json!({}))).await;
    platform.ask(event!("prompts_get")).await;
    platform.ask(request("prompts/get", &json!({ "name": "broken" }))).await;
    platform.ask(request("prompts/get", &json!({ "name": "nobody-knows-this" }))).await;
    s3.put("prompts/slow.prompt", "Slow");
    s3.set_fault(Some(Fault::SlowDownKey("prompts/slow.prompt".to_owned())));
    platform.ask(request("prompts/list", &json!({}))).await;
    s3.set_fault(Some(Fault::SlowDown));
    platform.ask(event!("prompts_get")).await;

    let requests = program.requests();
    let written: Vec<_> = requests.iter().map(metrics_of).collect();
    let all: Vec<_> =
        written.iter().flatten().map(|(name, _, dimensions)| (name.clone(), dimensions.clone())).collect();
    let alarms = alarms();
    assert_eq!(alarms.len(), 4, "{alarms:?}");
    for alarm in alarms {
        assert!(all.contains(&alarm), "{alarm:?} is not in {all:?}");
    }
    assert!(requests.iter().all(|line| line["FunctionName"] == "gallery"));
    // One of a cold start; one broken prompt; -32603 for a prompt whose name is a dimension.
    assert_eq!(
        (&requests[0]["prompt_gallery.cold_starts"], &requests[0]["prompt_gallery.prompts.broken"]),
        (&json!(1), &json!(1))
    );
    let failed = &requests[2];
    assert_eq!(
        (&failed["rpc.response.status_code"], &failed["gen_ai.prompt.name"]),
        (&json!("-32603"), &json!("broken"))
    );
    assert_eq!(failed["prompt_gallery.prompt.failures"], 1);
    assert_eq!(requests[1]["prompt_gallery.prompt.renders"], 1);
    // A name that only the caller knows is no dimension.
    assert_eq!((&requests[3]["prompt.name"], &requests[3]["gen_ai.prompt.name"]), (&Value::Null, &Value::Null));
    // No line besides those of requests, but what is wrong with the broken prompt and with S3.
    let others: Vec<_> = program.log().into_iter().filter(|line| line["message"] != "request").collect();
    assert!(others.iter().all(|line| line["_aws"].is_null()), "{others:?}");
}

/// The event of a request of 2026-07-28 without parameters.
fn modern_request(method: &str) -> String {
    changed(event!("modern_prompts_get"), |event| {
        let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
        body["method"] = method.into();
        let params = body["params"].as_object_mut().unwrap();
        params.remove("name");
        params.remove("arguments");
        let body = body.to_string();
        let headers = event["headers"].as_object_mut().unwrap();
        headers.remove("mcp-name");
        headers.insert("mcp-method".to_owned(), method.into());
        headers.insert("content-length".to_owned(), body.len().to_string().into());
        event["body"] = body.into();
    })
}

#[tokio::test]
async fn an_answer_that_lacks_what_the_store_did_not_return_is_counted_as_a_failure_of_the_store() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "---\ntool: true\n---\nHello!");
    s3.put("skills/trip/SKILL.md", "---\nname: trip\ndescription: Plans a trip.\n---\nPlan.");
    s3.set_fault(Some(Fault::DenyList("prompts/".to_owned())));
    let (mut platform, program) = start_over(&s3, &[("CACHE_TTL_SECONDS", "0")]).await;
    let lists =
        [request("tools/list", &json!({})), request("resources/list", &json!({})), modern_request("skills/list")];
    for list in &lists {
        assert!(platform.ask(&**list).await["result"].is_object(), "{list}");
    }
    s3.set_fault(Some(Fault::AccessDenied));
    for list in &lists[..2] {
        assert!(platform.ask(&**list).await["result"].is_object(), "{list}");
    }
    for line in program.requests() {
        assert_eq!((&line["level"], &line["outcome"]), (&json!("WARN"), &json!("ok")), "{line}");
        assert!(line["cause"].as_str().unwrap().contains("AccessDenied"), "{line}");
        assert_eq!(line["prompt_gallery.store.failures"], 1, "{line}");
        let failures =
            ("prompt_gallery.store.failures".to_owned(), "Count".to_owned(), vec!["FunctionName".to_owned()]);
        assert!(metrics_of(&line).contains(&failures), "{line}");
    }
    let before = program.requests().len();
    s3.set_fault(None);
    for list in &lists {
        platform.ask(&**list).await;
    }
    for line in &program.requests()[before..] {
        assert_eq!((&line["level"], &line["prompt_gallery.store.failures"]), (&json!("INFO"), &Value::Null), "{line}");
    }
    // A list without a file that S3 does not return.
    s3.put("prompts/slow.prompt", "Slow");
    s3.set_fault(Some(Fault::SlowDownKey("prompts/slow.prompt".to_owned())));
    platform.ask(request("prompts/list", &json!({}))).await;
    let requests = program.requests();
    let line = requests.last().unwrap();
    assert_eq!((&line["unread_files"], &line["prompt_gallery.store.failures"]), (&json!(1), &json!(1)), "{line}");
}

#[tokio::test]
async fn that_no_prompt_is_broken_is_written_only_after_all_were_read() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello {{name}}!");
    s3.put("prompts/broken.prompt", "{{#if name}}no end");
    let (mut platform, program) = start_over(&s3, &[("PAGE_SIZE", "1"), ("CACHE_TTL_SECONDS", "0")]).await;
    let mut broken = async |event: String| {
        platform.ask(event).await;
        program.requests().last().unwrap()["prompts.broken"].clone()
    };
    let get = || request("prompts/get", &json!({ "name": "greet", "arguments": { "name": "Ada" } }));
    let list = || request("prompts/list", &json!({}));
    let search = || request("tools/call", &json!({ "name": "search_prompts", "arguments": {} }));
    assert_eq!(broken(get()).await, Value::Null, "the other prompt was not read");
    for all in [
        request("tools/list", &json!({})),
        search(),
        request("resources/list", &json!({})),
        modern_request("skills/list"),
    ] {
        assert_eq!(broken(all).await, 1);
    }
    assert_eq!(broken(get()).await, 1, "the process knows by now");
    s3.put("prompts/broken.prompt", "Mended");
    assert_eq!(broken(list()).await, Value::Null, "one page of two");
    assert_eq!(broken(search()).await, 0);
    assert_eq!(broken(list()).await, 0);
    assert_eq!(
        broken(request("tools/call", &json!({ "name": "add", "arguments": { "a": 1, "b": 2 } }))).await,
        Value::Null
    );
}

#[tokio::test]
async fn a_list_of_one_page_says_that_no_prompt_is_broken() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello {{name}}!");
    let (mut platform, program) = start_over(&s3, &[]).await;
    for _ in 0..2 {
        platform.ask(request("prompts/list", &json!({}))).await;
        assert_eq!(program.requests().last().unwrap()["prompts.broken"], 0);
    }
}

#[tokio::test]
async fn a_prompt_whose_file_s3_does_not_return_is_named() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello {{name}}!");
    s3.put("prompts/slow.prompt", "Slow");
    s3.set_fault(Some(Fault::SlowDownKey("prompts/slow.prompt".to_owned())));
    let (mut platform, program) = start_over(&s3, &[("METRICS_BY_PROMPT", "on")]).await;
    let by_tool = |name: &str| json!({ "name": "get_prompt", "arguments": { "name": name } });
    for (method, params) in [("prompts/get", json!({ "name": "slow" })), ("tools/call", by_tool("slow"))] {
        assert_eq!(platform.ask(request(method, &params)).await["error"]["code"], -32603);
        let requests = program.requests();
        let line = requests.last().unwrap();
        assert_eq!((&line["prompt.name"], &line["gen_ai.prompt.name"]), (&json!("slow"), &json!("slow")), "{line}");
        assert_eq!(line["prompt_gallery.prompt.failures"], 1, "{line}");
    }
    s3.set_fault(Some(Fault::SlowDown));
    for (method, params) in [("prompts/get", json!({ "name": "no-such" })), ("tools/call", by_tool("no-such"))] {
        platform.ask(request(method, &params)).await;
        assert_eq!(program.requests().last().unwrap()["prompt.name"], Value::Null);
    }
}

#[tokio::test]
async fn a_function_without_its_bucket_calculates_and_says_that_prompts_are_unavailable() {
    let s3 = S3Server::start().await;
    let (mut platform, program) = start_over(&s3, &[("BUCKET_NAME", "no-such-bucket")]).await;

    assert_eq!(platform.ask(event!("tools_call")).await["result"]["structuredContent"], json!({ "result": 42 }));
    for event in [event!("prompts_get"), &request("prompts/list", &json!({}))] {
        let id = serde_json::from_str::<Value>(event).unwrap()["requestContext"]["requestId"].take();
        let error = json!({ "code": -32603, "message": "prompt store unavailable", "data": { "requestId": id } });
        assert_eq!(platform.ask(event).await["error"], error);
        let log = program.requests();
        let line = log.last().unwrap();
        assert_eq!((&line["level"], &line["outcome"], &line["request.id"]), (&json!("ERROR"), &json!("error"), &id));
        // The client was not told the cause.
        assert!(line["cause"].as_str().unwrap().contains("NoSuchBucket"), "{line}");
    }
    assert_eq!(platform.ask(event!("tools_call")).await["result"]["isError"], false);
}

#[tokio::test]
async fn what_needs_no_prompt_does_not_wait_for_s3() {
    let s3 = S3Server::start().await;
    s3.set_fault(Some(Fault::Hang));
    let (mut platform, _program) = start_over(&s3, &[]).await;
    for event in [event!("initialize"), event!("tools_call"), &request("tools/list", &json!({}))] {
        assert!(platform.ask(event).await["result"].is_object());
    }
    let health = platform.invoke(event!("get_health")).await.unwrap();
    assert_eq!(health["statusCode"], 200);
}

#[tokio::test]
async fn ready_is_503_until_the_prompts_were_listed() {
    let s3 = S3Server::start().await;
    s3.put("prompts/greet.prompt", "Hello {{name}}!");
    s3.put("prompts/broken.prompt", "{{#if}}");
    s3.set_fault(Some(Fault::Hang));
    let (mut platform, _program) = start_over(&s3, &[]).await;
    let ready = changed(event!("get_health"), |event| {
        event["rawPath"] = "/ready".into();
        event["requestContext"]["http"]["path"] = "/ready".into();
    });
    for _ in 0..20 {
        let answer = platform.invoke(&*ready).await.unwrap();
        assert_eq!(answer["statusCode"], 503);
        assert_eq!(answer["headers"]["retry-after"], "1");
        assert_eq!(answer["body"], r#"{"error":"the prompts have not been listed yet"}"#);
    }
    s3.set_fault(None);
    let counts = loop {
        let answer = platform.invoke(&*ready).await.unwrap();
        if answer["statusCode"] == 200 {
            break serde_json::from_str::<Value>(answer["body"].as_str().unwrap()).unwrap();
        }
        sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((&counts["prompts"], &counts["broken"]), (&json!(2), &json!(0)), "nothing was read yet");
    platform.ask(request("prompts/list", &json!({}))).await;
    let lists = s3.requests().list;
    let answer = platform.invoke(&*ready).await.unwrap();
    let counts: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&counts["prompts"], &counts["broken"]), (&json!(2), &json!(1)));
    assert!(counts["age"].is_u64(), "{counts}");
    assert_eq!(s3.requests().list, lists, "nothing is asked once there was a listing");
}

#[tokio::test]
async fn a_bad_event_is_one_failed_invocation() {
    let s3 = S3Server::start().await;
    let (mut platform, program) = start_over(&s3, &[]).await;
    let bad = [
        event!("scheduled").to_owned(),
        event!("payload_format_1").to_owned(),
        "{}".to_owned(),
        "null".to_owned(),
        r#""text""#.to_owned(),
        changed(event!("tools_call"), |event| event["requestContext"]["http"] = "no request".into()),
    ];
    let count = bad.len();
    for event in bad {
        let error = platform.invoke(&*event).await.expect_err(&event);
        assert!(error["errorType"].is_string() && error["errorMessage"].is_string(), "{error}");
        assert_eq!(platform.ask(event!("tools_call")).await["result"]["structuredContent"], json!({ "result": 42 }));
    }
    assert_eq!(program.requests().len(), count);
    assert!(program.log().iter().filter(|line| line["level"] == "ERROR").count() >= count);
}

#[tokio::test]
async fn a_request_that_http_does_not_allow_is_refused_and_no_failed_invocation() {
    let s3 = S3Server::start().await;
    let (mut platform, program) = start_over(&s3, &[]).await;
    let bad = [
        changed(event!("tools_call"), |event| event["requestContext"]["http"]["method"] = "NO METHOD".into()),
        changed(event!("tools_call"), |event| event["headers"]["a b"] = "no header name".into()),
    ];
    for event in &bad {
        let refused = platform.invoke(&**event).await.expect(event);
        assert_eq!((&refused["statusCode"], &refused["isBase64Encoded"]), (&json!(400), &json!(false)));
        assert!(refused["body"].as_str().unwrap().contains("-32600"), "{refused}");
        assert_eq!(platform.ask(event!("tools_call")).await["result"]["structuredContent"], json!({ "result": 42 }));
    }
    let refused = program.requests().into_iter().filter(|line| line["http.status"] == 400);
    assert_eq!(refused.filter(|line| line["request.id"].is_string()).count(), bad.len());
    assert_eq!(program.stderr(), "");
}

#[tokio::test]
async fn a_list_is_sent_compressed_and_in_base64_to_a_client_that_takes_gzip() {
    let s3 = S3Server::start().await;
    for number in 0..100 {
        s3.put(&format!("prompts/review-{number:03}.prompt"), "---\ndescription: Reviews.\n---\nReview {{topic}}.");
    }
    let (mut platform, _program) = start_over(&s3, &[]).await;
    let list = |accepted: &str| {
        changed(&request("prompts/list", &json!({})), |event| event["headers"]["accept-encoding"] = accepted.into())
    };
    for _ in 0..2 {
        let plain = platform.invoke(list("identity")).await.unwrap();
        let zipped = platform.invoke(list("gzip, br")).await.unwrap();
        let headers = [&plain["headers"]["content-encoding"], &zipped["headers"]["content-encoding"]];
        assert_eq!(headers, [&Value::Null, &json!("gzip")]);
        assert_eq!((&plain["isBase64Encoded"], &zipped["isBase64Encoded"]), (&json!(false), &json!(true)));
        let (plain, zipped) = (plain["body"].as_str().unwrap(), zipped["body"].as_str().unwrap());
        assert_eq!(unpacked(zipped), plain.as_bytes());
        assert!(zipped.len() * 5 < plain.len(), "{} of {}", zipped.len(), plain.len());
    }
}

#[tokio::test]
async fn an_incomplete_environment_is_named_and_nothing_starts() {
    let prompts = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts");
    let complete = [
        ("PROMPT_DIR", prompts),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("AWS_LAMBDA_FUNCTION_NAME", "gallery"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ];
    let without = |name: &'static str| complete.into_iter().filter(move |(other, _)| *other != name);
    let missing = ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"];
    let wrong = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "lots"), ("AWS_LAMBDA_RUNTIME_API", "/path")];
    let cases = missing.map(|name| (name, None)).into_iter().chain(wrong.map(|(name, value)| (name, Some(value))));
    for (name, value) in cases {
        let mut program = Program::start(without(name).chain(value.map(|value| (name, value))));
        let status = program.ended().await;
        let stderr = program.stderr();
        assert_eq!((status.code(), program.stdout()), (Some(2), String::new()), "{name}: {stderr}");
        assert!(stderr.starts_with("prompt-gallery: ") && stderr.contains(name), "{stderr}");
        assert_eq!((stderr.lines().count(), stderr.ends_with('\n')), (1, true), "{stderr}");
    }
}

#[tokio::test]
async fn a_function_ends_when_it_is_told_to() {
    let s3 = S3Server::start().await;
    let (mut platform, mut program) = start_over(&s3, &[]).await;
    platform.ask(event!("tools_call")).await;
    // The standard library can only send SIGKILL.
    let kill = format!("kill -TERM {}", program.process.id());
    assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    let status = program.ended().await;
    assert!(status.success() || status.signal() == Some(15), "{status}");
    assert_eq!(program.stderr(), "");
}

const TOKEN: &str = "secret-token";
const ARGUMENT: &str = "secret-argument";
const PROMPT: &str = "secret-prompt";

/// Prompts and partials, with a secret in place of `PROMPT`.
const SECRET_FILES: [(&str, &str); 32] = [
    ("good", "PROMPT {{text}}"),
    // Each fails in its own way, and the error may say the word that it is about, but not the text around it.
    // When it is read:
    ("broken", "PROMPT {{#if}} PROMPT"),
    ("helper", "PROMPT {{shout text}} PROMPT"),
    ("partial", "PROMPT {{> footer}} PROMPT"),
    ("yaml", "---\ndescription: [PROMPT\nPROMPT: PROMPT\n---\nPROMPT"),
    ("schema", "---\ninput:\n  schema:\n    text: strong, PROMPT\n---\nPROMPT"),
    ("arguments", "---\narguments: PROMPT\n---\nPROMPT"),
    ("default", "---\ninput:\n  schema:\n    text: integer\n  default:\n    text: ten\n---\nPROMPT"),
    // When it is rendered:
    ("path", "PROMPT {{text.x.y}}"),
    ("lookup", "PROMPT {{lookup text text}}"),
    ("each", "PROMPT {{#each text}}{{this.x}}{{/each}}"),
    ("with", "PROMPT {{#with text}}{{x.y}}{{/with}}"),
    ("raw", "PROMPT {{raw text}}"),
    ("log", "PROMPT {{log text}}"),
    ("role", "PROMPT {{role text}} PROMPT"),
    ("role-claim", "PROMPT {{role @auth.email}} PROMPT"),
    ("media", "PROMPT {{media url=text}} PROMPT"),
    ("media-claim", "PROMPT {{media url=@auth.email}} PROMPT"),
    ("media-type", "PROMPT {{media url=\"data:,PROMPT\" contentType=text}}"),
    ("media-section", "PROMPT {{section \"x\"}}{{text}}{{media url=\"http://PROMPT\"}}"),
    // With partials:
    ("inner-role", "PROMPT {{> role who=text}}"),
    ("inner-media", "PROMPT {{#> box}}{{> media file=text}}{{/box}}"),
    ("inner-broken", "PROMPT {{> broken}}"),
    ("inner-cycle", "PROMPT {{> cycle}}"),
    ("inner-block", "PROMPT {{> box}}"),
    ("inner-variable", "---\ninput:\n  schema:\n    text: string\n---\nPROMPT {{> variable text}}"),
    ("_role", "PROMPT {{role who}}"),
    ("_media", "PROMPT {{media url=file}}"),
    ("_box", "PROMPT {{> @partial-block}}"),
    ("_broken", "PROMPT {{#if}} PROMPT"),
    ("_cycle", "PROMPT {{> cycle}}"),
    ("_variable", "PROMPT {{#each @root.text}}{{/each}}{{@root.undeclared}}"),
];

/// The event with a token in each place where API Gateway puts one.
fn with_secrets(event: &str) -> String {
    changed(event, |event| {
        event["headers"]["authorization"] = format!("Bearer {TOKEN}").into();
        event["cookies"] = json!([format!("session={TOKEN}")]);
        event["requestContext"]["authorizer"]["jwt"]["claims"]["email"] = TOKEN.into();
    })
}

fn secret_get(name: &str, arguments: &Value) -> String {
    with_secrets(&request("prompts/get", &json!({ "name": name, "arguments": arguments })))
}

/// Events with secrets, each of another kind of request or failure.
fn secret_events() -> Vec<String> {
    let get = |name: &str, arguments: Value| secret_get(name, &arguments);
    let add =
        |arguments: Value| with_secrets(&request("tools/call", &json!({ "name": "add", "arguments": arguments })));
    let body = |body: String| with_secrets(&changed(event!("tools_call"), |event| event["body"] = body.into()));
    vec![
        get("good", json!({ "text": ARGUMENT })),
        get("good", json!({ "text": [ARGUMENT] })),
        get("good", json!({ "text": ARGUMENT, ARGUMENT: ARGUMENT })),
        get("broken", json!({ "text": ARGUMENT })),
        get("helper", json!({ "text": ARGUMENT })),
        get("partial", json!({ "text": ARGUMENT })),
        get("yaml", json!({ "text": ARGUMENT })),
        get("schema", json!({ "text": ARGUMENT })),
        get("arguments", json!({ "text": ARGUMENT })),
        get("default", json!({ "text": ARGUMENT })),
        get("path", json!({ "text": ARGUMENT })),
        get("lookup", json!({ "text": ARGUMENT })),
        get("each", json!({ "text": ARGUMENT })),
        get("with", json!({ "text": ARGUMENT })),
        get("raw", json!({ "text": ARGUMENT })),
        get("log", json!({ "text": ARGUMENT })),
        get("role", json!({ "text": ARGUMENT })),
        get("role-claim", json!({})),
        get("media", json!({ "text": ARGUMENT })),
        get("media", json!({ "text": format!("{ARGUMENT}://x") })),
        get("media", json!({ "text": format!("data:{ARGUMENT}/x,{ARGUMENT}") })),
        get("media", json!({ "text": format!("data:image/png;base64,{ARGUMENT}!") })),
        get("media", json!({ "text": format!("https://[{ARGUMENT}") })),
        get("media-claim", json!({})),
        get("media-type", json!({ "text": ARGUMENT })),
        get("media-section", json!({ "text": ARGUMENT })),
        get("inner-role", json!({ "text": ARGUMENT })),
        get("inner-media", json!({ "text": ARGUMENT })),
        get("inner-broken", json!({ "text": ARGUMENT })),
        get("inner-cycle", json!({ "text": ARGUMENT })),
        get("inner-block", json!({})),
        get("inner-variable", json!({ "text": ARGUMENT })),
        with_secrets(&request("prompts/list", &json!({ "cursor": ARGUMENT }))),
        with_secrets(&request("prompts/list", &json!({}))),
        with_secrets(&request(
            "completion/complete",
            &json!({ "ref": { "type": "ref/prompt", "name": "good" }, "argument": { "name": "text", "value": ARGUMENT } }),
        )),
        add(json!({ "a": ARGUMENT, "b": 1 })),
        add(json!({ "a": 1, "b": 2, ARGUMENT: ARGUMENT })),
        with_secrets(&request(ARGUMENT, &json!({ "text": ARGUMENT }))),
        body(format!("not JSON: {ARGUMENT}")),
        body(format!(r#"{{"jsonrpc":"2.0","id":1,"method":["{ARGUMENT}"]}}"#)),
        with_secrets(&changed(event!("modern_prompts_get"), |event| {
            event["body"] = event["body"].as_str().unwrap().replace("Ada", ARGUMENT).into();
            event["headers"]["mcp-protocol-version"] = ARGUMENT.into();
        })),
        // These fail before there is a request.
        with_secrets(&changed(event!("base64_body"), |event| event["body"] = format!("{ARGUMENT}!").into())),
        with_secrets(&changed(event!("get_mcp"), |event| event["rawQueryString"] = format!("<{ARGUMENT}>").into())),
        with_secrets(&changed(event!("tools_call"), |event| event["requestContext"]["http"] = ARGUMENT.into())),
        json!({ "Records": [{ "body": ARGUMENT, "token": TOKEN }] }).to_string(),
        json!(ARGUMENT).to_string(),
    ]
}

/// At `trace` the runtime writes whole events, the HTTP client whole headers, and the AWS SDK whole objects.
#[tokio::test]
async fn no_argument_no_prompt_and_no_token_is_logged_at_any_level() {
    let s3 = S3Server::start().await;
    for (key, source) in SECRET_FILES {
        s3.put(&format!("prompts/{key}.prompt"), source.replace("PROMPT", PROMPT));
    }
    let events = secret_events();
    let by_target = "trace,lambda_runtime=trace,hyper=trace,hyper_util=trace,aws_config=trace,\
                     aws_smithy_runtime=trace,aws_sdk_s3=trace,aws_sigv4=trace,prompt_gallery=trace";
    for filter in ["info", "debug", "trace", by_target] {
        let (mut platform, program) = start_over(&s3, &[("RUST_LOG", filter), ("CACHE_TTL_SECONDS", "0")]).await;
        let mut answers = String::new();
        for event in &events {
            if let Ok(response) = platform.invoke(&**event).await {
                let body = response["body"].as_str().unwrap_or_default();
                let unpacked =
                    (response["isBase64Encoded"] == true).then(|| String::from_utf8(unpacked(body)).unwrap());
                answers += unpacked.as_deref().unwrap_or(body);
            }
        }
        s3.set_fault(Some(Fault::AccessDenied));
        platform.ask(secret_get("good", &json!({ "text": ARGUMENT }))).await;
        s3.set_fault(None);

        // The secrets were at work.
        assert!(answers.contains(&format!("{PROMPT} {ARGUMENT}")), "{answers}");
        // Each kind of file failed as it was meant to.
        for place in [
            "role.prompt, line 1, column 15",
            "role-claim.prompt, line 1, column 15",
            "media.prompt, line 1, column 15",
            "media-claim.prompt, line 1, column 15",
            "media-type.prompt, line 1, column 15",
            "media-section.prompt, line 1, column 38",
            "_role.prompt, line 1, column 15",
            "_media.prompt, line 1, column 15",
            "_broken.prompt, line 1, column 15",
            "_cycle.prompt, line 1, column 15",
            "_box.prompt, line 1, column 15",
            "_variable.prompt, line 1, column 44",
        ] {
            assert!(answers.contains(place), "{place}: {answers}");
        }
        assert!(program.requests().len() > 10);
        for output in [program.stdout(), program.stderr()] {
            for secret in [TOKEN, ARGUMENT, PROMPT, S3Server::SECRET_KEY] {
                let told: Vec<_> = output.lines().filter(|line| line.contains(secret)).collect();
                assert!(told.is_empty(), "RUST_LOG={filter}: {secret} is in\n{}", told.join("\n"));
            }
        }
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_named_and_nothing_starts() {
    let prompts = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts");
    let wrong = [
        ("CACHE_TTL_SECONDS", "abc"),
        ("CACHE_TTL_SECONDS", "-1"),
        ("CACHE_TTL_SECONDS", "30s"),
        ("CACHE_TTL_SECONDS", "86401"),
        ("PAGE_SIZE", "0"),
        ("PAGE_SIZE", "ten"),
        ("PORT", "99999"),
        ("PORT", ":8080"),
        ("PROMPT_DIR", "/no/such"),
        ("PROMPT_DIR", env!("CARGO_BIN_EXE_prompt-gallery")),
        ("RUST_LOG", "foo=bar=baz"),
        ("RUST_LOG", "prompt_gallery=loud"),
        ("ALLOWED_ORIGINS", "app.example.com"),
        ("ALLOWED_HOSTS", "https://prompts.example.com"),
        ("BUCKET_NAME", "s3://my-prompts"),
        ("BUCKET_NAME", "my prompts"),
    ];
    let platform = Platform::start().await;
    for (name, value) in wrong {
        let variables = [("PROMPT_DIR", prompts), (name, value)];
        for mut program in [Program::start(variables), Program::function(&platform, &variables)] {
            let status = program.ended().await;
            let stderr = program.stderr();
            assert_eq!(status.code(), Some(2), "{name}={value}: {stderr}");
            assert_eq!(program.stdout(), "", "{name}={value}");
            assert!(stderr.starts_with(&format!("prompt-gallery: {name}={value}: ")), "{stderr}");
            let reasons = ["expected ", "no such folder", "not a folder"];
            assert!(reasons.iter().any(|reason| stderr.contains(reason)), "{stderr}");
            assert_eq!((stderr.lines().count(), stderr.ends_with('\n')), (1, true), "{stderr}");
        }
    }
}

#[tokio::test]
async fn a_function_without_prompts_is_told_how_to_name_its_bucket() {
    let platform = Platform::start().await;
    let mut program = Program::function(&platform, &[]);
    assert_eq!(program.ended().await.code(), Some(2));
    assert!(program.stderr().contains("BUCKET_NAME"), "{}", program.stderr());
}
