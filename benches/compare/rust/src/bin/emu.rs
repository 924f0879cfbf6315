//! One Lambda execution environment: runs a function under the Runtime API 2018-06-01 and the Extensions API
//! 2020-01-01, hands it one event cold and then the same event warm, and prints what it measured as JSON. `emu PLAN`,
//! a JSON file that run.py writes:
//!
//! | field | meaning |
//! |---|---|
//! | `command`, `env` | the function, for `/bin/sh -c`; all of its processes are one group, which ends with this program |
//! | `event`, `expect`, `follow` | the event, what the first answer's body must hold, whether to ask for its further pages |
//! | `warm`, `warm_ms` | how many warm invocations at most, and for how long |
//! | `timeout_ms` | what an answer may take |
//! | `s3` | the address of s3mem |
//! | `log` | where the function's output is appended |
//! | `save` | where the first answer's body is written; null for nowhere |
//!
//! It ends when its standard input does, so nothing is left running when run.py is gone.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio, exit};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, io, thread};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

/// A number that tells invocations apart, and the event.
type Event = (u64, Bytes);

/// What the function did.
enum Message {
    Next(oneshot::Sender<Event>),
    Done(Instant, Bytes),
    Failed(String),
}

type Messages = Rc<mpsc::UnboundedSender<Message>>;

async fn api(req: Request<Incoming>, tx: Messages, timeout: Duration) -> Result<Response<Full<Bytes>>, http::Error> {
    let path = req.uri().path().to_string();
    let status = |code| Response::builder().status(code).body(Full::from(r#"{"status":"OK"}"#));
    match (req.method(), path.as_str()) {
        (&Method::GET, "/2018-06-01/runtime/invocation/next") => {
            let (give, take) = oneshot::channel();
            let _ = tx.send(Message::Next(give));
            let Ok((id, body)) = take.await else { return status(StatusCode::GONE) };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let trace = format!("Root=1-{:08x}-{id:024x};Parent={id:016x};Sampled=0", now.as_secs());
            Response::builder()
                .header("content-type", "application/json")
                .header("Lambda-Runtime-Aws-Request-Id", format!("00000000-0000-4000-8000-{id:012}"))
                .header("Lambda-Runtime-Deadline-Ms", (now + timeout).as_millis() as u64)
                .header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:bench")
                .header("Lambda-Runtime-Trace-Id", trace)
                .body(Full::from(body))
        }
        (&Method::POST, "/2020-01-01/extension/register") => Response::builder()
            .header("Lambda-Extension-Identifier", "00000000-0000-4000-8000-0000000000e1")
            .body(Full::from(r#"{"functionName":"bench","functionVersion":"$LATEST","handler":"bootstrap"}"#)),
        (&Method::GET, "/2020-01-01/extension/event/next") => std::future::pending().await,
        (&Method::POST, _) => {
            let failed = path.ends_with("/error");
            let body = req.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
            let at = Instant::now();
            let _ = tx.send(if failed {
                Message::Failed(format!("function error: {}", String::from_utf8_lossy(&body)))
            } else {
                Message::Done(at, body)
            });
            status(StatusCode::ACCEPTED)
        }
        _ => status(StatusCode::NOT_FOUND),
    }
}

/// CPU in milliseconds, ended threads included, and the sum of the peak RSS in KiB, of a process group.
fn usage(group: i32) -> (f64, u64) {
    let (mut cpu, mut rss) = (Duration::ZERO, 0);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let read = |file| fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let stat = read("stat");
        let its_group = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(2)?.parse().ok());
        if its_group != Some(group) {
            continue;
        }
        let (mut clock, mut time) = (0, libc::timespec { tv_sec: 0, tv_nsec: 0 });
        // SAFETY: both write to what they are given, and nothing else.
        if unsafe { libc::clock_getcpuclockid(pid, &mut clock) == 0 && libc::clock_gettime(clock, &mut time) == 0 } {
            cpu += Duration::new(time.tv_sec as u64, time.tv_nsec as u32);
        }
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        rss += peak.unwrap_or(0);
    }
    (ms(cpu), rss)
}

/// A number that s3mem answers.
fn ask(s3: &str, path: &str) -> u64 {
    let mut answer = String::new();
    let mut socket = std::net::TcpStream::connect(s3).expect("the S3 server");
    write!(socket, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    socket.read_to_string(&mut answer).unwrap();
    answer.rsplit("\r\n").next().unwrap().parse().expect("a number")
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// One scenario, run once.
struct Run {
    /// The function waits for the next event.
    give: oneshot::Sender<Event>,
    /// From each event handed out to its response posted.
    spent: Duration,
    /// When the last response was posted.
    end: Instant,
    pages: u64,
    bytes: usize,
    /// The first response's body.
    first: String,
}

struct Function {
    rx: mpsc::UnboundedReceiver<Message>,
    invocations: u64,
    timeout: Duration,
    event: Value,
    expect: String,
    follow: bool,
}

impl Function {
    async fn message(&mut self) -> Result<Message, String> {
        match tokio::time::timeout(self.timeout, self.rx.recv()).await {
            Ok(Some(Message::Failed(e))) => Err(e),
            Ok(Some(message)) => Ok(message),
            Ok(None) | Err(_) => Err("timeout".into()),
        }
    }

    async fn next(&mut self) -> Result<oneshot::Sender<Event>, String> {
        match self.message().await? {
            Message::Next(give) => Ok(give),
            _ => Err("a response without an invocation".into()),
        }
    }

    async fn run(&mut self, mut give: oneshot::Sender<Event>) -> Result<Run, String> {
        let mut event = self.event.clone();
        let (mut spent, mut pages, mut bytes, mut first) = (Duration::ZERO, 0, 0, String::new());
        loop {
            self.invocations += 1;
            let payload = Bytes::from(event.to_string());
            let start = Instant::now();
            give.send((self.invocations, payload)).map_err(|_| "the function hung up")?;
            let Message::Done(end, body) = self.message().await? else { return Err("/next before a response".into()) };
            spent += end - start;
            pages += 1;
            bytes += body.len();
            give = self.next().await?;

            let response: Value = serde_json::from_slice(&body).map_err(|e| e.to_string())?;
            let text = response["body"].as_str().unwrap_or_default();
            if response["statusCode"] != 200 || (pages == 1 && !text.contains(&self.expect)) {
                return Err(format!("bad response: {response}"));
            }
            if pages == 1 {
                first = text.to_string();
            }
            let mut cursor = Value::Null;
            if self.follow {
                let answer: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
                cursor = answer["result"]["nextCursor"].clone();
            }
            if cursor.is_null() {
                return Ok(Run { give, spent, end, pages, bytes, first });
            }
            let mut rpc: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
            rpc["params"]["cursor"] = cursor;
            event["body"] = rpc.to_string().into();
        }
    }
}

async fn measure(plan: &Value, function: &mut Function, spawn: impl FnOnce() -> i32) -> Result<Value, String> {
    let s3 = plan["s3"].as_str().unwrap();
    ask(s3, "/__reset");
    let count = ask(s3, "/__count");
    let spawned = Instant::now();
    let group = spawn();
    let give = function.next().await?;
    let init = spawned.elapsed();
    let cold = function.run(give).await?;
    let cold_depth = ask(s3, "/__depth");
    let cold_count = ask(s3, "/__count");
    let (cold_cpu, cold_rss) = usage(group);
    if let Some(path) = plan["save"].as_str() {
        fs::write(path, &cold.first).map_err(|e| format!("{path}: {e}"))?;
    }

    let (mut give, mut warm, begin) = (cold.give, vec![], Instant::now());
    let (most, time) = (plan["warm"].as_u64().unwrap(), plan["warm_ms"].as_u64().unwrap());
    while (warm.len() as u64) < most && begin.elapsed() < Duration::from_millis(time) {
        let run = function.run(give).await?;
        give = run.give;
        warm.push((ms(run.spent) * 1e4).round() / 1e4);
    }
    let (cpu, rss) = usage(group);
    let warm_count = ask(s3, "/__count");

    ask(s3, "/__reset");
    function.run(give).await?;
    let warm_depth = ask(s3, "/__depth");
    let each = warm.len().max(1) as f64;
    Ok(json!({
        "init_ms": ms(init),
        "cold_ms": ms(cold.end - spawned),
        "cold_cpu_ms": cold_cpu,
        "cold_rss_mb": cold_rss as f64 / 1024.0,
        "cold_s3": cold_count - count,
        "cold_s3_depth": cold_depth,
        "pages": cold.pages,
        "bytes": cold.bytes,
        "warm_ms": warm,
        "warm_cpu_ms": (cpu - cold_cpu) / each,
        "rss_mb": rss as f64 / 1024.0,
        "warm_s3": (warm_count - cold_count) as f64 / each,
        "warm_s3_depth": warm_depth,
    }))
}

fn command(plan: &Value, api: &str) -> Command {
    let text = |value: &Value| value.as_str().expect("text").to_string();
    let output = || fs::OpenOptions::new().append(true).create(true).open(text(&plan["log"])).unwrap();
    let variables: Map<String, Value> = plan["env"].as_object().unwrap().clone();
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(text(&plan["command"])).process_group(0);
    command.env_clear().envs(variables.iter().map(|(name, value)| (name, text(value))));
    command.env("AWS_LAMBDA_RUNTIME_API", api);
    command.stdin(Stdio::null()).stdout(output()).stderr(output());
    command
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let path = env::args().nth(1).expect("emu PLAN");
    let plan: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let timeout = Duration::from_millis(plan["timeout_ms"].as_u64().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut command = command(&plan, &listener.local_addr().unwrap().to_string());
    let (tx, rx) = mpsc::unbounded_channel();
    let ended = tx.clone();
    let local = tokio::task::LocalSet::new();
    local.spawn_local(async move {
        let tx = Rc::new(tx);
        while let Ok((socket, _)) = listener.accept().await {
            let _ = socket.set_nodelay(true);
            let tx = tx.clone();
            let service = hyper::service::service_fn(move |req| api(req, tx.clone(), timeout));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(socket), service);
            tokio::task::spawn_local(async move {
                let _ = connection.await;
            });
        }
    });

    let mut function = Function {
        rx,
        invocations: 0,
        timeout,
        event: plan["event"].clone(),
        expect: plan["expect"].as_str().unwrap().into(),
        follow: plan["follow"] == true,
    };
    let mut group = None;
    let spawn = || {
        let mut child = command.spawn().unwrap();
        let id = *group.insert(child.id() as i32);
        thread::spawn(move || {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            end(id);
            exit(1);
        });
        thread::spawn(move || {
            let status = child.wait().unwrap();
            let _ = ended.send(Message::Failed(format!("the function ended: {status}")));
        });
        id
    };
    let measured = local.run_until(measure(&plan, &mut function, spawn)).await;
    if let Some(group) = group {
        end(group);
    }
    println!("{}", measured.unwrap_or_else(|e| json!({"error": e.chars().take(600).collect::<String>()})));
}

/// Ends the processes of a group that this program made.
fn end(group: i32) {
    // SAFETY: a system call that takes two numbers.
    unsafe { libc::kill(-group, libc::SIGKILL) };
}
