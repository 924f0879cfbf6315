//! Clients that take too long, send too much or are too many, on real sockets, with small limits.

use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::get;
use server::config::{Config, Flags};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// A limit that a test waits for.
const SHORT: Duration = Duration::from_millis(100);
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const BIG: usize = 32 * 1024 * 1024;

/// A server on a port, gone with its runtime.
struct Local {
    address: SocketAddr,
    /// Lets the requests to `/slow` be answered.
    go: Arc<Notify>,
    /// A request to `/slow` has arrived.
    arrived: Arc<Notify>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _dir: TempDir,
}

impl Local {
    /// A gallery with four more addresses: `/slow`, `/big`, `/late` and `/panic`.
    async fn start(limits: Limits) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let flags = Flags { dir: Some(dir.path().into()), ..Flags::default() };
        let config = Config::new(flags, |_| None).expect("settings");
        let (go, arrived) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (go, arrived) = (Arc::clone(&go), Arc::clone(&arrived));
            move || async move {
                let waiting = go.notified();
                arrived.notify_one();
                waiting.await;
                "slow\n"
            }
        };
        let app = crate::Server::new().app(&config).expect("a server");
        let app = app.route("/slow", get(slow)).route("/big", get(|| async { vec![b'x'; BIG] }));
        let app = app.route(
            "/late",
            get(|| async {
                sleep(SHORT * 5).await;
                "late\n"
            }),
        );
        let app = app.route("/panic", get(async || -> &'static str { panic!("a stand-in") }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(app, listener, limits, async { drop(stopped.await) }));
        Self { address, go, arrived, stop, serving, _dir: dir }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.expect("a connection"))
    }

    async fn ask(&self, request: &str) -> String {
        let mut client = self.connect().await;
        client.send(request).await;
        client.rest().await
    }
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("sent");
    }

    /// What comes until the server closes the connection.
    async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut text)).await.expect("in time").expect("no reset");
        String::from_utf8(text).expect("text")
    }

    /// What comes until and with this text.
    async fn until(&mut self, text: &str) -> String {
        let mut read = String::new();
        let reading = async {
            while !read.ends_with(text) {
                read.push(self.0.read_u8().await.expect("more").into());
            }
        };
        timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("never: {text}"));
        read
    }
}

fn get_of(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

fn last(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// The head of a POST with so long a body.
fn post(length: usize) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn body_of(length: usize) -> String {
    format!("{PING}{}", " ".repeat(length - PING.len()))
}

fn limits() -> Limits {
    Limits::new(100)
}

#[track_caller]
fn has_status(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_never_complete_ends_its_connection() {
    let local = Local::start(Limits { head: SHORT, ..limits() }).await;
    let half = "POST /mcp HTTP/1.1\r\nHost: loc";
    has_status(&local.ask(half).await, 408);
    // Also on a connection that had a request, and where it arrived together with that.
    for (first, second) in [(get_of("/health"), half.to_owned()), (get_of("/health") + half, String::new())] {
        let mut client = local.connect().await;
        client.send(&first).await;
        has_status(&client.until("ok\n").await, 200);
        client.send(&second).await;
        let answer = client.rest().await;
        has_status(&answer, 408);
        assert!(answer.ends_with(r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"the head of the request did not arrive in time"}}"#), "{answer}");
    }
    // A byte now and then does not help.
    let mut client = local.connect().await;
    let mut trickle = half.bytes().cycle();
    let answer = loop {
        let sent = client.0.write_all(&[trickle.next().expect("endless")]).await;
        let mut answer = [0; 12];
        match timeout(SHORT / 10, client.0.peek(&mut answer)).await {
            Ok(Ok(12)) => break String::from_utf8_lossy(&answer).into_owned(),
            _ => sent.expect("the connection is open until the answer"),
        }
    };
    assert_eq!(answer, "HTTP/1.1 408");
}

#[tokio::test]
async fn a_connection_without_a_request_ends() {
    let local = Local::start(Limits { idle: SHORT, ..limits() }).await;
    assert_eq!(local.connect().await.rest().await, "");
    for (request, end) in [(get_of("/health"), "ok\n"), (post(PING.len()) + PING, "}}"), (get_of("/late"), "late\n")] {
        let mut client = local.connect().await;
        client.send(&request).await;
        has_status(&client.until(end).await, 200);
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_client_has_time_for_a_head_however_long_its_connection_was_idle() {
    let local = Local::start(Limits { head: PATIENCE, idle: SHORT * 3, ..limits() }).await;
    let mut client = local.connect().await;
    sleep(SHORT).await;
    client.send("GET /health HTTP/1.1\r\n").await;
    sleep(SHORT * 4).await;
    client.send("Host: localhost\r\n\r\n").await;
    has_status(&client.until("ok\n").await, 200);
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_head() {
    let local = Local::start(Limits { head: SHORT, idle: SHORT, ..limits() }).await;
    has_status(&local.ask(&last("/late")).await, 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_left() {
    let local = Local::start(Limits { connections: 1, reading: SHORT, ..limits() }).await;
    let mut client = local.connect().await;
    client.send(&get_of("/big")).await;
    client.until("xxx").await;
    // There is room for another one once it is left.
    let answered = async {
        while !local.ask(&last("/health")).await.starts_with("HTTP/1.1 200 ") {
            sleep(SHORT / 10).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("in time");
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all_of_its_answer() {
    let local = Local::start(Limits { idle: SHORT, reading: SHORT * 10, ..limits() }).await;
    let mut client = local.connect().await;
    client.send(&last("/big")).await;
    let (mut length, mut buffer) = (0, vec![0; BIG / 20]);
    while let read @ 1.. = timeout(PATIENCE, client.0.read(&mut buffer)).await.expect("in time").expect("no reset") {
        length += read;
        if length < BIG / 2 {
            sleep(SHORT / 10).await;
        }
    }
    assert!(length > BIG, "{length}");
}

#[tokio::test]
async fn a_client_that_reads_a_little_now_and_then_is_left() {
    let local = Local::start(Limits { reading: SHORT * 5, reading_rate: u32::MAX, ..limits() }).await;
    let mut client = local.connect().await;
    client.send(&last("/big")).await;
    let (mut length, mut buffer) = (0, vec![0; BIG / 50]);
    while let Ok(read @ 1..) = timeout(PATIENCE, client.0.read(&mut buffer)).await.expect("in time") {
        length += read;
        sleep(SHORT / 2).await;
    }
    assert!(length < BIG, "all of it was waited for");
}

#[tokio::test]
async fn all_answers_together_hold_a_bounded_number_of_bytes() {
    let local = Local::start(Limits { held_answers: BIG * 3 / 2, ..limits() }).await;
    let mut slow = local.connect().await;
    slow.send(&get_of("/big")).await;
    slow.until("xxx").await;
    let answer = local.ask(&last("/big")).await;
    has_status(&answer, 503);
    assert!(answer.contains("\r\nretry-after: 5\r\n") && answer.contains("hold too much memory"), "{answer}");
    // Small ones have room.
    has_status(&local.ask(&last("/health")).await, 200);
    // What is read holds nothing, on a connection that goes on as on one that ends.
    let mut rest = vec![0; BIG - 3];
    timeout(PATIENCE, slow.0.read_exact(&mut rest)).await.expect("in time").expect("all of it");
    for _ in 0..2 {
        slow.send(&get_of("/health")).await;
        slow.until("ok\n").await;
        has_status(&local.ask(&last("/big")).await, 200);
    }
    // Nor does that of a client that is gone.
    slow.send(&get_of("/big")).await;
    slow.until("xxx").await;
    drop(slow);
    let answered = async {
        while !local.ask(&last("/big")).await.starts_with("HTTP/1.1 200 ") {
            sleep(SHORT / 10).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("in time");
}

#[tokio::test]
async fn a_panic_is_one_failed_request() {
    let local = Local::start(limits()).await;
    let mut client = local.connect().await;
    for _ in 0..2 {
        client.send(&get_of("/panic")).await;
        let answer = client.until("}}}").await;
        has_status(&answer, 500);
        assert!(!answer.contains("stand-in"), "{answer}");
    }
    client.send(&last("/health")).await;
    has_status(&client.rest().await, 200);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_refused_until_another_one_ends() {
    let local = Local::start(Limits { connections: 2, ..limits() }).await;
    let (one, mut other) = (local.connect().await, local.connect().await);
    other.send(&get_of("/health")).await;
    has_status(&other.until("ok\n").await, 200);
    for request in [post(PING.len()) + PING, get_of("/health"), post(100_000) + &" ".repeat(100_000)] {
        let answer = local.ask(&request).await;
        has_status(&answer, 503);
        assert!(answer.contains("\r\nretry-after: 5\r\n") && answer.contains("MAX_CONNECTIONS"), "{answer}");
    }
    // More than get the time to read.
    let many: Vec<_> = futures_util::future::join_all((0..3 * MAX_REFUSALS).map(|_| local.connect())).await;
    drop((one, many));
    let answered = async {
        while !local.ask(&last("/health")).await.starts_with("HTTP/1.1 200 ") {
            sleep(SHORT / 10).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("in time");
}

#[tokio::test]
async fn each_of_many_connections_beyond_the_limit_reads_why_it_is_refused() {
    let local = Local::start(Limits { connections: 1, short_linger: SHORT * 5, ..limits() }).await;
    let mut first = local.connect().await;
    first.send(&get_of("/health")).await;
    first.until("ok\n").await;
    // Before the server sees any: some send nothing, some a request, which is not read.
    let connect = |request: String| {
        let mut client = std::net::TcpStream::connect(local.address).expect("a connection");
        std::io::Write::write_all(&mut client, request.as_bytes()).expect("sent");
        client
    };
    let many: Vec<_> = (0..4 * MAX_REFUSALS)
        .map(|number| connect(if number % 2 == 0 { String::new() } else { get_of("/health") }))
        .collect();
    for client in many {
        client.set_nonblocking(true).expect("set");
        let answer = Client(TcpStream::from_std(client).expect("a socket")).rest().await;
        has_status(&answer, 503);
        assert!(answer.contains("\r\nretry-after: 5\r\n") && answer.ends_with('}'), "{answer}");
    }
}

#[tokio::test]
async fn a_head_of_more_than_64_kib_is_answered_431() {
    let local = Local::start(limits()).await;
    let with = |length: usize| {
        format!("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(length))
    };
    has_status(&local.ask(&with(60 * 1024)).await, 200);
    for length in [65 * 1024, 4 * 1024 * 1024] {
        has_status(&local.ask(&with(length)).await, 431);
    }
    // hyper's own refusals are read too.
    has_status(&local.ask(&format!("NO HTTP\r\n\r\n{}", " ".repeat(1024 * 1024))).await, 400);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_answered_413_and_drained() {
    let local = Local::start(limits()).await;
    let length = 24 * 1024 * 1024;
    let chunked =
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = " ".repeat(length);
    for request in [post(length) + &body, format!("{chunked}{length:x}\r\n{body}\r\n0\r\n\r\n")] {
        let answer = local.ask(&request).await;
        has_status(&answer, 413);
        assert!(
            answer.contains("the body is longer than 1 MiB") && answer.contains("\r\nconnection: close\r\n"),
            "{answer}"
        );
    }
    // Other refusals of a request with a long body are read too.
    let foreign = post(length).replace("localhost", "evil.example");
    has_status(&local.ask(&(foreign + &body)).await, 403);
}

#[tokio::test]
async fn all_requests_together_hold_a_bounded_number_of_bytes() {
    let local = Local::start(Limits { held_bytes: 300_000, ..limits() }).await;
    let mut slow = local.connect().await;
    slow.send(&post(200_000)).await;
    slow.send(&" ".repeat(190_000)).await;
    // Once those have arrived, the same again has no room.
    let refused = async {
        loop {
            let answer = local
                .ask(&(post(200_000).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + &body_of(200_000)))
                .await;
            if answer.starts_with("HTTP/1.1 503 ") {
                return answer;
            }
            has_status(&answer, 200);
        }
    };
    let answer = timeout(PATIENCE, refused).await.expect("in time");
    assert!(answer.contains("\r\nretry-after: 5\r\n") && answer.contains("hold too much memory"), "{answer}");
    // Nor has a head; small requests have.
    let mut head = local.connect().await;
    let mut second = local.connect().await;
    for client in [&mut head, &mut second] {
        client.send(&format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(60_000))).await;
    }
    let answer = timeout(PATIENCE, async {
        tokio::select! { a = head.rest() => a, a = second.rest() => a }
    });
    has_status(&answer.await.expect("in time"), 503);
    has_status(&local.ask(&last("/health")).await, 200);
    // What is answered holds nothing.
    slow.send(&body_of(10_000)).await;
    has_status(&slow.until("}}").await, 200);
    for _ in 0..5 {
        has_status(
            &local.ask(&(post(200_000).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + &body_of(200_000))).await,
            200,
        );
    }
}

#[tokio::test]
async fn a_request_has_one_host() {
    let local = Local::start(limits()).await;
    for (lines, status) in [
        ("HTTP/1.1\r\n", 400),
        ("HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", 400),
        ("HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n", 400),
        ("HTTP/1.1\r\nHost: localhost\r\n", 200),
        ("HTTP/1.0\r\n", 200),
    ] {
        for target in ["GET /health", "GET http://localhost/health"] {
            let answer = local.ask(&format!("{target} {lines}Connection: close\r\n\r\n")).await;
            assert!(answer[9..].starts_with(&status.to_string()), "{target} {lines}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_stop_answers_the_requests_under_way_and_waits_for_nothing_else() {
    let never = PATIENCE * 10;
    let local = Local::start(Limits { head: never, idle: never, drain: never, ..limits() }).await;
    let (mut slow, mut body, mut piped) = (local.connect().await, local.connect().await, local.connect().await);
    slow.send(&get_of("/slow")).await;
    local.arrived.notified().await;
    // Three requests that arrive at once.
    piped.send(&(get_of("/slow") + &get_of("/health") + &get_of("/health"))).await;
    local.arrived.notified().await;
    body.send(&post(PING.len())).await;
    let mut idle = local.connect().await;
    idle.send(&get_of("/health")).await;
    idle.until("ok\n").await;
    let mut half = local.connect().await;
    half.send("POST /mcp HTTP/1.1\r\nHost:").await;
    let silent = local.connect().await;
    // Its request is sent, and may not be read, or its connection not be accepted.
    let mut early = local.connect().await;
    early.send(&get_of("/health")).await;
    let Local { stop, go, serving, .. } = local;
    stop.send(()).expect("it serves");
    for mut client in [idle, silent] {
        assert_eq!(client.rest().await, "");
    }
    let _ = half.rest().await;
    has_status(&early.rest().await, 200);
    body.send(PING).await;
    has_status(&body.rest().await, 200);
    go.notify_waiters();
    let answer = slow.rest().await;
    assert!(answer.contains("\r\nconnection: close\r\n") && answer.ends_with("slow\n"), "{answer}");
    let answer = piped.rest().await;
    assert_eq!((answer.matches("HTTP/1.1 200 ").count(), answer.matches("ok\n").count()), (3, 2), "{answer}");
    timeout(PATIENCE, serving).await.expect("in time").expect("no panic");
}

/// The runtime of the test sees nothing of the requests before the stop: it has one thread, which this test does not give up.
#[tokio::test]
async fn a_stop_answers_requests_that_the_system_has_and_nobody_has_seen() {
    use std::io::{Read, Write};
    let local = Local::start(limits()).await;
    let connect = || std::net::TcpStream::connect(local.address).expect("a connection");
    // One that was accepted, of which nothing has been read.
    let mut accepted = local.connect().await;
    accepted.send(&get_of("/health")).await;
    accepted.until("ok\n").await;
    accepted.0.try_write(get_of("/health").as_bytes()).expect("sent");
    let waiting: Vec<_> = (0..20).map(|_| connect()).collect();
    for mut client in &waiting {
        client.write_all(get_of("/health").as_bytes()).expect("sent");
    }
    let half = connect();
    (&half).write_all(b"GET /health HTTP/1.1\r\nHost:").expect("sent");
    let silent = connect();
    let Local { stop, serving, .. } = local;
    stop.send(()).expect("it serves");
    timeout(PATIENCE, serving).await.expect("in time").expect("no panic");
    has_status(&accepted.rest().await, 200);
    for mut client in waiting {
        let mut answer = String::new();
        client.set_read_timeout(Some(PATIENCE)).expect("a limit");
        client.read_to_string(&mut answer).expect("no reset");
        has_status(&answer, 200);
    }
    drop((half, silent));
}

#[tokio::test]
async fn a_stop_does_not_cut_an_answer_that_is_read_slowly() {
    let local = Local::start(limits()).await;
    let mut client = local.connect().await;
    client.send(&get_of("/big")).await;
    let head = client.until("\r\n\r\n").await;
    local.stop.send(()).expect("it serves");
    sleep(SHORT).await;
    assert_eq!(client.rest().await.len(), BIG, "{head}");
    timeout(PATIENCE, local.serving).await.expect("in time").expect("no panic");
}

#[tokio::test]
async fn a_stop_is_bounded() {
    let local = Local::start(Limits { drain: SHORT, ..limits() }).await;
    let mut client = local.connect().await;
    client.send(&get_of("/slow")).await;
    local.arrived.notified().await;
    timeout(PATIENCE, async {
        local.stop.send(()).expect("it serves");
        local.serving.await.expect("no panic");
    })
    .await
    .expect("in time");
}
